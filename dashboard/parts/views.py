"""The components as typed functions. Data goes to the browser as JSON and is shown as text."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import streamlit as st
from streamlit.components.v2 import component
from streamlit.components.v2.types import ComponentRenderer

from dashboard.parts.cells import Chip, Column, Json, Marks, Row, Tile
from dashboard.parts.urls import go_to, link, set_params
from genaiops.query.traces import Bin

__all__ = [
    "chat",
    "chips",
    "curves",
    "diff",
    "head",
    "note",
    "page_style",
    "scores",
    "section",
    "table",
    "tiles",
    "time_bars",
    "trace_tree",
    "value",
]

_HERE = Path(__file__).parent


def _load(name: str) -> ComponentRenderer:
    def text(file: str) -> str:
        return (_HERE / file).read_text(encoding="utf-8")

    return component(
        f"genaiops.{name}",
        html='<div class="root"></div>',
        css=text("base.css") + text(f"{name}.css"),
        js=text("dom.js") + text(f"{name}.js"),
    )


_page = component(
    "genaiops.page", css=(_HERE / "page.css").read_text(encoding="utf-8"), isolate_styles=False
)
_head = _load("head_view")
_table = _load("table_view")
_tree = _load("trace_view")
_chat = _load("chat_view")
_diff = _load("text_diff")
_value = _load("value_view")
_bars = _load("time_bars")
_lines = _load("line_chart")
_scores = _load("score_view")


def page_style() -> None:
    """Spacing of the page itself."""
    _page(key="page style")


def head(
    title: str,
    *,
    key: str,
    kicker: tuple[str, str] = ("", ""),
    note: str = "",
    chips: Sequence[Chip] = (),
    copy: str = "",
) -> None:
    """The title of a page or a panel.

    `kicker` is what stands before the title and the page it leads to; `copy` an id to be copied.
    """
    _headed(
        key,
        title=title,
        kicker=kicker[0],
        kicker_go=kicker[1],
        note=note,
        copy=copy,
        chips=[chip.json() for chip in chips],
    )


def section(title: str, *, key: str) -> None:
    """The title of a part of a page."""
    _headed(key, title=title, small=True)


def note(text: str, *, key: str, commands: Sequence[str] = ()) -> None:
    """A sentence, and commands to type."""
    _headed(key, note=text, commands=list(commands) or None)


def chips(items: Sequence[Chip], *, key: str) -> None:
    """Chips by themselves."""
    _headed(key, chips=[chip.json() for chip in items])


def tiles(items: Sequence[Tile], *, key: str) -> None:
    """Numbers with their names in one strip."""
    _headed(key, tiles=[{name: getattr(tile, name) for name in tile.__slots__} for tile in items])


def _headed(key: str, **data: Json) -> None:  # the fields of head_view.js
    _head(data=data, key=key, on_go_change=lambda: go_to(str(_event(key, "go"))))


def table(
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    key: str,
    page: str = "",
    sort: str = "",
    selected: str = "",
    marks: Marks | None = None,
    empty: str = "Nothing here.",
) -> None:
    """A table whose rows open `page` (this one when empty) with the row's parameters.

    `sort` is the present order, as in ``start_ns DESC``: a click on a head sets it in the URL.
    `selected` is the id of the row that is shown elsewhere on the page.
    """
    by_id = {row.id: row.params for row in rows if row.params is not None}

    def opened() -> None:
        params = by_id.get(str(_event(key, "open")))
        if params is not None and page:
            go_to(link(page, params))
        elif params is not None:
            set_params(params)

    def marked() -> None:
        if marks is not None:
            marks.on_change([str(item) for item in cast("list[Json]", _event(key, "picked") or [])])

    def sorted_by() -> None:
        set_params({"sort": str(_event(key, "sort")), "after": ""})

    data = {
        "columns": [{name: getattr(col, name) for name in col.__slots__} for col in columns],
        "rows": [
            {
                "id": row.id,
                "cells": row.cells,
                "open": row.params is not None,
                "href": link(page, row.params) if page and row.params is not None else "",
            }
            for row in rows
        ],
        "sort": sort,
        "selected": selected,
        "picked": None if marks is None else list(marks.ids),
        "dense": not by_id,
        "empty": empty,
    }
    _table(
        data=data,
        key=key,
        on_open_change=opened,
        on_sort_change=sorted_by,
        on_picked_change=marked,
    )


def trace_tree(
    trace_id: str,
    spans: Sequence[Sequence[Json]],
    *,
    key: str,
    selected: str,
    total_ms: float,
    height: int = 620,
) -> None:
    """Tree and waterfall; choosing a span sets ``span`` in the URL.

    A span is ``[id, depth, name, type, status, start_ms, duration_ms | None, note]``, parents first.
    """
    data = {
        "trace": trace_id,
        "spans": spans,
        "selected": selected,
        "total_ms": total_ms,
        "height": height,
    }

    def chosen() -> None:
        set_params({"span": str(_event(key, "span") or "")})

    _tree(data=data, key=key, on_span_change=chosen)


def chat(messages: Sequence[Mapping[str, Json]], *, key: str) -> None:
    """Messages ``{role, finish, parts: [{type, text, name, id}]}`` as a conversation."""
    _chat(data={"messages": list(messages)}, key=key)


def diff(
    parts: Sequence[tuple[str, Sequence[tuple[str, str]]]], *, labels: tuple[str, str], key: str
) -> None:
    """Differences, word by word: for each part a title and ``(equal|insert|delete, text)``."""
    data = {
        "parts": [{"title": title, "ops": [list(op) for op in ops]} for title, ops in parts],
        "labels": list(labels),
    }
    _diff(data=data, key=key)


def value(content: Json, *, title: str, key: str, depth: int = 2) -> None:
    """A JSON value as a tree, open to this depth."""
    _value(data={"value": content, "title": title, "open": depth}, key=key)


def time_bars(bins: Sequence[Bin], *, key: str, page: str = "", height: int = 60) -> None:
    """Traces over time; dragging sets ``from`` and ``to`` in the URL, of `page` where one is named."""
    if not bins:
        return

    def ranged() -> None:
        first, last = cast("tuple[float, float]", _event(key, "range"))
        chosen = {"from": str(int(first)), "to": str(int(last))}
        if page:
            go_to(link(page, chosen))
        else:
            set_params({**chosen, "after": ""})

    data = {
        "bars": [[step.start_ns / 1e6, step.n - step.n_errors, step.n_errors] for step in bins],
        "step_ms": (bins[0].end_ns - bins[0].start_ns) / 1e6,
        "height": height,
    }
    _bars(data=data, key=key, on_range_change=ranged)


def curves(
    title: str, series: Mapping[str, Sequence[tuple[float, float]]], *, key: str, height: int = 180
) -> None:
    """Named curves over steps."""
    data = {
        "title": title,
        "series": [
            {"name": name, "points": [list(p) for p in line]} for name, line in series.items()
        ],
        "height": height,
    }
    _lines(data=data, key=key)


def scores(
    names: tuple[str, str], rows: Sequence[Mapping[str, Json]], *, key: str, selected: str = ""
) -> None:
    """Scores of one or two runs with intervals; a click sets ``judge`` in the URL."""

    def chosen() -> None:
        set_params({"judge": str(_event(key, "open"))})

    data = {"names": list(names), "rows": list(rows), "selected": selected}
    _scores(data=data, key=key, on_open_change=chosen)


def _event(key: str, name: str) -> Json:
    """What a component has just said."""
    return st.session_state[key].get(name)
