"""Keys of the server: made once, shown once, kept as SHA-256 digests."""

import logging
import time
from collections.abc import Sequence
from typing import NamedTuple

from genaiops.errors import GenaiopsError, NotFoundError
from genaiops.store import current_store
from genaiops.store.keys import check_name, digest, file_stamp, new_key, refuse_taken

__all__ = ["Key", "Keyring", "create", "every", "revoke"]

_PREFIX = "gk_server_"  # begins as keys of the gateway do, so that redaction knows it
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
    check_name(name)
    key, shown = new_key(_PREFIX)
    with current_store().txn() as txn:
        refuse_taken(txn, "server_keys", name)
        txn.execute(
            "INSERT INTO data.server_keys (name, key_hash, prefix, role, created_ns) "
            "VALUES (?, ?, ?, ?, ?)",
            [name, digest(key), shown, "all", time.time_ns()],
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


class Keyring:
    """The digests that are valid now, read again when the store's file has changed."""

    def __init__(self) -> None:
        self._store = current_store()
        self._stamp: object = None
        self.digests: Sequence[str] = ()

    def refresh(self) -> None:
        """Reads the digests when they may have changed; keeps the old ones when it cannot."""
        stamp = file_stamp(self._store.folder)
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
