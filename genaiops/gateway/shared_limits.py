"""Limits and budgets that several gateways keep together, in Redis: one script a check.

Each process counts for itself as well. So while Redis is away it can go on alone, and what it
spent meanwhile is told when Redis is back.
"""

import asyncio
import contextlib
import itertools
import logging
import os
import re
import secrets
import time
from collections import defaultdict
from collections.abc import Awaitable, Iterable
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import urlsplit

from genaiops.errors import ConfigError
from genaiops.gateway.limits import (
    Account,
    Denied,
    Limit,
    Permit,
    Policy,
    denial,
    period_start_s,
    until_next_period_s,
)

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["RedisLimits", "WhenAway", "check_redis"]

WhenAway = Literal["local", "refuse"]
_LEASE_S = 30.0
"""How long a call of a gateway that died still counts as running."""
_PATIENCE_S = 1.0
_AGAIN_S = 1.0
_log = logging.getLogger("genaiops")


def check_redis(url: str) -> None:
    """Raises ConfigError for an address that is none, or when the extra is missing."""
    _client(url)


class RedisLimits:
    """Implements `Shared`.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``.
        when_away: Whether calls go on within the limits of each process alone, or are refused,
            while Redis does not answer.
    """

    def __init__(self, url: str, *, when_away: WhenAway = "local") -> None:
        self._client = _client(url)
        self._script = self._client.register_script(_script())
        self._when_away: WhenAway = when_away
        self._process = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._count = itertools.count()
        self._ids: dict[Permit, str] = {}
        self._telling: dict[Permit, asyncio.Task[None]] = {}
        self._owed: defaultdict[tuple[str, float], float] = defaultdict(float)
        self._away_until = 0.0
        self._renewal: asyncio.Task[None] | None = None

    async def admit(self, account: Account, permit: Permit) -> None:
        """Lets a call in that the account has let in. Raises Denied."""
        permit.shared = self
        if time.monotonic() < self._away_until:
            self._alone(account.policy)
            return
        call = self._new_id()
        try:
            limit, wait = await self._run("in", [call], account, known=account.spent_usd)
        except _away() as error:
            self._is_away(error)
            self._alone(account.policy)
            return
        if limit != "ok":
            every = account.policy.budget_every
            wait = until_next_period_s(every, time.time()) if limit == "budget" else wait
            raise denial(account.policy, limit, wait)
        self._ids[permit] = call
        if account.policy.concurrent is not None and self._renewal is None:
            self._renewal = asyncio.create_task(self._renew())

    def used(self, account: Account, permit: Permit, tokens: int, cost_usd: float) -> None:
        """Adds what a call used, and gives its place to the next."""
        self._tell(account, permit, tokens, cost_usd)

    def left(self, account: Account, permit: Permit) -> None:
        """A call is over."""
        if permit in self._ids:
            self._tell(account, permit, 0, 0.0)

    async def settled(self, permit: Permit) -> None:
        """Returns once Redis knows what the call used, or does not answer."""
        task = self._telling.get(permit)
        if task is not None:
            await asyncio.shield(task)

    async def close(self) -> None:
        """Tells what is still to be told, and ends the connections."""
        if self._renewal is not None:
            self._renewal.cancel()
        if self._telling:
            await asyncio.wait(list(self._telling.values()), timeout=_PATIENCE_S)
        with contextlib.suppress(*_away()):
            await self._client.aclose()

    def _new_id(self) -> str:
        return f"{self._process}-{next(self._count)}"

    def _tell(self, account: Account, permit: Permit, tokens: int, usd: float) -> None:
        call = self._ids.pop(permit, "") or self._new_id()
        task = asyncio.create_task(self._over(account, call, tokens, usd))
        self._telling[permit] = task
        task.add_done_callback(lambda _: self._telling.pop(permit, None))

    async def _over(self, account: Account, call: str, tokens: int, usd: float) -> None:
        if time.monotonic() < self._away_until:
            self._owe(account.policy, usd)
            return
        try:
            await self._run("over", [call], account, tokens=tokens, usd=usd)
        except _away() as error:
            self._is_away(error)

    async def _run(
        self,
        what: str,
        calls: Iterable[str],
        account: Account,
        *,
        known: float = 0.0,
        tokens: int = 0,
        usd: float = 0.0,
    ) -> tuple[Limit | Literal["ok"], int]:
        """Asks the script, and takes over what all together have spent."""
        policy = account.policy
        period = period_start_s(policy.budget_every, time.time())
        usd += self._owed.pop((policy.name, period), 0.0)
        limits = (policy.rpm, policy.tpm, policy.concurrent, policy.budget_usd)
        numbers = [-1 if limit is None else limit for limit in limits]
        arguments = [what, *numbers, known, usd, tokens, _LEASE_S, *calls]
        answer = self._script(keys=_keys(policy.name, period), args=arguments)
        try:
            said = await cast("Awaitable[list[Any]]", answer)
        except BaseException:
            self._owe(policy, usd)
            raise
        account.known_spent(float(said[2]), since_s=period)
        return said[0].decode(), int(said[1])

    def _owe(self, policy: Policy, usd: float) -> None:
        if usd and policy.budget_usd is not None:
            period = period_start_s(policy.budget_every, time.time())
            self._owed[policy.name, period] += usd

    def _alone(self, policy: Policy) -> None:
        if self._when_away == "refuse":
            raise Denied(
                503,
                "limits_unavailable",
                f"the limits of the key {policy.name!r} cannot be looked up now: try again in a "
                "few seconds",
                retry_after_s=int(_AGAIN_S) + 1,
            )

    def _is_away(self, error: Exception) -> None:
        if time.monotonic() >= self._away_until:
            doing = (
                "calls of keys with limits are refused"
                if self._when_away == "refuse"
                else "limits are those of this process alone"
            )
            _log.warning("Redis does not answer (%s), so %s", type(error).__name__, doing)
        self._away_until = time.monotonic() + _AGAIN_S

    async def _renew(self) -> None:
        """Keeps the places of calls that take long."""
        while True:
            await asyncio.sleep(_LEASE_S / 3)
            running: defaultdict[Account, list[str]] = defaultdict(list)
            for permit, call in self._ids.items():
                if permit.account is not None:
                    running[permit.account].append(call)
            for account, calls in running.items():
                with contextlib.suppress(*_away()):
                    await self._run("renew", calls, account)


