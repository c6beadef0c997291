"""Hundreds of OpenAI calls at once, by the benchmark that makes thousands and compares every row."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "bench_concurrent_calls.py"
SMALL = ("--tasks", "500", "--threads", "16", "--calls", "10")


@pytest.fixture
def run(workdir):
    def of(*options, **environment):
        return subprocess.run(
            [sys.executable, "-W", "error", BENCHMARK, *options],
            cwd=workdir, capture_output=True, text=True, timeout=120, check=False, env=environment or None,
        )  # fmt: skip

    return of


def test_many_tasks_and_threads_lose_double_and_misparent_no_span(run):
    done = run(*SMALL)

    assert (done.returncode, done.stderr) == (0, "")
    assert "660 made, 660 noted" in done.stdout
    assert "0 lost, 0 doubled, 0 misparented, 0 different, 0 of nobody" in done.stdout


def test_the_comparison_sees_calls_without_their_parent(run):
    done = run("--tasks", "1", "--threads", "2", "--calls", "8", GENAIOPS_TRACE_THREADS="0")

    assert done.returncode == 1
    assert "0 lost, 0 doubled, 4 misparented, 0 different" in done.stdout
