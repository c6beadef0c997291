"""Reading the configuration of a running gateway again: a broken one changes nothing."""

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable

from genaiops.errors import ConfigError, GenaiopsError
from genaiops.gateway.access import Access
from genaiops.gateway.accesslog import AccessLog
from genaiops.gateway.config import Routes
from genaiops.gateway.fleet import Fleet
from genaiops.gateway.guard import is_loopback
from genaiops.gateway.plane import Plane
from genaiops.gateway.rules import RedisRule
from genaiops.gateway.shared_limits import RedisLimits, ask_redis

__all__ = ["Reloading", "Sharing", "check_reach", "check_sharing"]

_TELL_S = 1.0


def check_reach(routes: Routes, *, needs_key: bool, host: str, workers: int) -> None:
    """Refuses to be reached by strangers, and to count limits apart.

    Raises: ConfigError.
    """
    if not is_loopback(host) and not needs_key:
        raise ConfigError(
            f"host {host!r} can be reached from other machines, and the gateway has no keys yet "
            "that could keep strangers out: use --host 127.0.0.1, or make one with `genaiops "
            "gateway keys create NAME`"
        )
    if needs_key and workers > 1 and routes.rules.redis is None:
        raise ConfigError(
            "limits and budgets of keys are exact in one process only: use --workers 1, or set "
            "redis in the gateway.yaml"
        )


def check_sharing(routes: Routes) -> str:
    """Why limits cannot be shared now; empty where they can, or shall not be.

    Raises: ConfigError when Redis is there and refuses.
    """
    rule = routes.rules.redis
    return "" if rule is None else ask_redis(rule.url)


class Sharing:
    """The limits that are kept in Redis, under the `rule` that is in force."""

    def __init__(self) -> None:
        self.rule: RedisRule | None = None
        self.limits: RedisLimits | None = None
        self._ending: set[asyncio.Task[None]] = set()

    def follow(self, rule: RedisRule | None) -> RedisLimits | None:
        """The limits under a rule, the same as before where it says the same."""
        if rule != self.rule:
            old, self.rule = self.limits, rule
            self.limits = None if rule is None else RedisLimits(rule.url, when_away=rule.when_away)
            if old is not None:
                task = asyncio.create_task(old.close())
                self._ending.add(task)
                task.add_done_callback(self._ending.discard)
        return self.limits

    async def close(self) -> None:
        """Tells what is still to be told."""
        if self.limits is not None:
            await self.limits.close()


class Reloading:
    """Keeps a running gateway up to date: its configuration, its log, its siblings.

    Args:
        load: Reads and checks the configuration.
        access: Who knows the keys.
        sharing: Where limits are kept together.
        host: Where the gateway listens.
        workers: How many processes there are; above 1 the parent passes SIGHUP on to all.
    """

    def __init__(
        self,
        load: Callable[[], Routes],
        access: Access,
        sharing: Sharing,
        *,
        host: str,
        workers: int,
    ) -> None:
        self.plane: Plane | None = None
        self.log: AccessLog | None = None
        self.fleet: Fleet | None = None
        self._load = load
        self._access = access
        self._sharing = sharing
        self._host = host
        self._workers = workers
        self._one_at_a_time = asyncio.Lock()
        self._running: set[asyncio.Task[object]] = set()

    async def __call__(self) -> Routes:
        """Reads the configuration again, here and in the other workers.

        Raises: GenaiopsError; then everything stays as it was.
        """
        routes = await self._reload()
        if self._workers > 1:
            os.kill(os.getppid(), signal.SIGHUP)
        return routes

    async def _reload(self) -> Routes:
        async with self._one_at_a_time:
            routes = await asyncio.to_thread(self._load)
            needs_key = self._access.will_need(routes.rules.keys)
            check_reach(routes, needs_key=needs_key, host=self._host, workers=self._workers)
            if routes.rules.redis != self._sharing.rule:
                await asyncio.to_thread(check_sharing, routes)
            if self.plane is not None:
                self.plane.follow(routes)
            shared = self._sharing.follow(routes.rules.redis)
            self._access.follow(routes.rules.keys, shared)
            return routes

    def started(self) -> None:
        """The server begins: listens to SIGHUP, and tells siblings what is counted."""
        loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            loop.add_signal_handler(signal.SIGHUP, self._hung_up)
        if self.fleet is not None and not self.fleet.alone:
            self._tell(loop, self.fleet)

    async def stopped(self) -> None:
        """The server ends."""
        if self.fleet is not None:
            self.fleet.tell()
        await self._sharing.close()

    def _tell(self, loop: asyncio.AbstractEventLoop, fleet: Fleet) -> None:
        fleet.tell()
        loop.call_later(_TELL_S, self._tell, loop, fleet)

    def _hung_up(self) -> None:
        task = asyncio.ensure_future(self._after_signal())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _after_signal(self) -> None:
        try:
            if self.log is not None:
                self.log.open()
            routes = await self._reload()
            said = f"reloaded {routes.source}, serving {', '.join(routes.offers())}"
        except GenaiopsError as error:
            said = f"not reloaded, what was in force before still is: {error}"
        with contextlib.suppress(OSError):  # nobody may read it any more
            print(said, file=sys.stderr, flush=True)  # noqa: T201  for whoever sent the signal
