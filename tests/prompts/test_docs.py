"""docs/prompts.md does what it says: every block runs, in order, offline."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shell(script: str, folder: Path) -> None:
    """Runs lines as a user types them."""
    (folder / "bin").mkdir(exist_ok=True)
    command = folder / "bin" / "genaiops"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m genaiops "$@"\n', "ascii")
    command.chmod(0o700)
    done = subprocess.run(
        ["/bin/sh", "-e", "-c", script],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
        env=os.environ | {"PATH": f"{folder / 'bin'}:/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr


def test_every_block_of_the_page_runs(workdir: Path, capsys: pytest.CaptureFixture[str]):
    names: dict[str, Any] = {}

    blocks = BLOCK.findall((ROOT / "docs" / "prompts.md").read_text("utf-8"))
    for language, source in blocks:
        if language == "python":
            exec(compile(source, "docs/prompts.md", "exec"), names)
        else:
            shell(source, workdir)

    assert {language for language, _ in blocks} == {"python", "sh"}
    assert "{+in one sentence, +}" in capsys.readouterr().out
    assert names["genaiops"].load_prompt("qa/answer").version == 3
