"""Files that are written whole or not at all."""

import contextlib
import os
import secrets
from pathlib import Path

__all__ = ["write_whole"]


def write_whole(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Writes a file; whoever reads sees what was there before or all of this. Raises OSError."""
    hidden = path.with_name(f".{secrets.token_hex(8)}.new")
    try:
        descriptor = os.open(hidden, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        hidden.rename(path)
    except OSError:
        with contextlib.suppress(OSError):
            hidden.unlink(missing_ok=True)
        raise
