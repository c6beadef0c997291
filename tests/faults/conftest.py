"""Disks that are small or cannot be written."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mounting is not allowed here ({done.stderr.strip()})")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB."""
    if os.geteuid():
        pytest.skip("a disk is filled by root only: it is a tmpfs")
    folder = tmp_path / "disk"
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder))
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder `disk`; what is put in it before `remount` can then only be read."""
    if os.geteuid():
        pytest.skip("a disk is made read-only by root only: it is a bind mount")
    folder = tmp_path / "disk"
    folder.mkdir()
    _mount("--bind", str(folder), str(folder))
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
