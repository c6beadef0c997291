"""Traces across processes: W3C ``traceparent``, ``tracestate`` and ``baggage``."""

import contextlib
from collections.abc import Generator, Iterable, Mapping, MutableMapping
from typing import Any, cast

from opentelemetry import trace as otel
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from genaiops.tracing.context import get_context, set_context

__all__ = ["extract", "inject"]

_trace, _baggage = TraceContextTextMapPropagator(), W3CBaggagePropagator()
_NAMES = ("traceparent", "tracestate", "baggage")
Headers = Mapping[Any, Any] | Iterable[tuple[Any, Any]]
"""A mapping or pairs; names in any case, values text or bytes, as servers hand them over."""


def inject(headers: MutableMapping[str, str] | None = None) -> MutableMapping[str, str]:
    """Adds the headers by which another process continues the current trace.

    Args:
        headers: Added to in place; a new dict when omitted.

    Returns: The headers; unchanged outside a trace.
    """
    carrier: MutableMapping[str, str] = {} if headers is None else headers
    _trace.inject(carrier)
    _baggage.inject(carrier)
    return carrier


@contextlib.contextmanager
def extract(headers: Headers) -> Generator[otel.Span]:
    """Continues the trace that another process injected, for the block of a ``with`` statement.

    Spans inside are children of the caller's span. Headers without a trace change nothing.
    """
    found = _read(headers)
    before = get_context()
    context = _baggage.extract(found, _trace.extract(found, before))
    set_context(context)
    try:
        yield otel.get_current_span(context)
    finally:
        if get_context() is context:
            set_context(before)


def _read(headers: Headers) -> dict[str, str]:
    table = cast("Mapping[str, Any]", headers).items() if isinstance(headers, Mapping) else headers
    pairs = cast("Iterable[tuple[Any, Any]]", table)
    found: dict[str, str] = {}
    for name, value in pairs:
        lower = _text(name).lower()
        if lower in _NAMES:
            several = cast("list[Any]", value) if isinstance(value, list) else [value]
            text = _text(several[0] if several else "")
            found[lower] = f"{found[lower]},{text}" if lower in found else text
    return found


def _text(value: Any) -> str:  # text or bytes
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
