"""What a page or a command may know about the store."""

import contextlib
import platform
import subprocess
import time
from collections.abc import Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import metadata

from genaiops import __version__ as genaiops_version
from genaiops.config import describe, variable_of
from genaiops.store import current_store
from genaiops.store.base import Health
from genaiops.store.doctor import examine
from genaiops.store.maintainer import start_child
from genaiops.store.retain import Retained, Retention, retain

__all__ = [
    "Retained",
    "Setting",
    "health",
    "keep_warm",
    "look",
    "maintain",
    "settings",
    "uri",
    "versions",
    "would_go",
]

_COMPACTS_S = 3.0
_PACKAGES = ("duckdb", "streamlit", "opentelemetry-sdk", "genai-prices")


def health() -> Health:
    """Facts and problems of the current store. Raises StoreError."""
    return examine(current_store())


def uri() -> str:
    """Where the current store is."""
    return current_store().uri


def keep_warm() -> None:
    """Makes every question to the current store faster, in a program that asks all the time."""
    current_store().keep_warm()


def look() -> AbstractContextManager[None]:
    """Questions of this thread inside it share one opening of the store: see `Store.look`."""
    return current_store().look()


@contextlib.contextmanager
def maintain() -> Generator[None]:
    """Keeps a maintainer beside this process, which moves the journal into the database."""
    child = start_child(current_store().folder)
    try:
        yield
    finally:
        child.terminate()
        try:
            child.wait(timeout=5.0)
        except subprocess.TimeoutExpired:  # it holds a transaction: it notices its parent's end
            child.kill()
            child.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting in force, secrets masked.

    Attributes:
        origin: ``argument``, ``environment NAME``, ``pyproject.toml`` or ``default``.
        variable: The environment variable that changes it.
    """

    name: str
    value: str
    origin: str
    variable: str


def settings() -> list[Setting]:
    """Every setting of this process and where it came from. Raises ConfigError."""
    return [
        Setting(name=name, value=value, origin=origin, variable=variable_of(name))
        for name, value, origin in describe()
    ]


def versions() -> dict[str, str]:
    """What runs here: this package, Python, and the libraries that the store and pages stand on."""
    found = {"genaiops": genaiops_version, "Python": platform.python_version()}
    for package in _PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found | {"System": platform.platform(terse=True)}


def would_go(days: float) -> Retained:
    """What `genaiops store retain --days` would delete; nothing is deleted.

    What is still in the journal is moved into the database before, for some seconds at most, as it
    would not be counted.
    Raises: ConfigError, StoreError, StoreBusyError while the store is being compacted.
    """
    until = time.monotonic() + _COMPACTS_S
    while current_store().compact().remaining and time.monotonic() < until:
        pass
    return retain(current_store(), Retention(days=days), dry_run=True, timeout_s=3.0)
