"""Rewriting the database file: full row groups, no free space. Readers and writers go on.

Compaction adds a row group a batch, so a file that grew in small steps is larger and slower to open
than its rows need. The rewrite works on a copy, outside the gate; only at the end, for a moment,
it takes the gate, brings over the tables that control transactions changed meanwhile, and renames
the new file into place. Killed anywhere, the old file is still there.
"""

import contextlib
import os
import shutil
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from genaiops.errors import StoreBusyError, StoreError
from genaiops.store import gate, migrate
from genaiops.store.engine import FILE, Engine, in_memory

__all__ = ["VacuumStats", "fragmented", "vacuum"]

ROW_GROUP = 122_880
_COPY = f"{FILE}.copy"
_NEW = f"{FILE}.new"
_COMPACTED = (
    "spans", "open_spans", "traces", "experiments", "runs", "params", "run_tags", "metrics",
    "metrics_latest", "assessments", "eval_rows", "answers", "segments", "schema_versions",
)  # fmt: skip
"""Tables that only the maintainer writes, which this process is meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VacuumStats:
    """Bytes of the database file before and after."""

    before: int
    after: int


def fragmented(engine: Engine) -> bool:
    """Whether the attached file has many more row groups than its spans need."""
    groups, rows = engine.query(
        "SELECT count(DISTINCT row_group_id), sum(count) FROM pragma_storage_info('g.data.spans') "
        "WHERE column_name = 'span_id' AND segment_type = 'VARCHAR'"
    ).rows[0]
    return groups > 16 + 2 * (rows or 0) // ROW_GROUP


def vacuum(folder: Path, *, timeout_s: float = 10.0) -> VacuumStats:
    """Rewrites the store's database file.

    Raises: StoreBusyError when another process is the maintainer; StoreError when there is no
        database file, or no room for a copy.
    """
    file = folder / FILE
    if not file.exists():
        raise StoreError(f"the store {str(folder)!r} has no database file yet: nothing to vacuum")
    with gate.try_lock(folder / "maintainer.lock") as ours:
        if not ours:
            raise StoreBusyError(f"the store {str(folder)!r} is being compacted: try again")
        before = file.stat().st_size
        free = shutil.disk_usage(folder).free
        if free < before * 2.2:
            raise StoreError(
                f"{free:,} bytes are free where {str(folder)!r} is, vacuum needs "
                f"{int(before * 2.2):,}: make room first"
            )
        with _swept(folder):
            _copy(folder, timeout_s)
            _rewrite(folder)
            _swap(folder, timeout_s)
        return VacuumStats(before=before, after=file.stat().st_size)


@contextlib.contextmanager
def _swept(folder: Path) -> Generator[None]:
    """Nothing half made is left beside the file, whatever happens and whatever happened before."""
    names = [f"{name}{suffix}" for name in (_COPY, _NEW) for suffix in ("", ".wal")]
    for name in names:
        (folder / name).unlink(missing_ok=True)
    try:
        yield
    finally:
        for name in names:
            (folder / name).unlink(missing_ok=True)


def _copy(folder: Path, timeout_s: float) -> None:
    """The file and its log as they stand, while no control transaction runs."""
    with gate.exclusive(folder, timeout_s=timeout_s):
        migrate.ensure(folder)
    with gate.shared(folder, timeout_s=timeout_s):
        for suffix in ("", ".wal"):
            source = folder / f"{FILE}{suffix}"
            if source.exists():
                shutil.copyfile(source, folder / f"{_COPY}{suffix}")


def _rewrite(folder: Path) -> None:
    """Every table anew, in the order of time, from the copy."""
    engine = in_memory()
    try:
        engine.execute(f"ATTACH '{_quoted(folder / _COPY)}' AS o")
        engine.execute(f"ATTACH '{_quoted(folder / _NEW)}' AS g; USE g")
        migrate.apply(engine, 0)
        engine.execute("DELETE FROM g.data.schema_versions")
        for table in _tables(engine, "o"):
            order = " ORDER BY start_ns" if table in ("spans", "traces") else ""
            engine.execute(
                f"INSERT INTO g.data.{table} BY NAME SELECT * FROM o.data.{table}{order}"
            )
        engine.execute("CHECKPOINT g")
    finally:
        engine.connection.close()


def _swap(folder: Path, timeout_s: float) -> None:
    """Brings over what control transactions changed meanwhile, then renames."""
    with gate.exclusive(folder, timeout_s=timeout_s):
        engine = in_memory()
        try:
            engine.execute(f"ATTACH '{_quoted(folder / FILE)}' AS o")
            engine.execute("CHECKPOINT o")  # the rename must not leave a log behind
            engine.execute(f"ATTACH '{_quoted(folder / _NEW)}' AS g")
            for table in sorted(set(_tables(engine, "o")) - set(_COMPACTED)):
                engine.execute(f"DELETE FROM g.data.{table}")
                engine.execute(f"INSERT INTO g.data.{table} BY NAME FROM o.data.{table}")
            engine.execute("CHECKPOINT g")
        finally:
            engine.connection.close()
        new = folder / _NEW
        new.chmod(0o600)
        with new.open("rb") as file:
            os.fsync(file.fileno())
        if (folder / f"{FILE}.wal").exists():
            raise StoreError(f"the log of {str(folder / FILE)!r} is not empty: try again")
        new.rename(folder / FILE)


def _tables(engine: Engine, database: str) -> list[str]:
    rows = engine.query(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'data'",
        [database],
    ).rows
    return [name for (name,) in rows]


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