def _keys(name: str, period: float) -> list[str]:
    places = ("requests", "tokens", "token-sum", "running", f"usd:{int(period)}")
    return [_key(name, place) for place in places]


def _key(name: str, place: str) -> str:
    return (
        f"genaiops:{{{name}}}:{place}"  # the braces keep all of one key in one place of a cluster
    )


@lru_cache(maxsize=1)
def _script() -> str:
    return files("genaiops.gateway").joinpath("limits.lua").read_text("utf-8")


def _client(url: str) -> "Redis":
    try:
        from redis.asyncio import Redis
    except ImportError:
        raise ConfigError(
            "redis: the extra is missing: run `pip install 'genaiops[redis]'`"
        ) from None
    try:
        place = urlsplit(url)
        if any(c.isspace() for c in url) or not (place.hostname or place.path):
            raise ValueError(url)  # noqa: TRY301  like those of the package
        if place.scheme != "unix" and not re.fullmatch(r"/?|/[0-9]+", place.path):
            raise ValueError(url)  # noqa: TRY301
        client = Redis.from_url(  # pyright: ignore[reportUnknownMemberType]  untyped keywords
            url, socket_timeout=_PATIENCE_S, socket_connect_timeout=_PATIENCE_S
        )
        client.connection_pool.make_connection()  # it knows which settings there are
    except (ValueError, TypeError):
        raise ConfigError(
            "redis: this is not an address: use redis://host:6379/0, rediss://… or unix://…"
        ) from None
    return client


@lru_cache(maxsize=1)
def _away() -> tuple[type[Exception], ...]:
    from redis.exceptions import RedisError

    return (RedisError, OSError)
