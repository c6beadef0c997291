"""Spans of generators and iterators: current only while the body runs, whole when they end.

Nothing is held across a ``yield``: the context is attached and detached around every step, so the
consumer's own spans stay its own and a stream may be closed from anywhere.
"""

import time
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Sequence
from types import TracebackType
from typing import Any, Self, cast

from genaiops.model import semconv
from genaiops.tracing import diagnostics
from genaiops.tracing.begin import begin
from genaiops.tracing.context import Context, get_context, set_context, with_span
from genaiops.tracing.dropped import Dropped
from genaiops.tracing.options import Options
from genaiops.tracing.record import Named
from genaiops.tracing.span import Span
from genaiops.tracing.ticker import remember

__all__ = ["Recorder", "TracedAsyncGenerator", "TracedGenerator", "reduced"]

KEPT_ITEMS = 10_000
ITEMS = "genaiops.stream.items"


class Recorder:
    """The span of one stream, and what came out of it so far.

    As a context manager it is one step of the stream: the span is current inside.
    """

    __slots__ = (
        "before",
        "count",
        "first_ns",
        "inner",
        "inputs",
        "items",
        "named",
        "options",
        "over",
        "span",
    )

    def __init__(
        self, named: Named, options: Options, inputs: bytes, span: Span | Dropped | None = None
    ) -> None:
        self.named = named
        self.options = options
        self.inputs = inputs
        self.span = span
        self.before: Context | None = None
        self.inner: Context | None = None if span is None else span.context
        self.items: list[Any] = []  # whatever the stream gives
        self.count = 0
        self.first_ns = 0
        self.over = False
        if span is None:
            called_in = get_context()
            self.inner = called_in if called_in else None

    def __enter__(self) -> Self:
        self.before = get_context()
        if self.span is None and not self.over:
            self._begin()
        if self.inner is not None:
            set_context(self.inner)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        if not isinstance(exc_val, GeneratorExit):  # that may come from any context
            self.inner = get_context()
            set_context(self.before)
        self.before = None
        if exc_val is None:
            return
        if isinstance(exc_val, StopIteration | StopAsyncIteration):
            self.finish()
        elif not self.over:
            self.finish(failure=exc_val)

    def _begin(self) -> None:
        try:
            parent = self.inner if self.inner is not None else self.before
            self.span = begin(self.named, parent)
            if self.span is None:
                self.over = True
                return
            self.inner = with_span(parent or Context(), self.span)
            if isinstance(self.span, Span):
                self.span.inputs = self.inputs
                remember(self.span)
        except Exception as error:  # noqa: BLE001  tracing never breaks the application
            diagnostics.note("beginning a span", error)
            self.over = True

    def item(self, value: Any) -> Any:  # whatever the stream gives
        """Keeps one item and hands it on."""
        if self.count == 0:
            self.first_ns = time.time_ns()
        self.count += 1
        if self.count <= KEPT_ITEMS:
            self.items.append(value)
        return value

    def closing(self) -> "Recorder":
        """A last step, for ``close()``: the stream ends with it, whatever happens."""
        if self.span is None:  # closed before it began: nothing happened
            self.over = True
        return self

    def abandon(self) -> None:
        """Nobody holds the stream any more."""
        self.finish("abandoned")

    def finish(self, how: str | None = None, *, failure: BaseException | None = None) -> None:
        """Ends the span, once: exhausted, stopped by the application, or failed."""
        if self.over:
            return
        self.over = True
        span = self.span
        if not isinstance(span, Span):
            return
        try:
            if self.first_ns:
                waited = (self.first_ns - span.start_ns) / 1e9
                span.set_attribute(semconv.RESPONSE_TIME_TO_FIRST_CHUNK, waited)
            if self.count > KEPT_ITEMS:
                span.set_attribute(ITEMS, self.count)
            if how is not None:
                span.set_attribute(semconv.STREAM_FINISH, how)
                span.set_status("unset")
            if failure is not None:
                span.note_failure(failure)
            self.record(span, failed=isinstance(failure, Exception))
        except Exception as error:  # noqa: BLE001  tracing never breaks the application
            diagnostics.note("recording a stream", error)
        self.items = []
        span.end()

    def record(self, span: Span, *, failed: bool) -> None:
        """Records what came out of the stream, perhaps only a part of it."""
        del failed
        if self.options.records_outputs:
            span.set_outputs(self.options.output(reduced(self.items, self.options.reduce)))


def reduced(items: Sequence[Any], reduce: Callable[[list[Any]], Any] | None) -> Any:  # any items
    """What a whole stream comes to: `reduce` of its items, joined texts, or the list."""
    if reduce is not None:
        return reduce(list(items))
    if items and all(type(item) is str for item in items):
        return "".join(items)
    return list(items)


class TracedGenerator(Generator[Any, Any, Any]):
    """A generator that records its span; everything else is the generator's own."""

    def __init__(self, body: Iterator[Any], recorder: Recorder) -> None:
        self._body = cast("Generator[Any, Any, Any]", body)
        self.recorder = recorder
        weakref.finalize(self, recorder.abandon)

    def __next__(self) -> Any:  # whatever the body yields
        with self.recorder as step:
            return step.item(next(self._body))

    def send(self, value: Any, /) -> Any:  # whatever the body takes and yields
        """As of the generator."""
        with self.recorder as step:
            return step.item(self._body.send(value))

    def throw(self, *error: Any) -> Any:  # both signatures of generators
        """As of the generator."""
        with self.recorder as step:
            return step.item(self._body.throw(*error))

    def close(self) -> None:
        """As of the generator."""
        with self.recorder.closing():
            self._body.close()
        self.recorder.finish("closed")

    def __getattr__(self, name: str) -> Any:  # gi_frame and the like
        return getattr(self._body, name)


class TracedAsyncGenerator(AsyncGenerator[Any, Any]):
    """An async generator that records its span; everything else is the generator's own."""

    def __init__(self, body: AsyncIterator[Any], recorder: Recorder) -> None:
        self._body = cast("AsyncGenerator[Any, Any]", body)
        self.recorder = recorder
        weakref.finalize(self, recorder.abandon)

    async def __anext__(self) -> Any:  # whatever the body yields
        with self.recorder as step:
            return step.item(await self._body.__anext__())

    async def asend(self, value: Any, /) -> Any:  # whatever the body takes and yields
        """As of the generator."""
        with self.recorder as step:
            return step.item(await self._body.asend(value))

    async def athrow(self, *error: Any) -> Any:  # both signatures of generators
        """As of the generator."""
        with self.recorder as step:
            return step.item(await self._body.athrow(*error))

    async def aclose(self) -> None:
        """As of the generator."""
        with self.recorder.closing():
            await self._body.aclose()
        self.recorder.finish("closed")

    def __getattr__(self, name: str) -> Any:  # ag_frame and the like
        return getattr(self._body, name)
