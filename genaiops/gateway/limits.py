"""What a key may spend and how fast: exact in one process, decided without waiting.

A call is counted when it is let in; its tokens and its cost when it is over. So a budget and a
limit of tokens are overrun by no more than the calls that were in flight. Where several processes
share the limits, `Shared` is asked as well.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol, Self

from genaiops.model.usage import Usage

__all__ = [
    "Account",
    "Denied",
    "Limit",
    "Permit",
    "Policy",
    "Shared",
    "admit",
    "denial",
    "names",
    "period_start_s",
    "until_next_period_s",
]

Period = Literal["day", "month"]
Limit = Literal["budget", "rpm", "tpm", "concurrent"]
_WINDOW_S = 60.0
_PERIODS = 3
"""Of a budget that are remembered: calls begin in one and end in the next, and clocks are set back."""


class Denied(Exception):  # noqa: N818 - an answer to the client, not a fault of the program
    """A request that is not let in: what to answer, and after how many seconds to come back."""

    def __init__(
        self, status: int, code: str, message: str, *, retry_after_s: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What one key may do; None is without limit.

    Attributes:
        name: The key's name.
        models: Names that it may ask for, as clients write them; empty for all. One that ends in
            ``/*`` stands for all that begin alike.
        budget_usd: USD for each `budget_every`, which begins at midnight UTC.
        rpm: Requests in any 60 seconds.
        tpm: Tokens, in and out, in any 60 seconds.
        concurrent: Requests at once.
        expires_ns: When it ends, nanoseconds UTC.
        admin: Whether it may look at the counters and have the configuration read again.
    """

    name: str
    models: tuple[str, ...] = ()
    budget_usd: float | None = None
    budget_every: Period = "month"
    rpm: int | None = None
    tpm: int | None = None
    concurrent: int | None = None
    expires_ns: int | None = None
    admin: bool = False

    def allows(self, model: str) -> bool:
        """Whether the key may ask for this model."""
        return not self.models or names(self.models, model)

    @property
    def limited(self) -> bool:
        """Whether anything has to be counted."""
        numbers = (self.budget_usd, self.rpm, self.tpm, self.concurrent)
        return any(number is not None for number in numbers)


def names(known: Iterable[str], model: str) -> bool:
    """Whether a model is among these; one that ends in ``/*`` stands for all that begin alike."""
    return any(
        model == name or (name.endswith("/*") and model.startswith(name[:-1])) for name in known
    )


def denial(policy: Policy, limit: Limit, wait_s: int) -> Denied:
    """The answer to a call beyond a limit, which may come back after so many seconds."""
    if limit == "budget":
        return Denied(
            429,
            "budget_exceeded",
            f"the key {policy.name!r} has spent its {policy.budget_usd or 0:g} USD of this "
            f"{policy.budget_every}: wait for the next, or ask for a larger budget",
            retry_after_s=wait_s,
        )
    allowed = {
        "rpm": f"{policy.rpm} requests a minute",
        "tpm": f"{policy.tpm} tokens a minute",
        "concurrent": f"{policy.concurrent} requests at once",
    }[limit]
    return Denied(
        429,
        "rate_limited",
        f"the key {policy.name!r} has reached its limit of {allowed}: wait {wait_s} s",
        retry_after_s=wait_s,
    )


def period_start_s(every: Period, now_s: float) -> float:
    """When the current day or month began, seconds UTC."""
    now = time.gmtime(now_s)
    day = now_s - now_s % 86_400
    return day if every == "day" else day - (now.tm_mday - 1) * 86_400


