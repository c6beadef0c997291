"""A trace as text: a tree with times, status, tokens, money, errors, inputs and outputs."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from genaiops.cli.text import clock, compact_json, money, one_line, printable
from genaiops.model.assessment import Assessment
from genaiops.model.span import SpanRecord, Trace

__all__ = ["span_dict", "trace_dict", "trace_lines"]

_SHORT = 160


def trace_lines(trace: Trace, *, full: bool) -> Iterator[str]:
    """The trace line by line.

    Args:
        trace: The trace.
        full: Inputs, outputs and attributes whole and indented; else one short line each.
    """
    summary = trace.summary
    facts = [
        one_line(summary.name, _SHORT),
        summary.status,
        _milliseconds(trace.duration_ms),
        f"{summary.n_spans} span{'' if summary.n_spans == 1 else 's'}",
        _tokens(trace.input_tokens, trace.output_tokens),
        money(trace.cost_usd),
        clock(summary.start_ns),
    ]
    yield f"trace {trace.trace_id}"
    yield "  ".join(fact for fact in facts if fact)
    yield from _context(trace)
    yield ""
    starts = [span.start_ns for span in trace.spans]
    began = min(starts) if starts else 0
    for depth, span in trace.walk():
        yield from _span_lines(span, indent="  " * depth, began=began, full=full)
    if trace.assessments:
        yield ""
        yield "assessments"
        yield from (f"  {_assessment(item)}" for item in trace.assessments)


def span_dict(span: SpanRecord) -> dict[str, Any]:
    """A span as JSON, with ``duration_ms``."""
    return asdict(span) | {"duration_ms": span.duration_ms}


def trace_dict(trace: Trace) -> dict[str, Any]:
    """A trace as JSON: its summary, ``spans`` and ``assessments``."""
    return asdict(trace.summary) | {
        "duration_ms": trace.duration_ms,
        "spans": [span_dict(span) for span in trace.spans],
        "assessments": [asdict(item) for item in trace.assessments],
    }


def _context(trace: Trace) -> Iterator[str]:
    """Who and what the trace belongs to."""
    summary = trace.summary
    named = {
        "experiment": summary.experiment,
        "run": summary.run_id,
        "session": summary.session_id,
        "user": summary.user_id,
    }
    parts = [f"{name} {one_line(value, _SHORT)}" for name, value in named.items() if value]
    parts += [one_line(f"{key}={value}", _SHORT) for key, value in summary.tags.items()]
    if parts:
        yield " · ".join(parts)


def _span_lines(span: SpanRecord, *, indent: str, began: int, full: bool) -> Iterator[str]:
    mark = {"error": "✗", "running": "…", "interrupted": "✗"}.get(span.status, "·")
    model = span.response_model or span.request_model
    prompt = "" if span.prompt_name is None else f"{span.prompt_name}@{span.prompt_version}"
    facts = [
        f"{one_line(span.name, 80)} [{one_line(span.span_type, 40)}]",
        "" if span.status == "ok" else span.status,
        _milliseconds(span.duration_ms),
        f"at +{(span.start_ns - began) / 1e6:,.1f} ms",
        one_line(model or "", 80),
        one_line(prompt, 80),
        _tokens(span.input_tokens, span.output_tokens),
        money(span.cost_usd),
    ]
    yield f"{indent}{mark} " + "  ".join(fact for fact in facts if fact)
    inner = f"{indent}    "
    if span.status_message:
        yield from _value(
            "error" if span.status == "error" else "status", span.status_message, inner, full=full
        )
    for name, value in (("in", span.inputs), ("out", span.outputs)):
        if value is not None:
            yield from _value(name, value, inner, full=full)
    if not full:
        return
    if span.attributes:
        yield from _value("attributes", dict(span.attributes), inner, full=True)
    for event in span.events:
        yield from _value(f"event {event.name}", dict(event.attributes), inner, full=True)
    for link in span.links:
        yield f"{inner}link  {printable(link.trace_id)} {printable(link.span_id)}"


def _value(name: str, value: Any, indent: str, *, full: bool) -> Iterator[str]:  # any JSON value
    if not full:
        yield f"{indent}{name}  {one_line(compact_json(value), _SHORT)}"
        return
    if isinstance(value, str):
        text = value
    else:
        text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    lines = [printable(line) for line in text.split("\n")]
    yield f"{indent}{printable(name)}" + (f"  {lines[0]}" if len(lines) == 1 else "")
    if len(lines) > 1:
        yield from (f"{indent}  {line}" for line in lines)


def _assessment(item: Assessment) -> str:
    value: Mapping[str, Any] | Any = item.error if item.error is not None else item.value
    said = one_line(compact_json(value), 80)
    source = one_line(" ".join(part for part in (item.source_type, item.source_id) if part), 60)
    reason = "" if not item.rationale else f"  {one_line(item.rationale, _SHORT)}"
    failed = "failed: " if item.error is not None else ""
    return f"{one_line(item.name, 60)} = {failed}{said}  ({source}){reason}"


def _milliseconds(value: float | None) -> str:
    return "running" if value is None else f"{value:,.1f} ms"


def _tokens(sent: int | None, received: int | None) -> str:
    """Tokens in and out; empty when neither is known."""
    if sent is None and received is None:
        return ""
    shown = ["?" if count is None else f"{count:,}" for count in (sent, received)]
    return f"{shown[0]} → {shown[1]} tokens"
