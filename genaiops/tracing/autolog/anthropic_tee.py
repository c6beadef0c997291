"""Following an answer that the application reads later, without changing what it reads.

A `Tee` learns of an answer in one of two ways: from the events that a stream of the SDK gives, or,
when the application reads the bytes of a raw response itself, from those bytes.
"""

import copy
import functools
import sys
import weakref
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from typing import Any, Protocol, cast

import msgspec

from genaiops.tracing import diagnostics
from genaiops.tracing.autolog.anthropic_stream import Events, StreamedMessage

__all__ = ["Tee", "async_events", "sync_events", "tee_body"]

KEPT_BYTES = 16_000_000
_MARK = "genaiops_tee"


class Ending(Protocol):
    """The call that a tee belongs to."""

    def first_content(self) -> None:
        """The first content has come."""
        ...

    def ended(
        self, body: Mapping[str, Any], *, how: str | None, failure: BaseException | str | None
    ) -> None:
        """Nothing more will come of the answer; `body` may be a part of it."""
        ...


class Tee:
    """What has come of one answer, and how it ended: once.

    Args:
        call: Told of the end.
        streamed: Whether server-sent events are expected, or else one body of JSON.
        inflate: Undoes the compression of the bytes.
    """

    def __init__(
        self, call: Ending, *, streamed: bool, inflate: Callable[[bytes], bytes] | None
    ) -> None:
        self.call = call
        self.answer = StreamedMessage()
        self.stepping = False  # the SDK's own stream is at work, and will say how it ends
        self._streamed = streamed
        self._parsed = False  # the SDK reads the bytes and gives events
        self._inflate = inflate
        self._events = Events()
        self._data: list[bytes] = []
        self._size = 0
        self._waiting = True
        self._over = False

    def begin(self) -> None:
        """A stream of the SDK begins to give events."""
        self._parsed = True

    def item(self, event: Any) -> None:  # an event of the SDK
        """Takes in one event."""
        try:
            if self.answer.add(event) and self._waiting:
                self._waiting = False
                self.call.first_content()
        except Exception as error:  # noqa: BLE001  an event this code does not know
            diagnostics.note("recording an Anthropic stream", error)

    def feed(self, data: bytes) -> None:
        """Takes in bytes that the application is about to get."""
        if self._parsed:
            return
        try:
            if self._inflate is not None:
                data = self._inflate(data)
            if self._streamed:
                for event in self._events.feed(data):
                    self.item(event)
            elif self._size < KEPT_BYTES:
                self._size += len(data)
                self._data.append(data)
        except Exception as error:  # noqa: BLE001  bytes this code does not know
            diagnostics.note("recording an Anthropic response", error)

    def body_ended(self, failure: BaseException | None = None) -> None:
        """The bytes are read to the end, or reading them failed."""
        if not self._parsed:
            self.finish(failure=failure)

    def body_closed(self) -> None:
        """The response is closed."""
        if not self.stepping:
            self.finish("closed")

    def finish(self, how: str | None = None, *, failure: BaseException | None = None) -> None:
        """Nothing more will come: read to the end, stopped by the application, or failed."""
        if self._over:
            return
        self._over = True
        problem: BaseException | str | None = failure
        body: Mapping[str, Any] = {}
        try:
            if self._streamed or self._parsed:
                body = self.answer.body()
                how, problem = self._ending(how, failure)
            elif self._data:
                body = _json(b"".join(self._data))
        except Exception as error:  # noqa: BLE001  tracing never breaks the application
            diagnostics.note("recording an Anthropic answer", error)
        self.call.ended(body, how=how, failure=problem)

    def _ending(
        self, how: str | None, failure: BaseException | None
    ) -> tuple[str | None, BaseException | str | None]:
        if self.answer.error is not None:
            error = self.answer.error
            return None, failure or f"{error.get('type')}: {error.get('message')}"
        if self.answer.stopped:
            return None, failure if isinstance(failure, Exception) else None
        if how is None and failure is None:
            return None, "stream_ended_early: the stream ended before its last event"
        return how, failure


def _json(data: bytes) -> Mapping[str, Any]:
    lines = data.split(b"\n")
    try:
        body = msgspec.json.decode(data)
    except msgspec.DecodeError:
        body = {"results": [msgspec.json.decode(line) for line in lines if line.strip()]}
    return cast("Mapping[str, Any]", body) if isinstance(body, dict) else {"results": body}


