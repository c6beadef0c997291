"""How a span begins: settings, parent, sampling, identity."""

from collections.abc import Callable
from typing import Any, cast

from opentelemetry import trace as otel

from genaiops.tracing import diagnostics
from genaiops.tracing.context import SPAN_KEY, Context, get_context, set_context, with_span
from genaiops.tracing.dropped import Dropped
from genaiops.tracing.options import Bind
from genaiops.tracing.record import Named
from genaiops.tracing.runtime import Runtime, current, random_bits
from genaiops.tracing.span import Span
from genaiops.tracing.ticker import OPEN, state, unpark
from genaiops.tracing.trace_facts import open_facts

__all__ = ["Joined", "begin", "begin_call", "joined"]


class Joined:
    """Which global tracer provider was looked at last, and what to do when it is another."""

    seen: object = None
    look: Callable[[], None] | None = None


joined = Joined()
provider_of_otel = vars(otel).get


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
        span = Span(named, runtime, parent.trace_int, random_bits(64), parent.span_int)
        span.root = parent.root or parent
        return span
    if parent is None:
        return open_root(named, runtime)
    return open_under(named, runtime, parent)


def begin_call(
    named: Named, bind: Bind | None, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Span | Dropped | None:
    """A span for one call of a traced function, current and with its arguments recorded.

    What `begin`, `set_inputs` and `activate` do, in one function: this runs on every call.
    """
    try:
        runtime = current()
        if runtime.disabled:
            return None
        before = get_context()
        parent = before.get(SPAN_KEY)
        if type(parent) is Span:
            span = Span(named, runtime, parent.trace_int, random_bits(64), parent.span_int)
            span.root = parent.root or parent
        elif parent is None:
            span = open_root(named, runtime)
        else:
            span = open_under(named, runtime, parent)
        if type(span) is not Span:
            if span is not None:
                span.activate(before)
            return span
        if bind is not None:
            span.inputs = runtime.content(bind(args, kwargs), "inputs")
        span.before = before
        span.context = with_span(before, span)
        set_context(span.context)
        OPEN.add(span)
        if state.parked:
            unpark()
    except Exception as error:  # noqa: BLE001  tracing never breaks the application
        diagnostics.note("beginning a span", error)
        return None
    return span


def open_root(named: Named, runtime: Runtime) -> Span | Dropped:
    """The first span of a new trace."""
    trace_id = random_bits(128)
    if runtime.sample_below is not None and not runtime.keeps(trace_id):
        return Dropped(trace_id)
    if provider_of_otel("_TRACER_PROVIDER") is not joined.seen and joined.look is not None:
        joined.look()
    return Span(named, runtime, trace_id, random_bits(64), 0)


def open_under(named: Named, runtime: Runtime, parent: object) -> Span | Dropped | None:
    """A span under one of another library or process."""
    if type(parent) is Dropped:
        return None
    known = cast("otel.Span", parent).get_span_context()
    if not known.is_valid:
        return open_root(named, runtime)
    if not known.trace_flags & otel.TraceFlags.SAMPLED:
        return None
    span = Span(named, runtime, known.trace_id, random_bits(64), known.span_id)
    facts = open_facts.get(known.trace_id)
    if facts is not None and isinstance(facts.root, Span):
        span.root = facts.root
    return span
