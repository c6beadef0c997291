"""File locks between processes: many readers or one writer, fair to both, freed by the kernel.

Every lock is a `flock` on an open file description, so a process that dies holds nothing. Order:
segment, maintainer, turn, gate. `turn.lock` is the turnstile: a writer holds it while it waits for
the readers to leave, and new readers queue behind it.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Generator, Sequence
from pathlib import Path

from genaiops.errors import StoreBusyError, StoreError

__all__ = [
    "close_inherited",
    "exclusive",
    "hold",
    "holders",
    "is_locked",
    "is_stopped",
    "named",
    "shared",
    "try_lock",
]

_held: set[int] = set()
"""Descriptors of locks this process holds; a forked child closes its copies."""


@contextlib.contextmanager
def shared(folder: Path, *, timeout_s: float) -> Generator[None]:
    """The gate for readers: waits for a writer that is at work or waiting.

    Raises: StoreBusyError when that takes longer than `timeout_s` seconds.
    """
    deadline = time.monotonic() + timeout_s
    turn = _acquire(folder / "turn.lock", fcntl.LOCK_SH, deadline)
    try:
        gate = _acquire(folder / "store.lock", fcntl.LOCK_SH, deadline)
    finally:
        _release(turn)
    try:
        yield
    finally:
        _release(gate)


@contextlib.contextmanager
def exclusive(folder: Path, *, timeout_s: float) -> Generator[None]:
    """The gate for the one process that opens the database for writing.

    Raises: StoreBusyError when others keep it longer than `timeout_s` seconds.
    """
    deadline = time.monotonic() + timeout_s
    turn = _acquire(folder / "turn.lock", fcntl.LOCK_EX, deadline)
    try:
        gate = _acquire(folder / "store.lock", fcntl.LOCK_EX, deadline)
        try:
            yield
        finally:
            _release(gate)
    finally:
        _release(turn)


@contextlib.contextmanager
def hold(path: Path, *, timeout_s: float) -> Generator[None]:
    """Holds the lock, waiting for it. Raises StoreBusyError after `timeout_s` seconds."""
    descriptor = _acquire(path, fcntl.LOCK_EX, time.monotonic() + timeout_s)
    try:
        yield
    finally:
        _release(descriptor)


@contextlib.contextmanager
def try_lock(path: Path) -> Generator[bool]:
    """Holds the lock without waiting; yields False when another holds it."""
    descriptor = _open(path)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        _release(descriptor)


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock; never creates the file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def holders(path: Path) -> list[int]:
    """Process ids that hold the lock or a copy of it, as far as the kernel tells (Linux)."""
    try:
        status = path.stat()
        table = Path("/proc/locks").read_text(encoding="ascii")
    except OSError:
        return []
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    rows = [line.split() for line in table.splitlines()]
    found = {int(row[-4]) for row in rows if row[-3] == device and "->" not in row}
    return sorted(found - {os.getpid()})


def named(pids: Sequence[int]) -> str:
    """The processes as a person would name them: pid, program, and whether one is stopped."""
    return " and ".join(_process(pid) for pid in pids) or "another process"


def close_inherited() -> None:
    """In a forked child: drops the copies of the parent's descriptors without unlocking them."""
    for descriptor in list(_held):
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _held.clear()


def _open(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError as error:
        raise StoreError(
            f"the store folder {str(path.parent)!r} is gone: create it anew"
        ) from error
    except PermissionError:
        descriptor = _open_read_only(path)
    except OSError as error:
        if not path.exists():
            raise StoreError(
                f"{str(path)!r} cannot be created: {error.strerror}: make the folder writable"
            ) from error
        descriptor = _open_read_only(path)
    _held.add(descriptor)
    return descriptor


def _open_read_only(path: Path) -> int:
    """A lock needs no writable descriptor, so a read-only store can still be read."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise StoreError(
            f"{str(path)!r} cannot be opened: {error.strerror}: check who owns the store"
        ) from error


def _acquire(path: Path, mode: int, deadline: float) -> int:
    descriptor = _open(path)
    pause = 0.001
    while True:
        try:
            fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                _release(descriptor)
                raise StoreBusyError(_busy(path)) from None
            time.sleep(pause)
            pause = min(pause * 1.5, 0.02)
        except BaseException:
            _release(descriptor)
            raise
        else:
            return descriptor


def _release(descriptor: int) -> None:
    if descriptor in _held:
        _held.discard(descriptor)
        os.close(descriptor)


def _busy(path: Path) -> str:
    return (
        f"the store {str(path.parent)!r} is held by {named(holders(path))}: wait for it, or end it"
    )


def is_stopped(pid: int) -> bool:
    """Whether the process was stopped (SIGSTOP, or ^Z in a terminal)."""
    return _stat(pid)[1] == "T"


def _process(pid: int) -> str:
    """The process as a person would name it, with a hint when it is stopped."""
    name, state = _stat(pid)
    program = f" ({name})" if name else ""
    return f"process {pid}{program}{', which is stopped' if state == 'T' else ''}"


def _stat(pid: int) -> tuple[str, str]:
    """Program and state of a process, as far as the kernel tells (Linux)."""
    with contextlib.suppress(OSError, IndexError):
        head, _, tail = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")
        return head.partition("(")[2], tail.split()[0]
    return "", ""
