"""`genaiops demo`: the main job, and where it says to look afterwards."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import genaiops

ROOT = Path(__file__).resolve().parents[2]


def shell(command: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Runs a line as a user would who has not activated the environment."""
    return subprocess.run(
        ["/bin/sh", "-c", command],
        check=False,
        capture_output=True,
        text=True,
        timeout=180,
        cwd=folder,
        env=os.environ | {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
    )


@pytest.mark.slow
def test_the_demo_evaluates_two_prompts_and_names_commands_that_work(workdir: Path) -> None:
    told = shell(f"{sys.executable} -m genaiops demo --no-ui", workdir)
    dashboard, *commands = [
        line for line in told.stdout.partition("Look at it with:")[2].splitlines() if line
    ]
    looked = [shell(command, workdir) for command in commands]

    assert (told.returncode, told.stderr) == (0, "")
    compared = told.stdout.partition("Version 2 against 1:\n")[2].splitlines()[1:5]
    assert {line.split()[0]: line.split()[10] for line in compared} == {
        "recall_at_5": "unclear", "mrr": "unclear", "context_overlap": "unclear", "token_f1": "better",
    }  # fmt: skip
    assert genaiops.sql("SELECT count(*) FROM prompt_versions").rows == [(2,)]
    assert genaiops.sql("SELECT status, count(*) FROM runs GROUP BY 1").rows == [("FINISHED", 2)]
    assert len(commands) == 6
    assert "The alias staging names version 2 now, because token_f1 >= 0.25" in told.stdout
    moved = [event for event in genaiops.prompt_history("demo/python-reference") if event.alias]
    assert [(event.alias, event.version) for event in moved] == [("production", 2), ("staging", 2)]
    assert "token_f1 of version 2 is " in str(moved[1].reason)
    assert [done.stderr for done in looked if done.returncode] == []
    assert all(done.stdout or "production is version 2 now" in done.stderr for done in looked)
    assert shell(dashboard.replace(" ui ", " ui --help "), workdir).stdout.startswith("Usage:")
