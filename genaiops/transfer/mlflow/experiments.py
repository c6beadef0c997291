"""Experiments of MLflow by name: ours of the same name, or new ones."""

from collections.abc import Mapping
from dataclasses import dataclass

from genaiops.store import LocalStore, events
from genaiops.transfer.journal import append
from genaiops.transfer.mlflow.records import Experiment
from genaiops.transfer.tally import Tally

__all__ = ["Home", "bring_experiments"]

_MS = 1_000_000
_MLFLOW_ID = "mlflow.experimentId"


@dataclass(frozen=True, slots=True)
class Home:
    """Where the runs of an experiment go."""

    experiment_id: str
    name: str


def bring_experiments(
    store: LocalStore, found: list[Experiment], tally: Tally
) -> Mapping[str, Home]:
    """Our experiment for each of MLflow's ids; those that are not there are made.

    The id that MLflow gave stands in the tag ``mlflow.experimentId``.
    """
    with store.read() as reader:
        rows = reader.query(
            "SELECT name, experiment_id FROM experiments ORDER BY state DESC, created_ns DESC"
        ).rows
        ours = {name: experiment_id for name, experiment_id in rows}  # the last one: active, oldest
        known = {experiment_id for _, experiment_id in rows}
        tagged = {
            (experiment_id, key)
            for experiment_id, key, _ in reader.query("SELECT * FROM experiment_tags").rows
        }
    homes: dict[str, Home] = {}
    taken: set[str] = set()
    for item in sorted(found, key=lambda each: each.state != "active"):
        experiment_id = ours.get(item.name) or events.experiment_id(item.name)
        if item.name in taken:  # the folders of mlruns may hold several of one name
            experiment_id = events.experiment_id(f"{item.name}\0{item.experiment_id}")
        taken.add(item.name)
        homes[item.experiment_id] = Home(experiment_id, item.name)
        new = experiment_id not in known
        append(store, "events", _lines(item, experiment_id, tagged, new=new))
        tally.add("experiments", new=new)
    return homes


def _lines(
    item: Experiment, experiment_id: str, tagged: set[tuple[str, str]], *, new: bool
) -> list[bytes]:
    lines: list[bytes] = []
    if new:
        lines.append(
            events.encode(
                "experiment", id=experiment_id, experiment=item.name, ts_ns=item.created_ms * _MS
            )
        )
        if item.state != "active":
            lines.append(
                events.encode(
                    "experiment",
                    id=experiment_id,
                    experiment=item.name,
                    ts_ns=max(item.updated_ms, item.created_ms) * _MS + 1,
                    data={"state": "deleted"},
                )
            )
    tags = {_MLFLOW_ID: item.experiment_id, **item.tags}
    lines += [
        events.encode(
            "experiment_tag", id=experiment_id, key=key, value=value, ts_ns=item.created_ms * _MS
        )
        for key, value in tags.items()
        if (experiment_id, key) not in tagged
    ]
    return lines
