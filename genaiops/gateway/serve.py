"""Runs the gateway."""

import os
import socket
from pathlib import Path

from genaiops.errors import ConfigError
from genaiops.gateway import hosting
from genaiops.gateway.access import Access
from genaiops.gateway.app import Gateway
from genaiops.gateway.config import Routes, from_environment, load
from genaiops.gateway.guard import is_loopback

__all__ = ["keys_are_needed", "listen", "load_routes", "make_app", "serve"]

CONFIG_FILE = "GENAIOPS_GATEWAY_CONFIG"
"""Environment variable by which worker processes learn of the file."""
_HOST = "GENAIOPS_GATEWAY_HOST"


def load_routes(file: str | None) -> Routes:
    """The routes of a file, or of the environment where there is none. Raises ConfigError."""
    return load(Path(file)) if file else from_environment()


def keys_are_needed() -> bool:
    """Whether requests have to show a key, because the store holds one."""
    access = Access()
    access.load()
    return access.needed


def listen(host: str, port: int, *, needs_key: bool = False) -> socket.socket:
    """A socket that listens.

    Raises: ConfigError when the host is not of this machine alone and no key is needed, or the
        port is taken.
    """
    if not is_loopback(host) and not needs_key:
        raise ConfigError(
            f"host {host!r} can be reached from other machines, and the gateway has no keys yet "
            "that could keep strangers out: use --host 127.0.0.1, or make one with `genaiops "
            "gateway keys create NAME`"
        )
    return hosting.bind(host, port)


def make_app() -> Gateway:
    """The application of a worker process, from its environment."""
    routes = load_routes(os.environ.get(CONFIG_FILE))
    host = os.environ.get(_HOST, "127.0.0.1")
    access = Access()
    access.load()
    return Gateway(routes, host=host, access=access, ready=hosting.store_is_writable)


def serve(sock: socket.socket, *, host: str, config: str | None, workers: int) -> None:
    """Serves until the process is told to end; answers that have begun are finished first."""
    os.environ[_HOST] = host
    if config:
        os.environ[CONFIG_FILE] = str(Path(config).resolve())
    hosting.run("genaiops.gateway.serve:make_app", sock, workers=workers)
