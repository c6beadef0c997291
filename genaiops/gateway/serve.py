"""Runs the gateway."""

import os
import socket
import tempfile
from functools import partial
from pathlib import Path

from genaiops.errors import ConfigError
from genaiops.gateway import hosting
from genaiops.gateway.access import Access
from genaiops.gateway.accesslog import AccessLog
from genaiops.gateway.app import Gateway
from genaiops.gateway.config import Routes, from_environment, load
from genaiops.gateway.fleet import FOLDER
from genaiops.gateway.reloading import Reloading, Sharing, check_reach

__all__ = ["application", "load_routes", "make_app", "open_access", "serve"]

_CONFIG = "GENAIOPS_GATEWAY_CONFIG"
"""Environment variables by which worker processes learn what they serve."""
_HOST = "GENAIOPS_GATEWAY_HOST"
_LOG = "GENAIOPS_GATEWAY_ACCESS_LOG"
_WORKERS = "GENAIOPS_GATEWAY_WORKERS"


def load_routes(file: str | None) -> Routes:
    """The routes of a file, or of the environment where there is none. Raises ConfigError."""
    if file is None:
        return from_environment()
    if not file:
        raise ConfigError(
            "the name of the gateway.yaml is empty: leave --config out, or name a file"
        )
    return load(Path(file))


def open_access(routes: Routes, sharing: Sharing | None = None) -> Access:
    """The keys of a configuration and of the store. Raises GenaiopsError."""
    shared = (sharing or Sharing()).follow(routes.rules.redis)
    access = Access(routes.rules.keys, shared=shared)
    access.load()
    return access


def application(
    file: str | None, *, host: str = "127.0.0.1", workers: int = 1, log: str | None = None
) -> Gateway:
    """The application that serves a configuration.

    Args:
        file: A ``gateway.yaml``; None for what the environment has.
        host: Where it will listen.
        workers: In how many processes.
        log: File of the access log.

    Raises: GenaiopsError.
    """
    routes = load_routes(file)
    sharing = Sharing()
    access = open_access(routes, sharing)
    check_reach(routes, needs_key=access.needed, host=host, workers=workers)
    reloading = Reloading(partial(load_routes, file), access, sharing, host=host, workers=workers)
    made = Gateway(
        routes,
        host=host,
        access=access,
        ready=hosting.store_is_writable,
        log=AccessLog(log) if log else None,
        reload=reloading,
        started=reloading.started,
        stopped=reloading.stopped,
    )
    reloading.plane, reloading.log = made.plane, made.observer.log
    reloading.fleet = made.observer.fleet
    return made


def make_app() -> Gateway:
    """The application of a worker process, from its environment."""
    made = application(
        os.environ.get(_CONFIG),
        host=os.environ.get(_HOST, "127.0.0.1"),
        workers=int(os.environ.get(_WORKERS, "1")),
        log=os.environ.get(_LOG),
    )
    hosting.collect_seldom()
    return made


def serve(
    sock: socket.socket, *, host: str, config: str | None, workers: int, log: str | None = None
) -> None:
    """Serves until the process is told to end; answers that have begun are finished first."""
    os.environ[_HOST], os.environ[_WORKERS] = host, str(workers)
    if config is not None:
        os.environ[_CONFIG] = str(Path(config).resolve())
    if log:
        os.environ[_LOG] = log if log == "-" else str(Path(log).resolve())
    factory = "genaiops.gateway.serve:make_app"
    if workers == 1:
        hosting.run(factory, sock)
        return
    with tempfile.TemporaryDirectory(prefix="genaiops-gateway-") as folder:
        os.environ[FOLDER] = folder
        hosting.run(factory, sock, workers=workers, reloads=True)
