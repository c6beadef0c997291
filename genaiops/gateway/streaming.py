"""A streamed answer as the caller reads it, synchronously or not."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, Self, cast

from genaiops.errors import GenaiopsError, ProviderError
from genaiops.gateway import background
from genaiops.gateway.attempts import Retry
from genaiops.gateway.calling import stream_chunks
from genaiops.gateway.completion import Chunk, Completion
from genaiops.gateway.dialects.openai_chat import fold
from genaiops.gateway.exchange import Prepared
from genaiops.gateway.recording import CallRecord
from genaiops.gateway.target import Target

__all__ = ["CompletionStream"]

_Json = dict[str, Any]
_END = object()


class CompletionStream:
    """The pieces of one answer. Closing it, or dropping it, ends the call and its span.

    Made by `genaiops.gateway.stream`.
    """

    def __init__(
        self,
        target: Target,
        request: Mapping[str, Any],
        prepared: Prepared | None,
        retry: Retry,
        record: CallRecord,
        complete: Callable[[_Json], Completion],
    ) -> None:
        self._target = target
        self._request = request
        self._prepared = prepared
        self._retry = retry
        self._record = record
        self._complete = complete
        self._attempts: list[int] = []
        self._chunks: list[_Json] = []
        self._sync: Iterator[_Json] | None = None
        self._async: AsyncGenerator[_Json, None] | None = None
        self._pump: Future[None] | None = None
        self._completion: Completion | None = None
        self._over = False

    @property
    def completion(self) -> Completion:
        """The answer as a whole, once the stream is over; so far, when it was closed before.

        Raises: ProviderError while the stream is still being read.
        """
        if self._completion is None:
            raise ProviderError("the stream is not over: read it to its end, or close it")
        return self._completion

    def close(self) -> None:
        """Stops reading; the provider is told by the closed connection."""
        self._stop("closed")

    async def aclose(self) -> None:
        """As `close`, for ``async with``."""
        if self._async is not None:
            await self._async.aclose()
        self._stop("closed")

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Chunk:
        if self._over:
            raise StopIteration
        if self._sync is None:
            self._sync = self._local() if self._prepared is None else self._queued()
        try:
            return self._got(next(self._sync))
        except StopIteration:
            self._end()
            raise
        except GenaiopsError as error:
            self._break(error)
            raise
        except BaseException:
            self._stop("cancelled")
            raise

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Chunk:
        if self._over:
            raise StopAsyncIteration
        if self._async is None:
            self._async = self._awaited()
        try:
            return self._got(await anext(self._async))
        except StopAsyncIteration:
            self._end()
            raise
        except GenaiopsError as error:
            self._break(error)
            raise
        except BaseException:
            self._stop("cancelled")
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __del__(self) -> None:
        self._stop("abandoned")

    def _got(self, chunk: _Json) -> Chunk:
        self._record.first_chunk()
        self._chunks.append(chunk)
        return Chunk(_text_of(chunk), chunk)

    def _end(self) -> None:
        if self._settle():
            self._record.end()

    def _break(self, error: GenaiopsError) -> None:
        if self._settle():
            self._record.broken(error)

    def _stop(self, how: str) -> None:
        if self._pump is not None:
            self._pump.cancel()
        if self._settle():
            self._record.stopped(how)

    def _settle(self) -> bool:
        """Records what there is, once."""
        if self._over:
            return False
        self._over = True
        if self._attempts:
            self._record.sent(self._attempts[0], self._prepared.dropped if self._prepared else ())
        self._completion = self._complete(fold(self._chunks))
        return True

    def _local(self) -> Iterator[_Json]:
        return self._target.provider.local[self._target.model].chunks(self._request)

    async def _awaited(self) -> AsyncGenerator[_Json, None]:
        if self._prepared is None:
            for chunk in self._local():
                yield chunk
            return
        async for chunk in self._remote(self._prepared):
            yield chunk

    def _remote(self, prepared: Prepared) -> AsyncGenerator[_Json, None]:
        return stream_chunks(self._target, prepared, self._retry, self._attempts)

    def _queued(self) -> Iterator[_Json]:
        """The chunks, read by the background loop and handed over as they come."""
        queue: SimpleQueue[object] = SimpleQueue()
        self._pump = background.start(_fill(queue, self._remote(cast("Prepared", self._prepared))))
        while True:
            item = queue.get()
            if item is _END:
                return
            if isinstance(item, BaseException):
                raise item
            yield cast("_Json", item)


async def _fill(queue: "SimpleQueue[object]", chunks: AsyncGenerator[_Json, None]) -> None:
    try:
        async for chunk in chunks:
            queue.put(chunk)
        queue.put(_END)
    except Exception as error:  # noqa: BLE001 - raised again where the stream is read
        queue.put(error)
    except asyncio.CancelledError:
        queue.put(_END)
        raise
    finally:
        await chunks.aclose()


def _text_of(chunk: Mapping[str, Any]) -> str:
    choices: object = chunk.get("choices")
    for choice in cast("list[object]", choices) if isinstance(choices, list) else ():
        if isinstance(choice, dict) and not cast("_Json", choice).get("index"):
            delta: object = cast("_Json", choice).get("delta")
            content = cast("_Json", delta).get("content") if isinstance(delta, dict) else None
            return content if isinstance(content, str) else ""
    return ""
