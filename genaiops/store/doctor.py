"""How a store is: facts, and problems that each name the command that mends them."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from genaiops.errors import GenaiopsError, StoreBusyError
from genaiops.store import blobs, gate, layout, migrate, segments
from genaiops.store.base import Health, Reader
from genaiops.store.engine import FILE, opened
from genaiops.store.journal import living_processes
from genaiops.store.repair import Repaired, damage, repair

__all__ = ["Repaired", "examine", "repair"]

WAITING_BYTES = 64_000_000
"""A sealed journal larger than this means that nobody compacts."""

ROOM_BYTES = 256_000_000
"""Less free disk than this is a problem."""


class Place(Protocol):
    """A local store, as far as it is looked at here."""

    @property
    def folder(self) -> Path:
        """Where it is."""
        ...

    @property
    def dropped(self) -> int:
        """Lines of this process that are lost."""
        ...

    def read(self, *, timeout_s: float = 10.0) -> AbstractContextManager[Reader]:
        """See `Store.read`."""
        ...


def examine(store: Place, *, deep: bool = False) -> Health:
    """Facts and problems of a store; changes nothing and never raises for a broken one.

    Args:
        store: The store.
        deep: Also reads every row and every value once, which finds silent damage.
    """
    folder = store.folder
    facts: dict[str, Any] = {"folder": str(folder)}
    if not folder.is_dir():
        return Health(ok=True, facts=facts | {"exists": False})
    problems: list[str] = []
    looks: list[Callable[[], Iterator[str]]] = [
        lambda: _folder(folder, facts),
        lambda: _journal(folder, facts),
        lambda: _holders(folder, facts),
        lambda: _rows(store, facts),
        lambda: _values(folder, facts, deep=deep),
        lambda: _lost(store, facts),
    ]
    if deep:
        looks.append(lambda: _damage(folder))
    for look in looks:
        try:
            problems += look()
        except OSError as error:
            problems.append(
                f"{str(error.filename or folder)!r} cannot be read: {error.strerror}: "
                "check who owns the store"
            )
    return Health(ok=not problems, facts=facts, problems=list(dict.fromkeys(problems)))


def _folder(folder: Path, facts: dict[str, Any]) -> Iterator[str]:
    """Files, sizes, who may read them, and room."""
    facts["uuid"] = layout.read_store_json(folder).get("id")
    facts["file_bytes"] = _size(folder / FILE)
    facts["wal_bytes"] = _size(folder / f"{FILE}.wal")
    copies = folder / "backups"
    facts["backups"] = sum(
        item.suffix == ".duckdb" or item.is_dir() for item in copies.glob("[!.]*")
    )
    facts["free_disk_bytes"] = shutil.disk_usage(folder).free
    if facts["uuid"] is None and (folder / "store.json").exists():
        yield f"{str(folder / 'store.json')!r} is damaged: run `genaiops store doctor --fix`"
    if folder.stat().st_mode & 0o077:
        yield f"other users can read the store: run `chmod -R go= {folder}`"
    if facts["free_disk_bytes"] < ROOM_BYTES:
        yield (
            f"{facts['free_disk_bytes'] / 1e6:.0f} MB are free where the store is: make room, or "
            "run `genaiops store retain` and `genaiops store vacuum`"
        )


def _journal(folder: Path, facts: dict[str, Any]) -> Iterator[str]:
    every = segments.found(folder)
    sealed = segments.sealed(every)
    waiting = sum(segment.size for segment in sealed)
    facts["journal_segments"] = len(every)
    facts["journal_bytes"] = sum(segment.size for segment in every)
    facts["open_segments"] = len(every) - len(sealed)
    facts["backlog_bytes"] = waiting
    facts["backlog_age_s"] = (
        round(time.time() - min(segment.path.stat().st_mtime for segment in sealed), 1)
        if sealed
        else 0.0
    )
    facts["living_processes"] = len(living_processes(folder))
    if waiting > WAITING_BYTES and not gate.is_locked(folder / "maintainer.lock"):
        yield (
            f"{waiting / 1e6:.0f} MB wait in the journal and nobody works on them: "
            "run `genaiops store compact`"
        )


def _holders(folder: Path, facts: dict[str, Any]) -> Iterator[str]:
    """Who compacts, and who stands still while others wait."""
    compacting = gate.holders(folder / "maintainer.lock")
    facts["maintainer"] = gate.named(compacting) if compacting else None
    holding = {pid for name in ("turn", "store") for pid in gate.holders(folder / f"{name}.lock")}
    for pid in sorted(holding | set(compacting)):
        if gate.is_stopped(pid):
            yield f"{gate.named([pid])}, holds the store: run `kill -CONT {pid}`, or end it"


def _rows(store: Place, facts: dict[str, Any]) -> Iterator[str]:
    """What a reader sees, and whether it sees it."""
    try:
        if (store.folder / FILE).exists():
            with (
                gate.shared(store.folder, timeout_s=2.0),
                opened(store.folder, read_only=True) as engine,
            ):
                facts["schema_version"] = migrate.version_of(engine)
        with store.read(timeout_s=5.0) as reader:
            facts["schema_version"] = migrate.current_version()
            for name in ("spans", "traces", "runs"):
                facts[name] = reader.query(f"SELECT count(*) FROM {name}").rows[0][0]
    except StoreBusyError as error:
        yield str(error)
    except GenaiopsError as error:
        yield str(error).replace("`genaiops store doctor`", "`genaiops store doctor --fix`")


def _values(folder: Path, facts: dict[str, Any], *, deep: bool) -> Iterator[str]:
    count, size = 0, 0
    for digest, path in blobs.found(folder):
        count += 1
        size += _size(path)
        if deep and not blobs.is_whole(path, digest):
            yield f"the value {digest} was altered on disk: run `genaiops store doctor --fix`"
    facts["blobs"], facts["blob_bytes"] = count, size


def _lost(store: Place, facts: dict[str, Any]) -> Iterator[str]:
    """Lines in quarantine and lines that could not be written."""
    files = sorted((store.folder / "quarantine").glob("*.bad"))
    lines = sum(max(file.read_bytes().count(b"\n") - 1, 0) for file in files)
    facts["quarantine_files"], facts["quarantine_lines"] = len(files), lines
    facts["dropped_lines"] = store.dropped
    if lines:
        yield (
            f"{lines} damaged lines of the journal were put aside: look at "
            f"{str(store.folder / 'quarantine')!r} and delete the files when they are of no use"
        )
    if store.dropped:
        yield f"{store.dropped} lines of this process could not be written: make room on the disk"


def _damage(folder: Path) -> Iterator[str]:
    """What reading every row shows."""
    if not (folder / FILE).exists():
        return
    try:
        with gate.shared(folder, timeout_s=2.0):
            found = damage(folder)
    except StoreBusyError as error:
        yield str(error)
        return
    for what in found:
        yield f"{what}: run `genaiops store doctor --fix`"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
