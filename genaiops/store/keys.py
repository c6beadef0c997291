"""What the keys of the gateway and of the server have in common: names, digests, when to look."""

import hashlib
import re
import secrets
from pathlib import Path

from genaiops.errors import ConfigError, ConflictError
from genaiops.store.base import Txn
from genaiops.store.engine import FILE

__all__ = ["check_name", "digest", "file_stamp", "new_key", "refuse_taken"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
_FILES = (FILE, f"{FILE}.wal")


def check_name(name: str) -> None:
    """Raises ConfigError for a name that is none."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} is no name of a key: use up to 64 letters, digits and any of _.@- , "
            "beginning with a letter or digit"
        )


def refuse_taken(txn: Txn, table: str, name: str) -> None:
    """Raises ConflictError where the control table of this name holds a key of that name."""
    if txn.query(f"SELECT 1 FROM data.{table} WHERE name = ?", [name]).rows:
        raise ConflictError(
            f"there is a key {name!r} already, perhaps a revoked one: use another name"
        )


def new_key(prefix: str) -> tuple[str, str]:
    """A key of 256 random bits, and as much of it as may be shown."""
    key = prefix + secrets.token_urlsafe(32)
    return key, key[: len(prefix) + 4]


def digest(key: str) -> str:
    """What is kept of a key: 256 random bits need no slow hash."""
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


def file_stamp(folder: Path) -> object:
    """A value that changes with the file of the store, and so whenever a key was made or ended."""
    found: list[tuple[int, int] | None] = []
    for name in _FILES:
        try:
            status = (folder / name).stat()
            found.append((status.st_mtime_ns, status.st_size))
        except FileNotFoundError:
            found.append(None)
    return found
