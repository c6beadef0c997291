"""Import of an `mlflow.db` with 1,000 runs x 100 parameters and tags x 1,000 points, then again.

    python benchmarks/bench_runs_import.py

Every value is read back and compared before it counts. The floor is reading the same rows out of
SQLite and nothing else. Exit status 1 when the promise is not kept.
"""

import contextlib
import os
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

import genaiops
from genaiops.transfer.mlflow import import_mlflow

RUNS, TEXTS, POINTS = 1_000, 100, 1_000
PROMISE_S = 60.0
SCHEMA = """
    CREATE TABLE experiments (
      experiment_id INTEGER PRIMARY KEY, name TEXT, artifact_location TEXT, lifecycle_stage TEXT,
      creation_time BIGINT, last_update_time BIGINT);
    CREATE TABLE runs (
      run_uuid TEXT PRIMARY KEY, name TEXT, source_type TEXT, source_name TEXT,
      entry_point_name TEXT, user_id TEXT, status TEXT, start_time BIGINT, end_time BIGINT,
      source_version TEXT, lifecycle_stage TEXT, artifact_uri TEXT, experiment_id INTEGER,
      deleted_time BIGINT);
    CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT, PRIMARY KEY (key, run_uuid));
    CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT, PRIMARY KEY (key, run_uuid));
    CREATE TABLE metrics (
      key TEXT, value FLOAT, timestamp BIGINT, run_uuid TEXT, step BIGINT, is_nan BOOLEAN,
      PRIMARY KEY (key, timestamp, step, run_uuid, value, is_nan));
    CREATE INDEX index_params_run_uuid ON params (run_uuid);
    CREATE INDEX index_tags_run_uuid ON tags (run_uuid);
    CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
"""


def make(path: Path) -> None:
    """A database in MLflow's layout."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA)
        connection.execute(
            "INSERT INTO experiments VALUES (1, 'tuning', 'mlruns/1', 'active', 1, 1)"
        )
        for number in range(RUNS):
            run_id, at = f"{number:032x}", 1_700_000_000_000 + number
            connection.execute(
                "INSERT INTO runs VALUES (?, ?, 'LOCAL', 'train.py', '', 'me', 'FINISHED', ?, ?, '', "
                "'active', ?, 1, NULL)",
                [run_id, f"run {number}", at, at + 1_000, f"mlruns/1/{run_id}/artifacts"],
            )
            for table in ("params", "tags"):
                connection.executemany(
                    f"INSERT INTO {table} VALUES (?, ?, ?)",
                    [(f"{table}{at}", f"value {at} of {number}", run_id) for at in range(TEXTS)],
                )
            connection.executemany(
                "INSERT INTO metrics VALUES (?, ?, ?, ?, ?, 0)",
                [
                    (
                        f"metric{at % 10}",
                        number / (at + 1),
                        1_700_000_000_000 + at,
                        run_id,
                        at // 10,
                    )
                    for at in range(POINTS)
                ],
            )
        connection.commit()


def floor(path: Path) -> float:
    """Seconds to read the rows, and nothing else."""
    begun = time.perf_counter()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for table in ("params", "tags", "metrics"):
            for _ in connection.execute(f"SELECT * FROM {table} ORDER BY run_uuid"):
                pass
    return time.perf_counter() - begun


def main() -> int:
    """Prints the figures; 1 when the promise is not kept."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GENAIOPS_TRACKING_URI"] = folder + "/store"
        database = Path(folder, "mlflow.db")
        make(database)
        read = floor(database)
        begun = time.perf_counter()
        first = import_mlflow(database)
        took = time.perf_counter() - begun
        begun = time.perf_counter()
        again = import_mlflow(database)
        second = time.perf_counter() - begun
        ((points,),) = genaiops.sql("SELECT count(*) FROM metrics").rows
    new = sum(count.new for count in again.counts.values())
    print(f"import: {took:.1f} s (promise: {PROMISE_S:.0f}), {took / read:.1f} x reading the rows")
    print(f"runs read back equal: {first.equal_runs} of {RUNS}; points: {points:,}")
    print(f"again: {second:.1f} s, {new} things new (promise: 0)")
    kept = took <= PROMISE_S and not new and first.equal_runs == RUNS and points == RUNS * POINTS
    return int(not kept)


if __name__ == "__main__":
    sys.exit(main())
