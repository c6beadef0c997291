"""Virtual keys: made once, shown once, kept as SHA-256 digests with what they may do."""

import re
import secrets
import time
from collections.abc import Sequence
from typing import NamedTuple

from genaiops.errors import ConfigError, ConflictError, NotFoundError
from genaiops.gateway.access import digest
from genaiops.gateway.limits import Policy
from genaiops.store import current_store

__all__ = ["Key", "create", "every", "revoke"]

_PREFIX = "gk_"
_SHOWN_CHARS = len(_PREFIX) + 4
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")


class Key(NamedTuple):
    """A key as it may be shown; times are nanoseconds UTC."""

    name: str
    prefix: str
    models: list[str]
    budget_usd: float | None
    budget_every: str | None
    rpm: int | None
    tpm: int | None
    concurrent: int | None
    created_ns: int
    expires_ns: int | None
    revoked_ns: int | None


def create(policy: Policy) -> str:
    """Makes a key and keeps its digest; the key itself, for the only time.

    Raises: ConfigError for a name that is none, ConflictError when there is one of that name.
    """
    if not _NAME.fullmatch(policy.name):
        raise ConfigError(
            f"{policy.name!r} is no name of a key: use up to 64 letters, digits and any of _.@- , "
            "beginning with a letter or digit"
        )
    key = _PREFIX + secrets.token_urlsafe(32)
    with current_store().txn() as txn:
        if txn.query("SELECT 1 FROM data.gateway_keys WHERE name = ?", [policy.name]).rows:
            raise ConflictError(
                f"there is a key {policy.name!r} already, perhaps a revoked one: use another name"
            )
        txn.execute(
            "INSERT INTO data.gateway_keys (name, key_hash, prefix, models, budget_usd, "
            "budget_every, rpm, tpm, concurrent, created_ns, expires_ns) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                policy.name,
                digest(key),
                key[:_SHOWN_CHARS],
                list(policy.models),
                policy.budget_usd,
                policy.budget_every if policy.budget_usd is not None else None,
                policy.rpm,
                policy.tpm,
                policy.concurrent,
                time.time_ns(),
                policy.expires_ns,
            ],
        )
    return key


def revoke(name: str) -> None:
    """Ends a key; gateways that run notice within seconds. Raises NotFoundError."""
    with current_store().txn() as txn:
        if not txn.query("SELECT 1 FROM data.gateway_keys WHERE name = ?", [name]).rows:
            raise NotFoundError(f"there is no key {name!r}: see `genaiops gateway keys list`")
        txn.execute(
            "UPDATE data.gateway_keys SET revoked_ns = coalesce(revoked_ns, ?) WHERE name = ?",
            [time.time_ns(), name],
        )


def every() -> Sequence[Key]:
    """Every key, also revoked ones, by name."""
    with current_store().read() as reader:
        rows = reader.query(
            "SELECT name, prefix, models, budget_usd, budget_every, rpm, tpm, concurrent, "
            "created_ns, expires_ns, revoked_ns FROM gateway_keys ORDER BY name"
        ).rows
    return [Key(*row) for row in rows]
