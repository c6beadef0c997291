"""Trying a call again, while that can help and the caller still waits."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from genaiops.gateway.faults import retry_after_s
from genaiops.gateway.upstream import UpstreamFailure

__all__ = ["Retry", "attempt", "next_delay_s"]

_AGAIN = frozenset((408, 409, 429))


class _Answered(Protocol):
    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...


A = TypeVar("A", bound=_Answered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """When to try again.

    Attributes:
        retries: Further attempts after the first.
        first_s: Wait before the second attempt; it doubles with each further one.
        longest_s: No wait of ours is longer.
        patience_s: A provider that asks for a longer wait than this gets no further attempt.
    """

    retries: int = 2
    first_s: float = 0.5
    longest_s: float = 8.0
    patience_s: float = 30.0


def next_delay_s(retry: Retry, *, tried: int, outcome: _Answered | UpstreamFailure) -> float | None:
    """Seconds to wait before the next attempt, before jitter; None when there shall be none.

    Args:
        retry: The policy.
        tried: Attempts so far, at least 1.
        outcome: What the last attempt brought.
    """
    if tried > retry.retries:
        return None
    backoff = min(retry.first_s * 2 ** (tried - 1), retry.longest_s)
    if isinstance(outcome, UpstreamFailure):
        return backoff if outcome.kind in ("connect", "broken") else None
    if outcome.status not in _AGAIN and outcome.status < 500:
        return None
    asked = retry_after_s(outcome.headers)
    if asked is None:
        return backoff
    return asked if asked <= retry.patience_s else None


async def attempt(
    once: Callable[[], Awaitable[A]], retry: Retry, *, total_s: float
) -> tuple[A, int]:
    """Calls `once` until it answers well, or trying again cannot help.

    Returns: The last answer, whatever its status, and the number of attempts.
    Raises: UpstreamFailure when the last attempt brought no answer, or `total_s` is over; it
        carries the number of attempts as ``attempts``.
    """
    tried = 0
    try:
        async with asyncio.timeout(total_s):
            while True:
                tried += 1
                outcome = await _outcome(once)
                delay = next_delay_s(retry, tried=tried, outcome=outcome)
                if delay is None:
                    break
                await asyncio.sleep(delay * random.uniform(1.0, 1.25))  # noqa: S311 - jitter
    except TimeoutError:
        outcome = UpstreamFailure("timeout", "no answer in time")
    if isinstance(outcome, UpstreamFailure):
        outcome.attempts = tried
        raise outcome
    return outcome, tried


async def _outcome(once: Callable[[], Awaitable[A]]) -> A | UpstreamFailure:
    try:
        return await once()
    except UpstreamFailure as failure:
        return failure
