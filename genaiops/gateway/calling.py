"""One call through its targets, until one of them answers: a whole answer, or a stream."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from genaiops.errors import BadRequestError, GenaiopsError, ProviderError
from genaiops.gateway.attempts import Answered, Outcome, Retry, next_delay_s, verdict
from genaiops.gateway.exchange import ChunkReader, Prepared, decode_completion
from genaiops.gateway.faults import error_of_failure, error_of_status, retry_after_s
from genaiops.gateway.routing import Cooldown, Watch
from genaiops.gateway.target import Target
from genaiops.gateway.upstream import Answer, Call, StreamAnswer, UpstreamFailure, upstream

__all__ = [
    "Tries", "ask", "local_answer", "open_stream", "read_all", "read_chunks", "send", "stream_chunks",
]  # fmt: skip

_Json = dict[str, Any]
A = TypeVar("A", bound=Answered)
_UNASKED = UpstreamFailure("broken", "nobody was asked")


class Tries:
    """The attempts of one call.

    Args:
        targets: What to try, best first.
        retry: When to try them again, once all have failed.
        total_s: For all of it together.
        watch: Where it is remembered how targets fare; None for nowhere.
        cooldown: When a target is left alone.

    Attributes:
        target: What is tried now, or answered.
        count: Attempts so far.
        waited_s: Seconds that went by in them, and between them.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        retry: Retry,
        *,
        total_s: float,
        watch: Watch | None = None,
        cooldown: Cooldown | None = None,
    ) -> None:
        self.target = targets[0]
        self.count = 0
        self.waited_s = 0.0
        self._targets = targets
        self._retry = retry
        self._total_s = total_s
        self._watch = watch
        self._cooldown = cooldown

    async def run(self, once: Callable[[Target, float], Awaitable[A]]) -> A:
        """The first good answer, or the last that was not.

        Args:
            once: Asks a target, which may take so many seconds. It raises UpstreamFailure, or a
                GenaiopsError for an answer that makes no sense.

        Raises: ProviderError when there is no answer.
        """
        began = time.monotonic()
        try:
            outcome = await self._outcome(once, began)
        finally:
            self.waited_s = time.monotonic() - began
        if isinstance(outcome, UpstreamFailure):
            raise error_of_failure(self.target, outcome)
        if isinstance(outcome, GenaiopsError):
            raise outcome
        return outcome

    def broke_off(self) -> None:
        """The answer that was taken did not come to its end."""
        if self._watch is not None and self._cooldown is not None:
            self._watch.failed(self.target, now=time.monotonic(), cooldown=self._cooldown)

    async def _outcome(
        self, once: Callable[[Target, float], Awaitable[A]], began: float
    ) -> A | UpstreamFailure | GenaiopsError:
        rounds, targets = 0, self._targets
        outcome: A | UpstreamFailure | GenaiopsError = _UNASKED
        while True:
            rounds += 1
            delays: dict[Target, float] = {}
            for self.target in targets:
                left_s = self._total_s - (time.monotonic() - began)
                if left_s <= 0:
                    return UpstreamFailure("timeout", f"no answer within {self._total_s:g} s")
                outcome = await self._attempt(once, left_s)
                if verdict(outcome) in ("good", "final"):
                    return outcome
                delay = next_delay_s(self._retry, tried=rounds, outcome=outcome)
                if delay is not None:
                    delays[self.target] = delay
            targets = list(delays)
            if not targets or (self._watch and not self._watch.may_retry(targets[0])):
                return outcome
            delay = min(delays.values()) * random.uniform(1.0, 1.25)  # noqa: S311 - jitter
            if time.monotonic() - began + delay >= self._total_s:
                return outcome
            await asyncio.sleep(delay)

    async def _attempt(
        self, once: Callable[[Target, float], Awaitable[A]], left_s: float
    ) -> A | UpstreamFailure | GenaiopsError:
        target, watch = self.target, self._watch
        began = time.monotonic()
        self.count += 1
        if watch is not None:
            if self.count == 1:
                watch.called(target)
            if self._cooldown is not None:
                watch.tries(target, now=began)
        try:
            outcome = await once(target, left_s)
        except (UpstreamFailure, GenaiopsError) as failure:
            outcome = failure
        except BaseException:
            if watch is not None:
                watch.left(target)
            raise
        if watch is not None:
            self._remember(watch, target, outcome, time.monotonic() - began)
        return outcome

    def _remember(self, watch: Watch, target: Target, outcome: Outcome, seconds: float) -> None:
        if self._cooldown is None:
            return
        now = time.monotonic()
        if isinstance(outcome, BadRequestError) or verdict(outcome) == "final":
            watch.left(target)
        elif verdict(outcome) == "good":
            watch.worked(target, now=now, seconds=seconds)
        else:
            wait_s = None if isinstance(outcome, Exception) else retry_after_s(outcome.headers)
            watch.failed(target, now=now, cooldown=self._cooldown, wait_s=wait_s)


