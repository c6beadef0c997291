"""A background thread that writes a start record for spans that stay open, so that they are seen.

It runs while there are spans and parks when there are none; a forked child begins its own.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from genaiops.tracing import diagnostics

__all__ = ["OPEN", "OpenSpan", "forget", "on_fork", "remember", "state", "unpark"]

EVERY_S = 0.1
OLD_NS = 200_000_000
IDLE_ROUNDS = 20


class OpenSpan(Protocol):
    """A span that the ticker watches."""

    start_ns: int
    started: bool

    def write_start(self) -> None:
        """Writes the record that says the span is open."""
        ...

    def disown(self) -> None:
        """In a forked child: the parent process writes this span, not this one."""
        ...


OPEN: set[Any] = set()  # of OpenSpan; the protocol costs an isinstance where it is checked
"""The spans that are open in this process."""

_wake = threading.Event()
_lock = threading.Lock()
_thread: threading.Thread | None = None


class _State:
    """Whether the thread sleeps until somebody wakes it."""

    parked = True


state = _State()
on_fork: list[Callable[[], None]] = []
"""Called in a forked child."""


def remember(span: OpenSpan) -> None:
    """Watches a span from now on."""
    OPEN.add(span)
    if state.parked:
        unpark()


forget = OPEN.discard


def unpark() -> None:
    """Wakes the thread, or begins it."""
    global _thread
    with _lock:
        state.parked = False
        _wake.set()
        if _thread is None:
            _thread = threading.Thread(target=_run, name="genaiops-ticker", daemon=True)
            _thread.start()


def _run() -> None:
    idle = 0
    while True:
        time.sleep(EVERY_S)
        idle = 0 if OPEN else idle + 1
        if OPEN:
            _write_starts()
        elif idle > IDLE_ROUNDS:
            _wake.clear()
            state.parked = True
            if not OPEN:  # a span that came in between has not seen that this thread parks
                _wake.wait()
            state.parked = False
            idle = 0


def _write_starts() -> None:
    limit = time.time_ns() - OLD_NS
    for span in list(OPEN):
        if not span.started and span.start_ns < limit:
            span.started = True
            try:
                span.write_start()
            except Exception as error:  # noqa: BLE001  the ticker must outlive one bad span
                diagnostics.note("writing a start record", error)


def _after_fork_in_child() -> None:
    global _thread, _wake, _lock
    _thread, _wake, _lock, state.parked = None, threading.Event(), threading.Lock(), True
    for span in list(OPEN):
        span.disown()
    OPEN.clear()
    for hook in on_fork:
        hook()


os.register_at_fork(after_in_child=_after_fork_in_child)
