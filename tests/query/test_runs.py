"""Runs and experiments: pages, curves, comparisons."""

import math

import pytest

import genaiops
from genaiops.errors import FilterError, NotFoundError
from genaiops.query import curves, runs
from tests.query.seeding import event, run


def seed() -> None:
    for number, name in enumerate(("alpha", "beta", "gamma")):
        run(f"run{number}0000", name=name, experiment="E", number=number)
        event("param", run_id=f"run{number}0000", key="lr", value=number / 10)
        event("param", run_id=f"run{number}0000", key="seed", value=7)
        event("tag", run_id=f"run{number}0000", key="team", value="a")
        for step in range(3):
            event("metric", run_id=f"run{number}0000", key="loss", value=9 - number, step=step)


def test_experiments_say_how_many_runs_they_have() -> None:
    seed()
    run("other", experiment="F", number=9)

    found = runs.experiments()

    assert [(row.experiment.name, row.n_runs) for row in found] == [("F", 1), ("E", 3)]


def test_a_page_fetches_only_the_columns_asked_for() -> None:
    seed()

    page = runs.search(experiment="E", metrics=["loss"], params=["lr"], limit=2)

    assert [row.name for row in page.items] == ["gamma", "beta"]
    assert page.items[0].metrics == {"loss": 7.0}
    assert page.items[0].params == {"lr": 0.2}
    assert page.items[0].tags == {}
    assert page.items[0].duration_ms == 1_000.0

    rest = runs.search(experiment="E", limit=2, page_token=page.next_page_token)

    assert [row.name for row in rest.items] == ["alpha"]
    assert rest.next_page_token is None


def test_runs_are_sorted_by_a_metric_and_found_by_name() -> None:
    seed()

    by_loss = runs.search(order_by="metrics.loss ASC")
    found = runs.search(name="ALPH", status="FINISHED", tags=["team"])

    assert [row.name for row in by_loss.items] == ["gamma", "beta", "alpha"]
    assert [(row.name, row.tags) for row in found.items] == [("alpha", {"team": "a"})]
    assert runs.search(name="run1").items[0].name == "beta"
    assert runs.search(status="FAILED").items == []


def test_an_order_that_is_not_known_is_refused() -> None:
    with pytest.raises(FilterError, match="use one of"):
        runs.search(order_by="metrics.loss UPWARDS")


def test_keys_in_use_are_named() -> None:
    seed()

    assert runs.keys("E") == runs.RunKeys(
        metrics=["loss"], params=["lr", "seed"], tags=["team"],
        same_metrics=frozenset(), same_params=frozenset({"seed"}),
    )  # fmt: skip
    assert runs.keys() == runs.keys("E")
    assert runs.keys("nothing").metrics == []


def test_a_run_has_everything_logged() -> None:
    seed()

    found = runs.get("run1")

    assert found.info.run_name == "beta"
    assert found.data.metrics == {"loss": 8.0}
    assert found.data.params == {"lr": 0.1, "seed": 7}
    assert found.data.tags == {"team": "a"}


def test_an_unknown_run_is_named_in_the_error() -> None:
    with pytest.raises(NotFoundError, match="no run 'nope'"):
        runs.get("nope")


def test_a_long_curve_keeps_its_extremes_in_few_bins() -> None:
    run("run10000")
    for step in range(100):
        event("metric", run_id="run10000", key="loss", value=50 if step == 42 else 1, step=step)

    bins = curves.history("run10000", "loss", bins=10)

    assert len(bins) == 10
    assert [item.max for item in bins].index(50) == 4
    assert sum(item.n for item in bins) == 100
    assert (bins[0].step_from, bins[-1].step_to) == (0, 99)


def test_nan_does_not_hide_the_other_points_of_a_bin() -> None:
    run("run10000")
    for step, value in enumerate((1.0, math.nan, 3.0)):
        event("metric", run_id="run10000", key="loss", value=value, step=step)

    (only,) = curves.history("run10000", "loss", bins=1)

    assert (only.n, only.min, only.avg, only.max) == (3, 1.0, 2.0, 3.0)


def test_a_curve_that_was_not_logged_is_empty() -> None:
    assert curves.history("run10000", "loss") == []


def test_compared_runs_show_which_params_differ() -> None:
    seed()

    found = runs.compare(["run2", "run0"])

    assert [row.name for row in found.runs] == ["gamma", "alpha"]
    assert found.params == {"lr": [0.2, 0], "seed": [7, 7]}
    assert found.differing_params() == {"lr": [0.2, 0]}
    assert found.metrics == {"loss": [7.0, 9.0]}


def test_a_curve_whose_steps_span_all_numbers_of_64_bits_has_bins() -> None:
    with genaiops.start_run() as begun:
        for step in (-(2**63), 0, 2**63 - 1):
            genaiops.log_metric("wide", float(step), step=step)
        genaiops.log_metric("wide", float("inf"), step=0)

    found = curves.history(begun.info.run_id, "wide", bins=2)

    assert [(item.step_from, item.n) for item in found] == [(-(2**63), 1), (0, 3)]
    assert (found[1].min, found[1].max) == (0.0, float("inf"))
    assert found[1].avg == 2.0**62


@pytest.mark.parametrize("axis", ["step", "time"])
def test_one_curve_alone_has_the_bins_that_it_has_among_others(axis: curves.Axis) -> None:
    for name in ("run10000", "run20000"):
        run(name)
        for step in range(50):
            event("metric", run_id=name, key="loss", value=step % 7 or math.nan, step=step * 3)

    both = curves.metric_curves(["run10000", "run20000"], ["loss"], bins=6, axis=axis)
    alone = curves.metric_curves(["run10000"], ["loss"], bins=6, axis=axis)

    assert alone == {key: value for key, value in both.items() if key[0] == "run10000"}
