"""Curves of metrics, scores with their intervals, rows of evaluations as colours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from dashboard.parts.cells import Json
from dashboard.parts.component import event, load
from dashboard.parts.urls import go_to, link, set_params

__all__ = ["Curve", "HeatLine", "PlotAxis", "curves", "heat", "parallel", "scatter", "scores"]

_lines = load("line_chart")
_parallel = load("parallel_view")
_scatter = load("scatter_view")
_scores = load("score_view")
_heat = load("score_heat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A line of a chart.

    Attributes:
        bands: For each point the least and greatest of what it stands for; empty for none.
        raw: What was smoothed into the points.
    """

    name: str
    points: Sequence[tuple[float, float]]
    bands: Sequence[tuple[float | None, float | None] | None] = ()
    raw: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotAxis:
    """A value of every run.

    Attributes:
        names: Of an axis of texts, the texts; a value is a place among them.
    """

    name: str
    values: Sequence[float | None]
    names: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatLine:
    """One line of a heat strip.

    Attributes:
        shares: A place in [0, 1] for each column, in [-1, 1] for a line of changes; None is
            unknown.
        texts: What is said of each.
    """

    name: str
    shares: Sequence[float | None]
    texts: Sequence[str]
    change: bool = False


def curves(
    title: str,
    series: Sequence[Curve],
    *,
    key: str,
    height: int = 180,
    log: bool = False,
    x_label: str = "step",
) -> None:
    """Curves over steps, on a logarithmic scale where asked for."""
    data = {
        "title": title,
        "series": [_series(one) for one in series],
        "height": height,
        "log": log,
        "x_label": x_label,
    }
    _lines(data=data, key=key)


def _series(one: Curve) -> dict[str, Json]:
    bands = one.bands or [None] * len(one.points)
    points = [[*point, *(band or ())] for point, band in zip(one.points, bands, strict=True)]
    return {"name": one.name, "points": points, "raw": [list(p) for p in one.raw] or None}


def parallel(axes: Sequence[PlotAxis], runs: Sequence[tuple[str, str]], *, key: str) -> None:
    """Runs (id, name) as lines over axes; those kept by dragging become ``cmp`` of the URL."""

    def kept() -> None:
        ids = cast("list[Json]", event(key, "keep") or [])
        go_to(link("runs", {"cmp": ",".join(str(run_id) for run_id in ids), "view": "Parallel"}))

    data = {
        "axes": [{"name": axis.name, "names": axis.names} for axis in axes],
        "lines": [
            {"id": run_id, "name": name, "values": [axis.values[at] for axis in axes]}
            for at, (run_id, name) in enumerate(runs)
        ],
    }
    _parallel(data=data, key=key, on_keep_change=kept, on_open_change=lambda: _open_run(key))


def scatter(
    x: PlotAxis, y: PlotAxis, colour: PlotAxis | None, runs: Sequence[tuple[str, str]], *, key: str
) -> None:
    """Runs (id, name) as points; a click opens the run."""
    known = [] if colour is None else [value for value in colour.values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)

    def share(at: int) -> float | None:
        value = None if colour is None else colour.values[at]
        return None if value is None or high == low else (value - low) / (high - low)

    points = [
        {"id": run_id, "name": name, "x": x.values[at], "y": y.values[at], "c": share(at)}
        for at, (run_id, name) in enumerate(runs)
        if x.values[at] is not None and y.values[at] is not None
    ]
    data = {"x": x.name, "y": y.name, "points": points}
    _scatter(data=data, key=key, on_open_change=lambda: _open_run(key))


def _open_run(key: str) -> None:
    go_to(link("runs", {"run": str(event(key, "open") or ""), "view": "Overview"}))


def scores(
    names: Sequence[str], rows: Sequence[Mapping[str, Json]], *, key: str, selected: str = ""
) -> None:
    """Scores of runs with intervals; a click sets ``judge`` in the URL."""

    def chosen() -> None:
        set_params({"judge": str(event(key, "open")), "page": ""})

    data = {"names": list(names), "rows": list(rows), "selected": selected}
    _scores(data=data, key=key, on_open_change=chosen)


def heat(
    columns: Sequence[tuple[str, str]],
    lines: Sequence[HeatLine],
    *,
    key: str,
    selected: str = "",
    note: str = "",
) -> None:
    """A strip of colours a line; columns are (id, name), and a click sets ``row`` in the URL."""

    def chosen() -> None:
        set_params({"row": str(event(key, "row"))})

    data = {
        "columns": [{"id": column_id, "name": name} for column_id, name in columns],
        "lines": [
            {
                "name": line.name,
                "kind": "change" if line.change else "value",
                "cells": list(line.shares),
                "texts": list(line.texts),
            }
            for line in lines
        ],
        "selected": selected,
        "note": note,
    }
    _heat(data=data, key=key, on_row_change=chosen)
