"""Runs of an MLflow database (SQLite), read without mlflow and written as our events.

Source: the tables experiments, runs, params, metrics and tags as mlflow 3 makes them.
"""

import contextlib
import hashlib
import math
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genaiops.errors import ConfigError, NotFoundError
from genaiops.runs.journal import write
from genaiops.store import current_store, events

__all__ = ["Imported", "import_mlflow"]

_MS = 1_000_000
_RUNS = """
    SELECT r.run_uuid, r.name, r.status, r.start_time, r.end_time, r.user_id, r.source_name,
      e.name AS experiment
    FROM runs AS r
    JOIN experiments AS e ON e.experiment_id = r.experiment_id
    WHERE r.lifecycle_stage = 'active'
    ORDER BY r.start_time, r.run_uuid
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What the database holds, and how much of it was new.

    Attributes:
        deleted: Runs that MLflow holds as deleted; they are left out.
        new_runs: Runs of which something was written now.
        checksum: SHA-256 (hex) of every value of the runs, in order.
    """

    experiments: int
    runs: int
    params: int
    tags: int
    metrics: int
    deleted: int
    new_runs: int
    new_metrics: int
    checksum: str


def import_mlflow(source: str | Path) -> Imported:
    """Brings the runs of an ``mlflow.db`` in, with their ids; a second time changes nothing.

    Args:
        source: The file, or ``sqlite:///`` and its path. It is only read.

    Raises: NotFoundError without such a file, ConfigError for one that is no MLflow database,
        StoreError.
    """
    path = Path(str(source).removeprefix("sqlite:///"))
    if not path.exists():
        raise NotFoundError(f"there is no file {str(path)!r}: give an mlflow.db")
    if path.is_dir():
        raise ConfigError(
            f"{str(path)!r} is a folder, which cannot be imported yet: give an mlflow.db"
        )
    try:
        with contextlib.closing(_opened(path)) as database:
            return _imported(database)
    except sqlite3.Error as error:
        raise ConfigError(
            f"{str(path)!r} is no MLflow database that can be read: {error}"
        ) from error


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    return database


def _imported(database: sqlite3.Connection) -> Imported:
    counts = {"params": 0, "tags": 0, "metrics": 0, "runs": 0, "new_runs": 0, "new_metrics": 0}
    digest = hashlib.sha256()
    experiments = database.execute("SELECT name, creation_time FROM experiments").fetchall()
    known = _names()
    for row in experiments:
        if row["name"] not in known:
            write(
                events.encode(
                    "experiment", experiment=row["name"], ts_ns=(row["creation_time"] or 0) * _MS
                )
            )
    for run in database.execute(_RUNS).fetchall():
        values = _Values(
            params=_pairs(database, "params", run["run_uuid"]),
            tags=_pairs(database, "tags", run["run_uuid"]),
            points=list(_points(database, run["run_uuid"])),
        )
        digest.update(repr((tuple(run), values)).encode(errors="replace"))
        lines, new_points = _lines(run, values)
        if lines:
            write(*lines)
        counts["runs"] += 1
        counts["params"] += len(values.params)
        counts["tags"] += len(values.tags)
        counts["metrics"] += len(values.points)
        counts["new_runs"] += bool(lines)
        counts["new_metrics"] += new_points
    (deleted,) = database.execute(
        "SELECT count(*) FROM runs WHERE lifecycle_stage <> 'active'"
    ).fetchone()
    return Imported(
        experiments=len(experiments), deleted=deleted, checksum=digest.hexdigest(), **counts
    )


_Point = tuple[str, int, int, str]
"""Key, step, nanoseconds and the value as text, by which NaN equals itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Values:
    params: Mapping[str, str]
    tags: Mapping[str, str]
    points: list[_Point]


def _lines(run: sqlite3.Row, values: _Values) -> tuple[list[bytes], int]:
    """Journal lines of what the store lacks of a run, and how many of them are metrics."""
    run_id, start_ns = run["run_uuid"], (run["start_time"] or 0) * _MS
    with current_store().read() as reader:
        there = bool(reader.query("SELECT 1 FROM runs WHERE run_id = ?", [run_id]).rows)
        kept = {
            view: {
                key for (key,) in reader.query(f"SELECT key FROM {view} WHERE run_id = ?", [run_id])
            }
            for view in ("params", "run_tags")
        }
        points = reader.query(
            "SELECT key, step, ts_ns, value FROM metrics WHERE run_id = ?", [run_id]
        )
        had: set[_Point] = {(key, step, ts_ns, repr(value)) for key, step, ts_ns, value in points}
    lines: list[bytes] = []
    if not there:
        data: dict[str, Any] = {
            "name": run["name"],
            "status": run["status"],
            "start_ns": start_ns,
            "end_ns": None if run["end_time"] is None else run["end_time"] * _MS,
            "parent_run_id": values.tags.get("mlflow.parentRunId"),
            "user": run["user_id"] or None,
            "source": {"command": run["source_name"]} if run["source_name"] else None,
        }
        filled = {name: value for name, value in data.items() if value is not None}
        lines.append(
            events.encode(
                "run", run_id=run_id, experiment=run["experiment"], ts_ns=start_ns, data=filled
            )
        )
    lines += [
        events.encode("param", run_id=run_id, key=key, value=value, ts_ns=start_ns)
        for key, value in values.params.items()
        if key not in kept["params"]
    ]
    lines += [
        events.encode("tag", run_id=run_id, key=key, value=value, ts_ns=start_ns)
        for key, value in values.tags.items()
        if key not in kept["run_tags"]
    ]
    new = [point for point in values.points if point not in had]
    lines += [
        events.encode("metric", run_id=run_id, key=key, value=float(value), step=step, ts_ns=ts_ns)
        for key, step, ts_ns, value in new
    ]
    return lines, len(new)


def _pairs(database: sqlite3.Connection, table: str, run_id: str) -> dict[str, str]:
    rows = database.execute(
        f"SELECT key, value FROM {table} WHERE run_uuid = ? ORDER BY key", [run_id]
    )
    return {row["key"]: row["value"] or "" for row in rows}


def _points(database: sqlite3.Connection, run_id: str) -> Iterator[_Point]:
    """MLflow keeps NaN as 0 with a flag, and an infinity as the largest double."""
    for row in database.execute(
        "SELECT key, step, timestamp, value, is_nan FROM metrics WHERE run_uuid = ? "
        "ORDER BY key, step, timestamp, value",
        [run_id],
    ):
        value = math.nan if row["is_nan"] else float(row["value"])
        if abs(value) == sys.float_info.max:
            value = math.copysign(math.inf, value)
        yield row["key"], row["step"], row["timestamp"] * _MS, repr(value)


def _names() -> set[str]:
    with current_store().read() as reader:
        return {name for (name,) in reader.query("SELECT name FROM experiments").rows}
