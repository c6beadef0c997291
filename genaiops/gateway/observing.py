"""What is told of every request once it is over: counters and the access log."""

import time

from genaiops.gateway.accesslog import AccessLog
from genaiops.gateway.caching import Caching
from genaiops.gateway.fleet import Fleet
from genaiops.gateway.http import REPLY, Scope
from genaiops.gateway.metrics import CACHED, COOLDOWN, Metrics, Series
from genaiops.gateway.plane import Plane
from genaiops.gateway.reply import Reply

__all__ = ["Observer"]

_LEFT = 499
"""The status of a request whose client did not wait for an answer, as web servers have it."""
_QUIET = ("/health/", "/metrics")
_AGAIN = ("hit", "semantic")


class Observer:
    """Counts what a gateway does.

    Args:
        plane: What is served.
        log: Where the lines of requests go; None for nowhere.
    """

    def __init__(self, plane: Plane, log: AccessLog | None = None) -> None:
        self.metrics = Metrics()
        self.fleet = Fleet(self.metrics, self._gauges)
        self.log = log
        self._plane = plane

    def over(self, scope: Scope, status: int, began: float) -> None:
        """A request is over; `began` is of `time.perf_counter`."""
        if scope["path"].startswith(_QUIET):
            return
        seconds = time.perf_counter() - began
        reply: Reply | None = scope.get(REPLY)
        status = status or _LEFT
        if reply is not None:
            self._count(reply, status, seconds)
        elif status >= 400:
            self.metrics.answered("", status, seconds)
        if self.log is not None:
            self.log.write(scope, reply, status=status, seconds=seconds)

    def _count(self, reply: Reply, status: int, seconds: float) -> None:
        metrics = self.metrics
        target = "" if reply.target is None else reply.target.name
        metrics.answered(target, status, seconds)
        if reply.first_s:
            metrics.first(target, reply.first_s)
        if reply.cache:
            metrics.cached(reply.cache)
        for one in reply.found:
            metrics.guarded(one.name, one.action)
        if reply.summary is not None and reply.cache not in _AGAIN:
            usage = reply.summary.usage
            metrics.used(
                target,
                tokens_in=usage.input_tokens,
                tokens_out=usage.output_tokens,
                usd=reply.cost_usd,
            )

    def _gauges(self) -> Series:
        """What can only be looked up."""
        found: Series = {}
        now = time.monotonic()
        for name, health in list(self._plane.watch.healths.items()):
            if now < health.open_s:
                found[COOLDOWN, (("target", name),)] = 1.0
        for step in self._plane.steps:
            if isinstance(step, Caching):
                found[CACHED, ()] = float(step.cache.size)
        return found
