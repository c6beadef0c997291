"""SQL: questions that no page answers, read-only, as a table or a chart."""

import streamlit as st

from dashboard.parts.cells import Chip, Column, Row
from dashboard.parts.export import csv_button
from dashboard.parts.guard import show
from dashboard.parts.sql_result import SHOWN, chart, result_table
from dashboard.parts.text import count, counted
from dashboard.parts.urls import link
from dashboard.parts.views import chips, head, note, table
from genaiops.errors import GenaiopsError
from genaiops.query import schema, sql, store

_MOST = 10_000
_TIMEOUT_S = 20.0
_RESULT = "sql result"


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


def _forget() -> None:
    """The next run asks the store anew."""
    st.session_state.pop(_RESULT, None)


def _answer(text: str) -> None:
    """The answer, kept until another question is asked or Run is pressed."""
    asked = (store.uri(), text)
    if st.session_state.get(_RESULT, (None,))[0] != asked:
        try:
            found = sql(text, timeout_s=_TIMEOUT_S, max_rows=_MOST + 1)
        except GenaiopsError as error:
            head("", trouble=str(error), key="refused")
            return
        st.session_state[_RESULT] = (asked, list(found.columns), list(found.rows))
    _, names, rows = st.session_state[_RESULT]
    more, rows = len(rows) > _MOST, rows[:_MOST]
    said = counted(len(rows), "row") + (" or more: the first are kept" if more else "")
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
