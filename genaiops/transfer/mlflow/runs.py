"""Runs of MLflow as journal lines: only what the store lacks of them."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from genaiops.errors import ConfigError
from genaiops.runs.lines import metric_lines
from genaiops.store import LocalStore, events
from genaiops.store.artifacts import root_of
from genaiops.transfer.mlflow.experiments import Home
from genaiops.transfer.mlflow.records import Run
from genaiops.transfer.points import Points, stored_points
from genaiops.transfer.tally import Tally

__all__ = ["Known", "RunLines", "Stored", "refused", "stored"]

_MS = 1_000_000
_LATEST_MS = 2**63 // _MS - 1
_OUR_INPUTS = "genaiops.input."
_STATUS = {"SCHEDULED": "RUNNING"}


@dataclass(frozen=True, slots=True)
class Known:
    """A run that the store has."""

    status: str
    lifecycle: str
    artifact_uri: str | None


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store has of a run."""

    params: Mapping[str, Any]
    tags: Mapping[str, str]
    points: Points

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of all of it, without what only we add."""
        tags = {key: text for key, text in self.tags.items() if not key.startswith(_OUR_INPUTS)}
        told = (sorted(self.params.items()), sorted(tags.items()), self.points.digest())
        return hashlib.sha256(repr(told).encode(errors="replace")).hexdigest()


def stored(store: LocalStore, ids: Sequence[str]) -> dict[str, Stored]:
    """What was logged to those runs, as far as the store has it."""
    where = "WHERE run_id IN (SELECT unnest(?))"
    with store.read() as reader:
        params = reader.query(f"SELECT run_id, key, value FROM params {where}", [ids]).rows
        tags = reader.query(f"SELECT run_id, key, value FROM run_tags {where}", [ids]).rows
    points, texts, marks = stored_points(store, ids), _by_run(params), _by_run(tags)
    none = Points.of([])
    return {
        run_id: Stored(texts.get(run_id, {}), marks.get(run_id, {}), points.get(run_id, none))
        for run_id in ids
    }


@dataclass(frozen=True, slots=True)
class RunLines:
    """Makes the lines of runs.

    Attributes:
        homes: Our experiments by MLflow's ids.
        known: Runs that were in the store before, by id.
        sums: Digests of everything logged to the runs so far, by id.
        written: Ids of those of which something was new.
    """

    homes: Mapping[str, Home]
    known: Mapping[str, Known]
    tally: Tally
    sums: dict[str, str] = field(default_factory=dict[str, str])
    written: set[str] = field(default_factory=set[str])

    def of(self, run: Run, uri: str | None, before: Stored | None) -> Iterator[bytes]:
        """The lines that the store lacks of a run; counts them.

        Args:
            run: As MLflow has it.
            uri: Where its files lie, None for the store.
            before: What the store has of it, None for nothing.
        """
        told = [*self._facts(run, uri)]
        params = dict(run.params) if before is None else _without(run.params, before.params)
        tags, inputs = dict(run.tags), _inputs(run)
        if before is not None:
            tags, inputs = _without(tags, before.tags), _without(inputs, before.tags)
        whole = self._within(run)
        points = whole.lacking(None if before is None else before.points)
        self.sums[run.run_id] = Stored(run.params, run.tags, whole).digest
        self.tally.add("params", len(run.params), len(params))
        self.tally.add("tags", len(run.tags), len(tags))
        self.tally.add("metrics", len(run.points), len(points))
        self.tally.add("dataset inputs", len(run.inputs), len(inputs))
        new = bool(told or params or tags or inputs or points)
        self.tally.add("runs", new=new)
        if new:
            self.written.add(run.run_id)
        start_ns = _ns(run.start_ms)
        yield from told
        for key, value in params.items():
            yield events.encode("param", run_id=run.run_id, key=key, value=value, ts_ns=start_ns)
        for key, value in (tags | inputs).items():
            yield events.encode("tag", run_id=run.run_id, key=key, value=value, ts_ns=start_ns)
        yield from metric_lines(run.run_id, points)

    def _within(self, run: Run) -> Points:
        """The points that have a time which nanoseconds can say."""
        within = [
            (key, step, ms * _MS, value)
            for key, step, ms, value in run.points
            if -_LATEST_MS <= ms <= _LATEST_MS
        ]
        if len(within) < len(run.points):
            self.tally.problem(
                f"run {run.run_id!r}: {len(run.points) - len(within)} values of metrics are left "
                "out, since their times are not between the years 1677 and 2262"
            )
        return Points.of(within)

    def _facts(self, run: Run, uri: str | None) -> Iterator[bytes]:
        """The run itself, or what became of it since it was brought in."""
        before = self.known.get(run.run_id)
        status = _STATUS.get(run.status, run.status)
        start_ns, end_ns = _ns(run.start_ms), None if run.end_ms is None else _ns(run.end_ms)
        if before is None:
            home = self.homes.get(run.experiment_id) or Home(
                events.experiment_id(run.experiment_id), run.experiment_id
            )
            data: dict[str, Any] = {
                "name": run.name,
                "status": status,
                "start_ns": start_ns,
                "end_ns": end_ns,
                "parent_run_id": run.tags.get("mlflow.parentRunId"),
                "user": run.user,
                "source": _source(run),
                "description": run.tags.get("mlflow.note.content"),
                "artifact_uri": uri,
            }
            yield events.encode(
                "run",
                id=home.experiment_id,
                run_id=run.run_id,
                experiment=home.name,
                ts_ns=start_ns,
                data={key: value for key, value in data.items() if value is not None},
            )
        elif before.status == "RUNNING" and status != "RUNNING":
            yield events.encode(
                "run",
                run_id=run.run_id,
                ts_ns=max(end_ns or 0, start_ns) + 1,
                data={"status": status, "end_ns": end_ns},
            )
        if run.state == "deleted" and (before is None or before.lifecycle == "active"):
            at = run.deleted_ms or run.end_ms or run.start_ms
            yield events.encode(
                "run", run_id=run.run_id, ts_ns=_ns(at) + 1, data={"lifecycle": "deleted"}
            )


def refused(run: Run) -> str | None:
    """Why the store cannot have the run, None when it can."""
    try:
        root_of(Path(), run.run_id)
    except ConfigError as error:
        return str(error)
    return None


def _without(values: Mapping[str, str], there: Mapping[str, Any]) -> dict[str, str]:
    return {key: value for key, value in values.items() if key not in there}


def _source(run: Run) -> dict[str, Any] | None:
    facts = {
        "command": run.source_name or run.tags.get("mlflow.source.name"),
        "git_commit": run.tags.get("mlflow.source.git.commit"),
    }
    return {key: value for key, value in facts.items() if value} or None


def _inputs(run: Run) -> dict[str, str]:
    """Datasets as `log_input` keeps them: a tag each."""
    found: dict[str, str] = {}
    for item in run.inputs:
        facts = {key: value for key, value in item.items() if value is not None}
        key = f"{_OUR_INPUTS}{item.get('digest')}"
        if key in found:  # the same data for another purpose
            key = f"{key}.{item.get('context')}"
        found[key] = msgspec.json.encode(facts).decode()
    return found


def _by_run(rows: Sequence[Sequence[Any]]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for run_id, key, value in rows:
        found.setdefault(run_id, {})[key] = value
    return found


def _ns(ms: int) -> int:
    return min(max(ms, -_LATEST_MS), _LATEST_MS) * _MS
