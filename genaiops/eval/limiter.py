"""Calls of one provider: never more or faster than it allows, and tried again while that helps."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from genaiops.errors import (
    AuthenticationError,
    BadRequestError,
    ProviderError,
    ProviderTimeoutError,
    RateLimitedError,
)
from genaiops.eval.throttle import Policy, Throttle, quota_wait_s
from genaiops.gateway.completion import Completion

__all__ = ["Limiter"]

T = TypeVar("T")
_OVERLOADED = (503, 529)
_NO_CREDIT = ("current quota", "insufficient_quota", "billing", "credit balance")


class Limiter:
    """Sends calls to one provider from the running loop; those that wait keep their order.

    Attributes:
        in_flight: Calls under way.
    """

    def __init__(self, policy: Policy | None = None) -> None:
        self.policy = policy or Policy()
        self.throttle = Throttle(self.policy)
        self.in_flight = 0
        self._now = asyncio.get_running_loop().time
        self._error: ProviderError | None = None
        self._turn = asyncio.Lock()
        self._freed = asyncio.Event()

    async def call(self, once: Callable[[], Awaitable[T]]) -> T:
        """The answer of `once`, which is called again while the provider refuses or fails.

        Raises: What `once` raises, when trying again cannot help or the provider stays away.
        """
        tried = 0
        while True:
            sent_at = await self._enter()
            try:
                answer = await once()
            except ProviderError as error:
                tried += 1
                self._error = error
                now = self._now()
                again = self._note(error, now, sent_at, tried)
                self._leave()
                if not again:
                    raise
                if not self.throttle.down and not _refusal(error):
                    await asyncio.sleep(self._backoff_s(tried))
            except BaseException:
                self._leave()
                raise
            else:
                wait = quota_wait_s(answer.headers) if isinstance(answer, Completion) else 0.0
                wanted = self._turn.locked()
                self.throttle.accepted(self._now(), wanted=wanted, wait_s=wait)
                self._leave()
                return answer

    def _note(self, error: ProviderError, now: float, sent_at: float, tried: int) -> bool:
        """Takes note of a failure; whether to try again."""
        throttle = self.throttle
        gone = throttle.out_of_patience(now)
        if _refusal(error):
            throttle.refused(now, sent_at=sent_at, retry_after_s=error.retry_after_s)
            return not gone and not _without_credit(error)
        if not _passing(error):
            return False
        throttle.failed(now, reached=not error.unreachable)
        return not gone and (throttle.down or tried < self.policy.attempts)

    def _backoff_s(self, tried: int) -> float:
        doubled = self.policy.first_s * 2.0**tried
        return min(doubled, self.policy.longest_s) * random.uniform(0.5, 1.0)  # noqa: S311  jitter

    async def _enter(self) -> float:
        """Waits for a place and gives the time of sending."""
        now = self._now()
        if self._turn.locked() or not self._free(now):
            async with self._turn:
                while not self._free(now := self._now()):
                    await self._wait(now)
                self._go(now)
        else:
            self._go(now)
        return now

    def _go(self, now: float) -> None:
        self.in_flight += 1
        self.throttle.sent(now)

    def _free(self, now: float) -> bool:
        return self.throttle.wait_s(now) <= 0.0 and self.in_flight < self.throttle.limit

    async def _wait(self, now: float) -> None:
        if self._error is not None and self.throttle.out_of_patience(now):
            raise self._error
        wait = self.throttle.wait_s(now)
        if wait > 0.0:
            await asyncio.sleep(wait)
            return
        self._freed.clear()
        await self._freed.wait()

    def _leave(self) -> None:
        self.in_flight -= 1
        self._freed.set()


def _refusal(error: ProviderError) -> bool:
    return isinstance(error, RateLimitedError) or error.status in _OVERLOADED


def _passing(error: ProviderError) -> bool:
    """Whether the provider may do better next time."""
    if isinstance(error, ProviderTimeoutError):
        return error.status is not None
    if isinstance(error, AuthenticationError | BadRequestError):
        return False
    return error.status is None or error.status >= 500


def _without_credit(error: ProviderError) -> bool:
    """A refusal that waiting does not mend."""
    return error.status == 429 and any(words in str(error).lower() for words in _NO_CREDIT)
