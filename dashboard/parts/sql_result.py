"""The answer of a query as a table and as a chart."""

import datetime
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import streamlit as st

from dashboard.parts.cells import Column, Json, Row
from dashboard.parts.component import load
from dashboard.parts.text import count, one_line
from dashboard.parts.urls import choice
from dashboard.parts.views import note, table

__all__ = ["SHOWN", "chart", "result_table"]

SHOWN = 500
"""Rows of the table."""
_POINTS = 5_000
_TYPES = ("bar", "line", "dots")
_CHARS = 400
_plot = load("plot_view")
Rows = Sequence[tuple[Any, ...]]  # values of a user's query


def result_table(names: Sequence[str], rows: Rows) -> None:
    """The first rows; one that holds a trace id opens the trace."""
    numeric = [_is_numeric(rows, place) for place in range(len(names))]
    columns = [
        Column(key=str(place), label=name, kind="num" if numeric[place] else "text",
               mono=name.endswith("_id"))
        for place, name in enumerate(names)
    ]  # fmt: skip
    trace = names.index("trace_id") if "trace_id" in names else None
    span = names.index("span_id") if "span_id" in names else None

    def params(row: Sequence[Any]) -> dict[str, str] | None:
        if trace is None or not isinstance(row[trace], str):
            return None
        inside = {} if span is None or not isinstance(row[span], str) else {"span": row[span]}
        return {"id": row[trace], **inside}

    table(
        columns,
        [
            Row(
                id=str(number),
                cells={str(place): cell_text(value) for place, value in enumerate(row)},
                params=params(row),
            )
            for number, row in enumerate(rows[:SHOWN])
        ],
        key="result",
        page="trace",
        empty="No rows.",
    )


def cell_text(value: Any) -> str | None:  # any value of DuckDB's
    """A value as one line of text; None, the unknown, stays None."""
    if value is None or isinstance(value, str):
        return None if value is None else one_line(value, _CHARS)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        return f"{float(value):.6g}"
    if isinstance(value, bytes):
        return f"{count(len(value))} bytes"
    if isinstance(value, dict | list | tuple):
        return one_line(json.dumps(value, ensure_ascii=False, default=str), _CHARS)
    return one_line(str(value), _CHARS)


def chart(names: Sequence[str], rows: Rows) -> None:
    """One column over another, as bars, a line or dots; the choice stands in the URL."""
    numbers = [name for place, name in enumerate(names) if _is_numeric(rows, place)]
    if not numbers or len(names) < 2:
        note("A chart needs two columns, one of them of numbers.", key="no chart")
        return
    across = next((name for name in names if name not in numbers), names[0])
    up = next((name for name in reversed(numbers) if name != across), numbers[0])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        x = st.selectbox("Across", names, key="x", bind="query-params", index=names.index(across), width=200)  # fmt: skip
        y = st.selectbox("Up", numbers, key="y", bind="query-params", index=numbers.index(up), width=200)  # fmt: skip
        st.segmented_control(
            "As", _TYPES, key="as", bind="query-params", default=None, label_visibility="collapsed"
        )
    at_x, at_y = names.index(str(x)), names.index(str(y))
    points = [
        [_place(row[at_x]), float(row[at_y])]
        for row in rows[:_POINTS]
        if row[at_x] is not None and row[at_y] is not None
    ]
    ordered = all(isinstance(point[0], float) for point in points)
    kind = choice("as", _TYPES, "line" if ordered else "bar")
    times = ordered and any(isinstance(row[at_x], datetime.date) for row in rows[:1])
    data = {"points": points, "kind": kind, "x": x, "y": y, "times": times}
    _plot(data=data, key="plot")
    if len(rows) > _POINTS:
        note(f"The first {count(_POINTS)} rows are drawn.", key="cut")


def _place(value: Any) -> Json:
    """Where a value stands across: a number (times in milliseconds UTC), else its text."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float | Decimal):
        return float(value)
    if isinstance(value, datetime.datetime):
        utc = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
        return utc.timestamp() * 1e3
    if isinstance(value, datetime.date):
        day = datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.UTC)
        return day.timestamp() * 1e3
    return cell_text(value)


def _is_numeric(rows: Rows, place: int) -> bool:
    """Every known value of the column is a number, and one is known."""
    known = [row[place] for row in rows[:_POINTS] if row[place] is not None]
    return bool(known) and all(
        isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in known
    )
