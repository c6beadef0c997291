"""Who asks: the keys that are valid now, held in memory, and what each of them has used.

Read again in a thread when the store's file has changed, at most once a second, so that a request
never waits for a query.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Iterable, Mapping, Sequence

from genaiops.errors import GenaiopsError
from genaiops.gateway.limits import Account, Denied, Policy, period_start_s
from genaiops.model import semconv
from genaiops.store import Reader, current_store
from genaiops.store.keys import file_stamp

__all__ = ["Access"]

_AGAIN_S = 1.0
_HEADERS = (b"authorization", b"x-api-key", b"x-goog-api-key")
_log = logging.getLogger("genaiops")
_ATTRIBUTE = f'$."{semconv.GATEWAY_KEY}"'
_SPENT = """
    SELECT attributes::JSON ->> ? AS key, sum(cost_usd) FILTER (start_ns >= ?), sum(cost_usd)
    FROM spans
    WHERE start_ns >= ? AND cost_usd > 0
    GROUP BY key
"""


class Access:
    """The keys of the store, as they were a moment ago.

    Where there has never been a key, none is asked for. Once there is one, every request needs
    one, also after the last was revoked.
    """

    def __init__(self) -> None:
        self._store = current_store()
        self._stamp: object = None
        self._next = 0.0
        self._reading: asyncio.Task[None] | None = None
        self.needed = False
        self._accounts: dict[str, Account] = {}

    def load(self) -> None:
        """Reads the keys. Raises GenaiopsError when the store cannot be read."""
        stamp = file_stamp(self._store.folder)
        with self._store.read() as reader:
            rows = reader.query(
                "SELECT key_hash, name, models, budget_usd, budget_every, rpm, tpm, concurrent, "
                "expires_ns, revoked_ns FROM g.data.gateway_keys"
            ).dicts()
            accounts: dict[str, Account] = {}
            for row in rows:
                revoked, key = row.pop("revoked_ns"), row.pop("key_hash")
                if revoked is not None:
                    continue
                row["models"] = tuple(row["models"] or ())
                row["budget_every"] = row["budget_every"] or "month"
                accounts[key] = self._accounts.get(key) or Account(Policy(**row))
            _know_spent(reader, [a for a in accounts.values() if a.policy.budget_usd is not None])
        self.needed = bool(rows)
        self._accounts, self._stamp = accounts, stamp

    async def caller(self, headers: Iterable[tuple[bytes, bytes]]) -> Account | None:
        """Whose key a request shows; None where keys are not in use. Raises Denied."""
        key = _shown(dict(headers))
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _AGAIN_S
            if self._reading is None or self._reading.done():
                self._reading = asyncio.create_task(asyncio.to_thread(self._refresh))
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
        return account

    def _refresh(self) -> None:
        if file_stamp(self._store.folder) == self._stamp:
            return
        try:
            self.load()
        except GenaiopsError as error:
            _log.warning("the keys cannot be read, those known so far stay valid: %s", error)


def _know_spent(reader: Reader, accounts: Sequence[Account]) -> None:
    """Tells the accounts what the spans say: also of other gateways, and at prices known since."""
    if not accounts:
        return
    now = time.time()
    day_s, month_s = period_start_s("day", now), period_start_s("month", now)
    bounds = [int(day_s * 1e9), int(month_s * 1e9)]
    spent = {name: sums for name, *sums in reader.query(_SPENT, [_ATTRIBUTE, *bounds]).rows}
    for account in accounts:
        day, month = spent.get(account.policy.name, (None, None))
        daily = account.policy.budget_every == "day"
        usd, since_s = (day, day_s) if daily else (month, month_s)
        account.known_spent(float(usd or 0.0), since_s=since_s)


def _shown(headers: Mapping[bytes, bytes]) -> str:
    """The digest of the key that a request carries, empty without one."""
    for name in _HEADERS:
        value = headers.get(name, b"").strip()
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            value = value[7:].strip()
        if value:
            return hashlib.sha256(value).hexdigest()
    return ""
