"""Journal lines into temporary tables: a damaged line costs that line, never its batch."""

import json
import tempfile
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import cast

from genaiops.errors import StoreError
from genaiops.store import segments
from genaiops.store.base import Group
from genaiops.store.engine import Engine
from genaiops.store.rows import events, spans

__all__ = ["is_record", "load", "quarantine"]

_LONGEST = 16_000_000
"""Bytes of a line; what is longer was not written by us."""


def load(engine: Engine, table: str, paths: Sequence[Path], group: Group) -> list[bytes]:
    """Makes the temporary table `table` of the records in segments.

    Lines that are no record are left out. What makes DuckDB refuse a whole file is searched for by
    halves and left out as well.

    Returns: Those lines that look like records and were refused all the same.
    """
    columns = spans.JOURNAL if group == "spans" else events.JOURNAL
    source = segments.read_json(paths, columns) if paths else segments.no_lines(columns)
    try:
        engine.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {_records(source, group)}")
    except StoreError:
        nothing = _records(segments.no_lines(columns), group)
        engine.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {nothing}")
        return [line for path in paths for line in _add_file(engine, table, path, group)]
    return []


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


def _records(source: str, group: Group) -> str:
    return spans.from_journal(source) if group == "spans" else f"FROM {source} WHERE k <> ''"


def _add_file(engine: Engine, table: str, path: Path, group: Group) -> list[bytes]:
    if _added(engine, table, path, group):
        return []
    whole = [line for line in path.read_bytes().split(b"\n") if line and is_record(line, group)]
    with tempfile.TemporaryDirectory(prefix="genaiops-") as folder:
        return _add_lines(engine, table, whole, Path(folder) / "lines.jsonl", group)


def _add_lines(
    engine: Engine, table: str, lines: Sequence[bytes], scratch: Path, group: Group
) -> list[bytes]:
    """Adds what DuckDB takes; the lines that it refuses."""
    if not lines:
        return []
    scratch.write_bytes(b"\n".join(lines) + b"\n")
    if _added(engine, table, scratch, group):
        return []
    if len(lines) == 1:
        return list(lines)
    middle = len(lines) // 2
    refused = _add_lines(engine, table, lines[:middle], scratch, group)
    return refused + _add_lines(engine, table, lines[middle:], scratch, group)


def _added(engine: Engine, table: str, path: Path, group: Group) -> bool:
    columns = spans.JOURNAL if group == "spans" else events.JOURNAL
    source = segments.read_json([path], columns)
    try:
        engine.execute(f"INSERT INTO temp.{table} BY NAME {_records(source, group)}")
    except StoreError:
        return False
    return True
