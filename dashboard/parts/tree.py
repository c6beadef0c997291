"""A trace as rows of the tree and waterfall."""

from typing import Any

from dashboard.parts.text import count, usd
from genaiops.model.span import SpanRecord, Trace

__all__ = ["first_choice", "rows", "total_ms"]


def rows(trace: Trace) -> list[list[Any]]:
    """``[id, depth, name, type, status, start_ms, duration_ms, note]`` of each span."""
    begin = trace.summary.start_ns
    return [
        [
            span.span_id,
            depth,
            span.name,
            span.span_type,
            span.status,
            round(max(0, span.start_ns - begin) / 1e6, 3),
            None if span.duration_ms is None else round(max(0.0, span.duration_ms), 3),
            _note(span),
        ]
        for depth, span in trace.walk()
    ]


def total_ms(trace: Trace) -> float:
    """From the first start to the last end or, while it runs, the last start."""
    begin = trace.summary.start_ns
    last = max((span.end_ns or span.start_ns for span in trace.spans), default=begin)
    return max((last - begin) / 1e6, 0.001)


def first_choice(trace: Trace) -> str:
    """The span to show first: the root."""
    return trace.root.span_id if trace.root is not None else ""


def _note(span: SpanRecord) -> str:
    """Tokens and money of a model call, in few characters."""
    used = (span.input_tokens or 0) + (span.output_tokens or 0)
    parts = [f"{count(used)} tok"] if used else []
    if span.cost_usd:
        parts.append(usd(span.cost_usd))
    return " · ".join(parts)
