"""Journal lines and looks at a store, for the tests of the store."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from genaiops.store import LocalStore

SCRIPTS = Path(__file__).resolve().parent.parent / "faults" / "scripts"
START_NS = 1_790_000_000_000_000_000


def span(number: int, **fields: Any) -> bytes:
    """One ended span as a journal line; five make a trace, the first of them its root."""
    root = number - number % 5
    record = {
        "k": "span",
        "trace_id": f"{root:032x}",
        "span_id": f"{number:016x}",
        "parent_span_id": None if number == root else f"{root:016x}",
        "name": f"step {number % 5}",
        "status": "ok",
        "start_ns": START_NS + number * 1_000_000,
        "end_ns": START_NS + number * 1_000_000 + 500_000,
    } | fields
    return (
        json.dumps({key: value for key, value in record.items() if value is not None}).encode()
        + b"\n"
    )


def spans(first: int, last: int) -> bytes:
    """The lines of spans `first` to `last`, the latter not included."""
    return b"".join(span(number) for number in range(first, last))


def numbers(store: LocalStore) -> list[int]:
    """The spans that a reader sees, in order, twice when there twice."""
    with store.read() as reader:
        return [int(text, 16) for (text,) in reader.query("SELECT span_id FROM spans ORDER BY 1")]


def rows(store: LocalStore, sql: str, *params: Any) -> list[tuple[Any, ...]]:
    """All rows of a query of our own."""
    with store.read() as reader:
        return list(reader.query(sql, list(params)))


def compacted(store: LocalStore) -> int:
    """Moves everything that is sealed; rows that were moved."""
    store.seal()
    moved = 0
    while (stats := store.compact()).segments:
        moved += stats.rows
    return moved


def program(script: str, *arguments: object, **environment: str) -> subprocess.Popen[str]:
    """A Python program of `tests/faults/scripts` in a process of its own, with pipes."""
    import os

    return subprocess.Popen(
        [sys.executable, str(SCRIPTS / f"{script}.py"), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(SCRIPTS.parents[2])} | environment,
    )


@contextlib.contextmanager
def running(script: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """The program until the end of the block, then killed."""
    process = program(script, *arguments)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def killed(process: subprocess.Popen[str]) -> list[int]:
    """Kills the program; the whole lines of numbers that it had said and nobody had read."""
    process.kill()
    process.wait()
    assert process.stdout is not None
    rest = process.stdout.read().splitlines(keepends=True)  # not communicate: it skips the buffer
    process.communicate()
    return [int(line) for line in rest if line.endswith("\n")]
