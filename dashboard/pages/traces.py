"""Traces: filtered, sorted, paged; every choice stands in the URL."""

import time

import streamlit as st

from dashboard.parts.guard import nothing_yet, show, trouble
from dashboard.parts.lists import trace_columns, trace_rows
from dashboard.parts.text import count
from dashboard.parts.urls import number, param, set_params
from dashboard.parts.views import Chip, head, table, time_bars
from genaiops.errors import FilterError
from genaiops.query import assessments, runs, traces

_PAGE = 100
_TIMES = {"1 h": 1, "24 h": 24, "7 d": 168, "30 d": 720}
_STATUSES = ("ok", "error", "running", "interrupted")
_HELP = (
    "Fields: name status latency_ms cost_usd input_tokens output_tokens model session_id user_id "
    "tags.KEY inputs outputs. Operators: = != < <= > >= LIKE ILIKE IN, contains(inputs, 'text'), "
    "AND OR NOT."
)


def listing() -> None:
    """The page."""
    title = st.container()
    filter_, experiment, since, until = _choices()
    try:
        total = traces.count(filter_, experiment=experiment, since_ns=since, until_ns=until)
        page = traces.search(
            filter_,
            experiment=experiment,
            since_ns=since,
            until_ns=until,
            order_by=param("sort", "start_ns DESC"),
            limit=_PAGE,
            page_token=param("after") or None,
        )
        bins = traces.histogram(
            filter_, experiment=experiment, bins=72, since_ns=since, until_ns=until
        )
    except FilterError as error:
        with title:
            trouble("Traces", str(error))
        return
    with title:
        _title(total)
    if not total and not filter_ and experiment is None and since is None:
        nothing_yet(
            "No traces yet",
            ("import genaiops", "@genaiops.trace", 'def answer(question): return "42"'),
            key="empty",
        )
        return
    if bins:
        time_bars(
            [(bin.start_ns / 1e6, bin.n - bin.n_errors, bin.n_errors) for bin in bins],
            step_ms=(bins[0].end_ns - bins[0].start_ns) / 1e6,
            key="bars",
        )
    said = assessments.of_traces([item.trace_id for item in page.items])
    table(
        trace_columns(),
        trace_rows(page.items, said),
        key="list",
        page="trace",
        sort=param("sort", "start_ns DESC"),
        empty="No trace matches. Loosen the filter or the time.",
    )
    st.session_state["trace list"] = [item.trace_id for item in page.items]
    _paging(page.next_page_token)


def _title(total: int) -> None:
    chips: list[Chip] = []
    first, last = number("from"), number("to")
    if first and last:
        shape = "%b %d %H:%M UTC"
        ends = [time.strftime(shape, time.gmtime(edge / 1e3)) for edge in (first, last)]
        chips.append(Chip(label="chosen", value=" – ".join(ends), tone="blue"))
    head("Traces", note=f"{count(total)} found", chips=chips, key="title")


def _choices() -> tuple[str, str | None, int | None, int | None]:
    """The filter text, the experiment, and the time in nanoseconds UTC, from widgets in the URL."""
    names = [row.experiment.name for row in runs.experiments()]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        typed = st.text_input(
            "Filter",
            key="q",
            bind="query-params",
            placeholder="latency_ms > 500 AND status = 'error' AND contains(inputs, 'refund')",
            help=_HELP,
            on_change=_first_page,
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
            on_change=_first_page,
        )
        span = st.segmented_control(
            "Time", list(_TIMES), key="time", bind="query-params", on_change=_first_page_any_time
        )
        experiment = st.selectbox(
            "Experiment",
            names,
            index=None,
            placeholder="All",
            key="exp",
            bind="query-params",
            width=170,
            on_change=_first_page,
        )
        if number("from") and number("to"):
            st.button("Clear time", on_click=_any_time, icon=":material/close:")
    parts = [f"({typed})"] if typed and typed.strip() else []
    if status:
        parts.append(f"status = '{status}'")
    first, last = number("from"), number("to")
    since = until = None
    if first and last:
        since, until = first * 10**6, last * 10**6
    elif span:
        since = time.time_ns() - _TIMES[span] * 3_600 * 10**9
    return " AND ".join(parts), experiment, since, until


def _first_page() -> None:
    set_params({"after": ""})
    st.session_state["newer pages"] = []


def _any_time() -> None:
    set_params({"from": "", "to": "", "after": ""})


def _first_page_any_time() -> None:
    _any_time()
    _first_page()


def _paging(following: str | None) -> None:
    now = param("after")
    newer: list[str] = st.session_state.setdefault("newer pages", [])

    def forward() -> None:
        newer.append(now)
        set_params({"after": following or ""})

    def back() -> None:
        set_params({"after": newer.pop() if newer else ""})

    if not now and following is None:
        return
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("First", on_click=_first_page, disabled=not now)
        st.button("Back", on_click=back, disabled=not now, icon=":material/chevron_left:")
        st.button(
            "Next",
            on_click=forward,
            disabled=following is None,
            icon=":material/chevron_right:",
            icon_position="right",
        )


show(listing)
