"""Runs the server."""

import os
import socket

from genaiops.errors import ConfigError
from genaiops.gateway import hosting
from genaiops.gateway.guard import is_loopback
from genaiops.server.app import Server
from genaiops.server.guard import Guard
from genaiops.server.ingest import Ingest
from genaiops.server.keys import Keyring
from genaiops.store import current_store

__all__ = ["listen", "make_app", "serve"]

CONNECTIONS = 512
_HOST = "GENAIOPS_SERVER_HOST"
_NEEDS_KEY = "GENAIOPS_SERVER_NEEDS_KEY"


def listen(host: str, port: int, *, needs_key: bool) -> socket.socket:
    """A socket that listens.

    Raises: ConfigError when a key is needed and there is none, or the port is taken.
    """
    if needs_key:
        keyring = Keyring()
        keyring.refresh()
        if not keyring.digests:
            why = "asks for a key" if is_loopback(host) else "can be reached from other machines"
            raise ConfigError(
                f"a server on {host!r} {why}, and there is none yet: make one with "
                "`genaiops server keys create NAME`"
            )
    return hosting.bind(host, port)


def make_app() -> Server:
    """The application, from the environment of its process."""
    keyring = None
    if os.environ.get(_NEEDS_KEY):
        keyring = Keyring()
        keyring.refresh()
    guard = Guard(host=os.environ.get(_HOST, "127.0.0.1"), keyring=keyring)
    return Server(guard, Ingest(current_store()), ready=hosting.store_is_writable)


def serve(sock: socket.socket, *, host: str, needs_key: bool) -> None:
    """Serves until the process is told to end; requests that have begun are finished first."""
    os.environ[_HOST] = host
    os.environ[_NEEDS_KEY] = "1" if needs_key else ""
    hosting.run("genaiops.server.serve:make_app", sock, connections=CONNECTIONS)