def tee_body(response: Any, call: Ending) -> None:  # of httpx or httpx2
    """Puts a tee into the body of a response that the application has yet to read."""
    encoding = response.headers.get("content-encoding", "").lower()
    inflate = (
        zlib.decompressobj(47).decompress if "gzip" in encoding or "x-gzip" in encoding else None
    )
    if encoding == "deflate":
        inflate = zlib.decompressobj().decompress
    streamed = response.headers.get("content-type", "").startswith("text/event-stream")
    tee = Tee(call, streamed=streamed, inflate=inflate)
    body = response.stream
    http = sys.modules[_library_of(response)]
    bases = [
        base if isinstance(body, base) else None
        for base in (http.SyncByteStream, http.AsyncByteStream)
    ]
    wrapper = _body_like(*bases)(body, tee)
    weakref.finalize(wrapper, tee.finish, "abandoned")
    response.stream = wrapper


def _library_of(response: Any) -> str:  # of httpx or httpx2
    for kind in cast("type[Any]", type(response)).__mro__:
        library = kind.__module__.partition(".")[0]
        if library in ("httpx", "httpx2"):
            return library
    raise TypeError(f"a response of {type(response).__module__!r} is not known")


class _Body:
    """Hands everything on to the body; its other base tells httpx how it may be read."""

    def __init__(self, body: Any, tee: Tee) -> None:
        self._body = body
        self.genaiops_tee = tee

    def __getattr__(self, name: str) -> Any:  # the SDK and httpx look for more than the protocol
        return getattr(self._body, name)


class _SyncBody(_Body):
    def __iter__(self) -> Iterator[bytes]:
        tee = self.genaiops_tee
        try:
            for data in self._body:
                tee.feed(data)
                yield data
        except GeneratorExit:
            tee.body_closed()
            raise
        except BaseException as error:
            tee.body_ended(error)
            raise
        tee.body_ended()

    def close(self) -> None:
        """As of the body."""
        try:
            self._body.close()
        finally:
            self.genaiops_tee.body_closed()


class _AsyncBody(_Body):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        tee = self.genaiops_tee
        chunks = self._body.__aiter__()
        try:
            async for data in chunks:
                tee.feed(data)
                yield data
        except GeneratorExit:
            tee.body_closed()
            raise
        except BaseException as error:
            tee.body_ended(error)
            raise
        finally:
            if isinstance(chunks, AsyncGenerator):
                await cast("AsyncGenerator[bytes]", chunks).aclose()
        tee.body_ended()

    async def aclose(self) -> None:
        """As of the body."""
        try:
            await self._body.aclose()
        finally:
            self.genaiops_tee.body_closed()


@functools.cache
def _body_like(sync: Any, asynchronous: Any) -> Any:
    """The class for a body that may be read in these ways; each is a class of httpx or None."""
    bases = [
        part
        for base, mixin in ((sync, _SyncBody), (asynchronous, _AsyncBody))
        if base is not None
        for part in (mixin, base)
    ]
    return type("Body", tuple(sorted(bases, key=lambda base: base in (sync, asynchronous))), {})


def sync_events(original: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """Stands for ``Stream.__stream__``: tells the tee of every event, and of the end.

    The events come from a copy of the stream, since those of older versions hold the stream, which
    holds them: only the garbage collector would see that nobody reads it any more.
    """

    def __stream__(self: Any) -> Iterator[Any]:  # noqa: N807  the SDK calls it so
        return _followed(original(copy.copy(self)), self.response)

    return __stream__


def _followed(events: Any, response: Any) -> Iterator[Any]:  # of the SDK, and of httpx
    tee: Tee | None = getattr(getattr(response, "stream", None), _MARK, None)
    if tee is None:
        yield from events
        return
    tee.begin()
    while True:
        tee.stepping = True
        try:
            event = next(events)
        except StopIteration:
            tee.finish()
            return
        except BaseException as error:
            tee.finish(failure=error)
            raise
        finally:
            tee.stepping = False
        tee.item(event)
        try:
            yield event
        except GeneratorExit:
            events.close()
            tee.finish("closed")
            raise


def async_events(original: Callable[..., AsyncIterator[Any]]) -> Callable[..., AsyncIterator[Any]]:
    """The same for ``AsyncStream``."""

    def __stream__(self: Any) -> AsyncIterator[Any]:  # noqa: N807  the SDK calls it so
        return _afollowed(original(copy.copy(self)), self.response)

    return __stream__


async def _afollowed(events: Any, response: Any) -> AsyncIterator[Any]:  # the same
    tee: Tee | None = getattr(getattr(response, "stream", None), _MARK, None)
    if tee is None:
        async for event in events:
            yield event
        return
    tee.begin()
    while True:
        tee.stepping = True
        try:
            event = await events.__anext__()
        except StopAsyncIteration:
            tee.finish()
            return
        except BaseException as error:
            tee.finish(failure=error)
            raise
        finally:
            tee.stepping = False
        tee.item(event)
        try:
            yield event
        except GeneratorExit:
            await events.aclose()
            tee.finish("closed")
            raise
