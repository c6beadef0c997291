"""DuckDB instances kept for the next read, for programs that read all the time.

Starting an instance takes longer than opening the file (14 of 20 ms). A kept one has no file open
between two reads, but it has threads, which a fork loses: so an application keeps none.
"""

import contextlib
import os
from collections.abc import Generator
from pathlib import Path

from genaiops.errors import StoreError
from genaiops.store.engine import Engine, in_memory
from genaiops.store.tail import KeptTail

__all__ = ["WarmEngines"]

KEPT = 2


class WarmEngines:
    """Instances without a file for the store in `folder`, lent one at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._idle: list[tuple[Engine, KeptTail]] = []
        os.register_at_fork(after_in_child=self._forget)

    @contextlib.contextmanager
    def lend(self) -> Generator[tuple[Engine, KeptTail]]:
        """A connection of its own on an instance that nobody else uses meanwhile.

        With it comes what the instance keeps of the journal.

        What is attached as ``g`` is detached at the end; temporary tables go with the connection.
        """
        try:
            instance, tail = self._idle.pop()
        except IndexError:
            instance, tail = in_memory(self._folder), KeptTail()
        engine = Engine(instance.connection.cursor())
        try:
            yield engine, tail
        except BaseException:  # perhaps in the middle of a segment: keep nothing of it
            engine.connection.close()
            instance.connection.close()
            raise
        engine.connection.close()
        self._take_back(instance, tail)

    def _take_back(self, instance: Engine, tail: KeptTail) -> None:
        try:
            instance.execute("DETACH DATABASE IF EXISTS g")
        except StoreError:  # whatever holds the file: closing lets go of it
            instance.connection.close()
            return
        if len(self._idle) < KEPT:
            self._idle.append((instance, tail))
        else:
            instance.connection.close()

    def _forget(self) -> None:
        """In a forked child: leaves the instances alone, closing them would wait for dead threads."""
        import ctypes

        for instance, _ in self._idle:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(instance.connection))
        self._idle = []
