"""Whether trying a call again can help, and how long to wait before."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from genaiops.errors import GenaiopsError
from genaiops.gateway.faults import retry_after_s
from genaiops.gateway.upstream import UpstreamFailure

__all__ = ["Answered", "Outcome", "Retry", "Verdict", "next_delay_s", "verdict"]

_AGAIN = frozenset((408, 409, 429))
_OWN_FAULT = frozenset((401, 403, 404))
"""The provider refuses the gateway's key or does not have its model; another target may."""

Verdict = Literal["good", "final", "elsewhere", "again"]


class Answered(Protocol):
    """An answer, whole or begun."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case."""
        ...


Outcome = Answered | UpstreamFailure | GenaiopsError
"""What one attempt brought: an answer, none, or one that makes no sense."""


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


def verdict(outcome: Outcome) -> Verdict:
    """What an attempt says about the next one.

    It was ``good``; or the fault is the caller's (``final``); or only another target can help
    (``elsewhere``); or the same can, a moment later (``again``).
    """
    if isinstance(outcome, UpstreamFailure):
        return "again" if outcome.kind in ("connect", "broken") else "elsewhere"
    if isinstance(outcome, GenaiopsError):
        return "elsewhere"
    status = outcome.status
    if status == 200:
        return "good"
    if status in _AGAIN or status >= 500:
        return "again"
    return "final" if status >= 400 and status not in _OWN_FAULT else "elsewhere"


def next_delay_s(retry: Retry, *, tried: int, outcome: Outcome) -> float | None:
    """Seconds to wait before the next attempt, before jitter; None when there shall be none.

    Args:
        retry: The policy.
        tried: Attempts so far, at least 1.
        outcome: What the last attempt brought.
    """
    if tried > retry.retries or verdict(outcome) != "again":
        return None
    backoff = min(retry.first_s * 2 ** (tried - 1), retry.longest_s)
    if isinstance(outcome, UpstreamFailure | GenaiopsError):
        return backoff
    asked = retry_after_s(outcome.headers)
    if asked is None:
        return backoff
    return asked if asked <= retry.patience_s else None
