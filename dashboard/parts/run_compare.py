"""Runs compared: what differs, curves together, parallel axes, points."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import streamlit as st

from dashboard.parts.cells import Chip, Column, Row
from dashboard.parts.charts import PlotAxis, parallel, scatter
from dashboard.parts.export import csv_button
from dashboard.parts.run_curves import curve_grid, is_bound
from dashboard.parts.text import count, counted, figure, one_line
from dashboard.parts.urls import link
from dashboard.parts.views import head, note, table
from genaiops.query import runs
from genaiops.query.runs import Comparison

__all__ = ["MOST", "compare_page", "named"]

MOST = 200
_BESIDE = 8
_COLUMNS = 14
_LINES = 300
_VIEWS = ("Parameters", "Metrics", "Curves", "Parallel", "Scatter")
_TEXTS = 60
T = TypeVar("T")
Values = Mapping[str, Sequence[Any]]  # for each key, a JSON value a run


def compare_page(run_ids: Sequence[str]) -> None:
    """Runs side by side, up to 200."""
    both = runs.compare(run_ids[:MOST])
    names = _names(both)
    chips = [
        Chip(label=name, value=run.run_id[:8], mono=True, go=link("runs", {"run": run.run_id}))
        for name, run in zip(names, both.runs, strict=True)
    ]
    head(f"{counted(len(names), 'run')} compared", kicker=("Runs", "runs"), key="title",
         chips=chips if len(chips) <= _BESIDE else ())  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        view = st.segmented_control("View", _VIEWS, default="Parameters", required=True, key="view",
                                    bind="query-params", label_visibility="collapsed")  # fmt: skip
        csv_button("runs", *_exported(both), key="csv")
    if view == "Metrics":
        _values(both, names, both.metrics, "Metric", key="metrics", empty="No metrics.")
    elif view == "Curves":
        curve_grid({run.run_id: name for run, name in zip(both.runs, names, strict=True)},
                   list(both.metrics))  # fmt: skip
    elif view == "Parallel":
        _parallel(both, names)
    elif view == "Scatter":
        _scatter(both, names)
    else:
        everything = st.toggle("Show equal parameters too", key="equal", bind="query-params")
        params = both.params if everything else both.differing_params()
        hidden = len(both.params) - len(params)
        _values(both, names, params, "Parameter", key="params",
                empty="All parameters are the same." if both.params else "No parameters.")  # fmt: skip
        if hidden:
            same = "is" if hidden == 1 else "are"
            note(f"{counted(hidden, 'parameter')} {same} the same in all runs.", key="hidden")


def named(values: Mapping[str, T], part: str) -> dict[str, T]:
    """The values whose name holds this text, in any case."""
    return {name: item for name, item in values.items() if part.lower() in name.lower()}


def _names(both: Comparison) -> list[str]:
    """What each run is called; with the beginning of its id where several are called the same."""
    plain = [one_line(run.name, 40) or run.run_id[:8] for run in both.runs]
    return [
        name if plain.count(name) == 1 else f"{name} {run.run_id[:6]}"
        for name, run in zip(plain, both.runs, strict=True)
    ]


def _values(
    both: Comparison, names: Sequence[str], values: Values, what: str, *, key: str, empty: str
) -> None:
    """A line a key while the runs fit beside each other, else a line a run."""
    if len(names) <= _BESIDE:
        part = ""
        if len(values) > _LINES:
            part = st.text_input("Find", key="find", bind="query-params", width=280,
                                 placeholder="part of a name") or ""  # fmt: skip
        values = named(values, part)
        columns = [Column(key="name", label=what, width="24%")]
        columns += [Column(key=f"r{at}", label=name, kind="num") for at, name in enumerate(names)]
        rows = [
            Row(id=name, cells={"name": one_line(name, 200), **{
                f"r{at}": _cell(item) for at, item in enumerate(items)}})
            for name, items in sorted(values.items())[:_LINES]
        ]  # fmt: skip
        table(columns, rows, key=key, empty=empty)
        if len(values) > _LINES:
            note(f"{count(len(values) - _LINES)} more: find them by name.", key=f"{key} more")
        return
    keys = sorted(name for name in values if not is_bound(name))
    chosen = st.multiselect("Columns", keys[:2_000], default=keys[:_COLUMNS], key=f"{key[0]}cols",
                            bind="query-params")  # fmt: skip
    columns = [Column(key="name", label="Run", width="200px")]
    columns += [
        Column(key=f"k {name}", label=name, kind="num", width="" if len(chosen) < 9 else "110px")
        for name in chosen
    ]
    rows = [
        Row(
            id=run.run_id,
            cells={"name": called, **{f"k {name}": _cell(values[name][at]) for name in chosen}},
            params={"run": run.run_id, "view": "Overview"},
        )
        for at, (run, called) in enumerate(zip(both.runs, names, strict=True))
    ]
    table(columns, rows, page="runs", key=key, empty=empty)


def _cell(item: object) -> str | None:
    return None if item is None else figure(item)


def _axis(name: str, values: Sequence[Any]) -> PlotAxis:
    """Numbers as they are (none for NaN and infinity); texts by their place in order."""
    numbers = [_number(item) for item in values]
    if all(number is not None or item is None or isinstance(item, float)
           for number, item in zip(numbers, values, strict=True)):  # fmt: skip
        return PlotAxis(name=name, values=numbers)
    texts = [None if item is None else one_line(str(item), _TEXTS) for item in values]
    order = sorted({text for text in texts if text is not None})
    places = {text: float(at) for at, text in enumerate(order)}
    return PlotAxis(name=name, names=order,
                    values=[None if text is None else places[text] for text in texts])  # fmt: skip


def _number(item: object) -> float | None:
    if isinstance(item, bool) or not isinstance(item, int | float):
        try:
            item = float(item) if isinstance(item, str) and len(item) < 40 else math.nan
        except ValueError:
            return None
    try:
        number = float(item)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _choices(both: Comparison) -> dict[str, Sequence[Any]]:
    """Parameters that differ, then metrics, under the names that axes are chosen by."""
    found: dict[str, Sequence[Any]] = {
        f"param {key}": values for key, values in both.differing_params().items()
    }
    return found | {f"metric {key}": v for key, v in both.metrics.items() if not is_bound(key)}


def _called(both: Comparison, names: Sequence[str]) -> list[tuple[str, str]]:
    return [(run.run_id, name) for run, name in zip(both.runs, names, strict=True)]


def _parallel(both: Comparison, names: Sequence[str]) -> None:
    choices = _choices(both)
    params = [name for name in choices if name.startswith("param ")]
    metrics = [name for name in choices if name.startswith("metric ")]
    chosen = st.multiselect("Axes, the last one gives the colour", list(choices)[:2_000],
                            default=[*params[:6], *metrics[:1]], key="axes", bind="query-params")  # fmt: skip
    if len(chosen) < 2:
        note("Choose two axes or more.", key="few axes")
        return
    axes = [_axis(name.partition(" ")[2], choices[name]) for name in chosen[:12]]
    parallel(axes, _called(both, names), key="parallel")


def _scatter(both: Comparison, names: Sequence[str]) -> None:
    choices = _choices(both)
    options = list(choices)[:2_000]
    if len(options) < 2:
        note("These runs have nothing to compare: no parameter differs and no metric is known.",
             key="no axes")  # fmt: skip
        return
    first_metric = next((at for at, name in enumerate(options) if name.startswith("metric ")), 1)
    with st.container(horizontal=True):
        x = st.selectbox("Across", options, index=0, key="x", bind="query-params", width=240)
        y = st.selectbox("Up", options, index=first_metric, key="y", bind="query-params", width=240)
        c = st.selectbox("Colour", options, index=None, key="c", bind="query-params", width=240,
                         placeholder="none")  # fmt: skip
    across, up = (_axis(name.partition(" ")[2], choices[name]) for name in (x, y))
    colour = None if c is None else _axis(c, choices[c])
    scatter(across, up, colour, _called(both, names), key="scatter")


def _exported(both: Comparison) -> tuple[list[str], Any]:  # and a function
    """Head and rows of the CSV: everything of every run."""
    columns = ["run_id", "name", *(f"params.{key}" for key in both.params),
               *(f"metrics.{key}" for key in both.metrics)]  # fmt: skip
    tables = [*both.params.values(), *both.metrics.values()]

    def rows() -> list[list[object]]:
        return [
            [run.run_id, run.name, *(values[at] for values in tables)]
            for at, run in enumerate(both.runs)
        ]

    return columns, rows
