"""Threads and thread pools continue the trace they were started in.

asyncio carries context variables by itself; threads do not. Only the variables of tracing are
carried, so that an application's own context variables behave as they always did.
"""

import concurrent.futures
import functools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from genaiops.config import settings
from genaiops.tracing.context import (
    active_experiment,
    active_run,
    active_training,
    get_context,
    set_context,
)

__all__ = ["install"]

P = ParamSpec("P")
R = TypeVar("R")

_OUTLIVING = ("concurrent.futures.", "genaiops.")
"""Modules whose threads outlive the trace that happened to start them; a pool's tasks carry their own."""
_MARK = "_genaiops_carries_context"


class _Carried:
    """A callable that runs in the tracing context in which it was made."""

    __slots__ = ("call", "context", "experiment", "run", "training")

    def __init__(self, call: Callable[..., Any]) -> None:
        self.call = call
        self.context = get_context()
        self.run = active_run.get()
        self.experiment = active_experiment.get()
        self.training = active_training.get()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # as of the callable
        before = get_context()
        run, experiment = active_run.set(self.run), active_experiment.set(self.experiment)
        training = active_training.set(self.training)
        set_context(self.context)
        try:
            return self.call(*args, **kwargs)
        finally:
            set_context(before)
            active_training.reset(training)
            active_run.reset(run)
            active_experiment.reset(experiment)


def _wanted() -> bool:
    """Whether there is something to carry, and carrying is not switched off."""
    return bool(get_context() or active_run.get() or active_experiment.get()) and (
        settings().trace_threads
    )


def _submit(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def submit(
        self: ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> "concurrent.futures.Future[Any]":
        return original(self, _Carried(fn) if _wanted() else fn, *args, **kwargs)

    setattr(submit, _MARK, True)
    return submit


def _start(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def start(self: threading.Thread) -> None:
        module = str(getattr(getattr(self, "_target", None), "__module__", ""))
        if not module.startswith(_OUTLIVING) and _wanted():
            _carry(self)
        original(self)

    setattr(start, _MARK, True)
    return start


def _carry(thread: threading.Thread) -> None:
    """Replaces `run` on this one thread until it has begun."""
    run = _Carried(thread.run)

    def carried() -> None:
        thread.__dict__.pop("run", None)
        run()

    thread.run = carried


def install() -> None:
    """Patches `ThreadPoolExecutor.submit` and `Thread.start`, once; the setting is read per call."""
    if not hasattr(ThreadPoolExecutor.submit, _MARK):
        ThreadPoolExecutor.submit = _submit(ThreadPoolExecutor.submit)
    if not hasattr(threading.Thread.start, _MARK):
        threading.Thread.start = _start(threading.Thread.start)
