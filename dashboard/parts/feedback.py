"""What was said about a trace and its span, and a form to say more."""

import json

import streamlit as st

import genaiops
from dashboard.parts.cells import Column, Row
from dashboard.parts.lists import verdict
from dashboard.parts.text import ago, one_line
from dashboard.parts.views import head, note, table
from genaiops.errors import GenaiopsError
from genaiops.model.assessment import Assessment
from genaiops.model.span import SpanRecord
from genaiops.query.outline import Outline

__all__ = ["feedback", "typed_value"]

_COLUMNS = (
    Column(key="what", label="Name", kind="chips", width="36%"),
    Column(key="why", label="Why", kind="wrap"),
    Column(key="who", label="By", kind="pair", width="24%"),
)


def feedback(trace: Outline, span: SpanRecord) -> None:
    """The list and the form."""
    said = [item for item in trace.assessments if item.span_id in (None, span.span_id)]
    if said:
        table(_COLUMNS, [_row(item, span) for item in said[::-1]], key="said")
    else:
        note("Nothing was said about this span yet.", key="silence")
    _form(trace, span)


def _row(item: Assessment, span: SpanRecord) -> Row:
    place = "this span" if item.span_id == span.span_id else "trace"
    about = "expected" if item.kind == "expectation" else place
    chip = verdict(item.name, item.value, error=item.error).json()
    if item.superseded_by:
        chip["tone"], chip["hint"] = "gray", "replaced by a later one"
    who = " ".join(part for part in (item.source_type, item.source_id) if part)
    return Row(
        id=item.assessment_id,
        cells={
            "what": [chip],
            "why": one_line(item.error or item.rationale, 600) or None,
            "who": [who, f"{about} · {ago(item.created_ns)}"],
        },
    )


def _form(trace: Outline, span: SpanRecord) -> None:
    with st.form("feedback", clear_on_submit=True, border=True):
        left, right = st.columns(2)
        name = left.text_input("Name", value="quality", max_chars=120)
        answer = right.text_input("Value", placeholder="yes, no, a number or text", max_chars=2_000)
        why = st.text_area("Why", max_chars=10_000, height=70)
        about = st.radio("About", ["The whole trace", "This span"], horizontal=True)
        sent = st.form_submit_button("Add feedback", type="primary")
    if not sent:
        return
    if not (name and name.strip() and answer and answer.strip()):
        note("Give a name and a value.", key="incomplete")
        return
    try:
        genaiops.log_feedback(
            trace.summary.trace_id,
            name.strip(),
            typed_value(answer),
            span_id=span.span_id if about == "This span" else None,
            rationale=why or None,
            source="human",
        )
    except GenaiopsError as error:
        head("Not stored", note=str(error), key="refused")
        return
    st.rerun()


def typed_value(text: str) -> bool | float | str:
    """What a person typed: yes and no are booleans, numbers numbers, the rest text."""
    word = text.strip()
    if word.lower() in ("yes", "true", "no", "false"):
        return word.lower() in ("yes", "true")
    try:
        number = json.loads(word)
    except ValueError:
        return word
    return number if isinstance(number, int | float) else word
