"""Virtual keys: made once, shown once, kept as SHA-256 digests with what they may do."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from genaiops.errors import NotFoundError
from genaiops.gateway.limits import Policy
from genaiops.store import current_store
from genaiops.store.keys import check_name, digest, new_key, refuse_taken

__all__ = ["Key", "create", "every", "revoke"]

_PREFIX = "gk_"


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
    check_name(policy.name)
    key, shown = new_key(_PREFIX)
    with current_store().txn() as txn:
        refuse_taken(txn, "gateway_keys", policy.name)
        txn.execute(
            "INSERT INTO data.gateway_keys (name, key_hash, prefix, models, budget_usd, "
            "budget_every, rpm, tpm, concurrent, created_ns, expires_ns) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                policy.name,
                digest(key),
                shown,
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
