import re
import tomllib
from pathlib import Path

import pytest

LOCKS = ("core.txt", "demo.txt", "dev.txt", "lock.txt", "ml.txt")
REQUIREMENT = re.compile(r"^(?P<name>[a-z0-9._-]+)==(?P<version>[^ ;\\]+)")


def entries(file: Path) -> dict[str, str]:
    """`name==version` -> everything up to the next requirement, hashes included."""
    text = file.read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    return {line.split(" ", 1)[0]: line for line in lines}


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_requirement_has_a_version_and_a_sha256(root: Path, name: str) -> None:
    locked = entries(root / "requirements" / name)

    assert locked
    assert not [line for line in locked.values() if not REQUIREMENT.match(line)]
    assert not [key for key, line in locked.items() if "--hash=sha256:" not in line]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_names_no_place_to_download_from(root: Path, name: str) -> None:
    text = (root / "requirements" / name).read_text("utf-8")

    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE), "no options, only requirements"


@pytest.mark.parametrize("name", ["core.txt", "demo.txt"])
def test_the_smaller_locks_agree_with_the_one_of_development(root: Path, name: str) -> None:
    development = set(entries(root / "requirements" / "dev.txt"))

    assert set(entries(root / "requirements" / name)) <= development


def test_no_lock_is_missing_and_none_is_unknown(root: Path) -> None:
    assert sorted(file.name for file in (root / "requirements").iterdir()) == sorted(LOCKS)


def test_every_dependency_of_the_project_is_locked(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    wanted = [
        *project["project"]["dependencies"],
        *(
            requirement
            for requirements in project["project"]["optional-dependencies"].values()
            for requirement in requirements
            if not requirement.startswith("genaiops[")  # an extra that takes others along
            and not requirement.startswith("openinference-")  # recorders of further libraries
        ),
        *(r for group in ("lint", "test", "build") for r in project["dependency-groups"][group]),
    ]
    names = {re.split(r"[^a-z0-9_.-]", requirement)[0] for requirement in wanted}

    locked = {key.split("==")[0] for key in entries(root / "requirements" / "dev.txt")}

    assert names <= locked, "run `make lock`"
