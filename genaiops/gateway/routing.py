"""Which target a call goes to first, which next, and when not: pure decisions.

Every target of a route is tried once, in an order that the route decides; the first that answers is
taken. Only when all have failed are they tried again, after a wait, and only as often as the route
and the budget of retries allow.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from genaiops.gateway.attempts import Retry
from genaiops.gateway.target import Target

__all__ = ["Arm", "Cooldown", "Health", "How", "Route", "Watch", "order"]

How = Literal["weighted", "fallback", "latency"]

_HALF_LIFE_S = 30.0
"""A latency that was measured that long ago counts half, so that slow targets are tried again."""
_NEWEST = 0.2  # weight of the newest latency in the mean
_SHARE = 0.2
"""Retries that a provider gets, as a share of its calls; no more, so that calls that fail do not
multiply what an overloaded provider gets."""
_RESERVE = 10.0  # retries that a provider gets without having had calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A target of a route, and its share of the calls."""

    target: Target
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooldown:
    """A target that failed so often in a row is left alone for so long; then one call tries it."""

    failures: int = 3
    seconds: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What a client's name for a model leads to.

    Attributes:
        name: As clients write it.
        arms: The targets; of a route ``fallback`` in their order.
        how: ``weighted`` by chance, ``fallback`` in order, ``latency`` the fastest first.
        fallback: Names of routes that follow when all targets have failed.
        retry: When targets are tried again.
        cooldown: When a target is left alone; None for never.
        prompt: A prompt of the registry that this model is, such as ``support/answer@production``.
    """

    name: str
    arms: tuple[Arm, ...]
    how: How = "weighted"
    fallback: tuple[str, ...] = ()
    retry: Retry = field(default_factory=Retry)
    cooldown: Cooldown | None = None
    prompt: str | None = None

    @property
    def simple(self) -> bool:
        """Whether there is nothing to choose and nothing to remember."""
        return len(self.arms) == 1 and not self.fallback and self.cooldown is None

    @property
    def target(self) -> Target:
        """The first target, for what does not depend on the choice."""
        return self.arms[0].target


@dataclass(slots=True)
class Health:
    """What is known of one target.

    Attributes:
        failures: In a row.
        open_s: It is left alone until then, seconds of the monotonic clock.
        probing: One call is finding out whether it works again.
        latency_s: Mean seconds until it answers; None when it never did.
        measured_s: When that was known last.
    """

    failures: int = 0
    open_s: float = 0.0
    probing: bool = False
    latency_s: float | None = None
    measured_s: float = 0.0

    def score(self, now: float) -> float:
        """Seconds that an answer is expected to take; nothing is known is 0, so it is tried."""
        if self.latency_s is None:
            return 0.0
        return self.latency_s * 0.5 ** ((now - self.measured_s) / _HALF_LIFE_S)


class Watch:
    """The health of all targets that a choice depends on; it outlives a reload of the routes."""

    def __init__(self) -> None:
        self.healths: dict[str, Health] = {}
        self._retries: dict[str, float] = {}

    def of(self, target: Target) -> Health:
        """The health of a target."""
        found = self.healths.get(target.name)
        if found is None:
            found = self.healths[target.name] = Health()
        return found

    def called(self, target: Target) -> None:
        """A call goes to the target's provider for the first time, and earns part of a retry."""
        name = target.provider_name
        self._retries[name] = min(self._retries.get(name, _RESERVE) + _SHARE, _RESERVE * 10)

    def may_retry(self, target: Target) -> bool:
        """Takes a retry from the budget of the target's provider; False when there is none left."""
        left = self._retries.get(target.provider_name, _RESERVE)
        if left >= 1.0:
            self._retries[target.provider_name] = left - 1.0
        return left >= 1.0

    def tries(self, target: Target, *, now: float) -> None:
        """The target is asked; when it rested until now, this call finds out whether it works."""
        health = self.of(target)
        health.probing = bool(health.open_s) and now >= health.open_s

    def worked(self, target: Target, *, now: float, seconds: float) -> None:
        """The target answered after so many seconds."""
        health = self.of(target)
        health.failures, health.open_s, health.probing = 0, 0.0, False
        known = health.latency_s
        health.latency_s = seconds if known is None else known + (seconds - known) * _NEWEST
        health.measured_s = now

    def failed(
        self, target: Target, *, now: float, cooldown: Cooldown, wait_s: float | None = None
    ) -> None:
        """The target failed; `wait_s` is what it asked for itself."""
        health = self.of(target)
        health.failures += 1
        if health.probing or health.failures >= cooldown.failures:
            health.open_s = now + cooldown.seconds
        if wait_s is not None:
            health.open_s = max(health.open_s, now + wait_s)
        health.probing = False

    def left(self, target: Target) -> None:
        """The call ended and says nothing of the target."""
        self.of(target).probing = False

    def rests(self, target: Target, *, now: float) -> bool:
        """Whether the target is left alone now."""
        health = self.healths.get(target.name)
        return health is not None and (now < health.open_s or health.probing)

    def rest_s(self, targets: Iterable[Target], *, now: float) -> float:
        """Seconds until the first of these is tried again, at least 1."""
        return max(min(self.of(target).open_s for target in targets) - now, 1.0)


def order(
    route: Route, routes: Mapping[str, Route], watch: Watch, *, now: float, chance: random.Random
) -> tuple[list[Target], list[Target]]:
    """The targets to try, best first, and those that are left alone now.

    Args:
        route: Where the call is to go.
        routes: All routes with a name, for the fallbacks.
        watch: What is known of the targets.
        now: Seconds of the monotonic clock.
        chance: Decides where weights do.
    """
    if route.simple:
        return [route.target], []
    ready: list[Target] = []
    resting: list[Target] = []
    seen: set[str] = set()
    for part in _chain(route, routes):
        for target in _ordered(part, watch, now, chance):
            if target.name not in seen:
                seen.add(target.name)
                (resting if watch.rests(target, now=now) else ready).append(target)
    return ready, resting


def _chain(route: Route, routes: Mapping[str, Route]) -> list[Route]:
    """The route, and those that it falls back to, each once."""
    found: list[Route] = []
    waiting = [route]
    while waiting:
        part = waiting.pop(0)
        if part not in found:
            found.append(part)
            waiting += [routes[name] for name in part.fallback if name in routes]
    return found


def _ordered(route: Route, watch: Watch, now: float, chance: random.Random) -> Sequence[Target]:
    if route.how == "fallback" or len(route.arms) == 1:
        return [arm.target for arm in route.arms]
    if route.how == "latency":
        return sorted(
            (arm.target for arm in route.arms), key=lambda target: watch.of(target).score(now)
        )
    # Efraimidis and Spirakis: sorting by u ** (1 / weight) draws without replacement by weight.
    keyed = [(chance.random() ** (1.0 / arm.weight), arm.target) for arm in route.arms]
    return [target for _, target in sorted(keyed, key=lambda pair: -pair[0])]
