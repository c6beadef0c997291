"""One run: its figures and curves, what it was given, its files, the runs nested in it."""

from collections.abc import Mapping

import streamlit as st

from dashboard.parts.cells import Chip, Column, Row, Tile, status_tone
from dashboard.parts.lists import run_columns, run_rows
from dashboard.parts.run_compare import named
from dashboard.parts.run_curves import curve_grid, is_bound
from dashboard.parts.run_files import files_view
from dashboard.parts.text import ago, count, figure, ms, one_line
from dashboard.parts.urls import go_to, link, param, set_params
from dashboard.parts.views import head, note, section, table, tiles, value
from genaiops.model.run import Run
from genaiops.query import runs

__all__ = ["run_page"]

_VIEWS = ("Overview", "Files", "Nested runs", "Source")
_TILES = 8
_PAGE = 100
_LISTED, _MANY = 300, 40


def run_page(run_id: str) -> None:
    """Everything about one run."""
    run = runs.get(run_id)
    _title(run)
    view = st.segmented_control("View", _VIEWS, default="Overview", required=True, key="view",
                                bind="query-params", label_visibility="collapsed")  # fmt: skip
    if view == "Files":
        files_view(run.info.run_id)
    elif view == "Nested runs":
        _nested(run.info.run_id)
    elif view == "Source":
        if run.info.description:
            value(run.info.description, title="Description", key="description")
        value(dict(run.info.source), title="Where it ran", key="source")
    else:
        _overview(run)


def _title(run: Run) -> None:
    info, metrics = run.info, run.data.metrics
    took = None if info.end_ns is None else (info.end_ns - info.start_ns) / 1e6
    status = info.status.lower()
    traces = link("traces", {"q": f"run_id = '{info.run_id}'"})
    found = [
        Chip(value=status, tone=status_tone(status)),
        Chip(label="started", value=ago(info.start_ns)),
        Chip(label="took", value=ms(took)),
        Chip(value="traces of this run", tone="blue", go=traces),
    ]
    if info.user:
        found.insert(3, Chip(label="by", value=one_line(info.user, 40)))
    if info.parent_run_id:
        found.append(Chip(label="nested in", value=info.parent_run_id[:8], mono=True, tone="blue",
                          go=link("runs", {"run": info.parent_run_id})))  # fmt: skip
    if any(f"{key}.low" in metrics for key in metrics):
        found.append(Chip(value="evaluation", tone="blue", go=link("eval", {"runs": info.run_id})))
    name = one_line(info.run_name, 120) or info.run_id[:8]
    head(name, kicker=("Runs", "runs"), copy=info.run_id, chips=found, key="title")


def _overview(run: Run) -> None:
    metrics = run.data.metrics
    main = [key for key in metrics if not is_bound(key)]
    if main:
        tiles([_tile(key, metrics) for key in main[:_TILES]], key="numbers")
        curve_grid({run.info.run_id: one_line(run.info.run_name, 40) or run.info.run_id[:8]}, main,
                   wide=True)  # fmt: skip
    part = ""
    if len(metrics) + len(run.data.params) + len(run.data.tags) > _MANY:
        part = st.text_input("Find", key="find", bind="query-params", width=280,
                             placeholder="part of a name") or ""  # fmt: skip
    left, right = st.columns(2, gap="medium")
    with left:
        section("Parameters", key="params head")
        _pairs(named(run.data.params, part), key="params", empty="No parameters.")
        section("Tags", key="tags head")
        _pairs(named(run.data.tags, part), key="tags", empty="No tags.")
    with right:
        section("Metrics", key="metrics head")
        _pairs(named(metrics, part), key="metrics", empty="No metrics.", figures=True)


def _tile(key: str, metrics: Mapping[str, float]) -> Tile:
    low, high = metrics.get(f"{key}.low"), metrics.get(f"{key}.high")
    told = "" if low is None or high is None else f"{figure(low)} – {figure(high)}"
    return Tile(label=one_line(key, 40), value=figure(metrics[key]), note=told)


def _pairs(content: Mapping[str, object], *, key: str, empty: str, figures: bool = False) -> None:
    rows = [
        Row(
            id=str(at),
            cells={
                "name": one_line(name, 300),
                "value": figure(item) if figures else one_line(str(item), 400),
            },
        )
        for at, (name, item) in enumerate(sorted(content.items())[:_LISTED])
    ]
    columns = (
        Column(key="name", label="Name", width="44%"),
        Column(key="value", label="Value", kind="num" if figures else "text"),
    )
    table(columns, rows, key=key, empty=empty)
    if len(content) > _LISTED:
        note(f"{count(len(content) - _LISTED)} more: find them by name.", key=f"{key} more")


def _nested(run_id: str) -> None:
    found = runs.search(parent=run_id, limit=_PAGE, page_token=param("after") or None)
    table(run_columns(), run_rows(found.items), page="runs", key="nested",
          empty="No run is nested in this one.")  # fmt: skip
    if len(found.items) > 1:
        compared = link(
            "runs", {"cmp": ",".join(item.run_id for item in found.items), "view": "Parameters"}
        )
        st.button(f"Compare these {count(len(found.items))}", on_click=go_to, args=(compared,))
    if found.next_page_token or param("after"):
        following = {"after": found.next_page_token or ""}
        st.button(
            "Next" if found.next_page_token else "First", on_click=set_params, args=(following,)
        )
