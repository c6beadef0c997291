"""Following an answer that the application reads: in the bytes of the server, and in the SDK's stream.

The bytes tell how reading ends, whoever reads: `Stream`, a raw response, or a helper. A `Stream` of
the SDK gives its events, each when the application gets it.
"""

import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, cast

from genaiops.tracing import diagnostics
from genaiops.tracing.autolog.openai_call import Call

__all__ = ["follow", "follow_stream"]

_EXTENSION = "genaiops"  # of the response; httpx leaves the extensions out of a pickle


def follow(response: Any, call: Call) -> None:  # of httpx
    """Looks on while the body of a response is read."""
    response.stream = Bytes(response.stream, call)
    response.extensions[_EXTENSION] = call


def follow_stream(stream: Any) -> None:  # a Stream or AsyncStream of the SDK that was just made
    """Looks on while the events of a stream are read, if its response is followed."""
    try:
        call = stream.response.extensions.get(_EXTENSION)
        if not isinstance(call, Call) or not call.claim():
            return
        bytes_: Any = stream.response.stream
        if hasattr(stream, "__anext__"):
            stream._iter_events = _AsyncEvents(stream._iter_events, call)  # noqa: SLF001  no public seam
            steps = AsyncSteps(stream._iterator, call)  # noqa: SLF001  the same
        else:
            stream._iter_events = _Events(stream._iter_events, call)  # noqa: SLF001  the same
            steps = Steps(stream._iterator, call)  # noqa: SLF001  the same
        stream._iterator = steps  # noqa: SLF001  the same
        if type(bytes_) is Bytes:
            bytes_.steps = weakref.ref(steps)
    except Exception as error:  # noqa: BLE001  tracing never breaks the application
        diagnostics.note("following an OpenAI stream", error)


class Bytes:
    """Stands for the byte stream of a response; `isinstance` sees the original's class."""

    def __init__(self, inner: Any, call: Call) -> None:
        self._inner = inner
        self._call = call
        self._whole = False
        self.steps: weakref.ref[Any] | None = None
        weakref.finalize(self, call.abandon)

    @property
    def __class__(self) -> type:  # pyright: ignore[reportIncompatibleMethodOverride]  that is the point
        return cast("type[Any]", type(self._inner))

    def __iter__(self) -> Iterator[bytes]:
        call = self._call
        try:
            for data in self._inner:
                call.chunk(data)
                yield data
        except GeneratorExit:  # `close` says more
            raise
        except BaseException as error:
            self.over(error)
            raise
        self.over()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _AsyncBytes(aiter(self._inner), self)

    def take(self, data: bytes) -> None:
        """Takes in what was read."""
        self._call.chunk(data)

    def over(self, error: BaseException | None = None) -> None:
        """There is no more, or reading failed."""
        if error is None:
            self._whole = True
        elif not self._call.claimed:
            self._call.finish(failure=error)

    def close(self) -> None:
        """As of the original."""
        try:
            self._inner.close()
        finally:
            self._closed()

    async def aclose(self) -> None:
        """As of the original."""
        try:
            await self._inner.aclose()
        finally:
            self._closed()

    def _closed(self) -> None:
        steps = None if self.steps is None else self.steps()
        if steps is not None and steps.running:  # it is the SDK that closes, and will say why
            return
        self._call.finish(None if self._whole and not self._call.claimed else "closed")

    def __getattr__(self, name: str) -> Any:  # everything else is the original's
        return getattr(self._inner, name)


class _Events:
    """The method ``_iter_events`` of one stream, with somebody looking on."""

    def __init__(self, original: Callable[[], Iterator[Any]], call: Call) -> None:
        self._original = original
        self._call = call

    def __call__(self) -> Iterator[Any]:
        take = self._call.event
        for event in self._original():
            take(event.data)
            yield event


class _AsyncBytes(AsyncIterator[bytes]):
    """Reads an async byte stream; no generator, so that nothing is left to the event loop to close."""

    def __init__(self, inner: AsyncIterator[bytes], owner: Bytes) -> None:
        self._next = inner.__anext__
        self._owner = owner

    async def __anext__(self) -> bytes:
        try:
            data = await self._next()
        except StopAsyncIteration:
            self._owner.over()
            raise
        except BaseException as error:
            self._owner.over(error)
            raise
        self._owner.take(data)
        return data


class _AsyncEvents:
    """The method ``_iter_events`` of one async stream, with somebody looking on."""

    def __init__(self, original: Callable[[], AsyncIterator[Any]], call: Call) -> None:
        self._original = original
        self._call = call

    def __call__(self) -> AsyncIterator[Any]:
        return _AsyncEventIterator(self._original(), self._call)


class _AsyncEventIterator(AsyncIterator[Any]):
    def __init__(self, inner: AsyncIterator[Any], call: Call) -> None:
        self._next = inner.__anext__
        self._take = call.event

    async def __anext__(self) -> Any:  # a ServerSentEvent
        event = await self._next()
        self._take(event.data)
        return event


class Steps:
    """The iterator of a stream, with somebody looking on how it ends."""

    def __init__(self, body: Any, call: Call) -> None:
        self._body = body
        self._next = body.__next__
        self._call = call
        weakref.finalize(self, call.abandon)

    @property
    def running(self) -> bool:
        """Whether the SDK's own code runs right now."""
        return getattr(self._body, "gi_running", False)

    def __iter__(self) -> "Steps":
        return self

    def __next__(self) -> Any:  # whatever the stream gives
        try:
            return self._next()
        except StopIteration:
            self._call.finish()
            raise
        except BaseException as error:
            self._call.finish(failure=error)
            raise

    def close(self) -> None:
        """As of the generator."""
        self._body.close()
        self._call.finish("closed")

    def __getattr__(self, name: str) -> Any:  # gi_frame and the like
        return getattr(self._body, name)


class AsyncSteps:
    """The same of an async stream."""

    def __init__(self, body: Any, call: Call) -> None:
        self._body = body
        self._next = body.__anext__
        self._call = call
        weakref.finalize(self, call.abandon)

    @property
    def running(self) -> bool:
        """Whether the SDK's own code runs right now."""
        return getattr(self._body, "ag_running", False)

    def __aiter__(self) -> "AsyncSteps":
        return self

    async def __anext__(self) -> Any:  # whatever the stream gives
        try:
            return await self._next()
        except StopAsyncIteration:
            self._call.finish()
            raise
        except BaseException as error:
            self._call.finish(failure=error)
            raise

    async def aclose(self) -> None:
        """As of the generator."""
        await self._body.aclose()
        self._call.finish("closed")

    def __getattr__(self, name: str) -> Any:  # ag_frame and the like
        return getattr(self._body, name)
