import re
import subprocess
from pathlib import Path

import pytest

VERBS = {
    "setup",
    "demo",
    "test",
    "quick",
    "system",
    "test-ml",
    "lint",
    "types",
    "fmt",
    "bench",
    "faults",
    "docs",
    "screenshots",
    "lock",
    "clean",
}


@pytest.fixture
def makefile(root: Path) -> str:
    return (root / "Makefile").read_text("utf-8")


def test_the_makefile_has_exactly_the_promised_verbs(makefile: str) -> None:
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)

    assert phony is not None
    assert set(phony[1].split()) - {"help"} == VERBS


def test_plain_make_says_what_every_verb_does(root: Path) -> None:
    said = subprocess.run(["make"], cwd=root, check=True, capture_output=True, text=True).stdout

    explained = dict(re.findall(r"^make ([a-z-]+) +(\S.*)$", said, re.MULTILINE))

    assert set(explained) == VERBS


def test_contributing_documents_every_verb(root: Path) -> None:
    text = (root / "CONTRIBUTING.md").read_text("utf-8")

    assert {verb for verb in VERBS if f"`make {verb}`" not in text} == set()


def test_an_old_python_is_refused_in_one_sentence(root: Path, tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\n[ \"$1\" = -c ] && exit 1\necho 'Python 3.9.2'\n")
    old.chmod(0o755)

    told = subprocess.run(
        ["make", "setup", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}"],
        check=False,
        cwd=root,
        capture_output=True,
        text=True,
    )

    assert told.returncode != 0
    assert "needs Python 3.11 or newer" in told.stderr
    assert "is Python 3.9.2" in told.stderr
    assert not (tmp_path / "venv").exists()


def test_ci_runs_the_same_verbs_and_allows_no_skips(root: Path) -> None:
    script = root / ".ci" / "run"
    text = script.read_text("utf-8")

    assert script.stat().st_mode & 0o111
    assert text.index("make system") < text.index("make test")
    assert "GENAIOPS_NO_SKIPS=1" in text
