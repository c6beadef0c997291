"""Who asks: the keys that are valid now, held in memory, and what each of them has used.

Read again in a thread when the store's file has changed, at most once a second, so that a request
never waits for a query.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from genaiops.errors import GenaiopsError
from genaiops.gateway.limits import Account, Denied, Policy, Shared, period_start_s
from genaiops.model import semconv
from genaiops.store import Reader, current_store
from genaiops.store.keys import file_stamp

__all__ = ["Access"]

_AGAIN_S = 1.0
_SHARE, _LONGEST_S = 0.02, 5.0
"""A store that is written all the time is read less often: not with more of the CPU than this, but
at least after so many seconds."""
_WARN_EVERY_S = 60.0
_HEADERS = (b"x-api-key", b"x-goog-api-key")
_log = logging.getLogger("genaiops")
_ATTRIBUTE = f'$."{semconv.GATEWAY_KEY}"'
_SPENT = """
    SELECT attributes::JSON ->> ? AS key, sum(cost_usd) FILTER (start_ns >= ?), sum(cost_usd)
    FROM spans
    WHERE start_ns >= ? AND cost_usd > 0
    GROUP BY key
"""


class Access:
    """The keys of a configuration, and those of the store as they were a moment ago.

    Where there has never been a key, none is asked for. Once there is one, every request needs
    one, also after the last was revoked.

    Args:
        keys: Policies of further keys, by the digest of the key.
        shared: Who counts what keys use besides, over several processes.
    """

    def __init__(
        self, keys: Mapping[str, Policy] | None = None, *, shared: Shared | None = None
    ) -> None:
        self._store = current_store()
        self._keys = keys or {}
        self._shared = shared
        self._stamp: object = None
        self._next = 0.0
        self._quiet_until = 0.0
        self._reading: asyncio.Task[None] | None = None
        self.needed = False
        self._accounts: dict[str, Account] = {}
        self._found = _Found(None, False, {}, {})

    def load(self) -> None:
        """Reads the keys. Raises GenaiopsError when the store cannot be read."""
        self._take(self._read())

    def will_need(self, keys: Mapping[str, Policy]) -> bool:
        """Whether a key will be asked for once these are in force."""
        return self._found.needed or bool(keys)

    def follow(self, keys: Mapping[str, Policy], shared: Shared | None) -> None:
        """Another configuration is in force; what keys have used stays counted."""
        self._keys, self._shared = keys, shared
        self._take(self._found)
        self._stamp, self._next = None, 0.0  # budgets that are new are looked up in the spans

    def _read(self) -> "_Found":
        stamp, began = file_stamp(self._store.folder), time.thread_time()
        with self._store.read() as reader:
            rows = reader.query(
                "SELECT key_hash, name, models, budget_usd, budget_every, rpm, tpm, concurrent, "
                "expires_ns, revoked_ns FROM g.data.gateway_keys"
            ).dicts()
            policies: dict[str, Policy] = {}
            for row in rows:
                revoked, key = row.pop("revoked_ns"), row.pop("key_hash")
                if revoked is not None:
                    continue
                row["models"] = tuple(row["models"] or ())
                row["budget_every"] = row["budget_every"] or "month"
                policies[key] = Policy(**row)
            spent = _spent(reader, [*policies.values(), *self._keys.values()])
        self._next = time.monotonic() + self._pause_s(time.thread_time() - began)
        return _Found(stamp, bool(rows), policies, spent)

    def _pause_s(self, took_s: float) -> float:
        return min(max(took_s / _SHARE, _AGAIN_S), _LONGEST_S)

    def _take(self, found: "_Found") -> None:
        """Where calls are counted as well, so that none is lost meanwhile."""
        self._found = found
        accounts: dict[str, Account] = {}
        for key, policy in {**found.policies, **self._keys}.items():
            account = accounts[key] = self._accounts.get(key) or Account(policy)
            account.follow(policy, self._shared)
            if policy.name in found.spent:
                usd, since_s = found.spent[policy.name]
                account.known_spent(usd, since_s=since_s)
        self._accounts = accounts
        self.needed, self._stamp = found.needed or bool(self._keys), found.stamp

    async def caller(self, headers: Iterable[tuple[bytes, bytes]]) -> Account | None:
        """Whose key a request shows; None where keys are not in use. Raises Denied."""
        key = _shown(dict(headers))
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _AGAIN_S
            if self._reading is None or self._reading.done():
                self._reading = asyncio.create_task(self._refresh())
        account = self._accounts.get(key) if key else None
        if account is None and (self.needed or key) and self._reading is not None:
            await asyncio.shield(self._reading)  # perhaps it was made a moment ago
            account = self._accounts.get(key) if key else None
        if account is None and self.needed:
            raise Denied(
                401,
                "key_invalid",
                "the key is missing, wrong, or revoked: send one of `genaiops gateway keys "
                "create` as Authorization: Bearer or x-api-key",
            )
        if account is not None and account.policy.expires_ns is not None:
            account.check_expiry()
        return account

    async def _refresh(self) -> None:
        try:
            found = await asyncio.to_thread(self._read_changed)
        except GenaiopsError as error:
            self._warn(error)
            return
        if found is not None:
            self._take(found)

    def _warn(self, error: GenaiopsError) -> None:
        now = time.monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + _WARN_EVERY_S
            _log.warning("the keys cannot be read, those known so far stay valid: %s", error)

    def _read_changed(self) -> "_Found | None":
        return None if file_stamp(self._store.folder) == self._stamp else self._read()


class _Found(NamedTuple):
    """What the store says of its keys: valid ones by digest, and USD and period by name."""

    stamp: object
    needed: bool
    policies: Mapping[str, Policy]
    spent: Mapping[str, tuple[float, float]]


def _spent(reader: Reader, policies: Iterable[Policy]) -> Mapping[str, tuple[float, float]]:
    """What the spans say, also of other gateways and at prices known since: USD, since when."""
    limited = [policy for policy in policies if policy.budget_usd is not None]
    if not limited:
        return {}
    now = time.time()
    day_s, month_s = period_start_s("day", now), period_start_s("month", now)
    bounds = [int(day_s * 1e9), int(month_s * 1e9)]
    sums = {name: both for name, *both in reader.query(_SPENT, [_ATTRIBUTE, *bounds]).rows}
    found: dict[str, tuple[float, float]] = {}
    for policy in limited:
        day, month = sums.get(policy.name, (None, None))
        usd, since_s = (day, day_s) if policy.budget_every == "day" else (month, month_s)
        found[policy.name] = (float(usd or 0.0), since_s)
    return found


def _shown(headers: Mapping[bytes, bytes]) -> str:
    """The digest of the key that a request carries, empty without one."""
    scheme, _, token = headers.get(b"authorization", b"").strip().partition(b" ")
    bearer = token if scheme.lower() == b"bearer" else b""
    for value in (bearer, *(headers.get(name, b"") for name in _HEADERS)):
        if value.strip():
            return hashlib.sha256(value.strip()).hexdigest()
    return ""
