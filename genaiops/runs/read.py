"""Runs as they stand in the store: one by its id, several, and a metric's history."""

from collections.abc import Sequence
from typing import Any

from genaiops.errors import NotFoundError
from genaiops.model.run import Run, RunData, RunInfo
from genaiops.runs import given
from genaiops.runs.history import History
from genaiops.store import Reader, current_store

__all__ = ["INFO", "get_metric_history", "get_run", "with_data"]

INFO = (
    "SELECT r.run_id, r.experiment_id, r.name AS run_name, r.status, r.start_ns, r.end_ns, "
    'r.parent_run_id, r."user", r.source, r.description, r.lifecycle AS lifecycle_stage, '
    "r.artifact_uri FROM runs AS r"
)


def get_run(run_id: str) -> Run:
    """A run with its latest metrics, parameters and tags. Raises NotFoundError, StoreError."""
    given.text(run_id, "run id")
    with current_store().read() as reader:
        rows = reader.query(f"{INFO} WHERE r.run_id = ?", [run_id]).dicts()
        if not rows:
            raise NotFoundError(f"there is no run {run_id!r} in the store {current_store().uri!r}")
        return with_data(reader, rows)[0]


def get_metric_history(run_id: str, key: str) -> History:
    """Every logged value of a metric, by step, then time. Raises ConfigError, StoreError."""
    with current_store().read() as reader:
        columns = reader.columns(
            "SELECT value, step, ts_ns FROM metrics WHERE run_id = ? AND key = ? "
            "ORDER BY step, ts_ns",
            [given.text(run_id, "run id"), given.text(key, "key")],
        )
    return History(key, columns)


def with_data(reader: Reader, rows: Sequence[dict[str, Any]]) -> list[Run]:
    """Runs with what was logged to them, in the order of the rows."""
    ids = [row["run_id"] for row in rows]
    data: dict[str, RunData] = {run_id: RunData(metrics={}, params={}, tags={}) for run_id in ids}
    for view, field in (("metrics_latest", "metrics"), ("params", "params"), ("run_tags", "tags")):
        found = reader.query(
            f"SELECT run_id, key, value FROM {view} WHERE run_id IN (SELECT unnest(?))", [ids]
        )
        for run_id, key, value in found.rows:
            getattr(data[run_id], field)[key] = value
    for row in rows:
        row["source"] = row["source"] or {}
    return [Run(info=RunInfo(**row), data=data[row["run_id"]]) for row in rows]
