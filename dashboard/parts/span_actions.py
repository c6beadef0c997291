"""What can be done with a span and its trace: played again, kept as an example, downloaded."""

import json
from collections.abc import Iterable
from typing import Any, cast

import streamlit as st

import genaiops
from dashboard.parts.cells import Chip
from dashboard.parts.text import one_line
from dashboard.parts.urls import go_to, link
from dashboard.parts.views import chips, note
from genaiops.errors import GenaiopsError
from genaiops.model.span import SpanRecord, TraceSummary
from genaiops.query import datasets, traces
from genaiops.query.outline import Outline

__all__ = ["as_json", "span_actions"]

_SAID = "trace to dataset"
_NAME = "example dataset"


def span_actions(trace: Outline, span: SpanRecord) -> None:
    """The buttons below a span."""
    with st.container(horizontal=True, gap="small", key="span-actions"):
        if span.span_type == "llm":
            st.button(
                "Open in playground",
                icon=":material/play_circle:",
                type="tertiary",
                on_click=go_to,
                args=(_playground(span),),
            )
        with st.popover("Add to dataset", icon=":material/dataset:", type="tertiary"):
            _dataset(trace.summary)
        _downloads(trace, span)
    said: Chip | None = st.session_state.pop(_SAID, None)
    if said:
        chips([said], key=_SAID)


def _playground(span: SpanRecord) -> str:
    """The prompt's version with the messages of this call, else a new prompt made of them."""
    call = {"trace": span.trace_id, "span": span.span_id}
    if not span.prompt_name:
        return link("prompts", call)
    version = {"name": span.prompt_name, "v": str(span.prompt_version or "")}
    return link("prompts", {**version, "view": "Playground", **call})


def _dataset(summary: TraceSummary) -> None:
    """A form to keep the trace as an example: question, answer, contexts, what was expected."""
    names = sorted(item.name for item in datasets.names())

    def add() -> None:
        text = str(st.session_state.get(_NAME) or "").strip()
        try:
            if not text:
                raise genaiops.ConfigError("Name the dataset first.")
            known = {item.name for item in datasets.names()}
            put = genaiops.add_to_dataset if text in known else genaiops.create_dataset
            made = put(text, [summary])
        except GenaiopsError as error:
            st.session_state[_SAID] = Chip(value=str(error), tone="red")
            return
        said = f"added to {one_line(text, 60)}, version {made.version}"
        there = link("datasets", {"name": text, "row": summary.trace_id})
        st.session_state[_SAID] = Chip(value=said, tone="green", go=there)

    with st.form("example form", border=False):
        note("Keeps question, answer, contexts, and what people expected.", key="example note")
        st.selectbox(
            "Dataset",
            names,
            index=None,
            accept_new_options=True,
            placeholder="a name, old or new",
            key=_NAME,
        )
        st.form_submit_button("Add", key="add example", on_click=add)


def _downloads(trace: Outline, span: SpanRecord) -> None:
    """Whole values, those that are stored apart fetched when the button is pressed."""

    def whole_span() -> str:
        inner = {"inputs": traces.whole(span.inputs), "outputs": traces.whole(span.outputs)}
        return json.dumps(inner, indent=2, ensure_ascii=False, default=str)

    def whole_trace() -> str:
        spans = traces.whole_trace(traces.get(trace.summary.trace_id)).spans
        return json.dumps(
            [as_json(item) for item in spans], indent=2, ensure_ascii=False, default=str
        )

    for label, name, content in (
        ("This span", f"span-{span.span_id}.json", whole_span),
        ("Whole trace", f"trace-{trace.summary.trace_id}.json", whole_trace),
    ):
        st.download_button(
            label,
            content,
            file_name=name,
            mime="application/json",
            on_click="ignore",
            icon=":material/download:",
            type="tertiary",
        )


def as_json(span: SpanRecord) -> dict[str, Any]:  # any JSON values
    """A span as a JSON object, what is unknown left out."""
    found = {name: _plain(getattr(span, name)) for name in SpanRecord.__slots__}
    return {name: item for name, item in found.items() if item not in (None, [], {})}


def _plain(item: Any) -> Any:  # any JSON value, or events and links
    if isinstance(item, list | tuple):
        return [_plain(each) for each in cast("Iterable[Any]", item)]
    slots = getattr(cast("object", item).__class__, "__slots__", None)
    return {name: _plain(getattr(item, name)) for name in slots} if slots else item
