"""Results that are not there yet: iterators, coroutines and futures that a traced function returns."""

import asyncio
import concurrent.futures
import functools
import io
import types
import weakref
from collections.abc import Awaitable, Callable
from typing import Any, Self, cast

from genaiops.tracing.options import Options
from genaiops.tracing.span import Span
from genaiops.tracing.streams import Recorder, TracedAsyncGenerator, TracedGenerator

__all__ = ["PLAIN", "later"]

PLAIN = frozenset(
    {str, int, float, bool, types.NoneType, dict, list, tuple, set, frozenset, bytes, bytearray}
)
"""Types that are certainly whole results."""

_C_ITERATORS = ("builtins", "itertools")
_Later = Callable[[Any, Span, Options], Any]


def later(result: Any, span: Span, options: Options) -> tuple[bool, Any]:  # any result
    """Keeps the span open when the result is still to come.

    Returns: Whether that is so, and what the caller gets in place of the result.
    """
    wrap = _kind(cast("type[Any]", type(result)))
    return (False, result) if wrap is None else (True, wrap(result, span, options))


@functools.lru_cache(maxsize=1024)
def _kind(kind: type[Any]) -> _Later | None:
    """How results of this type are followed; None when they are whole."""
    if kind is types.GeneratorType:
        return lambda result, span, options: TracedGenerator(result, _recorder(span, options))
    if kind is types.AsyncGeneratorType:
        return lambda result, span, options: TracedAsyncGenerator(result, _recorder(span, options))
    if kind is types.CoroutineType:
        return lambda result, span, options: _awaited(result, _recorder(span, options))
    if issubclass(kind, asyncio.Future | concurrent.futures.Future):
        return _future
    if issubclass(kind, io.IOBase | TracedGenerator | TracedAsyncGenerator | TracedIterator):
        return None
    if _is_iterator(kind, "__anext__"):
        return lambda result, span, options: TracedAsyncIterator(result, _recorder(span, options))
    if _is_iterator(kind, "__next__"):
        return lambda result, span, options: TracedIterator(result, _recorder(span, options))
    return None


def _is_iterator(kind: type, step: str) -> bool:
    """Iterators written in Python or built in; a file or cursor in C must stay the same object."""
    own = next((c.__dict__[step] for c in kind.__mro__ if step in c.__dict__), None)
    return isinstance(own, types.FunctionType) or (
        own is not None and kind.__module__ in _C_ITERATORS
    )


def _recorder(span: Span, options: Options) -> Recorder:
    return Recorder(span.named, options, span.inputs, span)


async def _awaited(result: Awaitable[Any], recorder: Recorder) -> Any:  # what the coroutine gives
    with recorder as step:
        value = await result
    step.count = 0
    span = step.span
    if isinstance(span, Span):
        if step.options.records_outputs:
            span.set_outputs(step.options.output(value))
        span.end()
    return value


def _future(result: Any, span: Span, options: Options) -> Any:  # asyncio's or concurrent.futures'
    def done(future: Any) -> None:
        if future.cancelled():
            span.note_failure(asyncio.CancelledError())
        elif (error := future.exception()) is not None:
            span.note_failure(error)
        elif options.records_outputs:
            span.set_outputs(options.output(future.result()))
        span.end()

    result.add_done_callback(done)
    return result


class TracedIterator:
    """Stands for an iterator that a function returned; `isinstance` sees the original's class."""

    def __init__(self, inner: Any, recorder: Recorder) -> None:
        self._inner = inner
        self._step = recorder
        weakref.finalize(self, recorder.abandon)

    @property
    def __class__(self) -> type:  # pyright: ignore[reportIncompatibleMethodOverride]  that is the point
        return cast("type[Any]", type(self._inner))

    def __iter__(self) -> "TracedIterator":
        return self

    def __next__(self) -> Any:  # whatever the iterator gives
        with self._step as step:
            return step.item(next(self._inner))

    def __enter__(self) -> Self:
        self._inner.__enter__()
        return self

    def __exit__(self, *error: object) -> Any:  # as of the original
        try:
            return self._inner.__exit__(*error)
        finally:
            self._step.finish("closed")

    def __getattr__(self, name: str) -> Any:  # everything else is the original's
        value = getattr(self._inner, name)
        return _closing(value, self._step) if name in ("close", "aclose") else value


class TracedAsyncIterator(TracedIterator):
    """The same for an async iterator."""

    __iter__ = None  # pyright: ignore[reportAssignmentType]  it is not iterable
    __next__ = None  # pyright: ignore[reportAssignmentType]  nor an iterator

    def __aiter__(self) -> "TracedAsyncIterator":
        return self

    async def __anext__(self) -> Any:  # whatever the iterator gives
        with self._step as step:
            return step.item(await self._inner.__anext__())

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> Any:  # as of the original
        try:
            return await self._inner.__aexit__(*error)
        finally:
            self._step.finish("closed")


def _closing(close: Callable[..., Any], recorder: Recorder) -> Callable[..., Any]:
    @functools.wraps(close)
    def closing(*args: Any, **kwargs: Any) -> Any:  # as of the original
        try:
            return close(*args, **kwargs)
        finally:
            recorder.finish("closed")

    return closing
