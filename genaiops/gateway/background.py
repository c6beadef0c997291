"""One event loop in a thread of its own, so that synchronous calls share a pool of connections.

The thread starts with the first synchronous call. A forked child starts its own; at exit the loop
is ended properly, which closes its connections.
"""

import asyncio
import atexit
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

__all__ = ["run", "start"]

R = TypeVar("R")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_stop: asyncio.Event | None = None
_thread: threading.Thread | None = None
_left_to_the_parent: list[object] = []  # never freed: closing them would disturb the parent


def run(coroutine: Coroutine[Any, Any, R]) -> R:
    """The result of a coroutine, run on the shared loop; interrupting the wait cancels it."""
    future = start(coroutine)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def start(coroutine: Coroutine[Any, Any, R]) -> Future[R]:
    """Starts a coroutine on the shared loop."""
    return asyncio.run_coroutine_threadsafe(coroutine, _running_loop())


def _running_loop() -> asyncio.AbstractEventLoop:
    global _loop, _stop, _thread
    loop = _loop
    if loop is not None:
        return loop
    with _lock:
        if _loop is None:
            ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
            _thread = threading.Thread(
                target=_serve, args=(ready,), name="genaiops-gateway", daemon=True
            )
            _thread.start()
            _loop, _stop = ready.result()
        return _loop


def _serve(ready: "Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]") -> None:
    async def wait_for_the_end() -> None:
        stop = asyncio.Event()
        ready.set_result((asyncio.get_running_loop(), stop))
        await stop.wait()

    asyncio.run(wait_for_the_end())


def _close() -> None:
    global _loop
    with _lock:
        loop, _loop = _loop, None
    if loop is not None and _stop is not None and _thread is not None:
        loop.call_soon_threadsafe(_stop.set)
        _thread.join(timeout=2.0)


def _forget_after_fork() -> None:
    global _loop, _stop, _thread, _lock
    _left_to_the_parent.append((_loop, _stop, _thread))
    _loop, _stop, _thread, _lock = None, None, None, threading.Lock()


atexit.register(_close)
os.register_at_fork(after_in_child=_forget_after_fork)
