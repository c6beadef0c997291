"""Curves of several runs in one look, made small and smooth."""

import math

import pytest

from genaiops.errors import FilterError
from genaiops.query.curves import metric_curves, smooth
from tests.query.seeding import event, run


def test_curves_of_several_runs_come_in_one_look() -> None:
    for name, slope in (("run1", 1.0), ("run2", 2.0)):
        run(name)
        for step in range(100):
            event("metric", run_id=name, key="loss", value=slope * step, step=step)

    found = metric_curves(["run1", "run2", "run3"], ["loss", "nothing"], bins=10)

    assert set(found) == {("run1", "loss"), ("run2", "loss")}
    assert [item.avg for item in found["run2", "loss"]][:2] == [9.0, 29.0]


def test_bins_may_hold_neighbouring_moments() -> None:
    run("run1")
    for step, second in enumerate((0, 1, 8, 9)):
        event("metric", run_id="run1", key="loss", value=step, step=step, ts_ns=second * 10**9)

    found = metric_curves(["run1"], ["loss"], bins=2, axis="time")["run1", "loss"]

    assert [(item.n, item.at_ms) for item in found] == [(2, 1_000.0), (2, 9_000.0)]


def test_no_bins_are_refused() -> None:
    with pytest.raises(FilterError, match="bins is 0"):
        metric_curves(["run1"], ["loss"], bins=0)


def test_smoothing_keeps_a_constant_and_passes_over_what_is_no_number() -> None:
    assert smooth([3.0, 3.0, 3.0], 0.9) == pytest.approx([3.0, 3.0, 3.0])
    assert smooth([1.0, 2.0], 0.0) == [1.0, 2.0]
    assert math.isnan(smooth([1.0, math.nan, 1.0], 0.5)[1])
    assert smooth([1.0, math.nan, 1.0], 0.5)[2] == pytest.approx(1.0)
    with pytest.raises(ValueError, match="weight is 1"):
        smooth([1.0], 1.0)
