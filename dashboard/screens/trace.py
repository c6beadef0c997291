"""One trace: tree and waterfall beside the chosen span, and what was said about it."""

import streamlit as st

from dashboard.parts import tree
from dashboard.parts.cells import Chip, status_tone
from dashboard.parts.guard import show
from dashboard.parts.lists import trace_columns, trace_rows
from dashboard.parts.span_panel import span_panel
from dashboard.parts.text import count, ms, one_line, tokens, usd
from dashboard.parts.urls import go_to, leaving, link, param, set_params
from dashboard.parts.views import head, note, table, trace_tree
from genaiops.query import traces
from genaiops.query.outline import Outline, outline

_TAGS_SHOWN = 12
_SENT = "spans sent"


def page() -> None:
    """The page."""
    if not param("id"):
        head("Trace", note="Open one from the list, or put ?id= and its id in the URL.", key="none")
        recent = traces.search(limit=20).items
        table(trace_columns(short=True), trace_rows(recent, {}), key="recent", page="trace")
        return
    trace = outline(param("id"))
    _head(trace)
    st.session_state[_SENT] = ""
    _body(trace)


def _head(trace: Outline) -> None:
    summary = trace.summary
    title, buttons = st.columns([5, 1], vertical_alignment="top", wrap=False)
    with title:
        head(
            one_line(summary.name, 160) or "(no name)",
            kicker=("Traces", "traces"),
            copy=summary.trace_id,
            chips=[*_numbers(trace), *_places(trace)],
            key="title",
        )
    with buttons, st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        _neighbours(summary.trace_id)
    if trace.problems:
        note(" ".join(trace.problems), key="problems")


def _numbers(trace: Outline) -> list[Chip]:
    """What the trace took and paid."""
    summary = trace.summary
    failed = f", {count(summary.n_errors)} failed" if summary.n_errors else ""
    return [
        Chip(value=summary.status, tone=status_tone(summary.status)),
        Chip(label="started", at_ms=summary.start_ns / 1e6),
        Chip(label="took", value=ms(summary.duration_ms)),
        Chip(label="spans", value=f"{count(summary.n_spans)}{failed}",
             tone="red" if failed else "gray"),
        Chip(label="tokens", value=tokens(summary.input_tokens, summary.output_tokens),
             hint="input → output, each call to a provider counted once"),
        Chip(label="cost", value=usd(summary.cost_usd)),
        *(Chip(value=one_line(model, 60), tone="violet") for model in summary.models[:6]),
    ]  # fmt: skip


def _places(trace: Outline) -> list[Chip]:
    """What the trace belongs to; a click leads there."""
    summary = trace.summary
    chips: list[Chip] = []
    if summary.run_id:
        run = link("runs", {"run": summary.run_id})
        chips.append(Chip(label="run", value=summary.run_id[:8], mono=True, go=run))
    if summary.session_id:
        session = link("sessions", {"id": summary.session_id})
        chips.append(Chip(label="session", value=one_line(summary.session_id, 60), go=session))
    for field, text in (("experiment", summary.experiment), ("user_id", summary.user_id)):
        if text:
            quoted = text.replace("'", "''")
            where = link("traces", {"q": f"{field} = '{quoted}'"})
            label = field.removesuffix("_id")
            chips.append(Chip(label=label, value=one_line(text, 60), go=where))
    for tag, text in list(summary.tags.items())[:_TAGS_SHOWN]:
        chips.append(Chip(label=one_line(tag, 30), value=one_line(str(text), 60), tone="blue"))
    return chips


def _neighbours(trace_id: str) -> None:
    """Next and previous in the list that this session looked at last."""
    ids: list[str] = st.session_state.get("trace list", [])
    place = ids.index(trace_id) if trace_id in ids else -1
    for label, step, icon in (
        ("Newer", -1, ":material/chevron_left:"),
        ("Older", 1, ":material/chevron_right:"),
    ):
        there = place + step
        fits = place >= 0 and 0 <= there < len(ids)
        st.button(
            "",
            key=label,
            icon=icon,
            help=f"{label} trace of the list",
            disabled=not fits,
            on_click=go_to,
            args=(link("trace", {"id": ids[there]}) if fits else "",),
        )


@st.fragment
def _body(trace: Outline) -> None:
    """Tree and span; choosing a span draws this part anew, and sends the tree no second time."""
    if leaving():
        st.rerun()
    known = {node.span_id: node for node in trace.nodes}
    chosen = param("span")
    if chosen not in known:
        chosen = tree.first_choice(trace)
    stamp = f"{trace.summary.trace_id} {len(trace.nodes)} {trace.last_ns}"
    left, right = st.columns([1.12, 1], gap="small")
    with left:
        trace_tree(
            stamp,
            None if st.session_state.get(_SENT) == stamp else tree.rows(trace),
            selected=chosen,
            total_ms=tree.total_ms(trace),
            key="tree",
        )
        st.session_state[_SENT] = stamp
    with right:
        if chosen in known:
            span_panel(trace, known[chosen])
        else:
            set_params({"span": ""})
            head(
                "No spans", note="Only facts about this trace have arrived so far.", key="no spans"
            )


show(page, at_once=True)
