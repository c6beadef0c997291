"""What a run knows of where it came from."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
import json
import genaiops
with genaiops.start_run() as run:
    pass
print(json.dumps(genaiops.get_run(run.info.run_id).info.source))
"""


def source_of_a_run(*arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "program.py", *arguments], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def git(*arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    done = subprocess.run(
        ["git", *identity, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture(autouse=True)
def program(workdir: Path) -> Path:
    """A program that makes a run and prints the source that was kept."""
    path = workdir / "program.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return path


def test_outside_of_git_there_is_no_commit():
    source = source_of_a_run("--lr", "0.1")

    assert source["command"] == "program.py --lr 0.1"
    assert source["python"].startswith(f"{sys.version_info[0]}.{sys.version_info[1]}")
    assert "git_commit" not in source


def test_in_a_work_tree_the_commit_and_its_state_are_kept(program: Path):
    git("init", "-q")
    git("add", "program.py")
    git("commit", "-q", "-m", "first")
    commit = git("rev-parse", "HEAD")

    clean = source_of_a_run()
    program.write_text(PROGRAM + "\n# changed\n", encoding="utf-8")
    dirty = source_of_a_run()

    assert (clean["git_commit"], clean["git_dirty"]) == (commit, False)
    assert (dirty["git_commit"], dirty["git_dirty"]) == (commit, True)


def test_a_work_tree_that_git_cannot_read_keeps_no_commit(workdir: Path):
    (workdir / ".git").write_text("broken", encoding="utf-8")

    assert "git_commit" not in source_of_a_run()


def test_a_key_on_the_command_line_is_masked():
    secret = "sk-" + "a1B2" * 10

    source = source_of_a_run("--key", secret)

    assert secret not in source["command"]
    assert source["command"].startswith("program.py --key")
