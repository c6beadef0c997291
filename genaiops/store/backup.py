"""Backup: a second store folder that holds everything acknowledged so far.

To restore one, point the tracking URI at it, or put it where the store was:
``mv .genaiops broken && cp -a BACKUP .genaiops``. Nothing else is needed: it is a store.
"""

import contextlib
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from genaiops.errors import ConflictError, StoreError
from genaiops.store import gate, segments
from genaiops.store.compact import reached
from genaiops.store.engine import FILE
from genaiops.store.journal import prepare_folder
from genaiops.store.local import LocalStore
from genaiops.store.whole import is_passing

__all__ = ["BackedUp", "backup"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUp:
    """Where a backup is, its size in bytes, and what was read back from it."""

    path: str
    bytes: int
    spans: int
    traces: int
    runs: int


def backup(
    store: LocalStore, path: str | Path | None = None, *, timeout_s: float = 30.0
) -> BackedUp:
    """Copies the store to a new folder and reads it back; programs keep writing meanwhile.

    Args:
        store: The store; readers go on, compaction waits.
        path: The folder to make, ``backups/<time>`` inside the store when omitted.
        timeout_s: How long to wait for who compacts, and for a control transaction.

    Raises: ConflictError when `path` is there already, StoreError when it cannot be written.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    target = Path(path) if path is not None else store.folder / "backups" / stamp
    target = target.expanduser().absolute()
    if not store.folder.is_dir():
        raise StoreError(f"there is no store at {store.uri!r} to back up")
    if target.exists():
        raise ConflictError(f"{str(target)!r} is there already: name a new folder")
    hidden = target.with_name(f".{target.name}.new")
    try:
        shutil.rmtree(hidden, ignore_errors=True)
        prepare_folder(hidden)
        with gate.hold(store.folder / "maintainer.lock", timeout_s=timeout_s):
            with gate.shared(store.folder, timeout_s=timeout_s):
                _copy_rows(store.folder, hidden)
            reached("backup-rows")
            _copy_folders(store.folder, hidden)
        done = _read_back(hidden, target)
        hidden.rename(target)
        _sync(target.parent)
    except OSError as error:
        raise StoreError(
            f"the backup {str(target)!r} cannot be written: {error.strerror}"
        ) from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
    return done


def _copy_rows(source: Path, target: Path) -> None:
    """The file with its log and the journal, as of one moment."""
    for name in (FILE, f"{FILE}.wal", "store.json"):
        if (source / name).exists():
            _copy_file(source / name, target / name)
    for segment in segments.found(source):
        lines = segment.path.read_bytes()[: segment.size]
        whole = lines[: lines.rfind(b"\n") + 1]  # its writer may be in the middle of a line
        _write(target / "journal" / segment.name, whole)


def _copy_folders(source: Path, target: Path) -> None:
    """Values, artifacts and quarantined lines; nothing in there ever changes."""
    for name in ("artifacts", "quarantine"):
        for root, _, files in os.walk(source / name):
            folder = target / Path(root).relative_to(source)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for file in files:
                if not is_passing(file):
                    _copy_file(Path(root) / file, folder / file)


def _read_back(hidden: Path, target: Path) -> BackedUp:
    with LocalStore(hidden).read() as reader:
        counted = reader.query(
            "SELECT (SELECT count(*) FROM spans), (SELECT count(*) FROM traces), "
            "(SELECT count(*) FROM runs)"
        ).rows[0]
    size = sum(item.stat().st_size for item in hidden.rglob("*") if item.is_file())
    spans, traces, runs = counted
    return BackedUp(path=str(target), bytes=size, spans=spans, traces=traces, runs=runs)


def _copy_file(source: Path, target: Path) -> None:
    with contextlib.suppress(FileNotFoundError):  # removed by a run's owner meanwhile
        shutil.copyfile(source, target)
        target.chmod(0o600)
        _sync(target)


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    path.chmod(0o600)
    _sync(path)


def _sync(path: Path) -> None:
    """Forces a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
