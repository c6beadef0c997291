"""What Home tells: scores of the last day with intervals, new models, evaluations that fell."""

import time

import pytest

from genaiops.query import changes, usage
from genaiops.query.pass_rates import pass_rates
from tests.query.seeding import BASE_NS, SECOND, event, run, trace, verdict

DAY = 86_400 * SECOND


def said(place: int, name: str, given: float, ts_ns: int, **more: object) -> None:
    data = {"kind": "feedback", "value": given, "number": given, "source_type": "code"} | more
    event("assessment", id=f"a{place}-{name}", trace_id="ab" * 16, key=name, data=data, ts_ns=ts_ns)


def test_a_share_has_wilsons_interval_and_what_it_was_before() -> None:
    now = time.time_ns()
    for number in range(20):
        said(number, "grounded", float(number < 16), now - SECOND)
        said(100 + number, "grounded", float(number < 10), now - DAY - SECOND)

    (rate,) = pass_rates(since_ns=now - DAY, until_ns=now)

    assert (rate.name, rate.n, rate.estimate, rate.before) == ("grounded", 20, 0.8, 0.5)
    assert (rate.low, rate.high) == (pytest.approx(0.584, abs=5e-4), pytest.approx(0.919, abs=5e-4))


def test_a_mean_has_the_normal_interval_and_failures_are_counted_apart() -> None:
    now = time.time_ns()
    for number, value in enumerate((0.2, 0.4, 0.6, 0.8)):
        said(number, "overlap", value, now - SECOND)
    said(9, "overlap", 0.0, now - SECOND, value=None, number=None, error="timeout")

    (rate,) = pass_rates(since_ns=now - DAY, until_ns=now)

    assert (rate.n, rate.n_failed, rate.before) == (4, 1, None)
    assert rate.estimate == pytest.approx(0.5)
    assert rate.high - rate.estimate == pytest.approx(1.959964 * 0.2582 / 2, abs=1e-3)


def test_what_is_no_share_is_left_out() -> None:
    now = time.time_ns()
    said(1, "latency_ms", 420.0, now - SECOND)
    said(2, "old", 1.0, now - 3 * DAY)

    assert pass_rates(since_ns=now - DAY, until_ns=now) == []


def test_totals_end_where_asked() -> None:
    for number in range(4):
        trace(number)

    assert usage.totals(BASE_NS + SECOND, BASE_NS + 3 * SECOND).traces == 2


def test_a_model_is_new_when_older_calls_were_of_others() -> None:
    assert changes.new_models(since_ns=0) == []
    trace(1)
    trace(30, call={"request_model": "gpt-6", "provider": "openai"})
    trace(31, call={"request_model": "gpt-6", "provider": "openai"})

    (model,) = changes.new_models(since_ns=BASE_NS + 20 * SECOND)

    assert (model.model, model.provider, model.calls) == ("gpt-6", "openai", 2)
    assert changes.new_models(since_ns=BASE_NS - SECOND) == []


def scored(
    run_id: str, number: int, estimate: float, half: float, experiment: str = "Default"
) -> None:
    run(run_id, name=f"v{number}", number=number, experiment=experiment)
    verdict(run_id, "q1", estimate)
    for key, value in (
        ("good", estimate),
        ("good.low", estimate - half),
        ("good.high", estimate + half),
    ):
        event("metric", run_id=run_id, key=key, value=value, step=0, ts_ns=BASE_NS)


def test_a_score_below_that_of_the_evaluation_before_is_a_regression() -> None:
    scored("a" * 32, 1, 0.9, 0.05)
    scored("b" * 32, 2, 0.6, 0.05)
    scored("c" * 32, 3, 0.2, 0.05, experiment="elsewhere")

    (found,) = changes.regressions(since_ns=BASE_NS)

    assert (found.judge, found.before.name, found.after.name) == ("good", "v1", "v2")
    assert (found.by, found.is_sure) == (pytest.approx(0.3), True)


def test_a_fall_within_the_intervals_is_not_sure_and_a_rise_is_none() -> None:
    scored("a" * 32, 1, 0.9, 0.2)
    scored("b" * 32, 2, 0.8, 0.2)
    assert [item.is_sure for item in changes.regressions(since_ns=BASE_NS)] == [False]

    scored("d" * 32, 4, 0.95, 0.2)

    assert changes.regressions(since_ns=BASE_NS) == []
    assert changes.regressions(since_ns=BASE_NS + 100 * SECOND) == []
