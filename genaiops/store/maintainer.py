"""Who compacts: a process of its own, started by whoever finds that much is waiting.

    python -m genaiops.store.maintainer FOLDER              until nothing is left, then ends
    python -m genaiops.store.maintainer FOLDER --serve PID  as long as its parent, PID, lives

Gateway, server and dashboard keep one with `start_child`; an application starts one when its
journal has grown. Which of them works is decided by the maintainer lock.
"""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from genaiops.errors import GenaiopsError
from genaiops.store import gate, segments
from genaiops.store.compact import compact
from genaiops.store.engine import FILE, opened
from genaiops.store.vacuum import fragmented, vacuum

__all__ = ["main", "start_child", "start_if_behind"]

BEHIND_BYTES = 16_000_000
BEHIND_SEGMENTS = 64
BUDGET_BYTES = 4_500_000
"""Of one batch: readers wait while it is written, so it stays small however much is waiting."""
DUE_BYTES = 4_000_000
DUE_S = 300.0
"""While it serves, a batch waits for that size or age: each batch becomes a row group."""
VACUUM_IDLE_S = 30.0
"""Seconds without a batch before a fragmented file is rewritten."""
IDLE_S = 0.5
"""Seconds between two looks when nothing was to do."""

_log = logging.getLogger("genaiops")
_child: subprocess.Popen[bytes] | None = None


def start_if_behind(folder: Path) -> bool:
    """Starts a maintainer that drains the journal, when it has grown and nobody works on it."""
    global _child
    if _child is not None and _child.poll() is None:
        return False
    waiting = segments.found(folder)
    behind = len(waiting) >= BEHIND_SEGMENTS or sum(s.size for s in waiting) >= BEHIND_BYTES
    if not behind or gate.is_locked(folder / "maintainer.lock"):
        return False
    with contextlib.suppress(OSError):  # no room for a process: the next seal tries again
        _child = _start(folder, serve=False)
        return True
    return False


def start_child(folder: Path) -> subprocess.Popen[bytes]:
    """A maintainer that works as long as this process lives. End it with `terminate`."""
    return _start(folder, serve=True)


def _start(folder: Path, *, serve: bool) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-m", "genaiops.store.maintainer", str(folder.resolve())]
    command += ["--serve", str(os.getpid())] if serve else []
    return subprocess.Popen(  # noqa: S603  this interpreter with a module of ours
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=os.environ | {"GENAIOPS_DISABLED": "1"},
    )


def main(arguments: list[str]) -> int:
    """Runs the maintainer; the exit status."""
    folder = Path(arguments[0])
    serve = "--serve" in arguments[1:]
    # told, not asked for: a parent that dies while this process starts has no child left to ask
    parent = int(arguments[2]) if serve else 0
    ending: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: ending.append(number))
    os.nice(5)
    pause, idle_since = IDLE_S, time.monotonic()
    while not ending and (not serve or os.getppid() == parent):
        try:
            moved = work(folder, patient=serve)
            pause = IDLE_S
        except GenaiopsError as error:
            _log.warning("compaction failed: %s", error)
            pause = min(pause * 2, 30.0)
            moved = False
            if not serve:
                return 1
        if moved:
            idle_since = time.monotonic()
            continue
        if not serve:
            return 0
        if time.monotonic() - idle_since > VACUUM_IDLE_S:
            vacuum_if_fragmented(folder)
            idle_since = time.monotonic()
        time.sleep(pause)
    return 0


def vacuum_if_fragmented(folder: Path) -> bool:
    """Rewrites the file when it has many more row groups than its rows need."""
    if not (folder / FILE).exists():
        return False
    try:
        with gate.shared(folder, timeout_s=1.0), opened(folder, read_only=True) as engine:
            needed = fragmented(engine)
        return bool(needed and vacuum(folder).bytes_after)
    except GenaiopsError as error:  # no room, or somebody is faster: the file stays as it is
        _log.info("no vacuum: %s", error)
        return False


def work(folder: Path, *, patient: bool) -> bool:
    """One batch, if one is due; whether anything was moved.

    Args:
        folder: The store.
        patient: Waits until a batch is worth a row group of its own.
    """
    waiting = segments.sealed(segments.found(folder))
    size = sum(segment.size for segment in waiting)
    begun = (folder / FILE).exists()  # the first spans of a store get their costs at once
    if patient and begun and waiting and size < DUE_BYTES and len(waiting) < BEHIND_SEGMENTS:
        age_s = time.time() - waiting[0].born_ns / 1e9
        if age_s < DUE_S:
            return False
    return bool(waiting) and compact(folder, budget_bytes=BUDGET_BYTES).segments > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
