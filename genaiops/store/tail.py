"""The journal's tail kept between two reads: each read takes in only what was added since.

For programs that read all the time (`LocalStore.keep_warm`): while the maintainer is behind, a
poll would otherwise parse everything that waits, again and again.
"""

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from genaiops.store import lines
from genaiops.store.engine import Engine
from genaiops.store.segments import Segment

__all__ = ["KeptTail"]


class KeptTail:
    """One table a segment, in the memory of one DuckDB instance; used by one reader at a time."""

    def __init__(self) -> None:
        self._read: dict[str, int] = {}  # bytes taken in, by segment

    def take_in(self, engine: Engine, tail: Sequence[Segment]) -> list[str]:
        """Adds what is new and forgets segments that were compacted.

        Args:
            engine: A connection of the instance.
            tail: Segments of spans that are not in the file.

        Returns: Names of the tables, with the columns of `lines.ROLLED_SPANS`.
        """
        there = {segment.name: segment.size for segment in tail}
        for name in [name for name, size in self._read.items() if there.get(name, -1) < size]:
            engine.execute(f"DROP TABLE IF EXISTS {_table(name)}")
            del self._read[name]
        for segment in tail:
            before = self._read.get(segment.name, 0)
            if segment.size > before:
                self._read[segment.name] = before + _add(engine, segment, before)
        return [_table(name) for name in self._read]


def _table(segment: str) -> str:
    return f'memory.main."tail {segment}"'


def _add(engine: Engine, segment: Segment, start: int) -> int:
    """Takes in the whole lines from `start` on; their bytes."""
    with segment.path.open("rb") as file:
        file.seek(start)
        data = file.read(segment.size - start)
    whole = data[: data.rfind(b"\n") + 1]
    kind, table = lines.ROLLED_SPANS, _table(segment.name)
    engine.execute(f"CREATE TABLE IF NOT EXISTS {table} AS {kind.no_records()}")
    with _in_memory(whole) as path:
        lines.add(engine, table, [path] if whole else [], kind)
    return len(whole)


@contextmanager
def _in_memory(data: bytes) -> Generator[Path]:
    """A file with that content which is on no disk."""
    descriptor = os.memfd_create("genaiops-tail", os.MFD_CLOEXEC)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(data)
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
