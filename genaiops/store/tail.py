"""The journal's tail kept between two reads: each read takes in only what was added since.

For programs that read all the time (`LocalStore.keep_warm`): while the maintainer is behind, a
poll would otherwise parse everything that waits, again and again.
"""

from collections.abc import Sequence

from genaiops.store import lines, segments
from genaiops.store.engine import Engine
from genaiops.store.segments import Segment

__all__ = ["KeptTail"]

_ENOUGH_ROWS = 2_000
"""Fewer rows of compacted segments are not worth making the table anew."""
_FEW, _TOGETHER = 8, 32
"""More new segments than that are taken in so many at once, and forgotten together as well."""


class KeptTail:
    """One table in the memory of one DuckDB instance; used by one reader at a time."""

    TABLE = "memory.main.kept_tail"
    """Has the columns of `lines.ROLLED_SPANS`, and ``part``, the number of what a row came with."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[int, int]] = {}  # part and bytes taken in, by segment
        self._next = 0
        self._made: dict[str, object] = {}  # of what each further table was made

    def has(self, table: str, of: object) -> bool:
        """Whether the table was kept, and made of the same."""
        return self._made.get(table) == of

    def keep(self, engine: Engine, table: str, rows: str, of: object) -> None:
        """Keeps the rows of a relation as a table, and of what they were made."""
        engine.execute(f"CREATE OR REPLACE TABLE {self.place(table)} AS FROM {rows}")
        self._made[table] = of

    @staticmethod
    def place(table: str) -> str:
        """Where a table that is kept stands."""
        return f"memory.main.{table}"

    def take_in(self, engine: Engine, tail: Sequence[Segment]) -> str:
        """Adds what is new and forgets segments that were compacted.

        Args:
            engine: A connection of the instance.
            tail: Segments of spans that are not in the file.

        Returns: SQL of the relation of the tail's spans.
        """
        if not self._next:
            self._next = 1
            nothing = lines.ROLLED_SPANS.no_records()
            engine.execute(f"CREATE TABLE {self.TABLE} AS SELECT 0 AS part, * FROM ({nothing})")
        self._forget(engine, tail)
        new = [segment for segment in tail if segment.name not in self._read]
        size = 1 if len(new) <= _FEW else _TOGETHER
        for segment in tail:
            part, before = self._read.get(segment.name, (0, segment.size))
            if segment.size > before:
                self._add(engine, [segment], part)
        for first in range(0, len(new), size):
            self._next += 1
            self._add(engine, new[first : first + size], self._next)
        return f"SELECT * EXCLUDE (part) FROM {self.TABLE} WHERE part IN ({self._parts()})"

    def _parts(self) -> str:
        return ", ".join({str(part) for part, _ in self._read.values()}) or "NULL"

    def _forget(self, engine: Engine, tail: Sequence[Segment]) -> None:
        """Leaves out segments that are gone or became shorter."""
        there = {segment.name: segment.size for segment in tail}
        gone = {part for name, (part, size) in self._read.items() if there.get(name, -1) < size}
        if not gone:
            return
        self._read = {name: of for name, of in self._read.items() if of[0] not in gone}
        kept = f"FROM {self.TABLE} WHERE part IN ({self._parts()})"
        every, live = engine.query(
            f"SELECT (SELECT count(*) FROM {self.TABLE}), (SELECT count(*) {kept})"
        ).rows[0]
        if every - live > max(live, _ENOUGH_ROWS):  # a DELETE would not give the memory back
            engine.execute(f"CREATE OR REPLACE TABLE {self.TABLE} AS {kept}")

    def _add(self, engine: Engine, added: Sequence[Segment], part: int) -> None:
        """Takes in the whole lines that the segments got."""
        texts: list[bytes] = []
        for segment in added:
            start = self._read.get(segment.name, (part, 0))[1]
            with segment.path.open("rb") as file:
                file.seek(start)
                data = file.read(segment.size - start)
            texts.append(data[: data.rfind(b"\n") + 1])
            self._read[segment.name] = part, start + len(texts[-1])
        with segments.as_file(b"".join(texts)) as path:
            lines.load(engine, "added", [path] if any(texts) else [], lines.ROLLED_SPANS)
        engine.execute(f"INSERT INTO {self.TABLE} BY NAME SELECT {part} AS part, * FROM temp.added")
