"""The components as typed functions. Data goes to the browser as JSON and is shown as text."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from streamlit.components.v2 import component

from dashboard.parts.cells import Chip, Column, Json, Marks, Row, Tile
from dashboard.parts.component import event, load
from dashboard.parts.urls import go_to, link, set_params
from genaiops.query.traces import Bin

__all__ = [
    "chat",
    "chips",
    "diff",
    "head",
    "note",
    "page_style",
    "section",
    "table",
    "tiles",
    "time_bars",
    "trace_tree",
    "value",
]

_HERE = Path(__file__).parent


_page = component(
    "genaiops.page", css=(_HERE / "page.css").read_text(encoding="utf-8"), isolate_styles=False
)
_head = load("head_view")
_table = load("table_view")
_tree = load("trace_view")
_chat = load("chat_view")
_diff = load("text_diff")
_value = load("value_view")
_bars = load("time_bars")


def page_style() -> None:
    """Spacing of the page itself."""
    _page(key="page style")


def head(
    title: str,
    *,
    key: str,
    kicker: tuple[str, str] = ("", ""),
    note: str = "",
    trouble: str = "",
    chips: Sequence[Chip] = (),
    copy: str = "",
) -> None:
    """The title of a page or a panel.

    `kicker` is what stands before the title and the page it leads to; `copy` an id to be copied;
    `trouble` what went wrong, below everything.
    """
    _headed(
        key,
        title=title,
        kicker=kicker[0],
        kicker_go=kicker[1],
        note=note,
        trouble=trouble,
        copy=copy,
        chips=[chip.json() for chip in chips],
    )


def section(title: str, *, key: str, note: str = "", chips: Sequence[Chip] = ()) -> None:
    """The title of a part of a page."""
    _headed(key, title=title, small=True, note=note, chips=[chip.json() for chip in chips])


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
    _head(data=data, key=key, on_go_change=lambda: go_to(str(event(key, "go"))))


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

    A row with a page of its own opens that one.
    `sort` is the present order, as in ``start_ns DESC``: a click on a head sets it in the URL.
    `selected` is the id of the row that is shown elsewhere on the page.
    """
    by_id = {row.id: row for row in rows if row.params is not None}

    def opened() -> None:
        row = by_id.get(str(event(key, "open")))
        if row is None or row.params is None:
            return
        if row.page or page:
            go_to(link(row.page or page, row.params))
        else:
            set_params(row.params)

    def marked() -> None:
        if marks is not None:
            marks.on_change([str(item) for item in cast("list[Json]", event(key, "picked") or [])])

    def sorted_by() -> None:
        set_params({"sort": str(event(key, "sort")), "after": ""})

    data = {
        "columns": [{name: getattr(col, name) for name in col.__slots__} for col in columns],
        "rows": [
            {
                "id": row.id,
                "cells": row.cells,
                "open": row.params is not None,
                "href": _href(row.page or page, row),
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


def _href(page: str, row: Row) -> str:
    return link(page, row.params) if page and row.params is not None else ""


def trace_tree(
    stamp: str,
    spans: Sequence[Sequence[Json]] | None,
    *,
    key: str,
    selected: str,
    total_ms: float,
) -> None:
    """Tree and waterfall; choosing a span sets ``span`` in the URL.

    A span is ``[id, depth, name, type, status, start_ms, duration_ms | None, note, path_ms | None]``,
    parents first. None in place of the spans keeps those that were sent with this `stamp`.
    """
    data = {"stamp": stamp, "spans": spans, "selected": selected, "total_ms": total_ms}

    def chosen() -> None:
        set_params({"span": str(event(key, "span") or "")})

    _tree(data=data, key=key, on_span_change=chosen)


def chat(messages: Sequence[Mapping[str, Json]], *, key: str) -> None:
    """Messages ``{role, finish, chips, parts: [{type, text, name, id, mime, data}]}``."""
    _chat(
        data={"messages": list(messages)},
        key=key,
        on_go_change=lambda: go_to(str(event(key, "go"))),
    )


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
        first, last = cast("tuple[float, float]", event(key, "range"))
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
