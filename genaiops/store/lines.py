"""Journal lines into temporary tables: a damaged line costs that line, never its batch."""

import json
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from genaiops.errors import StoreError
from genaiops.store import segments
from genaiops.store.base import Group
from genaiops.store.engine import Engine
from genaiops.store.rows import events, spans

__all__ = ["EVENTS", "ROLLED_SPANS", "SPANS", "Kind", "is_record", "load", "quarantine"]

_LONGEST = 16_000_000
"""Bytes of a line; what is longer was not written by us."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is read of a group's lines."""

    group: Group
    columns: Mapping[str, str]
    previews: bool = False

    def records(self, source: str) -> str:
        """SQL of the records of a relation of lines."""
        if self.group == "spans":
            columns = [name for name in self.columns if name != "k"]
            return spans.from_journal(source, columns, previews=self.previews)
        return f"FROM {source} WHERE k <> ''"

    def no_records(self) -> str:
        """SQL of the relation that `records` would be without a line."""
        return self.records(segments.no_lines(self.columns))


EVENTS = Kind("events", events.JOURNAL)
SPANS = Kind("spans", {name: spans.JOURNAL[name] for name in ("k", *spans.COLUMNS)})
ROLLED_SPANS = Kind("spans", spans.ROLLED, previews=True)
"""Spans without what only a look at the span itself needs."""


def load(engine: Engine, table: str, paths: Sequence[Path], kind: Kind) -> list[bytes]:
    """Makes the temporary table `table` of the records in segments.

    Lines that are no record are left out. What makes DuckDB refuse a whole file is searched for by
    halves and left out as well.

    Returns: Those lines that look like records and were refused all the same.
    """
    engine.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {kind.no_records()}")
    with segments.merged(paths) as files:
        if not files or _added(engine, table, files, kind):
            return []
    return [line for path in paths for line in _add_file(engine, table, path, kind)]


def quarantine(
    folder: Path, segment: segments.Segment, refused: Collection[bytes] = frozenset()
) -> int:
    """Copies the lines of a segment that are no records aside, with a reason; their number.

    Args:
        folder: The store.
        segment: Its unfinished last line, which a crash leaves behind, counts as well.
        refused: Further lines that count as bad, as `load` returned them.
    """
    bad = [
        (number, line)
        for number, line in enumerate(segment.path.read_bytes().split(b"\n"), start=1)
        if line.strip() and (line in refused or not is_record(line, segment.group))
    ]
    if not bad:
        return 0
    target = folder / "quarantine"
    target.mkdir(mode=0o700, exist_ok=True)
    reason = {
        "segment": segment.name,
        "lines": [number for number, _ in bad],
        "found": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "reason": "the line is no JSON object with the fields of its kind",
    }
    path = target / f"{segment.name}.bad"
    path.write_bytes(
        json.dumps(reason).encode() + b"\n" + b"\n".join(line for _, line in bad) + b"\n"
    )
    path.chmod(0o600)
    return len(bad)


def is_record(line: bytes, group: Group) -> bool:
    """Whether the line is a record of its group, as far as that can be told without DuckDB."""
    if line.startswith(b"\xef\xbb\xbf") or len(line) > _LONGEST:
        return False
    try:
        text = line.decode("utf-8")
        record: object = json.loads(text)
        if "\\u" in text:
            json.dumps(record, ensure_ascii=False).encode("utf-8")  # refuses lone surrogates
    except RecursionError:
        return True  # nested deeper than Python reads; DuckDB does
    except ValueError:
        return False
    if not isinstance(record, dict):
        return False
    needed = ("trace_id", "span_id") if group == "spans" else ("k",)
    fields = cast("dict[str, object]", record)
    return all(fields.get(name) not in (None, "") for name in needed)


def _add_file(engine: Engine, table: str, path: Path, kind: Kind) -> list[bytes]:
    if _added(engine, table, [path], kind):
        return []
    lines = path.read_bytes().split(b"\n")
    whole = [line for line in lines if line and is_record(line, kind.group)]
    with tempfile.TemporaryDirectory(prefix="genaiops-") as folder:
        return _add_lines(engine, table, whole, Path(folder) / "lines.jsonl", kind)


def _add_lines(
    engine: Engine, table: str, lines: Sequence[bytes], scratch: Path, kind: Kind
) -> list[bytes]:
    """Adds what DuckDB takes; the lines that it refuses."""
    if not lines:
        return []
    scratch.write_bytes(b"\n".join(lines) + b"\n")
    if _added(engine, table, [scratch], kind):
        return []
    if len(lines) == 1:
        return list(lines)
    middle = len(lines) // 2
    refused = _add_lines(engine, table, lines[:middle], scratch, kind)
    return refused + _add_lines(engine, table, lines[middle:], scratch, kind)


def _added(engine: Engine, table: str, paths: Sequence[Path], kind: Kind) -> bool:
    source = segments.read_json(paths, kind.columns)
    try:
        engine.execute(f"INSERT INTO temp.{table} BY NAME {kind.records(source)}")
    except StoreError:
        return False
    return True
