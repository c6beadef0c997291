"""The journal: each process appends JSON lines to segments of its own, one `os.write` at a time.

A segment is created under a hidden name, locked (`flock`), then renamed into place, so whoever sees
it either finds it locked by its living writer or finds it sealed. Closing it and the death of the
writer both release the lock. No lock is shared with another process, so nothing here ever waits
for one.
"""

import contextlib
import fcntl
import logging
import os
import secrets
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

from genaiops.store import gate
from genaiops.store.base import Group

__all__ = ["Journal", "living_processes", "proc_id"]

ROLL_BYTES = 8_000_000
ROLL_S = 5.0
PENDING_BYTES = 4_000_000
WARN_EVERY_S = 60.0

_log = logging.getLogger("genaiops")
_journals: "weakref.WeakSet[Journal]" = weakref.WeakSet()
_identity: tuple[int, str] | None = None


def proc_id() -> str:
    """Identity of this process in the store: its pid and a random part, new after a fork."""
    global _identity
    pid = os.getpid()
    if _identity is None or _identity[0] != pid:
        _identity = (pid, f"{pid}-{secrets.token_hex(4)}")
    return _identity[1]


class _Segment:
    """One open segment; its lock lives as long as the descriptor."""

    __slots__ = ("born", "descriptor", "size")

    def __init__(self, folder: Path, group: Group) -> None:
        name = f"{time.time_ns():019d}-{proc_id()}.{group}.jsonl"
        self.descriptor = _create_locked(folder, name)
        self.born = time.monotonic()
        self.size = 0

    def write(self, lines: bytes) -> None:
        """Writes all of it or nothing. Raises OSError."""
        written = os.write(self.descriptor, lines)
        if written != len(lines):
            end = os.fstat(self.descriptor).st_size
            os.ftruncate(self.descriptor, end - written)
            raise OSError(28, "no space left for a whole line")
        self.size += written

    def close(self) -> None:
        os.close(self.descriptor)


class Journal:
    """The segments of this process in one store folder, one for each group of lines.

    Thread-safe and fork-safe. `append` never raises and never waits for another process: what
    cannot be written is kept up to a few megabytes, then dropped and counted.
    """

    def __init__(self, folder: Path, *, power: bool = False) -> None:
        self.folder = folder
        self.power = power
        self.dropped = 0
        self.on_seal: Callable[[], None] | None = None
        self._pending: list[tuple[Group, bytes]] = []
        self._pending_bytes = 0
        self._warned = -WARN_EVERY_S
        self._start_afresh()
        _journals.add(self)

    def _start_afresh(self) -> None:
        self._lock = threading.RLock()
        self._segments: dict[Group, _Segment] = {}
        self._alive = -1
        self._sealer: threading.Thread | None = None
        self.opened = threading.Event()

    def append(self, group: Group, lines: bytes) -> bool:
        """Adds whole lines; True when they are in the file and survive this process."""
        with self._lock:
            try:
                segment = self._segments.get(group)
                if segment is None or segment.size > ROLL_BYTES:
                    segment = self._roll(group)
                if self._pending:
                    self._write_pending()
                segment.write(lines)
                if self.power:
                    os.fdatasync(segment.descriptor)
            except OSError as error:
                self._keep(group, lines, error)
                return False
            return True

    def seal(self, *, older_than_s: float = 0.0) -> None:
        """Closes segments that are open for at least that many seconds."""
        with self._lock:
            limit = time.monotonic() - older_than_s
            for group, segment in list(self._segments.items()):
                if segment.born <= limit:
                    del self._segments[group]
                    segment.close()

    def write_pending(self) -> bool:
        """Tries again what could not be written; True when nothing is left waiting."""
        with self._lock:
            try:
                self._write_pending()
            except OSError:
                return False
            return True

    def tidy(self) -> None:
        """What the sealing thread does: closes old segments, tries again what waits."""
        self.opened.clear()
        self.seal(older_than_s=ROLL_S * 0.9)
        self.write_pending()
        if self._segments:
            self.opened.set()
        if self.on_seal is not None:
            self.on_seal()

    def close_inherited(self) -> None:
        """In a forked child: drops the parent's descriptors and begins segments of its own."""
        for segment in self._segments.values():
            with contextlib.suppress(OSError):
                segment.close()
        if self._alive >= 0:
            with contextlib.suppress(OSError):
                os.close(self._alive)
        self._pending, self._pending_bytes = [], 0  # the parent still has them
        self.dropped = 0
        self._start_afresh()

    def _roll(self, group: Group) -> _Segment:
        old = self._segments.pop(group, None)
        if old is not None:
            old.close()
        if self._alive < 0:
            self._alive = _create_locked(self.folder / "alive", proc_id())
        segment = self._segments[group] = _Segment(self.folder / "journal", group)
        if self._sealer is None:
            self._sealer = threading.Thread(
                target=_seal_for_ever, args=(weakref.ref(self),), name="genaiops-seal", daemon=True
            )
            self._sealer.start()
        self.opened.set()
        return segment

    def _write_pending(self) -> None:
        while self._pending:
            group, lines = self._pending[0]
            segment = self._segments.get(group) or self._roll(group)
            segment.write(lines)
            del self._pending[0]
            self._pending_bytes -= len(lines)

    def _keep(self, group: Group, lines: bytes, error: OSError) -> None:
        """The disk is full or the folder is not writable: wait in memory, then drop and count."""
        if self._pending_bytes + len(lines) <= PENDING_BYTES:
            self._pending.append((group, lines))
            self._pending_bytes += len(lines)
        else:
            self.dropped += lines.count(b"\n")
        now = time.monotonic()
        if now - self._warned >= WARN_EVERY_S:
            self._warned = now
            _log.warning(
                "genaiops cannot write to %s: %s; %d lines wait in memory, %d were dropped",
                self.folder,
                error.strerror or error,
                len(self._pending),
                self.dropped,
            )


def living_processes(folder: Path) -> set[str]:
    """Identities of the processes that are alive and wrote to this store; dead ones are removed."""
    found: set[str] = set()
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(folder / "alive"):
            if entry.name.startswith("."):
                continue
            if gate.is_locked(Path(entry.path)):
                found.add(entry.name)
            else:
                with contextlib.suppress(OSError):
                    Path(entry.path).unlink()
    return found


def _create_locked(folder: Path, name: str) -> int:
    """A new file that is locked before anybody can see it. Raises OSError."""
    path = folder / name
    hidden = folder / f".{name}.new"
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
    try:
        descriptor = os.open(hidden, flags, 0o600)
    except FileNotFoundError:  # the folder was removed while the program runs
        prepare_folder(folder.parent)
        descriptor = os.open(hidden, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        hidden.rename(path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def prepare_folder(folder: Path) -> None:
    """Creates a store folder: 0700, ignored by git. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="ascii")
        ignore.chmod(0o600)
    for name in ("journal", "alive"):
        (folder / name).mkdir(mode=0o700, exist_ok=True)


def _seal_for_ever(reference: "weakref.ref[Journal]") -> None:
    """Closes segments a few seconds after they were begun, so that they can be compacted."""
    while True:
        journal = reference()
        if journal is None:
            return
        opened = journal.opened
        del journal  # while this thread waits, nothing keeps the journal
        if not opened.wait(timeout=ROLL_S):
            continue
        time.sleep(ROLL_S)
        journal = reference()
        if journal is not None:
            journal.tidy()


def _after_fork_in_child() -> None:
    gate.close_inherited()
    for journal in list(_journals):
        journal.close_inherited()


os.register_at_fork(after_in_child=_after_fork_in_child)
