"""Keys of the server: made once, shown once, kept as SHA-256 digests."""

import hashlib
import logging
import re
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from genaiops.errors import ConfigError, ConflictError, GenaiopsError, NotFoundError
from genaiops.store import current_store
from genaiops.store.engine import FILE

__all__ = ["Key", "Keyring", "create", "digest", "every", "revoke"]

_PREFIX = "gk_server_"  # begins as keys of the gateway do, so that redaction knows it
_SHOWN_CHARS = len(_PREFIX) + 4
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
_FILES = (FILE, f"{FILE}.wal")
_log = logging.getLogger("genaiops")


class Key(NamedTuple):
    """A key as it may be shown; times are nanoseconds UTC."""

    name: str
    prefix: str
    role: str
    created_ns: int
    revoked_ns: int | None


def create(name: str) -> str:
    """Makes a key and keeps its digest; the key itself, for the only time.

    Raises: ConfigError for a name that is none, ConflictError when there is one of that name.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} is no name of a key: use up to 64 letters, digits and any of _.@- , "
            "beginning with a letter or digit"
        )
    key = _PREFIX + secrets.token_urlsafe(32)
    with current_store().txn() as txn:
        if txn.query("SELECT 1 FROM data.server_keys WHERE name = ?", [name]).rows:
            raise ConflictError(
                f"there is a key {name!r} already, perhaps a revoked one: use another name"
            )
        txn.execute(
            "INSERT INTO data.server_keys (name, key_hash, prefix, role, created_ns) "
            "VALUES (?, ?, ?, ?, ?)",
            [name, digest(key), key[:_SHOWN_CHARS], "all", time.time_ns()],
        )
    return key


def revoke(name: str) -> None:
    """Ends a key; servers that run notice within a second. Raises NotFoundError."""
    with current_store().txn() as txn:
        found = txn.query("SELECT revoked_ns FROM data.server_keys WHERE name = ?", [name]).rows
        if not found:
            raise NotFoundError(f"there is no key {name!r}: see `genaiops server keys list`")
        txn.execute(
            "UPDATE data.server_keys SET revoked_ns = coalesce(revoked_ns, ?) WHERE name = ?",
            [time.time_ns(), name],
        )


def every() -> Sequence[Key]:
    """Every key, also revoked ones, by name."""
    with current_store().read() as reader:
        rows = reader.query(
            "SELECT name, prefix, role, created_ns, revoked_ns FROM server_keys ORDER BY name"
        ).rows
    return [Key(*row) for row in rows]


def digest(key: str) -> str:
    """What is kept of a key: 256 random bits need no slow hash."""
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


class Keyring:
    """The digests that are valid now, read again when the store's file has changed."""

    def __init__(self) -> None:
        self._store = current_store()
        self._stamp: object = None
        self.digests: Sequence[str] = ()

    def refresh(self) -> None:
        """Reads the digests when they may have changed; keeps the old ones when it cannot."""
        stamp = _stamp(self._store.folder)
        if stamp == self._stamp:
            return
        try:
            with self._store.read() as reader:
                rows = reader.query(
                    "SELECT key_hash FROM g.data.server_keys WHERE revoked_ns IS NULL"
                ).rows
        except GenaiopsError as error:
            _log.warning("the keys cannot be read, those known so far stay valid: %s", error)
            return
        self.digests, self._stamp = [str(row[0]) for row in rows], stamp


def _stamp(folder: Path) -> object:
    found: list[tuple[int, int] | None] = []
    for name in _FILES:
        try:
            status = (folder / name).stat()
            found.append((status.st_mtime_ns, status.st_size))
        except FileNotFoundError:
            found.append(None)
    return found
