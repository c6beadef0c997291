"""One run with its curves, and runs compared."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard.parts.cells import Chip, Column, Row, Tile, status_tone
from dashboard.parts.text import ago, count, ms, one_line, score
from dashboard.parts.urls import link, param
from dashboard.parts.views import curves, head, section, table, tiles
from genaiops.query import runs
from genaiops.query.runs import Comparison

__all__ = ["compare_page", "run_page"]

_CURVES = 24
_POINTS = 400


def run_page(run_id: str) -> None:
    """Everything about one run."""
    run = runs.get(run_id)
    info, data = run.info, run.data
    took = None if info.end_ns is None else (info.end_ns - info.start_ns) / 1e6
    status = info.status.lower()
    traces = link("traces", {"q": f"run_id = '{info.run_id}'"})
    chips = [
        Chip(value=status, tone=status_tone(status)),
        Chip(label="started", value=ago(info.start_ns)),
        Chip(label="took", value=ms(took)),
        Chip(value="traces of this run", tone="blue", go=traces),
    ]
    if info.user:
        chips.insert(3, Chip(label="by", value=one_line(info.user, 40)))
    if any(f"{key}.low" in data.metrics for key in data.metrics):
        chips.append(Chip(value="evaluation", tone="blue", go=link("eval", {"a": info.run_id})))
    name = one_line(info.run_name, 120) or info.run_id[:8]
    head(name, kicker=("Runs", "runs"), copy=info.run_id, chips=chips, key="title")
    main = [key for key in data.metrics if not key.endswith((".low", ".high"))]
    if main:
        tiles([_tile(key, data.metrics) for key in main[:8]], key="numbers")
    _curves(info.run_id, main)
    left, right = st.columns(2, gap="medium")
    with left:
        section("Parameters", key="params head")
        _pairs(data.params, key="params", empty="No parameters.")
        section("Tags", key="tags head")
        _pairs(data.tags, key="tags", empty="No tags.")
    with right:
        section("Metrics", key="metrics head")
        _pairs(data.metrics, key="metrics", empty="No metrics.")


def _tile(key: str, metrics: Any) -> Tile:  # a mapping of text to number
    low, high = metrics.get(f"{key}.low"), metrics.get(f"{key}.high")
    note = "" if low is None or high is None else f"{low:.3f} – {high:.3f}"
    return Tile(label=one_line(key, 40), value=score(metrics[key]), note=note)


def _pairs(table_: Any, *, key: str, empty: str) -> None:  # a mapping of text to anything
    rows = [
        Row(id=name, cells={"name": name, "value": one_line(str(item), 400)})
        for name, item in sorted(table_.items())
    ]
    columns = (Column(key="name", label="Name", width="40%"), Column(key="value", label="Value"))
    table(columns, rows, key=key, empty=empty)


def _line(run_id: str, key: str) -> list[tuple[float, float]]:
    found = runs.history(run_id, key, bins=_POINTS)
    return [
        ((part.step_from + part.step_to) / 2, part.avg) for part in found if part.avg is not None
    ]


def _curves(run_id: str, keys: Sequence[str]) -> None:
    """A curve for each metric that was logged more than once."""
    lines = {key: _line(run_id, key) for key in keys[:_CURVES]}
    shown = {key: line for key, line in lines.items() if len(line) > 1}
    _grid({key: {key: line} for key, line in shown.items()})


def _grid(charts: dict[str, dict[str, list[tuple[float, float]]]]) -> None:
    width = min(3, max(1, len(charts)))
    columns = st.columns(width, gap="small") if charts else []
    for place, (title, series) in enumerate(charts.items()):
        with columns[place % width]:
            curves(one_line(title, 80), series, key=f"curve {title}", height=220)


def compare_page(run_ids: Sequence[str]) -> None:
    """Runs side by side: parameters that differ, metrics, curves together."""
    both = runs.compare(run_ids)
    names = [f"{one_line(run.name, 40) or run.run_id[:8]}" for run in both.runs]
    head(
        f"{count(len(names))} runs compared",
        kicker=("Runs", "runs"),
        chips=[
            *(
                Chip(
                    label=name,
                    value=run.run_id[:8],
                    mono=True,
                    go=link("runs", {"run": run.run_id}),
                )
                for name, run in zip(names, both.runs, strict=True)
            ),
        ],
        key="title",
    )
    everything = st.toggle("Show equal parameters too", key="equal", bind="query-params")
    params = both.params if everything else both.differing_params()
    _side_by_side("Parameters", names, params, key="params", empty="The parameters are the same.")
    _side_by_side("Metrics", names, both.metrics, key="metrics", empty="No metrics.")
    _together(both, names)


def _side_by_side(title: str, names: Sequence[str], rows: Any, *, key: str, empty: str) -> None:
    columns = [Column(key="name", label=title, width="26%")]
    columns += [
        Column(key=f"run {place}", label=name, kind="num") for place, name in enumerate(names)
    ]
    found = [
        Row(
            id=name,
            cells={
                "name": name,
                **{
                    f"run {place}": None if item is None else score(item)
                    for place, item in enumerate(items)
                },
            },
        )
        for name, items in sorted(rows.items())
    ]
    table(columns, found, key=key, empty=empty)


def _together(both: Comparison, names: Sequence[str]) -> None:
    """Curves of the metrics that more than one run logged over steps."""
    wanted = param("curves").split(",") if param("curves") else list(both.metrics)
    charts: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for key in [name for name in wanted if not name.endswith((".low", ".high"))][:12]:
        series: dict[str, list[tuple[float, float]]] = {}
        for name, run in zip(names, both.runs, strict=True):
            line = _line(run.run_id, key)
            if len(line) > 1:
                series[name if name not in series else f"{name} {run.run_id[:6]}"] = line
        if series:
            charts[key] = series
    _grid(charts)
