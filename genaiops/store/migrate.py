"""Numbered migrations, forward only, each in one transaction after a copy of the file."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from genaiops.errors import StoreError, StoreVersionError
from genaiops.store.engine import FILE, Engine, opened

__all__ = ["Migration", "built_in", "current_version", "ensure", "version_of"]


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema: its number and its SQL."""

    number: int
    name: str
    sql: str


def built_in() -> Sequence[Migration]:
    """The migrations of this release, in order."""
    folder = resources.files("genaiops.store") / "migrations"
    steps = [
        Migration(int(item.name[:4]), item.name.removesuffix(".sql"), item.read_text("utf-8"))
        for item in folder.iterdir()
        if item.name.endswith(".sql")
    ]
    return sorted(steps, key=lambda step: step.number)


def current_version() -> int:
    """The schema version that this release writes."""
    return built_in()[-1].number


def version_of(engine: Engine) -> int:
    """The schema version of the attached file, 0 for an empty one."""
    try:
        return int(engine.query("SELECT max(version) FROM g.data.schema_versions").rows[0][0] or 0)
    except StoreError:
        tables = engine.query("SELECT count(*) FROM duckdb_tables() WHERE database_name = 'g'")
        if tables.rows[0][0]:
            raise
        return 0


def check(engine: Engine, folder: Path) -> bool:
    """Whether the attached file needs no migration. Raises StoreVersionError when it is newer."""
    have, want = version_of(engine), current_version()
    if have > want:
        raise StoreVersionError(
            f"the store {str(folder)!r} has schema {have}, this genaiops knows up to {want}: "
            "upgrade genaiops in this environment"
        )
    return have == want


def ensure(folder: Path) -> bool:
    """Brings the file to this release's schema, creating it when missing; True when it changed.

    Needs the exclusive gate. An existing file is copied to ``backups/`` first.
    Raises: StoreVersionError, StoreError.
    """
    existed = (folder / FILE).exists()
    with opened(folder, read_only=False) as engine:
        if existed and check(engine, folder):
            return False
        have = version_of(engine)
    if existed and have:
        _back_up(folder, have)
    with opened(folder, read_only=False) as engine:
        apply(engine, have)
        engine.execute("CHECKPOINT g")
    (folder / FILE).chmod(0o600)
    return True


def apply(engine: Engine, have: int) -> None:
    """Runs the migrations after version `have` and remakes the views, in one transaction."""
    engine.execute("BEGIN")
    engine.execute(
        "CREATE SCHEMA IF NOT EXISTS g.data; CREATE TABLE IF NOT EXISTS g.data.schema_versions "
        "(version INTEGER PRIMARY KEY, name VARCHAR, at_ns BIGINT)"
    )
    for step in built_in():
        if step.number > have:
            engine.execute(step.sql)
            engine.execute(
                "INSERT INTO g.data.schema_versions VALUES (?, ?, ?)",
                [step.number, step.name, time.time_ns()],
            )
    views = resources.files("genaiops.store") / "views.sql"
    engine.execute(views.read_text("utf-8"))
    engine.execute("COMMIT")


def _back_up(folder: Path, version: int) -> None:
    target = folder / "backups"
    target.mkdir(mode=0o700, exist_ok=True)
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    for suffix in ("", ".wal"):
        source = folder / f"{FILE}{suffix}"
        if source.exists():
            copy = target / f"genaiops-{version:04d}-{stamp}.duckdb{suffix}"
            shutil.copy2(source, copy)
            copy.chmod(0o600)
