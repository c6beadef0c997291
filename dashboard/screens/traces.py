"""Traces: filtered, searched, sorted, paged, live; every choice stands in the URL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.parts.cells import Marks
from dashboard.parts.guard import nothing_yet, show
from dashboard.parts.jobs import job_panel
from dashboard.parts.lists import trace_columns, trace_rows
from dashboard.parts.text import count
from dashboard.parts.trace_actions import JOB, marked_ids, outcome, set_marks, trace_actions
from dashboard.parts.trace_filter import Wanted, chosen_time, first_page, trace_filter
from dashboard.parts.trace_views import view_menu
from dashboard.parts.urls import leaving, param, set_params
from dashboard.parts.views import head, note, table, time_bars
from genaiops.model.span import TraceSummary
from genaiops.query import assessments, phrases, prompts_used, traces
from genaiops.query.traces import Bin

_PAGE = 100
_LIVE_S = 1.0
_FIRST = ("import genaiops", "@genaiops.trace", 'def answer(question): return "42"')


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A page of traces with what stands beside them."""

    items: Sequence[TraceSummary]
    snippets: Mapping[str, str]
    following: str | None
    bins: Sequence[Bin]
    said: str


def listing() -> None:
    """The page."""
    title = st.container()
    wanted = trace_filter()
    with title:
        head("Traces", chips=chosen_time(), trouble=wanted.wrong, key="title")
    if wanted.wrong:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="trace-actions", gap="xsmall"):  # fmt: skip
        counted = st.container(width="stretch")
        live = st.toggle("Live", key="live", bind="query-params")
        view_menu()
        trace_actions(wanted)
    outcome()
    job_panel(JOB)
    if live and not param("after"):
        st.fragment(_watched, run_every=_LIVE_S)(wanted)
    else:
        _shown(wanted, counted, marks=Marks(ids=marked_ids(), on_change=set_marks))


def _watched(wanted: Wanted) -> None:
    """The newest traces, again and again; the last hours move along."""
    if leaving():
        st.rerun()
    show(lambda: _shown(wanted, st.container(), marks=None), at_once=True)


def _shown(wanted: Wanted, counted: DeltaGenerator, *, marks: Marks | None) -> None:  # fmt: skip
    order = param("sort", "start_ns DESC")
    found = _found(wanted, order)
    with counted:
        note(found.said, key="found")
    if not found.items and wanted.is_all and not param("after"):
        nothing_yet("No traces yet", _FIRST, key="empty")
        return
    if found.bins:
        time_bars(found.bins, key="bars")
    table(
        trace_columns(phrase=bool(wanted.phrase)),
        trace_rows(
            found.items,
            assessments.of_traces([item.trace_id for item in found.items]),
            prompts_used.of_traces(found.items),
            found.snippets,
        ),
        key="list",
        page="trace",
        sort=order,
        marks=marks,
        empty="No trace matches. Loosen the filter or the time.",
    )
    st.session_state["trace list"] = [item.trace_id for item in found.items]
    _paging(found.following)


def _found(wanted: Wanted, order: str) -> _Found:
    """The page of the URL; a phrase is looked for newest first, without counting all."""
    since, until, after = wanted.since_ns, wanted.until_ns, param("after") or None
    if wanted.phrase:
        hits = phrases.containing(
            wanted.phrase,
            wanted.text,
            experiment=wanted.experiment,
            since_ns=since,
            until_ns=until,
            limit=_PAGE,
            page_token=after,
        )
        more = " or more" if hits.next_page_token or after else ""
        said = f"{count(len(hits.items))}{more} hold this text, newest first"
        return _Found(
            items=hits.items,
            snippets=hits.snippets,
            following=hits.next_page_token,
            bins=(),
            said=said,
        )
    page = traces.search(
        wanted.text,
        experiment=wanted.experiment,
        since_ns=since,
        until_ns=until,
        order_by=order,
        limit=_PAGE,
        page_token=after,
    )
    bins = traces.histogram(
        wanted.text, experiment=wanted.experiment, bins=72, since_ns=since, until_ns=until
    )
    total, failed = sum(step.n for step in bins), sum(step.n_errors for step in bins)
    said = f"{count(total)} found" + (f", {count(failed)} of them failed" if failed else "")
    return _Found(
        items=page.items, snippets={}, following=page.next_page_token, bins=bins, said=said
    )


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


show(listing, at_once=True)
