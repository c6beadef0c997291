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

from genaiops.errors import StoreError
from genaiops.store import gate, migrate
from genaiops.store.compact import reached
from genaiops.store.engine import FILE, Engine, in_memory

__all__ = ["Vacuumed", "fragmented", "sync", "vacuum"]

ROW_GROUP = 122_880
"""Rows of a full row group in DuckDB."""
_COPY, _NEW = ".vacuum-old.duckdb", ".vacuum.duckdb"
"""Hidden names of the copy and of the new file; what a killed vacuum left goes with the next."""
_COMPACTED = frozenset(
    {
        "spans",
        "open_spans",
        "traces",
        "experiments",
        "experiment_tags",
        "runs",
        "params",
        "run_tags",
        "metrics",
        "metrics_latest",
        "assessments",
        "eval_rows",
        "answers",
        "segments",
        "schema_versions",
    }
)
"""Tables that only the maintainer writes, which this process is meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacuumed:
    """Size of the database file before and after, in bytes."""

    bytes_before: int
    bytes_after: int


def fragmented(engine: Engine) -> bool:
    """Whether the attached file has many more row groups than its spans need."""
    groups, rows = engine.query(
        "SELECT count(DISTINCT row_group_id), sum(count) FROM pragma_storage_info('g.data.spans') "
        "WHERE column_name = 'span_id' AND segment_type = 'VARCHAR'"
    ).rows[0]
    return bool(groups > 16 + 2 * (rows or 0) // ROW_GROUP)


def vacuum(folder: Path, *, timeout_s: float = 30.0) -> Vacuumed:
    """Rewrites the database file of the store in `folder`; killed anywhere, nothing is lost.

    Raises: StoreBusyError when another process compacts for longer than `timeout_s` seconds;
        StoreError when there is no room or the file is damaged; the file stays as it was.
    """
    file = folder / FILE
    if not file.exists():
        return Vacuumed(bytes_before=0, bytes_after=0)
    with gate.hold(folder / "maintainer.lock", timeout_s=timeout_s), _swept(folder):
        before = _size(file)
        _need_room(folder, before)
        _copy(folder, timeout_s)
        _rewrite(folder)
        reached("vacuum-copied")
        _swap(folder, timeout_s)
        sync(folder)
        reached("vacuum-renamed")
        return Vacuumed(bytes_before=before, bytes_after=_size(file))


def sync(path: Path) -> None:
    """Forces a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
    engine = in_memory(folder)
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
        _compare(engine, _tables(engine, "o"))
        engine.execute("CHECKPOINT g")
    finally:
        engine.connection.close()


def _swap(folder: Path, timeout_s: float) -> None:
    """Brings over what control transactions changed meanwhile, then renames."""
    with gate.exclusive(folder, timeout_s=timeout_s):
        engine = in_memory(folder)
        try:
            engine.execute(f"ATTACH '{_quoted(folder / FILE)}' AS o")
            engine.execute("CHECKPOINT o")  # the rename must not leave a log behind
            reached("vacuum-checkpoint")
            engine.execute(f"ATTACH '{_quoted(folder / _NEW)}' AS g")
            control = sorted(set(_tables(engine, "o")) - _COMPACTED)
            for table in control:
                engine.execute(f"DELETE FROM g.data.{table}")
                engine.execute(f"INSERT INTO g.data.{table} BY NAME FROM o.data.{table}")
            _compare(engine, control)
            engine.execute("CHECKPOINT g")
        finally:
            engine.connection.close()
        for name in (FILE, _NEW):
            if (folder / f"{name}.wal").exists():
                raise StoreError(f"the log of {str(folder / name)!r} is not empty: try again")
        new = folder / _NEW
        new.chmod(0o600)
        sync(new)
        new.rename(folder / FILE)


def _compare(engine: Engine, tables: list[str]) -> None:
    """Raises StoreError unless every table has as many rows in the new file."""
    for table in tables:
        old, new = (
            engine.query(f"SELECT count(*) FROM {place}.data.{table}").rows[0][0] for place in "og"
        )
        if old != new:
            raise StoreError(f"the copy of table {table!r} is not whole: nothing was changed")


def _need_room(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < 2.1 * size + 1_000_000:
        raise StoreError(
            f"a vacuum of the store {str(folder)!r} needs {2.1 * size / 1e6:.0f} MB of free space, "
            f"{free / 1e6:.0f} MB are left: make room"
        )


def _tables(engine: Engine, database: str) -> list[str]:
    rows = engine.query(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'data'",
        [database],
    ).rows
    return [name for (name,) in rows]


def _size(file: Path) -> int:
    """Bytes of the file and of its log."""
    total = 0
    for item in (file, file.with_name(f"{file.name}.wal")):
        with contextlib.suppress(FileNotFoundError):
            total += item.stat().st_size
    return total


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
