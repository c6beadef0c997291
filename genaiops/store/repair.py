"""Mending a damaged store: what is broken is moved aside, what is intact is brought over.

Nothing is ever deleted: the damaged files stay in ``damaged/<time>/``.
"""

import contextlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from genaiops.errors import GenaiopsError, StoreError, StoreVersionError
from genaiops.store import blobs, gate, layout, migrate, segments
from genaiops.store.engine import FILE, DamagedError, Engine, opened
from genaiops.store.salvage import salvage, tables

__all__ = ["Repaired", "damage", "repair"]

_LOG = f"{FILE}.wal"
_SCRATCH = ".repair"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """What was done, what is lost, and where the damaged files are kept; None when none were."""

    done: Sequence[str]
    lost: Sequence[str]
    kept_in: str | None


class _Place(Protocol):
    @property
    def folder(self) -> Path: ...


def damage(folder: Path) -> list[str]:
    """What of the database cannot be read, one clause each; needs the gate.

    Raises: StoreError when the file cannot be looked at (another program has it, no permission).
    """
    if not (folder / FILE).exists():
        return []
    try:
        with opened(folder, read_only=True) as engine:
            if migrate.version_of(engine) > migrate.current_version():
                return []
            return list(_unreadable(engine))
    except DamagedError as error:
        return [f"the file {str(folder / FILE)!r} or its log is damaged ({error.detail})"]


def repair(store: _Place, *, timeout_s: float = 30.0) -> Repaired:
    """Makes the store work again, with everything in it that can still be read.

    Raises: StoreVersionError for a file of a newer genaiops, StoreBusyError, StoreError.
    """
    folder = store.folder
    if not folder.is_dir():
        return Repaired(done=(), lost=(), kept_in=None)
    patient = _Patient(folder)
    with (
        gate.hold(folder / "maintainer.lock", timeout_s=timeout_s),
        gate.exclusive(folder, timeout_s=timeout_s),
    ):
        try:
            patient.mend()
        except OSError as error:
            raise StoreError(
                f"the store {str(folder)!r} cannot be repaired: {error.strerror}: "
                "the damaged files are where they were"
            ) from error
        finally:
            shutil.rmtree(folder / _SCRATCH, ignore_errors=True)
    kept = str(patient.aside) if patient.aside.exists() else None
    return Repaired(done=patient.done, lost=patient.lost, kept_in=kept)


