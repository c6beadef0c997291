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
from collections.abc import Awaitable, Sequence
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
    until_next_period_s,
)
from genaiops.gateway.owing import Owed

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["RedisLimits", "WhenAway", "ask_redis", "check_redis"]

WhenAway = Literal["local", "refuse"]
_LEASE_S = 30.0
"""How long a call of a gateway that died still counts as running."""
_PATIENCE_S = 1.0
_AGAIN_S = 1.0
_WARN_EVERY_S = 60.0
_log = logging.getLogger("genaiops")


def check_redis(url: str) -> None:
    """Raises ConfigError for an address that is none, or when the extra is missing."""
    _client(url)


def ask_redis(url: str) -> str:
    """Asks whether limits can be kept there; why nobody answers now, empty where all is well.

    Raises: ConfigError when Redis answers and refuses: a wrong password, a replica that is for
        reading only.
    """
    import redis
    from redis.exceptions import AuthenticationError, RedisError, ResponseError

    client = redis.Redis.from_url(  # pyright: ignore[reportUnknownMemberType]  untyped keywords
        url, socket_timeout=_PATIENCE_S, socket_connect_timeout=_PATIENCE_S
    )
    try:
        client.eval("return redis.call('SET', KEYS[1], '1', 'EX', 1)", 1, _key("probe", "asked"))
    except (AuthenticationError, ResponseError) as error:
        raise ConfigError(
            f"redis: it refuses to keep limits ({_line(error)}): check user, password and database"
        ) from None
    except (RedisError, OSError) as error:
        return _line(error)
    finally:
        client.close()
    return ""


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
        self._telling: defaultdict[Permit, set[asyncio.Task[None]]] = defaultdict(set)
        self._owed = Owed(self._new_id)
        self._away_until = self._quiet_until = 0.0
        self._renewal: asyncio.Task[None] | None = None

    async def admit(self, account: Account, permit: Permit) -> None:
        """Lets a call in that the account has let in. Raises Denied."""
        permit.shared = self
        if self._is_known_away():
            self._alone(account.policy)
            return
        call = self._new_id()
        try:
            limit, wait = await self._run("in", [call], account)
        except _away() as error:
            self._is_away(error)
            if self._when_away == "refuse":  # Redis may have let it in, and not been heard
                self._owed.add((account.policy.name, account.period_s), call, 0.0)
            self._alone(account.policy)
            limit, wait = "ok", 0
        if limit != "ok":
            every = account.policy.budget_every
            wait = until_next_period_s(every, time.time()) if limit == "budget" else wait
            raise denial(account.policy, limit, wait)
        self._ids[permit] = call
        if account.policy.concurrent is not None and self._renewal is None:
            self._renewal = asyncio.create_task(self._renew())

    def used(
        self, account: Account, permit: Permit, tokens: int, cost_usd: float, *, last: bool
    ) -> None:
        """Adds what a call used; the `last` of it gives its place to the next."""
        self._tell(account, permit, tokens, cost_usd, last=last)

    def left(self, account: Account, permit: Permit) -> None:
        """A call is over."""
        if permit in self._ids:
            self._tell(account, permit, 0, 0.0, last=True)

    async def settled(self, permit: Permit) -> None:
        """Returns once Redis knows what the call used, or does not answer."""
        tasks = self._telling.get(permit)
        if tasks:
            await asyncio.wait(list(tasks))

    async def close(self) -> None:
        """Tells what is still to be told, and ends the connections."""
        if self._renewal is not None:
            self._renewal.cancel()
        tasks = [task for tasks in self._telling.values() for task in tasks]
        if tasks:
            await asyncio.wait(tasks, timeout=_PATIENCE_S)
        with contextlib.suppress(*_away()):
            await self._client.aclose()

    def _new_id(self) -> str:
        return f"{self._process}-{next(self._count)}"

    def _tell(
        self, account: Account, permit: Permit, tokens: int, usd: float, *, last: bool
    ) -> None:
        call = (self._ids.pop(permit, "") if last else "") or self._new_id()
        key = (account.policy.name, permit.since_s or account.period_s)
        self._owed.add(key, call, usd if permit.since_s else 0.0)
        task = asyncio.create_task(self._over(account, key[1], call, tokens))
        self._telling[permit].add(task)
        task.add_done_callback(lambda done: self._told(permit, done))

    def _told(self, permit: Permit, task: asyncio.Task[None]) -> None:
        tasks = self._telling[permit]
        tasks.discard(task)
        if not tasks:
            del self._telling[permit]

    async def _over(self, account: Account, period: float, call: str, tokens: int) -> None:
        if self._is_known_away():
            return
        try:
            await self._run("over", [call], account, tokens=tokens, period=period)
        except _away() as error:
            self._is_away(error)

    async def _run(
        self,
        what: str,
        calls: Sequence[str],
        account: Account,
        *,
        tokens: int = 0,
        period: float = 0.0,
    ) -> tuple[Limit | Literal["ok"], int]:
        """Asks the script, tells it what is owed, and takes over what all together have spent."""
        policy = account.policy
        period = period or account.period_s
        limits = (policy.rpm, policy.tpm, policy.concurrent, policy.budget_usd)
        numbers = [-1 if limit is None else limit for limit in limits]
        key = (policy.name, period)
        known = max(account.spent_since(period) - self._owed.untold(key), 0.0)
        with self._owed.told(key) as owed:
            pairs = itertools.chain.from_iterable(owed.items())
            arguments = [what, *numbers, known, tokens, _LEASE_S, len(calls), *calls, *pairs]
            answer = self._script(keys=_keys(policy.name, period), args=arguments)
            said = await cast("Awaitable[list[Any]]", answer)
        self._away_until = 0.0
        account.known_spent(float(said[2]), since_s=period)
        return said[0].decode(), int(said[1])

    def _is_known_away(self) -> bool:
        """Whether nobody need ask; once in a while somebody does, and the others go on meanwhile."""
        now = time.monotonic()
        if now < self._away_until:
            return True
        if self._away_until:
            self._away_until = now + _PATIENCE_S
        return False

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
        now = time.monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + _WARN_EVERY_S
            doing = (
                "calls of keys with limits are refused"
                if self._when_away == "refuse"
                else "limits are those of this process alone"
            )
            _log.warning("Redis does not answer (%s), so %s", _line(error), doing)
        self._away_until = now + _AGAIN_S

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


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def _keys(name: str, period: float) -> list[str]:
    money = int(period)
    places = ("requests", "tokens", "token-sum", "running", f"usd:{money}", f"told:{money}")
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
