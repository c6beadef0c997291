"""How a span begins: settings, parent, sampling, identity."""

from collections.abc import Callable
from typing import Any, cast

from opentelemetry import trace as otel

from genaiops.tracing.context import SPAN_KEY, Context, get_context
from genaiops.tracing.dropped import Dropped
from genaiops.tracing.record import Named
from genaiops.tracing.runtime import Runtime, current, new_span_id, new_trace_id
from genaiops.tracing.span import Span
from genaiops.tracing.trace_facts import open_facts

__all__ = ["ON_ROOT", "begin", "open_span"]

ON_ROOT: list[Callable[[], None]] = []
"""Called before a trace begins: the provider looks whether the user has set one."""


def begin(named: Named, context: Context | None = None) -> Span | Dropped | None:
    """A new span under the one of `context`, or of the current context; not current itself yet.

    Returns: None when tracing is off or the trace is dropped and this is not its root.
    Raises: ConfigError when a setting is wrong.
    """
    runtime = current()
    if runtime.disabled:
        return None
    before = get_context() if context is None else context
    parent = before.get(SPAN_KEY)
    if type(parent) is Span:
        span = Span(named, runtime, parent.trace_int, new_span_id(), parent.span_int)
        span.root = parent.root
        return span
    if parent is None:
        return open_root(named, runtime)
    return open_under(named, runtime, cast("otel.Span", parent))


def open_root(named: Named, runtime: Runtime) -> Span | Dropped:
    """The first span of a new trace."""
    trace_id = new_trace_id()
    if runtime.sample_below is not None and not runtime.keeps(trace_id):
        return Dropped(trace_id)
    for look in ON_ROOT:
        look()
    return Span(named, runtime, trace_id, new_span_id(), 0)


def open_under(named: Named, runtime: Runtime, parent: otel.Span) -> Span | Dropped | None:
    """A span under one of another library or process."""
    if type(parent) is Dropped:
        return None
    known = parent.get_span_context()
    if not known.is_valid:
        return open_root(named, runtime)
    if not known.trace_flags & otel.TraceFlags.SAMPLED:
        return None
    span = Span(named, runtime, known.trace_id, new_span_id(), known.span_id)
    facts = open_facts.get(known.trace_id)
    if facts is not None and isinstance(facts.root, Span):
        span.root = facts.root
    return span


def open_span(named: Named, inputs: Any = None) -> Span | Dropped | None:  # any inputs
    """A new span that is current, with its inputs recorded."""
    span = begin(named)
    if span is not None:
        if inputs is not None:
            span.set_inputs(inputs)
        span.activate(get_context())
    return span
