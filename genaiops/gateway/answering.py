"""One target's answer to one request: whole, or a stream up to its first word."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import msgspec

from genaiops.errors import ProviderError
from genaiops.gateway.calling import open_stream, send
from genaiops.gateway.chatrequest import ChatRequest
from genaiops.gateway.dialects.openai_chat import fold
from genaiops.gateway.exchange import decode_completion, prepare_request
from genaiops.gateway.passing import Passing, passing
from genaiops.gateway.summary import Summary, of_chat_body, of_completion
from genaiops.gateway.target import Target
from genaiops.gateway.upstream import Answer, StreamAnswer, UpstreamFailure

__all__ = ["Began", "Ready", "Whole", "ask", "begin"]

_Json = dict[str, Any]
_NOTHING: Mapping[str, str] = {}
_MOST_HELD = 1 << 20
"""Bytes of a stream that are read before its first content."""


class Whole:
    """A whole answer that makes sense.

    Attributes:
        body: In the dialect `wire`; empty for a model that answers in this process.
        dropped: What the request could not say to this target.
    """

    __slots__ = ("_completion", "body", "dropped", "headers", "status", "summary", "wire")

    def __init__(
        self,
        headers: Mapping[str, str],
        body: bytes,
        wire: str,
        summary: Summary,
        completion: _Json | None,
        dropped: tuple[str, ...] = (),
    ) -> None:
        self.status = 200
        self.headers = headers
        self.body = body
        self.wire = wire
        self.summary = summary
        self.dropped = dropped
        self._completion = completion

    @property
    def completion(self) -> _Json:
        """The same, OpenAI-shaped."""
        if self._completion is None:
            self._completion = msgspec.json.decode(self.body, type=_Json)
        return self._completion


async def ask(target: Target, request: ChatRequest, left_s: float) -> Whole | Answer:
    """The whole answer, or the refusal, of a target that may take so many seconds.

    Raises: UpstreamFailure; ProviderError when the answer makes no sense; BadRequestError.
    """
    if target.provider.local:
        model = target.provider.local[target.model]
        completion = await asyncio.to_thread(model.answer, request.decoded)
        return Whole(_NOTHING, b"", "local", of_completion(completion), completion)
    prepared = prepare_request(target, request)
    answer = await send(prepared.call, left_s)
    if answer.status != 200:
        return answer
    wire, body = request.wire(target.provider), answer.body
    if wire == "openai":
        summary = of_chat_body(body)
        if summary is not None:
            return Whole(answer.headers, body, wire, summary, None, prepared.dropped)
    completion = decode_completion(target, body, wire)
    summary = of_completion(completion)
    return Whole(answer.headers, body, wire, summary, completion, prepared.dropped)


class Began:
    """A stream that has said its first word.

    Read its bytes with `read`, where they pass through, or its chunks with `chunks`.
    """

    __slots__ = ("_answer", "_waiting", "dropped", "headers", "passing", "status")

    def __init__(self, answer: StreamAnswer, read: Passing, dropped: tuple[str, ...]) -> None:
        self.status = 200
        self.headers = answer.headers
        self.passing = read
        self.dropped = dropped
        self._waiting = b""
        self._answer = answer

    async def until_it_begins(self) -> None:
        """Reads up to the first content. Raises UpstreamFailure, ProviderError."""
        held: list[bytes] = []
        size = 0
        while not self.passing.begun:
            piece = b"" if self.passing.done else await self._answer.read()
            size += len(piece)
            if size > _MOST_HELD:
                raise UpstreamFailure("too_large", f"{_MOST_HELD >> 20} MiB before its first word")
            held.append(self.passing.feed(piece) if piece else self.passing.finish())
            if not piece and not self.passing.begun:
                raise ProviderError(
                    f"{self.passing.target.name!r} streamed an answer without content: try again",
                    provider=self.passing.target.provider_name,
                )
        self._waiting = b"".join(held)

    async def read(self) -> bytes:
        """What may go on next; nothing at the end. Raises UpstreamFailure, ProviderError."""
        if self._waiting:
            waiting, self._waiting = self._waiting, b""
            return waiting
        while not self.passing.done:
            piece = await self._answer.read()
            if not piece:
                return self.passing.finish()
            passed = self.passing.feed(piece)
            if passed:
                return passed
        return b""

    async def chunks(self) -> AsyncGenerator[list[_Json], None]:
        """The chunks, OpenAI-shaped, as many at a time as arrive. Raises as `read` does."""
        yield self.passing.take()
        while not self.passing.done:
            piece = await self._answer.read()
            if piece:
                self.passing.feed(piece)
            else:
                self.passing.finish()
            new = self.passing.take()
            if new:
                yield new
            if not piece:
                return

    def summary(self) -> Summary:
        """What it has said so far."""
        return self.passing.summary()

    @property
    def completion(self) -> _Json:
        """The same, OpenAI-shaped."""
        return self.passing.completion()

    def close(self) -> None:
        """Lets go of the provider."""
        self._answer.close(complete=self.passing.done)


class Ready:
    """A stream that is there as a whole: of a model in this process, or of an answer kept."""

    __slots__ = ("_chunks", "dropped", "headers", "status")

    def __init__(self, chunks: list[_Json]) -> None:
        self.status = 200
        self.headers = _NOTHING
        self.dropped: tuple[str, ...] = ()
        self._chunks = chunks

    async def chunks(self) -> AsyncGenerator[list[_Json], None]:
        """The chunks, one at a time."""
        for chunk in self._chunks:
            yield [chunk]

    def summary(self) -> Summary:
        """What it says."""
        return of_completion(self.completion)

    @property
    def completion(self) -> _Json:
        """The same, OpenAI-shaped."""
        return fold(self._chunks)

    def close(self) -> None:
        """There is nothing to let go of."""


async def begin(
    target: Target, request: ChatRequest, left_s: float, *, as_bytes: bool = True
) -> "Began | Ready | Answer":
    """A stream of a target that may take so many seconds, once it has begun; or the refusal.

    Args:
        target: Who is asked.
        request: What is asked.
        left_s: Seconds.
        as_bytes: Whether `Began.read` will be used, where bytes can pass through.

    Raises: UpstreamFailure; ProviderError when the answer makes no sense; BadRequestError.
    """
    if target.provider.local:
        model = target.provider.local[target.model]
        return Ready(await asyncio.to_thread(lambda: list(model.chunks(request.decoded))))
    prepared = prepare_request(target, request)
    wire = request.wire(target.provider)
    read = (passing if as_bytes and wire == request.dialect else Passing)(target, wire)
    try:
        async with asyncio.timeout(min(left_s, target.timeouts.first_event_s)):
            answer = await open_stream(target, prepared.call, left_s)
            if isinstance(answer, Answer):
                return answer
            began = Began(answer, read, prepared.dropped)
            try:
                await began.until_it_begins()
            except BaseException:
                answer.close()
                raise
            return began
    except TimeoutError:
        waited = min(left_s, target.timeouts.first_event_s)
        raise UpstreamFailure("timeout", f"no word within {waited:.3g} s") from None
