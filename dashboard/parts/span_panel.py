"""The chosen span of a trace: conversation, values, attributes, events, feedback."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard.parts.cells import Chip, Column, Row, status_tone
from dashboard.parts.feedback import feedback
from dashboard.parts.messages import conversation
from dashboard.parts.pictures import with_pictures
from dashboard.parts.span_actions import as_json, span_actions
from dashboard.parts.text import count, ms, one_line, tokens, usd
from dashboard.parts.tree import roll_up
from dashboard.parts.urls import link
from dashboard.parts.views import chat, head, note, table, value
from genaiops.model.span import SpanRecord
from genaiops.query import traces
from genaiops.query.outline import Node, Outline

__all__ = ["span_panel"]

_VIEWS = ("Content", "Raw", "Attributes", "Events", "Feedback", "Roll-up", "JSON")


def span_panel(trace: Outline, node: Node) -> None:
    """Everything about one span, read when it is chosen."""
    span = traces.get_span(trace.summary.trace_id, node.span_id, start_ns=node.start_ns)
    head(
        one_line(span.name, 120),
        chips=_chips(trace, node, span),
        trouble=_trouble(span),
        key="span head",
    )
    view = st.segmented_control(
        "View",
        _VIEWS,
        default="Content",
        required=True,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
    )
    if view == "Raw":
        _values(span)
    elif view == "Attributes":
        _attributes(span)
    elif view == "Events":
        _events(span)
    elif view == "Feedback":
        feedback(trace, span)
    elif view == "Roll-up":
        roll_up(trace)
    elif view == "JSON":
        _whole(span)
    else:
        _content(span)
    span_actions(trace, span)


def _chips(trace: Outline, node: Node, span: SpanRecord) -> list[Chip]:
    chips = [
        Chip(value=span.span_type),
        Chip(value=span.status, tone=status_tone(span.status)),
    ]
    chips.append(Chip(value=ms(span.duration_ms), hint="duration"))
    model = span.response_model or span.request_model
    if model:
        named = f"{span.provider}/{model}" if span.provider else model
        chips.append(Chip(value=one_line(named, 60), tone="violet"))
    if span.input_tokens is not None or span.output_tokens is not None:
        hint = (
            f"cache read {count(span.cache_read_tokens)}, write {count(span.cache_write_tokens)}, "
        )
        hint += f"reasoning {count(span.reasoning_tokens)}"
        used = f"{count(span.input_tokens)} → {count(span.output_tokens)}"
        chips.append(Chip(label="tokens", value=used, hint=hint))
    if span.cost_usd is not None:
        chips.append(Chip(label="cost", value=usd(span.cost_usd)))
    if not node.is_call and node.usage.is_known:
        used = tokens(node.usage.input_tokens, node.usage.output_tokens)
        below = f"{used} · {usd(node.usage.cost_usd)}"
        chips.append(Chip(label="below", value=below, hint="tokens and cost of the spans below"))
    if node.path_ms:
        hint = "time of the critical path that this span itself accounts for"
        chips.append(Chip(label="waited for", value=ms(node.path_ms), tone="orange", hint=hint))
    if span.ttft_ms is not None:
        chips.append(Chip(label="first token", value=ms(span.ttft_ms)))
    if span.prompt_name:
        params = {"name": span.prompt_name, "v": str(span.prompt_version or "")}
        text = f"{one_line(span.prompt_name, 50)} v{span.prompt_version}"
        chips.append(Chip(label="prompt", value=text, tone="blue", go=link("prompts", params)))
    said = sum(1 for item in trace.assessments if item.span_id in (None, span.span_id))
    for label, number in (
        ("events", len(span.events)),
        ("links", len(span.links)),
        ("feedback", said),
    ):
        if number:
            chips.append(Chip(label=label, value=count(number)))
    return chips


def _trouble(span: SpanRecord) -> str:
    if span.status == "interrupted":
        return "The process ended while this span was open."
    return span.status_message or ""


def _content(span: SpanRecord) -> None:
    messages = conversation(span.inputs, span.outputs)
    if messages:
        chat(with_pictures(messages), key="chat")
    else:
        _values(span)


def _values(span: SpanRecord) -> None:
    for title, content in (("Input", span.inputs), ("Output", span.outputs)):
        if content is not None:
            value(content, title=title, key=title)
    if span.inputs is None and span.outputs is None:
        note("No input or output was captured.", key="no values")


def _attributes(span: SpanRecord) -> None:
    facts: Mapping[str, Any] = {
        "span_id": span.span_id,
        "parent_span_id": span.parent_span_id,
        "service": span.service,
        "experiment": span.experiment,
        "operation": span.operation,
        "response_id": span.response_id,
        "finish_reasons": span.finish_reasons and list(span.finish_reasons),
    }
    value(
        {name: item for name, item in facts.items() if item is not None}, title="Span", key="facts"
    )
    if span.attributes:
        value(dict(span.attributes), title="Attributes", key="attributes")


def _events(span: SpanRecord) -> None:
    for place, event in enumerate(span.events):
        after = ms(max(0.0, (event.time_ns - span.start_ns) / 1e6))
        title = f"{one_line(event.name, 80)} · after {after}"
        value(dict(event.attributes), title=title, key=f"event {place}", depth=1)
    if span.links:
        columns = [Column(key="trace", label="Linked trace", mono=True)]
        rows = [
            Row(
                id=f"{place}",
                cells={"trace": to.trace_id},
                params={"id": to.trace_id, "span": to.span_id},
            )
            for place, to in enumerate(span.links)
        ]
        table(columns, rows, page="trace", key="links")
    if not span.events and not span.links:
        note("No events and no links.", key="no events")


def _whole(span: SpanRecord) -> None:
    """Everything that is known of the span, under the names of SQL; values over 64 KB are marked."""
    value(as_json(span), title="Span", key="json", depth=1)
