"""SQL: questions that no page answers, read-only, as a table or a chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from dashboard.parts.cells import Chip, Column, Row
from dashboard.parts.export import csv_button
from dashboard.parts.guard import show
from dashboard.parts.jobs import Job, job_panel, start
from dashboard.parts.sql_result import SHOWN, chart, result_table
from dashboard.parts.text import count, counted
from dashboard.parts.urls import link
from dashboard.parts.views import chips, head, note, table
from genaiops.query import schema, sql, store

_MOST, _MOST_CHARS = 10_000, 50_000_000
"""Rows that are kept of an answer, and letters in them."""
_TIMEOUT_S, _AT_ONCE_S = 20.0, 0.6
_KEY, _RESULT = "sql query", "sql result"


def page() -> None:
    """The page."""
    head("SQL", note="DuckDB over the views of the store; nothing can be changed from here.", key="title")  # fmt: skip
    typed = st.text_area(
        "Query",
        key="sql",
        bind="query-params",
        height=150,
        placeholder=schema.EXAMPLES["Cost by model"],
        label_visibility="collapsed",
        max_chars=20_000,
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Run", type="primary", on_click=_forget, help="Ctrl + Enter in the field")
        chips(
            [
                Chip(value=name, tone="blue", go=link("sql", {"sql": text}))
                for name, text in schema.EXAMPLES.items()
            ],
            key="examples",
        )
    if typed and typed.strip():
        _answer(typed.strip())
    with st.expander("Views and their columns", expanded=not (typed and typed.strip())):
        _schema()


@dataclass(slots=True)
class _Answer:
    """What the store said to a question, once its job has ended.

    Attributes:
        asked: The store and the query.
        cut: Whether rows were left out, because there are too many or they are too large.
    """

    asked: tuple[str, str]
    job: Job
    names: Sequence[str] = ()
    rows: Sequence[tuple[Any, ...]] = ()  # values of a user's query
    cut: bool = False


def _forget() -> None:
    """The next run asks the store anew; what was being asked is stopped."""
    answer: _Answer | None = st.session_state.pop(_RESULT, None)
    if answer is not None:
        answer.job.stop.set()


def _answer(text: str) -> None:
    """The answer, kept until another question is asked or Run is pressed."""
    asked = (store.uri(), text)
    answer: _Answer | None = st.session_state.get(_RESULT)
    if answer is None or answer.asked != asked:
        _forget()
        answer = _Answer(asked=asked, job=Job(title="Asking the store"))
        st.session_state[_RESULT] = answer
        start(_KEY, answer.job, partial(_ask, answer), wait_s=_AT_ONCE_S)
    if not answer.job.ended:
        job_panel(_KEY)
    elif answer.job.failed:
        head("", trouble=answer.job.said, key="refused")
    else:
        _shown(answer.names, answer.rows, cut=answer.cut)


def _ask(answer: _Answer, job: Job) -> str:
    """Asks the store; keeps so many rows as may be kept."""
    found = sql(answer.asked[1], timeout_s=_TIMEOUT_S, max_rows=_MOST + 1, stop=job.stop)
    answer.names, room, kept = found.columns, _MOST_CHARS, 0
    for row in found.rows[:_MOST]:
        room -= sum(len(item) for item in row if isinstance(item, str | bytes))
        if room < 0 and kept:
            break
        kept += 1
    answer.rows, answer.cut = found.rows[:kept], kept < len(found.rows)
    return "answered"


def _shown(names: Sequence[str], rows: Sequence[tuple[Any, ...]], *, cut: bool) -> None:
    """How many rows, and these as a table or a chart."""
    said = counted(len(rows), "row") + (" or more: the first are kept" if cut else "")
    if len(rows) > SHOWN:
        said += f", {count(SHOWN)} shown"
    with st.container(horizontal=True, vertical_alignment="center"):
        view = st.segmented_control(
            "View",
            ("Table", "Chart"),
            default="Table",
            required=True,
            key="view",
            bind="query-params",
            label_visibility="collapsed",
        )
        with st.container(width="stretch"):
            note(said, key="rows")
        csv_button("query", names, lambda: rows, key="sql csv", disabled=not rows)
    if view == "Chart":
        chart(names, rows)
    else:
        result_table(names, rows)


def _schema() -> None:
    """What can be named in a query."""
    columns = (
        Column(key="view", label="View", width="18%", mono=True),
        Column(key="columns", label="Columns", kind="wrap", mono=True),
    )
    found = _views(store.uri())
    rows = [
        Row(id=view, cells={"view": view, "columns": "  ".join(names)})
        for view, names in found.items()
    ]
    table(columns, rows, key="schema")


@st.cache_data(ttl=600, max_entries=4, show_spinner=False)
def _views(uri: str) -> dict[str, list[str]]:  # noqa: ARG001  what is kept belongs to it
    """They change with versions of genaiops only."""
    return {view: list(names) for view, names in schema.columns().items()}


show(page)
