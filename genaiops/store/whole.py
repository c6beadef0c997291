"""Files that are written whole or not at all."""

import contextlib
import io
import os
import re
import secrets
from collections.abc import Generator
from pathlib import Path

__all__ = ["is_passing", "new_file", "write_whole"]

_PASSING = re.compile(r"\.[0-9a-f]{16}\.(new|unused)")


def is_passing(name: str) -> bool:
    """Whether a file of that name is on its way in or out of a folder, and no content of it."""
    return _PASSING.fullmatch(name) is not None


def write_whole(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Writes a file; whoever reads sees what was there before or all of this. Raises OSError."""
    with new_file(path.parent, mode=mode) as (hidden, file):
        file.write(data)
        file.close()
        hidden.rename(path)


@contextlib.contextmanager
def new_file(folder: Path, *, mode: int = 0o600) -> Generator[tuple[Path, io.BufferedRandom]]:
    """A hidden file to be filled, closed and renamed; what fails inside takes it away again."""
    hidden = folder / f".{secrets.token_hex(8)}.new"
    try:
        descriptor = os.open(hidden, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "w+b") as file:
            yield hidden, file
    except BaseException:
        with contextlib.suppress(OSError):
            hidden.unlink(missing_ok=True)
        raise
