"""The widgets that choose traces; their state is the URL."""

import time
from dataclasses import dataclass

import streamlit as st

from dashboard.parts.cells import Chip
from dashboard.parts.urls import number, set_params
from genaiops.query import runs

__all__ = ["Wanted", "chosen_time", "first_page", "trace_filter"]

_HOURS = {"1 h": 1, "24 h": 24, "7 d": 168, "30 d": 720}
_STATUSES = ("ok", "error", "running", "interrupted")
_HELP = (
    "Fields: name status latency_ms cost_usd input_tokens output_tokens model session_id user_id "
    "run_id tags.KEY inputs outputs. Operators: = != < <= > >= LIKE ILIKE IN, "
    "contains(inputs, 'text'), AND OR NOT."
)
_EXAMPLE = "latency_ms > 500 AND tags.team = 'docs' AND contains(inputs, 'refund')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which traces to show; times are nanoseconds UTC."""

    text: str
    experiment: str | None
    since_ns: int | None
    until_ns: int | None

    @property
    def is_all(self) -> bool:
        """Nothing is filtered out."""
        return not self.text and self.experiment is None and self.since_ns is None


def trace_filter() -> Wanted:
    """Draws the widgets and says what they choose."""
    names = [row.experiment.name for row in runs.experiments()]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        typed = st.text_input(
            "Filter",
            key="q",
            bind="query-params",
            placeholder=_EXAMPLE,
            help=_HELP,
            on_change=first_page,
            icon=":material/filter_list:",
        )
        status = st.selectbox(
            "Status",
            _STATUSES,
            index=None,
            placeholder="Any",
            key="status",
            bind="query-params",
            width=130,
            on_change=first_page,
        )
        span = st.segmented_control(
            "Time", list(_HOURS), key="time", bind="query-params", on_change=any_time
        )
        experiment = st.selectbox(
            "Experiment",
            names,
            index=None,
            placeholder="All",
            key="exp",
            bind="query-params",
            width=170,
            on_change=first_page,
        )
        if number("from") and number("to"):
            st.button("Clear time", on_click=any_time, icon=":material/close:")
    parts = [f"({typed})"] if typed and typed.strip() else []
    if status:
        parts.append(f"status = '{status}'")
    since, until = _range(span)
    return Wanted(text=" AND ".join(parts), experiment=experiment, since_ns=since, until_ns=until)


def _range(span: str | None) -> tuple[int | None, int | None]:
    first, last = number("from"), number("to")
    if first and last:
        return first * 10**6, last * 10**6
    return (time.time_ns() - _HOURS[span] * 3_600 * 10**9, None) if span else (None, None)


def chosen_time() -> list[Chip]:
    """The time that was drawn on the chart, as a chip."""
    first, last = number("from"), number("to")
    if not (first and last):
        return []
    shape = "%b %d %H:%M UTC"
    ends = [time.strftime(shape, time.gmtime(edge / 1e3)) for edge in (first, last)]
    return [Chip(label="chosen", value=" – ".join(ends), tone="blue")]


def first_page() -> None:
    """Back to the first page, as after every change of the filter."""
    set_params({"after": ""})
    st.session_state["newer pages"] = []


def any_time() -> None:
    """Forgets the time that was drawn on the chart."""
    set_params({"from": "", "to": ""})
    first_page()
