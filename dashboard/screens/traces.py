"""Traces: filtered, sorted, paged; every choice stands in the URL."""

import streamlit as st

from dashboard.parts.guard import nothing_yet, show, trouble
from dashboard.parts.lists import trace_columns, trace_rows
from dashboard.parts.text import count
from dashboard.parts.trace_filter import chosen_time, first_page, trace_filter
from dashboard.parts.urls import param, set_params
from dashboard.parts.views import head, table, time_bars
from genaiops.errors import FilterError
from genaiops.query import assessments, traces

_PAGE = 100
_FIRST = ("import genaiops", "@genaiops.trace", 'def answer(question): return "42"')


def listing() -> None:
    """The page."""
    title = st.container()
    wanted = trace_filter()
    order = param("sort", "start_ns DESC")
    try:
        page = traces.search(
            wanted.text,
            experiment=wanted.experiment,
            since_ns=wanted.since_ns,
            until_ns=wanted.until_ns,
            order_by=order,
            limit=_PAGE,
            page_token=param("after") or None,
        )
    except FilterError as error:
        with title:
            trouble("Traces", str(error))
        return
    bins = traces.histogram(
        wanted.text,
        experiment=wanted.experiment,
        bins=72,
        since_ns=wanted.since_ns,
        until_ns=wanted.until_ns,
    )
    total = sum(step.n for step in bins)
    with title:
        head("Traces", note=f"{count(total)} found", chips=chosen_time(), key="title")
    if not total and wanted.is_all:
        nothing_yet("No traces yet", _FIRST, key="empty")
        return
    if bins:
        time_bars(bins, key="bars")
    said = assessments.of_traces([item.trace_id for item in page.items])
    table(
        trace_columns(),
        trace_rows(page.items, said),
        key="list",
        page="trace",
        sort=order,
        empty="No trace matches. Loosen the filter or the time.",
    )
    st.session_state["trace list"] = [item.trace_id for item in page.items]
    _paging(page.next_page_token)


def _paging(following: str | None) -> None:
    """First, back and next; a page is named in the URL by where it begins."""
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
        st.button("First", on_click=first_page, disabled=not now)
        st.button("Back", on_click=back, disabled=not now, icon=":material/chevron_left:")
        st.button(
            "Next",
            on_click=forward,
            disabled=following is None,
            icon=":material/chevron_right:",
            icon_position="right",
        )


show(listing)
