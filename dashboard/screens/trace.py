"""One trace: tree and waterfall beside the chosen span, and what was said about it."""

import streamlit as st

from dashboard.parts import tree
from dashboard.parts.cells import Chip, Tile, status_tone
from dashboard.parts.guard import show
from dashboard.parts.lists import trace_columns, trace_rows
from dashboard.parts.span_panel import span_panel
from dashboard.parts.text import count, ms, one_line, usd
from dashboard.parts.urls import go_to, link, param, set_params
from dashboard.parts.views import head, table, tiles, trace_tree
from genaiops.model.span import Trace
from genaiops.query import traces

_TAGS_SHOWN = 12


def page() -> None:
    """The page."""
    if not param("id"):
        head("Trace", note="Open one from the list, or put ?id= and its id in the URL.", key="none")
        recent = traces.search(limit=20).items
        table(trace_columns(short=True), trace_rows(recent, {}), key="recent", page="trace")
        return
    trace = traces.get(param("id"))
    _head(trace)
    _body(trace)


def _head(trace: Trace) -> None:
    summary = trace.summary
    title, buttons = st.columns([5, 1.3], vertical_alignment="bottom", wrap=False)
    with title:
        head(
            one_line(summary.name, 160) or "(no name)",
            kicker=("Traces", "traces"),
            copy=trace.trace_id,
            chips=_chips(trace),
            key="title",
        )
    with buttons, st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        _neighbours(trace.trace_id)
    tiles(
        (
            Tile(label="Latency", value=ms(trace.duration_ms)),
            Tile(label="Spans", value=count(summary.n_spans)),
            Tile(
                label="Failed spans",
                value=count(summary.n_errors),
                tone="red" if summary.n_errors else "plain",
            ),
            Tile(label="Input tokens", value=count(summary.input_tokens)),
            Tile(label="Output tokens", value=count(summary.output_tokens)),
            Tile(label="Cost", value=usd(summary.cost_usd)),
        ),
        key="numbers",
    )


def _chips(trace: Trace) -> list[Chip]:
    summary = trace.summary
    chips = [Chip(value=summary.status, tone=status_tone(summary.status))]
    chips += [Chip(value=one_line(model, 60), tone="violet") for model in summary.models]
    if summary.run_id:
        run = link("runs", {"run": summary.run_id})
        chips.append(Chip(label="run", value=summary.run_id[:8], mono=True, go=run))
    for label, text in (
        ("experiment", summary.experiment),
        ("session", summary.session_id),
        ("user", summary.user_id),
    ):
        if text:
            field = {"session": "session_id", "user": "user_id"}.get(label, label)
            quoted = text.replace("'", "''")
            where = link("traces", {"q": f"{field} = '{quoted}'"})
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
def _body(trace: Trace) -> None:
    known = {span.span_id: span for span in trace.spans}
    chosen = param("span")
    if chosen not in known:
        chosen = tree.first_choice(trace)
    left, right = st.columns([1.12, 1], gap="medium")
    with left:
        trace_tree(
            trace.trace_id,
            tree.rows(trace),
            selected=chosen,
            total_ms=tree.total_ms(trace),
            key="tree",
        )
    with right:
        if chosen in known:
            span_panel(trace, known[chosen])
        else:
            set_params({"span": ""})
            head(
                "No spans", note="Only facts about this trace have arrived so far.", key="no spans"
            )


show(page)
