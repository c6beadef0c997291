"""Reading back what tracing wrote, and programs of their own."""

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import genaiops

COLUMNS = "name, span_type, trace_id, span_id, parent_span_id, status, status_message, inputs, outputs, attributes, events, links"


@pytest.fixture
def spans() -> Callable[..., list[dict[str, Any]]]:
    """Every span of the store by start, inputs and outputs decoded."""

    def read(columns: str = COLUMNS) -> list[dict[str, Any]]:
        found = genaiops.sql(f"SELECT {columns} FROM spans ORDER BY start_ns").dicts()
        for span in found:
            for name in ("inputs", "outputs"):
                if span.get(name) is not None:
                    span[name] = msgspec.json.decode(span[name])
        return found

    return read


@pytest.fixture
def tree(spans) -> Callable[[], list[tuple[str, str | None]]]:
    """``(name, name of the parent)`` of every span, by start."""

    def read() -> list[tuple[str, str | None]]:
        found = spans()
        names = {span["span_id"]: span["name"] for span in found}
        return [(span["name"], names.get(span["parent_span_id"])) for span in found]

    return read


@pytest.fixture
def program(workdir: Path) -> Callable[[str], str]:
    """Runs a program in the test's folder; what it printed."""

    def run(code: str) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
            cwd=workdir, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return done.stdout

    return run
