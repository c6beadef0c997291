"""The span and the trace that code finds itself in."""

from collections.abc import Mapping
from typing import Any

from genaiops.tracing import diagnostics
from genaiops.tracing.context import SPAN_KEY, get_context, otel_span
from genaiops.tracing.dropped import NOTHING, Dropped
from genaiops.tracing.foreign import ForeignSpan
from genaiops.tracing.span import Span, last_trace
from genaiops.tracing.trace_facts import of_trace

__all__ = [
    "current_span",
    "get_current_active_span",
    "get_last_active_trace_id",
    "update_current_trace",
]


def current_span() -> Span | None:
    """Our own span that is current, None when there is none or another library's is."""
    span = get_context().get(SPAN_KEY)
    return span if isinstance(span, Span) else None


def get_current_active_span() -> Span | Dropped | ForeignSpan:
    """The current span, never None: outside a trace it is one that records nothing."""
    span = get_context().get(SPAN_KEY)
    if isinstance(span, Span | Dropped):
        return span
    other = otel_span()
    return ForeignSpan(other) if other.get_span_context().is_valid else NOTHING


def get_last_active_trace_id() -> str | None:
    """Id of the trace that ended last in this process, None when there was none."""
    return f"{last_trace[0]:032x}" if last_trace[0] else None


def update_current_trace(
    *,
    name: str | None = None,
    session_id: str | None = None,
    user_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Says something about the whole trace that is current; does nothing outside one.

    Args:
        name: Name of the trace, its first span's by default.
        session_id: Conversation the trace belongs to; stands on the spans that end later, too.
        user_id: User the trace belongs to; the same.
        tags: Added to the tags so far; values become text.
        metadata: Added to the metadata so far; any JSON.
    """
    span = get_current_active_span()
    if not span.is_recording():
        return
    try:
        own = span if isinstance(span, Span) else None
        above = None if own is None else own.root
        root = own if above is None or above.end_ns else above
        facts = of_trace(span.get_span_context().trace_id, root)
        facts.name = name or facts.name
        facts.session_id = session_id or facts.session_id
        facts.user_id = user_id or facts.user_id
        facts.tags |= {str(key): str(value) for key, value in (tags or {}).items()}
        facts.metadata |= dict(metadata or {})
        if isinstance(facts.root, Span) and facts.root.started:
            facts.root.write_start()
    except Exception as error:  # noqa: BLE001  tracing never breaks the application
        diagnostics.note("updating the trace", error)
