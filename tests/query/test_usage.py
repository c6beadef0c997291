"""Tokens, money and latency over time."""

import time

import pytest

from genaiops.errors import FilterError
from genaiops.query import usage
from genaiops.store import current_store
from tests.query.seeding import call_of, child, trace, trace_id

DAY_NS = 86_400 * 10**9


def test_daily_usage_is_grouped_by_day_and_model() -> None:
    now = time.time_ns()
    trace(10, start_ns=now)
    trace(20, start_ns=now, call={"status": "error"})
    trace(30, start_ns=now, call={"request_model": "claude", "cost_usd": 1.0})
    trace(40, start_ns=now - 2 * DAY_NS)

    days = usage.daily(days=7)

    assert [day.key for day in days] == ["gpt-5", "claude", "gpt-5"]
    assert (days[2].calls, days[2].errors) == (2, 1)
    assert (days[2].input_tokens, days[2].output_tokens, days[2].cost_usd) == (30, 4, 0.5)
    assert days[0].day < days[1].day == days[2].day


def test_what_is_older_than_the_days_asked_for_is_left_out() -> None:
    trace(1, start_ns=time.time_ns() - 3 * DAY_NS)

    assert usage.daily(days=2) == []
    assert len(usage.daily(days=5)) == 1


def test_usage_can_be_grouped_by_prompt_and_filtered() -> None:
    trace(1, start_ns=time.time_ns(), call={"prompt_name": "qa", "prompt_version": 3})
    trace(2, start_ns=time.time_ns())

    (day,) = usage.daily(by="prompt", filter="prompt_name = 'qa'")

    assert (day.key, day.calls) == ("qa@3", 1)


def test_a_call_that_several_layers_recorded_counts_once_as_the_innermost() -> None:
    now = time.time_ns()
    child(trace(1, start_ns=now), call_of(1), "http", span_type="function", input_tokens=None)
    child(trace_id(1), "http", "inner", request_model="gpt-5-mini-2026", input_tokens=7)
    child(trace(2, start_ns=now), call_of(2), "parse", span_type="function", input_tokens=None)
    child(trace(3, start_ns=now), call_of(3), "no usage", input_tokens=None)
    compacted = current_store().compact

    for _ in range(2):
        days = {day.key: (day.calls, day.input_tokens) for day in usage.daily()}
        assert days == {"gpt-5": (3, 2 + 3), "gpt-5-mini-2026": (1, 7)}
        assert usage.daily(filter="request_model = 'gpt-5'")[0].calls == 3
        current_store().seal()
        compacted()


def test_unknown_cost_is_unknown_and_not_zero() -> None:
    trace(1, start_ns=time.time_ns(), call={"cost_usd": None, "output_tokens": None})

    (day,) = usage.daily()

    assert day.cost_usd is None
    assert day.output_tokens is None


def test_totals_count_traces_since_a_moment() -> None:
    now = time.time_ns()
    trace(1, start_ns=now - DAY_NS)
    trace(2, start_ns=now, status="error")
    trace(3, start_ns=now)

    totals = usage.totals(since_ns=now)

    assert (totals.traces, totals.errors, totals.error_rate) == (2, 1, 0.5)
    assert totals.cost_usd == 0.5
    assert totals.p50_ms is not None
    assert usage.totals(since_ns=now + DAY_NS).error_rate == 0.0


def test_a_grouping_that_is_not_known_is_refused() -> None:
    with pytest.raises(FilterError, match="use one of model"):
        usage.daily(by="colour")  # type: ignore[arg-type]
    with pytest.raises(FilterError, match="1 or more"):
        usage.daily(days=0)
