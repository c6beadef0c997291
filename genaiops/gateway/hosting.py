"""Serving an ASGI application over a socket of our own: uvicorn, within limits of time and size."""

import contextlib
import gc
import os
import signal
import socket
from collections.abc import Generator
from types import FrameType

from genaiops.errors import ConfigError
from genaiops.query.store import maintain
from genaiops.store import current_store

__all__ = ["bind", "collect_seldom", "run", "store_is_writable"]

_GRACE_S = 30
_HUNG_S = 30
"""A worker that says nothing for so long is replaced, and with it what it has not told yet."""
_GARBAGE = 20_000
"""Objects between two rounds of garbage collection: Python's own 700 are made by ten requests."""


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises ConfigError when the port or the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host.strip("[]"), port))
        made.listen(2048)
    except OSError as error:
        made.close()
        raise ConfigError(
            f"port {port} of {host} cannot be used ({error.strerror}): choose another with --port"
        ) from None
    return made


def run(
    factory: str,
    sock: socket.socket,
    *,
    workers: int = 1,
    connections: int | None = None,
    reloads: bool = False,
) -> None:
    """Serves until the process is told to end; answers that have begun are finished first.

    A maintainer of the store works beside it, in a process of its own.

    Args:
        factory: ``module:function`` that makes the application.
        sock: Where to listen; closed at the end.
        workers: Processes.
        connections: Open at once; further ones are answered 503.
        reloads: SIGHUP is for each worker, and not a reason to start others.
    """
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from genaiops.gateway.protocol import LimitedProtocol
    from genaiops.gateway.workers import Workers

    settings = uvicorn.Config(
        factory,
        factory=True,
        http=LimitedProtocol,
        ws="none",
        workers=workers,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=connections,
        timeout_graceful_shutdown=_GRACE_S,
        timeout_keep_alive=75,
        timeout_worker_healthcheck=_HUNG_S,
    )
    with maintain(), _ended_by_signals():
        if workers > 1:
            supervisor = Workers if reloads else Multiprocess
            supervisor(settings, sockets=[sock]).run()
        else:
            uvicorn.Server(settings).run(sockets=[sock])


def collect_seldom() -> None:
    """Leaves what is there out of garbage collection, and collects what comes less often.

    For a process that serves, once its application stands.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE, 20, 20)


def store_is_writable() -> bool:
    """Whether the current store can take lines."""
    folder = current_store().folder
    return os.access(folder if folder.exists() else folder.parent, os.W_OK)


@contextlib.contextmanager
def _ended_by_signals() -> Generator[None]:
    """SIGTERM and SIGINT end the block; the server raises them again once it has shut down."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, before)