class Account:
    """What a key has used, and whether it may go on.

    Args:
        policy: What it may do.
        clock: Seconds UTC; they say which day it is.
        ticks: Seconds that nobody sets; they measure the last minute.
        shared: Who counts besides, over several processes.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
        shared: "Shared | None" = None,
    ) -> None:
        self.policy = policy
        self.shared = shared
        self._clock = clock
        self._ticks = ticks
        self._calls: deque[float] = deque()
        self._tokens: deque[tuple[float, int]] = deque()
        self._token_sum = 0
        self._running = 0
        self._spent: dict[float, float] = {}

    def follow(self, policy: Policy, shared: "Shared | None") -> None:
        """The same key may do something else from now on; what it has used stays."""
        if policy.budget_every != self.policy.budget_every:
            self._spent.clear()
        self.policy, self.shared = policy, shared

    @property
    def period_s(self) -> float:
        """When the current period of the budget began, seconds UTC."""
        return period_start_s(self.policy.budget_every, self._clock())

    @property
    def spent_usd(self) -> float:
        """What was spent in the current period."""
        return self.spent_since(self.period_s)

    def spent_since(self, since_s: float) -> float:
        """What was spent in the period that began then, in USD."""
        return self._spent.get(since_s, 0.0)

    def known_spent(self, usd: float, *, since_s: float) -> None:
        """What others know to be spent in the period that began then; the larger one counts."""
        self._spends(since_s, max(self.spent_since(since_s), usd))

    def _spends(self, since_s: float, usd: float) -> None:
        self._spent[since_s] = usd
        if len(self._spent) > _PERIODS:
            del self._spent[min(self._spent)]

    def admit(self, model: str) -> "Permit":
        """Lets a call in. Raises Denied."""
        policy = self.policy
        self.check_expiry()
        if not policy.allows(model):
            offer = ", ".join(policy.models)
            raise Denied(
                403,
                "model_not_allowed",
                f"the key {policy.name!r} may not ask for {model!r}: use one of {offer}",
            )
        since_s, now = 0.0, self._ticks()
        if policy.budget_usd is not None:
            since_s = self.period_s
            if self.spent_since(since_s) >= policy.budget_usd:
                wait_s = until_next_period_s(policy.budget_every, self._clock())
                raise denial(policy, "budget", wait_s)
        self._check_rates(now)
        if policy.concurrent is not None and self._running >= policy.concurrent:
            raise denial(policy, "concurrent", 1)
        self._running += 1
        if policy.rpm is not None:
            self._calls.append(now)
        return Permit(self, since_s)

    def check_expiry(self) -> None:
        """Raises Denied once the key has ended."""
        ends_ns, name = self.policy.expires_ns, self.policy.name
        if ends_ns is not None and self._clock() * 1e9 >= ends_ns:
            raise Denied(401, "key_invalid", f"the key {name!r} has expired: ask for another")

    def _check_rates(self, now: float) -> None:
        policy, edge = self.policy, now - _WINDOW_S
        if policy.rpm is not None:
            while self._calls and self._calls[0] <= edge:
                self._calls.popleft()
            if len(self._calls) >= policy.rpm:
                wait = int(self._calls[0] - edge) + 1 if self._calls else 60
                raise denial(policy, "rpm", wait)
        if policy.tpm is not None:
            while self._tokens and self._tokens[0][0] <= edge:
                self._token_sum -= self._tokens.popleft()[1]
            if self._token_sum >= policy.tpm:
                wait = int(self._tokens[0][0] - edge) + 1 if self._tokens else 60
                raise denial(policy, "tpm", wait)

    def count(self, tokens: int, cost_usd: float, *, since_s: float) -> None:
        """Adds what a call used, to the period that it began in."""
        if tokens and self.policy.tpm is not None:
            self._tokens.append((self._ticks(), tokens))
            self._token_sum += tokens
        if cost_usd and since_s:
            self._spends(since_s, self.spent_since(since_s) + cost_usd)

    def leave(self) -> None:
        """A call is over."""
        self._running -= 1

    def withdraw(self) -> None:
        """The call that was let in last is not made after all."""
        self.leave()
        if self._calls:
            self._calls.pop()


class Shared(Protocol):
    """Counts the calls of several processes together, besides each process on its own."""

    async def admit(self, account: Account, permit: "Permit") -> None:
        """Lets a call in that the account has let in. Raises Denied."""
        ...

    def used(
        self, account: Account, permit: "Permit", tokens: int, cost_usd: float, *, last: bool
    ) -> None:
        """Adds what a call used; `settled` waits until that is known everywhere.

        After the `last` of it, another call may have its place.
        """
        ...

    def left(self, account: Account, permit: "Permit") -> None:
        """A call is over."""
        ...

    async def settled(self, permit: "Permit") -> None:
        """Returns once everybody knows what the call used."""
        ...


class Permit:
    """One call that was let in, for as long as its block lasts.

    Args:
        account: What it counts against; None where keys are not in use.
        since_s: When the period of the budget began that it counts in, seconds UTC; 0 without one.

    Attributes:
        account: As given.
        since_s: As given.
        name: Of the key, empty without one.
        shared: Who counts it besides, set once they have let it in.
    """

    def __init__(self, account: Account | None, since_s: float = 0.0) -> None:
        self.account = account
        self.since_s = since_s
        self.name = "" if account is None else account.policy.name
        self.shared: Shared | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.account is not None:
            self.account.leave()
            if self.shared is not None:
                self.shared.left(self.account, self)

    def used(self, usage: Usage, cost_usd: float | None, *, last: bool = True) -> None:
        """The call used that much; numbers that a provider made up below zero count as none.

        Args:
            usage: Tokens.
            cost_usd: USD, None where that is not known.
            last: Whether that is all; a call that still runs keeps its place.
        """
        if self.account is not None:
            tokens = max(usage.input_tokens or 0, 0) + max(usage.output_tokens or 0, 0)
            cost = max(cost_usd or 0.0, 0.0)
            self.account.count(tokens, cost, since_s=self.since_s)
            if self.shared is not None:
                self.shared.used(self.account, self, tokens, cost, last=last)

    async def settled(self) -> None:
        """Waits until what the call used counts everywhere: before its answer is complete."""
        if self.shared is not None:
            await self.shared.settled(self)


async def admit(caller: Account | None, model: str) -> Permit:
    """Lets a call of this caller in; everybody where keys are not in use. Raises Denied."""
    if caller is None:
        return Permit(None)
    permit = caller.admit(model)
    if caller.shared is not None and caller.policy.limited:
        try:
            await caller.shared.admit(caller, permit)
        except BaseException:
            caller.withdraw()
            raise
    return permit


def until_next_period_s(every: Period, now_s: float) -> int:
    """Seconds until the next day or month, rounded up."""
    start = period_start_s(every, now_s)
    after = start + 86_400 if every == "day" else period_start_s("month", start + 32 * 86_400)
    return int(after - now_s) + 1
