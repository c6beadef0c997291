"""Parameters, metrics and tags of every shape, and what is refused."""

import math
from typing import Any

import numpy as np
import pytest

import genaiops


def logged(**params: Any) -> dict[str, Any]:
    """The parameters as they stand in the store."""
    with genaiops.start_run() as run:
        genaiops.log_params(params)
    return dict(genaiops.get_run(run.info.run_id).data.params)


def test_parameters_keep_their_type():
    values = {"i": 3, "f": 0.1, "b": True, "t": "x", "n": None, "l": [1, "a"], "d": {"a": {"b": 1}}}

    assert logged(**values) == values


def test_numpy_numbers_are_numbers():
    assert logged(a=np.float32(0.5), b=np.int64(3), c=np.array(2)) == {"a": 0.5, "b": 3, "c": 2}


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        ([math.inf], "[inf]"),
        (len, "<built-in function len>"),
        ({(1, 2): 3}, "{(1, 2): 3}"),
        ("half \ud800", "half ?"),
        ("\x00\x1b é 🎈 \u202e", "\x00\x1b é 🎈 \u202e"),
        ("x" * 100_000, "x" * 100_000),
    ],
)
def test_what_json_lacks_is_kept_as_text(value: object, stored: str):
    assert logged(p=value) == {"p": stored}


def test_a_parameter_nested_without_end_is_refused():
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]

    with genaiops.start_run(), pytest.raises(genaiops.ConfigError, match="nested too deeply"):
        genaiops.log_param("deep", deep)


def test_of_several_parameters_with_one_refused_none_is_logged():
    with genaiops.start_run() as run:
        genaiops.log_param("lr", 0.1)
        with pytest.raises(genaiops.ConflictError, match=r"is 0\.1 already and cannot become 0\.2"):
            genaiops.log_params({"new": 1, "lr": 0.2})

    assert genaiops.get_run(run.info.run_id).data.params == {"lr": 0.1}


def test_a_run_that_is_taken_up_again_knows_its_parameters():
    params: dict[str, Any] = {"lr": 0.1, "d": {"b": 1, "a": [None]}, "n": 10**30, "x": math.nan}
    with genaiops.start_run() as run:
        genaiops.log_params(params)

    with genaiops.start_run(run_id=run.info.run_id):
        genaiops.log_params(params)
        with pytest.raises(genaiops.ConflictError, match=r"is 0\.1 already and cannot become 0\.2"):
            genaiops.log_param("lr", 0.2)


def test_metrics_take_whatever_is_a_number():
    with genaiops.start_run() as run:
        genaiops.log_metrics({"a": np.float32(0.5), "b": True, "c": np.array(2), "d": 7})

    assert genaiops.get_run(run.info.run_id).data.metrics == {"a": 0.5, "b": 1, "c": 2, "d": 7}


@pytest.mark.parametrize("value", ["0.5", b"1", np.array([1, 2]), {}])
def test_text_and_lists_are_no_metrics(value: object):
    with genaiops.start_run() as run, pytest.raises(genaiops.ConfigError, match="log a number"):
        genaiops.log_metrics({"good": 1, "bad": value})

    assert genaiops.get_run(run.info.run_id).data.metrics == {}


@pytest.mark.parametrize("place", ["x", 2**63, -(2**64), math.nan, math.inf, [], b"1"])
def test_a_step_or_a_time_that_is_no_whole_number_is_refused(place: Any):
    two: Any = 2.0
    with genaiops.start_run() as run:
        with pytest.raises(genaiops.ConfigError, match="the step .* is no whole number"):
            genaiops.log_metric("m", 1, step=place)
        with pytest.raises(genaiops.ConfigError, match="the timestamp .* is no whole number"):
            genaiops.log_metric("m", 1, timestamp=place)
        genaiops.log_metric("m", 1, step=np.int64(7), timestamp=two)

    assert [(p.step, p.ts_ns) for p in genaiops.get_metric_history(run.info.run_id, "m")] == [
        (7, 2_000_000)
    ]


@pytest.mark.parametrize("key", ["", "  ", None, 3])
def test_a_key_is_text(key: Any):
    with genaiops.start_run():
        for log in (genaiops.log_param, genaiops.log_metric, genaiops.set_tag):
            with pytest.raises(genaiops.ConfigError, match="use text"):
                log(key, 1)


@pytest.mark.parametrize(
    "key", ["a b/c.d", "é🎈", "x" * 5_000, "'; DROP TABLE data.runs; --", "a`b"]
)
def test_a_key_may_be_any_text(key: str):
    with genaiops.start_run() as run:
        genaiops.log_param(key, 1)
        genaiops.log_metric(key, 2)
        genaiops.set_tag(key, 3)

    data = genaiops.get_run(run.info.run_id).data
    assert (data.params, data.metrics, data.tags) == ({key: 1}, {key: 2.0}, {key: "3"})


def test_the_latest_metric_is_the_one_of_the_highest_step_then_time():
    with genaiops.start_run() as run:
        genaiops.log_metric("m", 3.0, step=2, timestamp=1_000)
        genaiops.log_metric("m", 4.0, step=2, timestamp=2_000)
        genaiops.log_metric("m", 5.0, step=1, timestamp=9_000)

    assert genaiops.get_run(run.info.run_id).data.metrics == {"m": 4.0}
    history = genaiops.get_metric_history(run.info.run_id, "m")
    assert [(point.step, point.ts_ns) for point in history] == [
        (1, 9_000_000_000),
        (2, 1_000_000_000),
        (2, 2_000_000_000),
    ]


def test_a_tag_can_be_changed_and_removed():
    with genaiops.start_run(tags={"a": 1, "b": 2}) as run:
        genaiops.set_tags({"a": "new", "b": None})

    assert genaiops.get_run(run.info.run_id).data.tags == {"a": "new"}


def test_a_search_without_runs_has_its_columns():
    found = genaiops.search_runs()

    assert len(found) == 0
    assert {"run_id", "status", "tags.mlflow.runName"} <= set(found.columns)


def test_one_experiment_and_one_order_may_be_given_as_text():
    genaiops.set_experiment("one")
    for number in range(2):
        with genaiops.start_run(f"run {number}"):
            genaiops.log_metric("acc", number)
    genaiops.set_experiment("two")

    found = genaiops.search_runs("one", order_by="metrics.acc DESC")  # pyright: ignore

    assert list(found["tags.mlflow.runName"]) == ["run 1", "run 0"]
