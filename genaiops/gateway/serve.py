"""Runs the gateway: uvicorn over a socket of our own, and a maintainer beside it."""

import contextlib
import os
import signal
import socket
from collections.abc import Generator
from pathlib import Path
from types import FrameType

from genaiops.errors import ConfigError
from genaiops.gateway.app import Gateway
from genaiops.gateway.config import Routes, from_environment, load
from genaiops.gateway.guard import is_loopback
from genaiops.query.store import maintain
from genaiops.store import current_store

__all__ = ["listen", "load_routes", "make_app", "serve"]

CONFIG_FILE = "GENAIOPS_GATEWAY_CONFIG"
"""Environment variable by which worker processes learn of the file."""
_HOST = "GENAIOPS_GATEWAY_HOST"
_GRACE_S = 30


def load_routes(file: str | None) -> Routes:
    """The routes of a file, or of the environment where there is none. Raises ConfigError."""
    return load(Path(file)) if file else from_environment()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises: ConfigError when the host is not of this machine alone, or the port is taken.
    """
    if not is_loopback(host):
        raise ConfigError(
            f"host {host!r} can be reached from other machines, and the gateway has no keys yet "
            "that could keep strangers out: use --host 127.0.0.1"
        )
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


def make_app() -> Gateway:
    """The application of a worker process, from its environment."""
    routes = load_routes(os.environ.get(CONFIG_FILE))
    return Gateway(routes, host=os.environ.get(_HOST, "127.0.0.1"), ready=_store_is_writable)


def serve(sock: socket.socket, *, host: str, config: str | None, workers: int) -> None:
    """Serves until the process is told to end; answers that have begun are finished first."""
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    os.environ[_HOST] = host
    if config:
        os.environ[CONFIG_FILE] = str(Path(config).resolve())
    settings = uvicorn.Config(
        "genaiops.gateway.serve:make_app",
        factory=True,
        workers=workers,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_S,
        timeout_keep_alive=75,
    )
    with maintain(), _ended_by_signals():
        if workers > 1:
            Multiprocess(settings, sockets=[sock]).run()
        else:
            uvicorn.Server(settings).run(sockets=[sock])


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


def _store_is_writable() -> bool:
    folder = current_store().folder
    return os.access(folder if folder.exists() else folder.parent, os.W_OK)
