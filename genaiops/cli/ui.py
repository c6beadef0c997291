"""`genaiops ui`: the dashboard, in a process of its own."""

import contextlib
import importlib.util
import ipaddress
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from pathlib import Path
from types import FrameType

import click

from genaiops.cli.lazy import Failure
from genaiops.cli.output import message
from genaiops.errors import ConfigError

__all__ = ["app_path", "check", "command", "free_port", "serve", "ui"]

_TRIES = 100
_START_S = 60.0


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    default=5000,
    show_default=True,
    help="Port, or the next one that is free.",
)
def ui(host: str, port: int) -> None:
    """Serve the dashboard on this machine."""
    check(host)
    serve(host, port)


def check(host: str) -> None:
    """Raises: ConfigError where the dashboard cannot be served."""
    if not _is_loopback(host):
        raise ConfigError(
            f"the dashboard has no keys yet, so it listens on this machine only, not on {host!r}: "
            "use 127.0.0.1 and reach it through an SSH tunnel"
        )
    if importlib.util.find_spec("streamlit") is None:
        raise ConfigError(
            "the dashboard needs streamlit: install it with `pip install 'genaiops[dashboard]'`"
        )


def serve(host: str, port: int) -> None:
    """Serves until interrupted; the dashboard and the store's maintainer are child processes."""
    from genaiops.config import given
    from genaiops.query.store import maintain, uri

    check(host)
    store, chosen = uri(), free_port(host, port)
    address = f"http://{f'[{host}]' if ':' in host else host}:{chosen}"
    previous = signal.signal(signal.SIGTERM, _end)
    dashboard = subprocess.Popen(  # noqa: S603  this interpreter, arguments checked above
        command(host, chosen, store if given("tracking_uri") else "")
    )
    try:
        with maintain():
            _wait_until_served(dashboard, address)
            message(f"dashboard of {store} on {address} (Ctrl+C ends it)")
            if sys.stdout.isatty() and _has_screen():
                webbrowser.open(address)
            status = dashboard.wait()
    except KeyboardInterrupt:
        status = 0
    finally:
        _stop(dashboard)
        signal.signal(signal.SIGTERM, previous)
    if status:
        raise Failure(f"the dashboard ended with status {status}")


def app_path() -> Path:
    """The dashboard's entry: in the installed package, else beside it in a checkout.

    Raises: ConfigError when it is in neither place.
    """
    package = Path(__file__).resolve().parents[1]
    for path in (package / "_ui" / "dashboard" / "app.py", package.parent / "dashboard" / "app.py"):
        if path.is_file():
            return path
    raise ConfigError("this installation has no dashboard: install genaiops from its wheel")


def command(host: str, port: int, store: str = "") -> list[str]:
    """How the dashboard is started: ``-P`` keeps a user's folder from standing in for a package.

    Without a `store` it reads that of its own settings.
    """
    file = str(app_path().with_name("serve.py"))
    return [sys.executable, "-P", file, host, str(port), *([store] if store else [])]


def free_port(host: str, port: int) -> int:
    """The port, or the next one that nobody listens on. Raises ConfigError when there is none."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    last = min(port + _TRIES, 65_536)
    for number in range(port, last):
        with socket.socket(family) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                trial.bind((host, number))
                return number
    raise ConfigError(f"no free port from {port} to {last - 1} on {host}: name another with --port")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _wait_until_served(dashboard: subprocess.Popen[bytes], address: str) -> None:
    """Returns when the dashboard answers. Raises Failure when it ends or never does."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if dashboard.poll() is not None:
            raise Failure(f"the dashboard ended with status {dashboard.returncode} at its start")
        with (
            contextlib.suppress(urllib.error.URLError, OSError),
            opener.open(f"{address}/_stcore/health", timeout=2.0),
        ):
            return
        time.sleep(0.05)
    raise Failure(f"the dashboard did not answer on {address} within {_START_S:g} s")


def _has_screen() -> bool:
    return sys.platform == "darwin" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM ends the dashboard as Ctrl+C does."""
    raise KeyboardInterrupt
