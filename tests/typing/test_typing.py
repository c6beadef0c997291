"""Type checkers keep the signatures of traced functions, and refuse wrong calls."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def check(*arguments: str) -> "subprocess.CompletedProcess[str]":
    # without a cache of its own: two runs at once that make the same one break each other
    return subprocess.run(
        [sys.executable, "-m", *arguments, f"--cache-dir={os.devnull}"],
        capture_output=True, text=True, check=False, cwd=HERE,
    )  # fmt: skip


@pytest.mark.slow
def test_mypy_strict_sees_the_signatures_of_traced_functions() -> None:
    done = check("mypy", "--strict", "--follow-imports=silent", "trace_signatures.py")

    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_mypy_refuses_a_wrong_argument_of_a_traced_function(tmp_path: Path) -> None:
    wrong = (HERE / "trace_signatures.py").read_text("utf-8") + '\nplain(3)\nnamed("x")\n'
    file = tmp_path / "wrong.py"
    file.write_text(wrong, "utf-8")

    done = check("mypy", "--strict", "--follow-imports=silent", str(file))

    assert done.returncode == 1
    assert done.stdout.count("[arg-type]") == 2
