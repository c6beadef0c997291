"""Every example runs as it stands, offline and in an empty folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SAYS = {
    "evaluate.py": "recall_at_1  +0.750",
    "grid_search.py": "best: 1.0 linear",
    "log_a_run.py": "best chunk size and its recall: 400 0.92",
    "prompt_versions.py": "the span knows its prompt: docs/answer@2",
    "search_and_sql.py": "('divide', 3, 2)",
    "trace_a_function.py": "  retrieve [retriever] ok",
    "trace_openai.py": "openai offline/extractive: 23 tokens in",
}
OF_TRAINING = {"train_lightning.py"}
"""Run by tests/ml, where their libraries are."""
MOST_LINES = 40


def test_every_example_is_run_here(root: Path) -> None:
    assert {file.name for file in (root / "examples").glob("*.py")} == set(SAYS) | OF_TRAINING


@pytest.mark.parametrize("name", SAYS)
def test_an_example_runs_offline_in_an_empty_folder(root: Path, workdir: Path, name: str) -> None:
    program = root / "examples" / name

    done = subprocess.run(
        [sys.executable, str(program)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=workdir,
        env=os.environ | {"PYTHONPATH": str(root)},
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert SAYS[name] in done.stdout
    assert [file.name for file in workdir.iterdir()] == [".genaiops"]
    assert len(program.read_text("utf-8").splitlines()) <= MOST_LINES