class _Patient:
    """One store while it is repaired, under the exclusive gate."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scratch = folder / _SCRATCH
        self.aside = folder / "damaged" / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        self.done: list[str] = []
        self.lost: list[str] = []

    def mend(self) -> None:
        """Everything that doctor can find, in order."""
        self._leftovers()
        self._store_json()
        self._values()
        if not (self.folder / FILE).exists():
            self._orphaned_log()
            return
        self._refuse_newer()
        if damage(self.folder):
            self._log()
        if damage(self.folder):
            self._file()

    def _leftovers(self) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)
        count = segments.sweep(self.folder, older_than_s=0.0)
        if count:
            self.done.append(f"{count} files that a killed program left half made were removed")

    def _store_json(self) -> None:
        path = self.folder / "store.json"
        if path.exists() and not layout.read_store_json(self.folder):
            self._put_aside(path)
            layout.write_store_json(self.folder)
            self.done.append("store.json was written anew")

    def _values(self) -> None:
        for digest, path in list(blobs.found(self.folder)):
            if not blobs.is_whole(path, digest):
                self._put_aside(path)
                self.lost.append(f"the value {digest}, which was altered on disk")

    def _orphaned_log(self) -> None:
        """A log without its file: nothing can read it."""
        if (self.folder / _LOG).exists():
            self._put_aside(self.folder / _LOG)
            self.lost.append("the database file, which is gone: only its log was there")
            self._from_backup()

    def _refuse_newer(self) -> None:
        with contextlib.suppress(DamagedError), opened(self.folder, read_only=True) as engine:
            have = migrate.version_of(engine)
            if have > migrate.current_version():
                raise StoreVersionError(
                    f"the store {str(self.folder)!r} has schema {have}, this genaiops knows up to "
                    f"{migrate.current_version()}: upgrade genaiops in this environment"
                )

    def _log(self) -> None:
        """Cuts the log before the first damaged entry, when the file itself is whole."""
        log = self.folder / _LOG
        size = log.stat().st_size if log.exists() else 0
        if not size:
            return
        intact = self._longest_log(size)
        if intact is None:
            return
        whole = log.read_bytes()
        self._put_aside(log, copy=True)
        cut = self.scratch / "cut.wal"
        cut.write_bytes(whole[:intact])
        cut.chmod(0o600)
        cut.rename(log)
        self.done.append(f"the log of the database was cut after {intact} of {size} bytes")
        self.lost.append(
            f"changes in the last {size - intact} bytes of the log: prompts, aliases and keys "
            "that were registered last; spans and runs are in the file or in the journal"
        )

    def _longest_log(self, size: int) -> int | None:
        """Bytes of the log up to the damage; None when the file alone cannot be read either."""
        self.scratch.mkdir(mode=0o700, exist_ok=True)
        _link(self.folder / FILE, self.scratch / FILE)
        whole = (self.folder / _LOG).read_bytes()
        good, bad = -1, size + 1
        while bad - good > 1:
            middle = 0 if good < 0 else (good + bad) // 2
            (self.scratch / _LOG).write_bytes(whole[:middle])
            if middle == 0:
                (self.scratch / _LOG).unlink()
            if damage(self.scratch):
                bad = middle
                if middle == 0:
                    return None
            else:
                good = middle
        return good

    def _file(self) -> None:
        """A new file from what can be read, else from the newest backup, else none."""
        self.scratch.mkdir(mode=0o700, exist_ok=True)
        new = self.scratch / "new"
        new.mkdir(mode=0o700, exist_ok=True)
        try:
            lost = salvage(self.folder, new)
        except DamagedError:
            self._put_aside(self.folder / _LOG)
            self._put_aside(self.folder / FILE)
            self._from_backup()
            return
        self._put_aside(self.folder / _LOG, copy=True)
        self._put_aside(self.folder / FILE, copy=True)
        (self.folder / _LOG).unlink(missing_ok=True)
        (new / FILE).rename(self.folder / FILE)
        self.done.append("the database file was written anew from its intact parts")
        self.lost += lost

    def _from_backup(self) -> None:
        for candidate in _backups(self.folder):
            trial = self.scratch / candidate.name
            shutil.rmtree(trial, ignore_errors=True)
            trial.mkdir(mode=0o700, parents=True)
            shutil.copyfile(candidate, trial / FILE)
            log = candidate.with_name(f"{candidate.name}.wal")
            if log.exists():
                shutil.copyfile(log, trial / _LOG)
            try:
                migrate.ensure(trial)
                broken = damage(trial)
            except GenaiopsError:
                continue
            if not broken:
                self._adopt(trial, candidate)
                return
        self.done.append("an empty database file will be made when the journal is compacted")
        self.lost.append(
            "everything that was compacted into the file: no backup can be read; "
            "what is still in the journal is there"
        )

    def _adopt(self, trial: Path, candidate: Path) -> None:
        """The backup becomes the file; the journal it was made with comes back beside ours."""
        for name in (_LOG, FILE):
            if (trial / name).exists():
                (trial / name).chmod(0o600)
                (trial / name).rename(self.folder / name)
        if candidate.name == FILE:
            for segment in segments.found(candidate.parent):
                target = self.folder / "journal" / segment.name
                if not target.exists():
                    shutil.copy2(segment.path, target)
        made = time.strftime("%Y-%m-%d %H:%M", time.localtime(candidate.stat().st_mtime))
        self.done.append(f"the database file was replaced by the backup {str(candidate)!r}")
        self.lost.append(f"what was compacted after {made}, except what is still in the journal")

    def _put_aside(self, path: Path, *, copy: bool = False) -> None:
        """Moves a damaged file to ``damaged/``, or links it there when it is replaced next."""
        if not path.exists():
            return
        self.aside.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = self.aside / path.name
        if target.exists():
            target = self.aside / f"{path.name}-{uuid.uuid4().hex[:8]}"
        if copy:
            _link(path, target)
        else:
            path.rename(target)


def _unreadable(engine: Engine) -> Iterator[str]:
    for name, error in tables(engine):
        if error is not None:
            yield f"the table {name!r} is damaged ({error})"


def _backups(folder: Path) -> list[Path]:
    """Files of backups inside the store, newest first."""
    place = folder / "backups"
    files = [*place.glob("[!.]*.duckdb"), *place.glob(f"[!.]*/{FILE}")]
    return sorted(files, key=lambda path: path.stat().st_mtime, reverse=True)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
