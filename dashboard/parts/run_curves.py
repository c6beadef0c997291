"""Curves of runs: which metrics, how smooth, over steps or time, on which scale."""

import math
from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard.parts.charts import Curve, curves
from dashboard.parts.text import count, one_line
from dashboard.parts.views import note
from genaiops.query.curves import Axis, MetricBin, metric_curves, smooth

__all__ = ["curve_grid", "is_bound"]

_CHARTS = 12
_POINTS = 2_000
_BANDS = 3
_AXES = ("Step", "Time")


def is_bound(key: str) -> bool:
    """Whether a metric is an end of another one's interval."""
    return key.endswith((".low", ".high"))


def curve_grid(runs: Mapping[str, str], keys: Sequence[str], *, wide: bool = False) -> None:
    """A chart a metric, with one line a run.

    Args:
        runs: Run id -> what its line is called.
        keys: Metrics to choose from.
        wide: Whether there is room for three charts beside each other.
    """
    chosen, weight, axis, log = _choices([key for key in keys if not is_bound(key)])
    if not chosen:
        return
    each = max(60, min(600, _POINTS * 6 // max(1, len(runs))))
    found = metric_curves(list(runs), chosen[:_CHARTS], bins=each, axis=axis)
    shown = [
        key for key in chosen[:_CHARTS] if any(len(found.get((run, key), ())) > 1 for run in runs)
    ]
    if not shown:
        note("None of these metrics was logged more than once.", key="no curves")
        return
    width = min(3 if wide else 2, len(shown))
    columns = st.columns(width, gap="small")
    for place, key in enumerate(shown):
        lines = [
            _line(name, found[run, key], weight, axis, banded=len(runs) <= _BANDS)
            for run, name in runs.items()
            if len(found.get((run, key), ())) > 1
        ]
        label = "seconds" if axis == "time" else "step"
        with columns[place % width]:
            curves(one_line(key, 80), lines, key=f"curve {key}", height=220, log=log, x_label=label)
    if len(chosen) > _CHARTS:
        note(f"{count(len(chosen) - _CHARTS)} more: choose which.", key="more curves")


def _choices(keys: Sequence[str]) -> tuple[list[str], float, Axis, bool]:
    """What the URL asks for: metrics, smoothing, axis, scale."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="curve-choices"):
        chosen = st.multiselect("Curves", list(keys)[:2_000], default=list(keys)[:6], key="curves",
                                bind="query-params", width=460)  # fmt: skip
        weight = st.slider("Smoothing", 0.0, 0.99, 0.0, 0.01, key="smooth", bind="query-params",
                           width=170, help="Of each point, how much the points before it weigh.")  # fmt: skip
        axis = st.segmented_control("Over", _AXES, default="Step", required=True, key="axis",
                                    bind="query-params")  # fmt: skip
        log = st.toggle("Log scale", key="log", bind="query-params")
    return list(chosen), float(weight), "time" if axis == "Time" else "step", log


def _line(
    name: str, bins: Sequence[MetricBin], weight: float, axis: Axis, *, banded: bool
) -> Curve:
    """A run's curve; what a bin hides of a curve stands in its band."""
    known = [part for part in bins if part.avg is not None]
    at = [
        part.at_ms / 1e3 if axis == "time" else (part.step_from + part.step_to) / 2
        for part in known
    ]
    values = [part.avg or 0.0 for part in known]
    raw = list(zip(at, values, strict=True))
    if weight:
        return Curve(name=name, points=list(zip(at, smooth(values, weight), strict=True)), raw=raw)
    bands = [
        (part.min, part.max) if part.n > 1 and _finite(part.min) and _finite(part.max) else None
        for part in known
    ]
    return Curve(name=name, points=raw, bands=bands if banded and any(bands) else ())


def _finite(number: float | None) -> bool:
    return number is not None and math.isfinite(number)
