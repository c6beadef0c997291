"""The components as typed functions. Data goes to the browser as JSON and is shown as text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from dashboard.parts.urls import go_to, link, set_params

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

__all__ = [
    "Chip",
    "Column",
    "Row",
    "Tile",
    "chat",
    "curves",
    "diff",
    "head",
    "page_style",
    "scores",
    "table",
    "time_bars",
    "trace_tree",
    "value",
]

Tone = Literal["red", "green", "orange", "blue", "violet", "gray", "plain"]
Json = Any  # any JSON value
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A small label: a name, a value, and perhaps where a click leads (``page?query``)."""

    value: str
    label: str = ""
    tone: Tone = "gray"
    mono: bool = False
    go: str = ""
    hint: str = ""

    def json(self) -> dict[str, Json]:
        """As the components take it."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A number with its name."""

    label: str
    value: str
    note: str = ""
    tone: Tone = "plain"
    spark: Sequence[float] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table.

    Attributes:
        kind: ``text``, ``num``, ``time`` (milliseconds UTC), ``status``, ``chips``, ``pair`` (two
            lines), ``bar`` (text and share), ``wrap`` (several lines).
        sort: Name the list is sorted by when the head is clicked; empty for none.
    """

    key: str
    label: str
    kind: str = "text"
    width: str = ""
    sort: str = ""
    hint: str = ""
    mono: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a table; `params` name what a click on it opens."""

    id: str
    cells: Mapping[str, Json]
    params: Mapping[str, str] | None = None


def _load(name: str) -> "ComponentRenderer":
    def text(file: str) -> str:
        return (_HERE / file).read_text(encoding="utf-8")

    return st.components.v2.component(
        f"genaiops.{name}",
        html='<div class="root"></div>',
        css=text("base.css") + text(f"{name}.css"),
        js=text("dom.js") + text(f"{name}.js"),
    )


_page = st.components.v2.component(
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
    title: str | None = None,
    *,
    key: str,
    kicker: tuple[str, str] = ("", ""),
    small: bool = False,
    note: str = "",
    chips: Sequence[Chip] = (),
    tiles: Sequence[Tile] = (),
    copy: str = "",
    commands: Sequence[str] = (),
) -> None:
    """A title line with chips, tiles, and commands to type, each where given.

    Args:
        kicker: What stands before the title and the page it leads to.
        small: The title of a part of the page.
    """
    data = {
        "title": title,
        "kicker": kicker[0],
        "kicker_go": kicker[1],
        "small": small,
        "note": note,
        "copy": copy,
        "chips": [chip.json() for chip in chips],
        "tiles": [{name: getattr(tile, name) for name in tile.__slots__} for tile in tiles],
        "commands": list(commands) or None,
    }
    _head(data=data, key=key, on_go_change=lambda: go_to(_event(key, "go")))


def table(
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    key: str,
    page: str = "",
    sort: str = "",
    selected: str = "",
    picked: Sequence[str] | None = None,
    on_pick: Callable[[list[str]], None] | None = None,
    dense: bool = False,
    empty: str = "Nothing here.",
) -> None:
    """A table whose rows open `page` (this one when empty) with the row's parameters.

    Args:
        sort: The present order, as in ``start_ns DESC``; a click on a head sets ``sort`` in the URL.
        picked: Ids with a mark; None for a table without marks.
        on_pick: Gets the ids after each change of the marks.
    """
    by_id = {row.id: row.params for row in rows if row.params is not None}

    def opened() -> None:
        params = by_id.get(_event(key, "open"))
        if params is not None and page:
            go_to(link(page, params))
        elif params is not None:
            set_params(params)

    def pick() -> None:
        if on_pick is not None:
            on_pick([str(item) for item in _event(key, "picked") or []])

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
        "picked": None if picked is None else list(picked),
        "dense": dense,
        "empty": empty,
    }
    _table(
        data=data,
        key=key,
        on_open_change=opened,
        on_sort_change=sorted_by,
        on_picked_change=pick,
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

    Args:
        spans: ``[id, depth, name, type, status, start_ms, duration_ms | None, note]``, parents first.
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


def time_bars(
    bars: Sequence[tuple[float, int, int]], *, step_ms: float, key: str, height: int = 60, page: str = ""
) -> None:
    """Counts over time, ``(from_ms, ok, failed)``.

    Dragging sets ``from`` and ``to`` in the URL, of `page` where one is named.
    """

    def ranged() -> None:
        first, last = _event(key, "range")
        chosen = {"from": str(int(first)), "to": str(int(last))}
        if page:
            go_to(link(page, chosen))
        else:
            set_params({**chosen, "after": ""})

    _bars(
        data={"bars": [list(bar) for bar in bars], "step_ms": step_ms, "height": height},
        key=key,
        on_range_change=ranged,
    )


def curves(
    title: str, series: Mapping[str, Sequence[tuple[float, float]]], *, key: str, height: int = 180
) -> None:
    """Named curves over steps."""
    data = {
        "title": title,
        "series": [{"name": name, "points": [list(p) for p in line]} for name, line in series.items()],
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