async def send(call: Call, left_s: float) -> Answer:
    """Sends a call that may take so many seconds. Raises UpstreamFailure."""
    return await (await upstream()).request(_within(call, left_s))


async def open_stream(target: Target, call: Call, left_s: float) -> StreamAnswer | Answer:
    """The head of a stream that the provider began well, or the whole answer that refused it.

    Raises: UpstreamFailure; ProviderError when what came back is no stream.
    """
    answer = await (await upstream()).stream(_within(call, left_s))
    if answer.status != 200:
        try:
            return Answer(answer.status, answer.headers, await read_all(answer))
        finally:
            answer.close()
    kind = answer.headers.get("content-type", "")
    if not kind.lower().startswith("text/event-stream"):
        answer.close()
        raise ProviderError(
            f"{target.name!r} was asked for a stream and sent something else: "
            f"check {target.provider.base_url_env or 'the base_url of the provider'}",
            provider=target.provider_name,
        )
    return answer


def _within(call: Call, left_s: float) -> Call:
    if left_s > call.timeouts.total_s - 0.1:
        return call
    return replace(call, timeouts=replace(call.timeouts, total_s=left_s))


async def ask(
    target: Target, prepared: Prepared, retry: Retry
) -> tuple[_Json, int, Mapping[str, str]]:
    """The completion, OpenAI-shaped, the number of attempts, and the headers of the answer.

    Raises: ProviderError.
    """
    tries = Tries([target], retry, total_s=target.timeouts.total_s)
    answer = await tries.run(lambda _target, left_s: send(prepared.call, left_s))
    if answer.status != 200:
        raise error_of_status(target, answer.status, answer.headers, answer.body)
    return decode_completion(target, answer.body), tries.count, answer.headers


async def read_chunks(answer: StreamAnswer, target: Target) -> AsyncGenerator[_Json, None]:
    """The chunks of a stream, OpenAI-shaped.

    Raises: ProviderError when it breaks off.
    """
    reader = ChunkReader(target)
    try:
        while piece := await answer.read():
            for chunk in reader.feed(piece):
                yield chunk
            if reader.done:
                return
        for chunk in reader.finish():
            yield chunk
    except UpstreamFailure as failure:
        raise error_of_failure(target, failure) from None
    finally:
        answer.close(complete=reader.done)


async def stream_chunks(
    target: Target, prepared: Prepared, retry: Retry, attempts: list[int]
) -> AsyncGenerator[_Json, None]:
    """The chunks of a call from its beginning; `attempts` gets their number once it is known.

    Raises: ProviderError.
    """
    tries = Tries([target], retry, total_s=target.timeouts.total_s)
    answer = await tries.run(lambda _target, left_s: open_stream(target, prepared.call, left_s))
    attempts.append(tries.count)
    if isinstance(answer, Answer):
        raise error_of_status(target, answer.status, answer.headers, answer.body)
    async for chunk in read_chunks(answer, target):
        yield chunk


def local_answer(target: Target, request: Mapping[str, Any]) -> _Json:
    """The completion of a model that answers in this process."""
    return target.provider.local[target.model].answer(request)


async def read_all(answer: StreamAnswer) -> bytes:
    """The body of an answer that was begun as a stream. Raises UpstreamFailure."""
    pieces: list[bytes] = []
    while piece := await answer.read():
        pieces.append(piece)
    return b"".join(pieces)
