"""What a page or a command may know about the store."""

import contextlib
import subprocess
from collections.abc import Generator

from genaiops.store import current_store
from genaiops.store.base import Health
from genaiops.store.doctor import examine
from genaiops.store.maintainer import start_child

__all__ = ["health", "keep_warm", "maintain", "uri"]


def health() -> Health:
    """Facts and problems of the current store. Raises StoreError."""
    return examine(current_store())


def uri() -> str:
    """Where the current store is."""
    return current_store().uri


def keep_warm() -> None:
    """Makes every question to the current store faster, in a program that asks all the time."""
    current_store().keep_warm()


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
