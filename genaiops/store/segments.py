"""The segments of a journal as everybody but their writer sees them."""

import contextlib
import os
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from genaiops.store import gate
from genaiops.store.base import Group
from genaiops.store.engine import SPILLED

__all__ = [
    "Segment",
    "as_file",
    "count_lines",
    "found",
    "merged",
    "no_lines",
    "read_json",
    "sealed",
    "sweep",
]


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """One journal file; names sort by time of birth."""

    name: str
    path: Path
    group: Group
    size: int

    @property
    def born_ns(self) -> int:
        """When it was begun, nanoseconds UTC; 0 for a name that does not say."""
        stamp = self.name.partition("-")[0]
        return int(stamp) if stamp.isdecimal() else 0


def found(folder: Path) -> list[Segment]:
    """Every segment with something in it, oldest first."""
    segments: list[Segment] = []
    try:
        entries = list(os.scandir(folder / "journal"))
    except FileNotFoundError:
        return []
    for entry in entries:
        group = _group(entry.name)
        if group is None:
            continue
        with contextlib.suppress(FileNotFoundError):  # compacted between the listing and now
            segments.append(Segment(entry.name, Path(entry.path), group, entry.stat().st_size))
    return sorted(segments)


def sealed(segments: Iterable[Segment]) -> list[Segment]:
    """Those whose writer closed them or died."""
    return [segment for segment in segments if not gate.is_locked(segment.path)]


def sweep(folder: Path, *, older_than_s: float) -> int:
    """Removes files that a killed program left, hidden or spilled; how many there were."""
    count, now = 0, time.time()
    places = [folder, folder / "journal", folder / "alive", *folder.glob("artifacts/blobs/??")]
    hidden = (path for place in places for path in place.glob(".*.new"))
    for path in (*hidden, *(folder / SPILLED).glob("duckdb_temp_*")):
        with contextlib.suppress(OSError):  # whoever made it is alive, and was faster
            if now - path.stat().st_mtime >= older_than_s and not gate.is_locked(path):
                path.unlink()
                count += 1
    return count


def read_json(paths: Sequence[Path], columns: Mapping[str, str]) -> str:
    """SQL of a relation of journal lines; a line that is no JSON becomes a row of NULLs."""
    files = ", ".join(_quoted(str(path)) for path in paths)
    types = ", ".join(f"{_quoted(name)}: {_quoted(kind)}" for name, kind in columns.items())
    return (
        f"read_json([{files}], format = 'newline_delimited', columns = {{{types}}}, "
        "ignore_errors = true)"
    )


_SMALL = 1_000_000
"""Bytes; opening a file costs DuckDB some milliseconds, so smaller ones are read as one."""


@contextlib.contextmanager
def merged(paths: Sequence[Path]) -> Generator[list[Path]]:
    """Files with the same lines, fewer of them. Raises OSError."""
    small = [path for path in paths if path.stat().st_size < _SMALL]
    if len(small) < 2:
        yield list(paths)
        return
    large = [path for path in paths if path not in set(small)]
    with as_file(b"\n".join(path.read_bytes() for path in small)) as one:
        yield [one, *large]


@contextlib.contextmanager
def as_file(data: bytes) -> Generator[Path]:
    """A file with that content which is on no disk."""
    descriptor = os.memfd_create("genaiops", os.MFD_CLOEXEC)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(data)
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def no_lines(columns: Mapping[str, str]) -> str:
    """SQL of the relation that `read_json` would be without a line."""
    nulls = ", ".join(f"NULL::{kind} AS {name}" for name, kind in columns.items())
    return f"(SELECT {nulls} LIMIT 0)"


def count_lines(path: Path) -> int:
    """Lines of a segment that are not empty, an unfinished last one included."""
    data = path.read_bytes()
    empty = data.count(b"\n\n") + data.startswith(b"\n")
    return data.count(b"\n") - empty + (not data.endswith(b"\n") and bool(data))


def _group(name: str) -> Group | None:
    if name.startswith("."):
        return None
    if name.endswith(".spans.jsonl"):
        return "spans"
    return "events" if name.endswith(".events.jsonl") else None


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
