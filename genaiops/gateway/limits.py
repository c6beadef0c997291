"""What a key may spend and how fast: exact in one process, decided without waiting.

A call is counted when it is let in; its tokens and its cost when it is over. So a budget and a
limit of tokens are overrun by no more than the calls that were in flight.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Self

from genaiops.model.usage import Usage

__all__ = ["Account", "Denied", "Permit", "Policy", "admit", "period_start_s"]

Period = Literal["day", "month"]
_WINDOW_S = 60.0


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
    """

    name: str
    models: tuple[str, ...] = ()
    budget_usd: float | None = None
    budget_every: Period = "month"
    rpm: int | None = None
    tpm: int | None = None
    concurrent: int | None = None
    expires_ns: int | None = None

    def allows(self, model: str) -> bool:
        """Whether the key may ask for this model."""
        return not self.models or any(
            model == known or (known.endswith("/*") and model.startswith(known[:-1]))
            for known in self.models
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
        clock: Seconds UTC.
    """

    def __init__(self, policy: Policy, *, clock: Callable[[], float] = time.time) -> None:
        self.policy = policy
        self._clock = clock
        self._calls: deque[float] = deque()
        self._tokens: deque[tuple[float, int]] = deque()
        self._token_sum = 0
        self._running = 0
        self._period = period_start_s(policy.budget_every, clock())
        self.spent_usd = 0.0

    def known_spent(self, usd: float, *, since_s: float) -> None:
        """What the store knows to be spent in the period that began then; the larger one counts."""
        if since_s == self._period:
            self.spent_usd = max(self.spent_usd, usd)

    def admit(self, model: str) -> "Permit":
        """Lets a call in. Raises Denied."""
        policy, now = self.policy, self._clock()
        if policy.expires_ns is not None and now * 1e9 >= policy.expires_ns:
            raise Denied(
                401, "key_invalid", f"the key {policy.name!r} has expired: ask for another"
            )
        if not policy.allows(model):
            offer = ", ".join(policy.models)
            raise Denied(
                403,
                "model_not_allowed",
                f"the key {policy.name!r} may not ask for {model!r}: use one of {offer}",
            )
        self._check_budget(now)
        self._check_rates(now)
        if policy.concurrent is not None and self._running >= policy.concurrent:
            raise self._limited(f"{policy.concurrent} requests at once", 1)
        self._running += 1
        if policy.rpm is not None:
            self._calls.append(now)
        return Permit(self)

    def _check_budget(self, now: float) -> None:
        policy = self.policy
        if policy.budget_usd is None:
            return
        start = period_start_s(policy.budget_every, now)
        if start != self._period:
            self._period, self.spent_usd = start, 0.0
        if self.spent_usd >= policy.budget_usd:
            wait = int(_next_period_s(policy.budget_every, now) - now) + 1
            raise Denied(
                429,
                "budget_exceeded",
                f"the key {policy.name!r} has spent its {policy.budget_usd:g} USD of this "
                f"{policy.budget_every}: wait for the next, or ask for a larger budget",
                retry_after_s=wait,
            )

    def _check_rates(self, now: float) -> None:
        policy, edge = self.policy, now - _WINDOW_S
        if policy.rpm is not None:
            while self._calls and self._calls[0] <= edge:
                self._calls.popleft()
            if len(self._calls) >= policy.rpm:
                wait = int(self._calls[0] - edge) + 1 if self._calls else 60
                raise self._limited(f"{policy.rpm} requests a minute", wait)
        if policy.tpm is not None:
            while self._tokens and self._tokens[0][0] <= edge:
                self._token_sum -= self._tokens.popleft()[1]
            if self._token_sum >= policy.tpm:
                wait = int(self._tokens[0][0] - edge) + 1 if self._tokens else 60
                raise self._limited(f"{policy.tpm} tokens a minute", wait)

    def _limited(self, limit: str, wait: int) -> Denied:
        return Denied(
            429,
            "rate_limited",
            f"the key {self.policy.name!r} has reached its limit of {limit}: wait {wait} s",
            retry_after_s=wait,
        )

    def count(self, tokens: int, cost_usd: float) -> None:
        """Adds what a call used."""
        if tokens and self.policy.tpm is not None:
            self._tokens.append((self._clock(), tokens))
            self._token_sum += tokens
        self.spent_usd += cost_usd

    def leave(self) -> None:
        """A call is over."""
        self._running -= 1


class Permit:
    """One call that was let in, for as long as its block lasts.

    Args:
        account: What it counts against; None where keys are not in use.
    """

    def __init__(self, account: Account | None) -> None:
        self._account = account
        self.name = "" if account is None else account.policy.name

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._account is not None:
            self._account.leave()

    def used(self, usage: Usage, cost_usd: float | None) -> None:
        """The call used that much; numbers that a provider made up below zero count as none."""
        if self._account is not None:
            tokens = max(usage.input_tokens or 0, 0) + max(usage.output_tokens or 0, 0)
            self._account.count(tokens, max(cost_usd or 0.0, 0.0))


def admit(caller: Account | None, model: str) -> Permit:
    """Lets a call of this caller in; everybody where keys are not in use. Raises Denied."""
    return Permit(None) if caller is None else caller.admit(model)


def _next_period_s(every: Period, now_s: float) -> float:
    start = period_start_s(every, now_s)
    return start + 86_400 if every == "day" else period_start_s("month", start + 32 * 86_400)
