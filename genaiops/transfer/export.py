"""`genaiops export`: everything here in files that other programs read."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from genaiops.errors import ConfigError, ConflictError, GenaiopsError, StoreError
from genaiops.runs.places import place_of, remember
from genaiops.store import LocalStore, Reader, current_store
from genaiops.transfer.mlflow.writing import write_mlruns
from genaiops.transfer.tally import Progress, Tally

__all__ = ["Exported", "export"]

_VIEWS = [
    "spans",
    "traces",
    "assessments",
    "experiments",
    "experiment_tags",
    "runs",
    "params",
    "run_tags",
    "metrics",
    "metrics_latest",
    "prompts",
    "prompt_versions",
    "prompt_aliases",
    "prompt_alias_history",
    "eval_rows",
    "datasets",
    "dataset_rows",
    "review_queues",
    "review_items",
    "imported_records",
]
_NOT_PLAIN = "SELECT column_name FROM (DESCRIBE {view}) WHERE column_type = 'VARIANT'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written: counts by kind, and what could not be, a sentence each."""

    counts: Mapping[str, int]
    problems: Sequence[str]


def export(
    folder: str | Path,
    *,
    format: Literal["parquet", "mlflow"] = "parquet",  # noqa: A002  as the option of the command
    artifacts: bool = True,
    progress: Progress | None = None,
) -> Exported:
    """Writes what the store holds below a new folder; keys of gateway and server stay out.

    Args:
        folder: Must not exist, or be empty.
        format: ``parquet`` writes ``<view>.parquet`` for each view of the store, and files of
            runs at ``artifacts/<run id>/<path>``. ``mlflow`` writes an ``mlruns`` folder of
            experiments, runs, metrics and files, which mlflow reads; times become milliseconds.
        artifacts: Whether files of runs are written too.
        progress: Called as it goes.

    Raises: ConflictError when the folder has something in it, ConfigError for another format,
        StoreError when it cannot be written; what was written so far is removed then.
    """
    if format not in ("parquet", "mlflow"):
        raise ConfigError(f"the format {format!r} is none: use 'parquet' or 'mlflow'")
    target = Path(folder).expanduser()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ConflictError(f"{str(target)!r} has something in it: name a new folder")
    store, tally = current_store(), Tally(progress=progress)
    try:
        target.mkdir(parents=True, exist_ok=True)
        with store.read() as reader:
            if format == "parquet":
                _write_tables(reader, target, tally)
            runs = reader.query("SELECT run_id, artifact_uri FROM runs ORDER BY run_id").rows
            places = (
                write_mlruns(reader, target, tally)
                if format == "mlflow"
                else {run_id: target / "artifacts" / run_id for run_id, _ in runs}
            )
        if artifacts:
            for run_id, uri in runs:
                if run_id in places:
                    _write_files(store, run_id, uri, places[run_id], tally)
    except (OSError, StoreError) as error:
        shutil.rmtree(target, ignore_errors=True)
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise StoreError(f"{str(target)!r} cannot be written: {reason}") from error
    counts = {what: count.found for what, count in tally.counts.items()}
    return Exported(counts=counts, problems=tuple(tally.problems))


def _write_tables(reader: Reader, folder: Path, tally: Tally) -> None:
    for view in _VIEWS:
        variants = [name for (name,) in reader.query(_NOT_PLAIN.format(view=view)).rows]
        texts = ", ".join(f"{name}::JSON::VARCHAR AS {name}" for name in variants)
        columns = f"* REPLACE ({texts})" if texts else "*"
        path = str(folder / f"{view}.parquet").replace("'", "''")
        done = reader.query(f"COPY (SELECT {columns} FROM {view}) TO '{path}' (FORMAT parquet)")
        tally.add(view, int(done.rows[0][0]))
        tally.tell(view)


def _write_files(
    store: LocalStore, run_id: str, uri: str | None, folder: Path, tally: Tally
) -> None:
    remember(run_id, uri)
    place = place_of(run_id)
    fetched = store.folder / "artifacts" / "fetched" / run_id
    try:
        for path, _ in place.listed(None):
            into = folder / path
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place.fetch(path, fetched), into)
            tally.add("artifacts")
            tally.tell("artifacts")
    except GenaiopsError as error:
        tally.problem(f"run {run_id!r}: its files stay out: {error}")
