"""Where a run came from: command, interpreter, host, and the state of the git work tree."""

import functools
import getpass
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genaiops.runs.journal import masked

__all__ = ["git", "source", "user"]

_GIT_TIMEOUT_S = 2.0


@functools.cache
def source() -> Mapping[str, Any]:  # JSON of several types
    """Command, Python version, host, and git commit with its dirty flag where there is one."""
    found: dict[str, Any] = {
        "command": masked(" ".join(sys.argv), "command"),
        "python": platform.python_version(),
        "host": socket.gethostname(),
    }
    if commit := git("rev-parse", "HEAD"):
        found["git_commit"] = commit
        found["git_dirty"] = bool(git("status", "--porcelain", "--untracked-files=no"))
    return found


@functools.cache
def user() -> str | None:
    """Login name of the user, None where the system does not know."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return None


def git(*arguments: str, timeout_s: float = _GIT_TIMEOUT_S, strip: bool = True) -> str | None:
    """What a git command prints; None without git, outside a work tree, or when it takes long."""
    program = shutil.which("git")
    try:
        here = Path.cwd()
        if program is None or not any((path / ".git").exists() for path in (here, *here.parents)):
            return None
        done = subprocess.run(  # noqa: S603  git with constant arguments
            [program, *arguments],
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=timeout_s,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    if done.returncode != 0:
        return None
    return done.stdout.strip() if strip else done.stdout
