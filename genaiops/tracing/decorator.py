"""`@trace` and `start_span`."""

import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import time_ns
from typing import Any, ParamSpec, TypeVar, cast, overload

from genaiops.tracing import diagnostics
from genaiops.tracing.begin import begin, begin_call
from genaiops.tracing.context import set_context
from genaiops.tracing.dropped import NOTHING, Dropped
from genaiops.tracing.options import Bind, Options, binder
from genaiops.tracing.record import Named
from genaiops.tracing.results import PLAIN, later
from genaiops.tracing.runtime import current
from genaiops.tracing.setup import install
from genaiops.tracing.span import Span
from genaiops.tracing.streams import Recorder, TracedAsyncGenerator, TracedGenerator

__all__ = ["start_span", "trace"]

P = ParamSpec("P")
R = TypeVar("R")
Function = Callable[..., Any]


@overload
def trace(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def trace(
    *,
    name: str | None = None,
    span_type: str = "function",
    attributes: Mapping[str, Any] | None = None,
    inputs: bool | Sequence[str] | Callable[[dict[str, Any]], Any] = True,
    outputs: bool | Callable[[Any], Any] = True,
    reduce: Callable[[list[Any]], Any] | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def trace(
    function: Function | None = None,
    /,
    *,
    name: str | None = None,
    span_type: str = "function",
    attributes: Mapping[str, Any] | None = None,
    inputs: bool | Sequence[str] | Callable[[dict[str, Any]], Any] = True,
    outputs: bool | Callable[[Any], Any] = True,
    reduce: Callable[[list[Any]], Any] | None = None,
) -> Any:  # the overloads say what
    """Records every call of a function as a span; the line is written before the call returns.

    Works on functions, coroutines, generators, async generators, methods, classmethods and
    staticmethods (in either order), partials, callable objects, and functions that return
    iterators. The function's result and exceptions are never changed.

    Args:
        function: The function, when used without arguments.
        name: Name of the span, the function's own when omitted.
        span_type: ``function``, ``chain``, ``llm``, ``retriever``, ``tool``, ``agent``, …
        attributes: Attributes of every span.
        inputs: Records all arguments, none, those named, or what a function makes of the dict of
            arguments.
        outputs: Records the result, nothing, or what a function makes of it.
        reduce: What becomes of the list of items of a stream; texts are joined by default.

    Raises: TypeError when it is put on a class or on something that cannot be called.
    """
    install()
    options = Options(inputs=inputs, outputs=outputs, reduce=reduce)

    def decorate(target: Any) -> Any:  # anything callable, or its descriptor
        if isinstance(target, classmethod | staticmethod):
            kind = type(cast("classmethod[Any, Any, Any]", target))
            inner = cast("Function", target.__func__)
            owned = kind is classmethod
            return kind(
                _wrap(inner, _named(inner, name, span_type, attributes), options, owned=owned)
            )
        if isinstance(target, property):
            inner = cast("Function", target.fget)
            made = _wrap(inner, _named(inner, name, span_type, attributes), options, owned=False)
            return property(made, target.fset, target.fdel, target.__doc__)
        if isinstance(target, type):
            raise TypeError(
                f"@trace cannot be put on the class {target.__name__!r}: put it on its methods"
            )
        if not callable(target):
            raise TypeError(f"@trace needs a function, not {type(target).__name__!r}")
        return _wrap(target, _named(target, name, span_type, attributes), options, owned=False)

    return decorate if function is None else decorate(function)


def start_span(
    name: str,
    *,
    span_type: str = "function",
    attributes: Mapping[str, Any] | None = None,
) -> Span | Dropped:
    """A span for the block of a ``with`` or ``async with`` statement.

    Args:
        name: Name of the span.
        span_type: ``function``, ``chain``, ``llm``, ``retriever``, ``tool``, ``agent``, …
        attributes: Its first attributes.

    Returns: The span; one that records nothing when tracing is off or the trace is not sampled.
    """
    try:
        install()
        return begin(Named(name, span_type, attributes)) or NOTHING
    except Exception as error:  # noqa: BLE001  tracing never breaks the application
        diagnostics.note("beginning a span", error)
        return NOTHING


def _named(
    function: Function, name: str | None, span_type: str, attributes: Mapping[str, Any] | None
) -> Named:
    return Named(name or _own_name(function), span_type, attributes)


def _own_name(function: Any) -> str:  # a function, partial or callable object
    while isinstance(function, functools.partial):
        function = cast("Any", function).func
    name = getattr(function, "__name__", None)
    return name if isinstance(name, str) else type(function).__name__


def _wrap(function: Function, named: Named, options: Options, *, owned: bool) -> Function:
    """The traced twin of a function, of the same kind."""
    bind = binder(function, options, owned=owned)
    called = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004
    if inspect.isasyncgenfunction(function) or inspect.isasyncgenfunction(called):
        traced = _stream(function, named, options, bind, TracedAsyncGenerator)
    elif inspect.isgeneratorfunction(function) or inspect.isgeneratorfunction(called):
        traced = _stream(function, named, options, bind, TracedGenerator)
    elif inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called):
        traced = _coroutine(function, named, options, bind)
    else:
        traced = _plain(function, named, options, bind)
    wrapped = functools.wraps(function)(traced)
    wrapped.__name__ = getattr(function, "__name__", named.name)
    return wrapped


def _finish(span: Span | Dropped, result: Any, options: Options) -> Any:  # any result
    """Ends the span of a call that returned; the result, or what stands for one still to come."""
    if type(span) is not Span:
        span.leave()
        return result
    try:
        if type(result) not in PLAIN:
            waits, result = later(result, span, options)
            if waits:
                span.leave()
                return result
        outputs = options.outputs
        if outputs is True:
            span.outputs = span.runtime.content(result, "outputs")
        elif outputs is not False:
            span.outputs = span.runtime.content(outputs(result), "outputs")
    except Exception as error:  # noqa: BLE001  tracing never breaks the application
        diagnostics.note("recording a result", error)
    set_context(span.before)
    if span.end_ns == 0:
        span.end_ns = time_ns()
        span.write()
    return result


def _plain(function: Function, named: Named, options: Options, bind: Bind | None) -> Function:
    def traced(*args: Any, **kwargs: Any) -> Any:  # as of the function
        span = begin_call(named, bind, args, kwargs)
        if span is None:
            return function(*args, **kwargs)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            span.fail(error)
            raise
        return _finish(span, result, options)

    return traced


def _coroutine(
    function: Callable[..., Awaitable[Any]], named: Named, options: Options, bind: Bind | None
) -> Function:
    async def traced(*args: Any, **kwargs: Any) -> Any:  # as of the function
        span = begin_call(named, bind, args, kwargs)
        if span is None:
            return await function(*args, **kwargs)
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            span.fail(error)
            raise
        return _finish(span, result, options)

    return traced


def _stream(
    function: Function, named: Named, options: Options, bind: Bind | None, kind: Any
) -> Function:
    def traced(*args: Any, **kwargs: Any) -> Any:  # as of the function
        body = function(*args, **kwargs)
        try:
            runtime = current()
            if runtime.disabled:
                return body
            inputs = b"null" if bind is None else runtime.content(bind(args, kwargs), "inputs")
            return kind(body, Recorder(named, options, inputs))
        except Exception as error:  # noqa: BLE001  tracing never breaks the application
            diagnostics.note("beginning a span", error)
            return body

    return traced
