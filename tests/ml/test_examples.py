"""The examples that train run as they stand, in an empty folder."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_example_of_lightning_runs(workdir):
    program = ROOT / "examples" / "train_lightning.py"

    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(program)],
        check=False, capture_output=True, text=True, cwd=workdir, env=dict(os.environ),
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "SGD, lr 0.5: 20 epochs" in done.stdout
    assert "the loss fell: True" in done.stdout
    assert [file.name for file in workdir.iterdir()] == [".genaiops"]
    assert len(program.read_text("utf-8").splitlines()) <= 40
