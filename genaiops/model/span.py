"""Spans and traces as they are read from a store."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from genaiops.model.assessment import Assessment

__all__ = ["SpanEvent", "SpanLink", "SpanRecord", "Trace", "TraceSummary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanEvent:
    """Something that happened inside a span, at ``time_ns`` (nanoseconds UTC)."""

    name: str
    time_ns: int
    attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanLink:
    """A pointer from one span to another, perhaps in another trace."""

    trace_id: str
    span_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanRecord:
    """One span: the columns of the SQL view ``spans``, with JSON decoded.

    Times are nanoseconds UTC, ids lower-case hex, money USD; None means unknown.
    """

    trace_id: str
    span_id: str
    name: str
    span_type: str
    status: str
    start_ns: int
    parent_span_id: str | None = None
    status_message: str | None = None
    end_ns: int | None = None
    service: str | None = None
    experiment: str | None = None
    run_id: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    operation: str | None = None
    provider: str | None = None
    request_model: str | None = None
    response_model: str | None = None
    response_id: str | None = None
    finish_reasons: Sequence[str] | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    ttft_ms: float | None = None
    prompt_name: str | None = None
    prompt_version: int | None = None
    inputs: Any = None  # any JSON value
    outputs: Any = None  # any JSON value
    attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    events: Sequence[SpanEvent] = ()
    links: Sequence[SpanLink] = ()

    @property
    def duration_ms(self) -> float | None:
        """Milliseconds from start to end, None while the span is open."""
        return None if self.end_ns is None else (self.end_ns - self.start_ns) / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSummary:
    """One row of the SQL view ``traces``: a trace without its spans."""

    trace_id: str
    name: str
    status: str
    start_ns: int
    end_ns: int | None
    n_spans: int
    n_errors: int
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    models: Sequence[str]
    session_id: str | None
    user_id: str | None
    experiment: str | None
    run_id: str | None
    tags: Mapping[str, str]
    metadata: Mapping[str, Any]
    inputs_preview: str | None
    outputs_preview: str | None

    @property
    def duration_ms(self) -> float | None:
        """Milliseconds from start to end, None while the trace is open."""
        return None if self.end_ns is None else (self.end_ns - self.start_ns) / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A whole trace: its summary, spans in order of start, and what was said about it."""

    summary: TraceSummary
    spans: Sequence[SpanRecord]
    assessments: Sequence[Assessment] = ()

    @property
    def trace_id(self) -> str:
        """The id, 32 lower-case hex characters."""
        return self.summary.trace_id

    @property
    def root(self) -> SpanRecord | None:
        """The span without a parent in this trace; the earliest when there are several."""
        ids = {span.span_id for span in self.spans}
        return next((span for span in self.spans if span.parent_span_id not in ids), None)

    @property
    def status(self) -> str:
        """``ok``, ``error``, ``unset``, ``running`` or ``interrupted``."""
        return self.summary.status

    @property
    def duration_ms(self) -> float | None:
        """Milliseconds from the first start to the last end."""
        return self.summary.duration_ms

    @property
    def input_tokens(self) -> int | None:
        """Input tokens, each provider call counted once."""
        return self.summary.input_tokens

    @property
    def output_tokens(self) -> int | None:
        """Output tokens, each provider call counted once."""
        return self.summary.output_tokens

    @property
    def cost_usd(self) -> float | None:
        """USD, each provider call counted once; None when no price is known."""
        return self.summary.cost_usd

    @property
    def tags(self) -> Mapping[str, str]:
        """Tags set with ``update_current_trace``."""
        return self.summary.tags

    def walk(self) -> Iterator[tuple[int, SpanRecord]]:
        """Every span once with its depth: parents before children, siblings by start.

        Spans that are each other's parents come last, from the earliest of them.
        """
        ids = {span.span_id for span in self.spans}
        children: dict[str | None, list[SpanRecord]] = {}
        for span in self.spans:
            parent = span.parent_span_id if span.parent_span_id in ids else None
            children.setdefault(parent, []).append(span)
        seen: set[str] = set()
        for first in (*children.get(None, ()), *self.spans):
            stack = [(0, first)]
            while stack:
                depth, span = stack.pop()
                if span.span_id in seen:
                    continue
                seen.add(span.span_id)
                yield depth, span
                below = children.get(span.span_id, ())
                stack.extend((depth + 1, child) for child in reversed(below))

    def tree(self) -> str:
        """The trace as indented text: a line a span, with status and milliseconds."""
        lines: list[str] = []
        for depth, span in self.walk():
            took = "…" if span.duration_ms is None else f"{span.duration_ms:.1f} ms"
            lines.append(f"{'  ' * depth}{span.name} [{span.span_type}] {span.status} {took}")
        return "\n".join(lines)
