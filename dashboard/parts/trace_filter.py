"""The widgets that choose traces; their state is the URL."""

import time
from dataclasses import dataclass

import streamlit as st

from dashboard.parts.cells import Chip
from dashboard.parts.filter_box import filter_box
from dashboard.parts.urls import number, param, set_params
from genaiops.errors import FilterError
from genaiops.query import runs, traces

__all__ = ["Wanted", "chosen_time", "first_page", "trace_filter"]

_HOURS = {"1 h": 1, "24 h": 24, "7 d": 168, "30 d": 720}
_STATUSES = ("ok", "error", "running", "interrupted")
_EXAMPLE = "latency_ms > 500 AND tags.team = 'docs'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which traces to show.

    Attributes:
        text: In the filter language.
        phrase: Text that a span of the trace must hold.
        hours: Only the last hours.
        drawn_ns: From and to, as they were drawn on the chart (nanoseconds UTC).
        wrong: Why the filter cannot be understood; empty when it can.
    """

    text: str
    phrase: str
    experiment: str | None
    hours: int | None = None
    drawn_ns: tuple[int, int] | None = None
    wrong: str = ""

    @property
    def since_ns(self) -> int | None:
        """From when on; moves along where the last hours are wanted."""
        if self.drawn_ns:
            return self.drawn_ns[0]
        return None if self.hours is None else time.time_ns() - self.hours * 3_600 * 10**9

    @property
    def until_ns(self) -> int | None:
        """Up to when."""
        return self.drawn_ns[1] if self.drawn_ns else None

    @property
    def is_all(self) -> bool:
        """Nothing is filtered out."""
        return not (self.text or self.phrase or self.experiment or self.hours or self.drawn_ns)


def trace_filter() -> Wanted:
    """Draws the widgets and says what they choose."""
    names = [row.experiment.name for row in runs.experiments()]
    wrong = _wrong(param("q"))
    with st.container(horizontal=True, vertical_alignment="bottom", key="trace-filter"):
        typed = filter_box(key="filter", name="q", placeholder=_EXAMPLE, wrong=bool(wrong))
        phrase = st.text_input(
            "Text",
            key="text",
            bind="query-params",
            placeholder="text in any span",
            on_change=first_page,
            icon=":material/search:",
            label_visibility="collapsed",
            width=210,
        )
        status = st.selectbox(
            "Status",
            _STATUSES,
            index=None,
            placeholder="any status",
            key="status",
            bind="query-params",
            width=126,
            label_visibility="collapsed",
            on_change=first_page,
        )
        experiment = st.selectbox(
            "Experiment",
            names,
            index=None,
            placeholder="all experiments",
            key="exp",
            bind="query-params",
            width=168,
            label_visibility="collapsed",
            on_change=first_page,
        )
        span = st.segmented_control(
            "Time",
            list(_HOURS),
            key="time",
            bind="query-params",
            on_change=any_time,
            label_visibility="collapsed",
        )
        if number("from") and number("to"):
            st.button("Clear time", on_click=any_time, icon=":material/close:")
    parts = [f"({typed})"] if typed.strip() else []
    if status:
        parts.append(f"status = '{status}'")
    first, last = number("from"), number("to")
    return Wanted(
        text=" AND ".join(parts),
        phrase=(phrase or "").strip(),
        experiment=experiment,
        hours=_HOURS[span] if span else None,
        drawn_ns=(first * 10**6, last * 10**6) if first and last else None,
        wrong=wrong,
    )


def _wrong(typed: str) -> str:
    """Why a filter cannot be understood; empty when it can."""
    if not typed.strip():
        return ""
    try:
        traces.check(typed)
    except FilterError as error:
        return str(error)
    return ""


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
