"""What a key may spend and how fast, by the clock: turns of days and months, and clocks that jump."""

import calendar
import itertools

import pytest
from hypothesis import given, strategies as st

from genaiops.gateway.limits import (
    Account,
    Denied,
    Policy,
    period_start_s,
    until_next_period_s,
)
from genaiops.model.usage import Usage


class Clock:
    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def at(*moment: int) -> float:
    return float(calendar.timegm((*moment, 0, 0, 0, 0, 0, 0)[:9]))


def outcome(account: Account) -> str:
    try:
        account.admit("m").__exit__()
    except Denied as denied:
        return denied.code
    return "ok"


def spend(account: Account, usd: float) -> None:
    with account.admit("m") as permit:
        permit.used(Usage(input_tokens=1), usd)


@pytest.mark.parametrize(
    ("every", "full", "empty"),
    [
        ("day", at(2026, 3, 29, 23, 59, 59), at(2026, 3, 30)),
        ("day", at(2026, 12, 31, 23, 59, 59), at(2027, 1, 1)),
        ("month", at(2026, 1, 31, 23, 59, 59), at(2026, 2, 1)),
        ("month", at(2028, 2, 29, 23, 59, 59), at(2028, 3, 1)),
        ("month", at(2026, 12, 1), at(2027, 1, 1)),
    ],
)
def test_a_budget_is_whole_again_at_midnight_utc_of_its_next_period(every, full, empty):
    clock = Clock(full)
    account = Account(Policy(name="k", budget_usd=1, budget_every=every), clock=clock)
    spend(account, 1.0)
    assert outcome(account) == "budget_exceeded"
    assert until_next_period_s(every, full) == int(empty - full) + 1

    clock.now = empty - 0.001
    assert outcome(account) == "budget_exceeded"
    clock.now = empty

    assert outcome(account) == "ok"
    assert account.spent_usd == 0.0


def test_a_call_counts_in_the_period_that_it_began_in():
    clock = Clock(at(2026, 3, 1, 23, 59, 59))
    account = Account(Policy(name="k", budget_usd=1, budget_every="day"), clock=clock)

    with account.admit("m") as permit:
        clock.now += 2
        permit.used(Usage(), 5.0)

    assert account.spent_usd == 0.0
    assert outcome(account) == "ok"
    clock.now -= 2
    assert account.spent_usd == 5.0


def test_a_clock_that_is_set_back_over_midnight_gives_no_money_back():
    clock = Clock(at(2026, 3, 1, 23, 59, 59))
    account = Account(Policy(name="k", budget_usd=1, budget_every="day"), clock=clock)
    spend(account, 1.0)

    clock.now += 2
    spend(account, 0.5)
    clock.now -= 2
    before = outcome(account)
    clock.now += 2

    assert before == "budget_exceeded"
    assert account.spent_usd == 0.5


def test_a_clock_that_jumps_neither_opens_nor_closes_the_limits_of_a_minute():
    clock, ticks = Clock(at(2026, 3, 1)), Clock()
    account = Account(Policy(name="k", rpm=1, tpm=9), clock=clock, ticks=ticks)
    spend(account, 0.0)

    for jump in (-86_400, 200_000, -86_400):
        clock.now += jump
        assert outcome(account) == "rate_limited"
    ticks.now += 60

    assert outcome(account) == "ok"


def test_a_key_that_changes_from_day_to_month_starts_from_what_the_store_knows():
    clock = Clock(at(2026, 3, 15))
    account = Account(Policy(name="k", budget_usd=1, budget_every="day"), clock=clock)
    spend(account, 1.0)

    account.follow(Policy(name="k", budget_usd=3, budget_every="month"), None)
    account.known_spent(2.5, since_s=period_start_s("month", clock.now))

    assert account.spent_usd == 2.5
    spend(account, 0.5)
    assert outcome(account) == "budget_exceeded"


GAPS = st.lists(st.floats(min_value=0, max_value=45), min_size=1, max_size=80)


@given(GAPS, st.integers(min_value=1, max_value=6))
def test_any_minute_has_as_many_requests_as_the_limit_says_and_no_fewer(gaps, rpm):
    ticks = Clock()
    account = Account(Policy(name="k", rpm=rpm), ticks=ticks)
    let_in: list[float] = []

    for now in itertools.accumulate(gaps):
        ticks.now = now
        recent = sum(now - 60 < one for one in let_in)
        try:
            account.admit("m").__exit__()
            assert recent < rpm
            let_in.append(now)
        except Denied as denied:
            ticks.now = now + (denied.retry_after_s or 0)
            assert recent == rpm
            assert sum(ticks.now - 60 < one for one in let_in) < rpm


@given(st.lists(st.tuples(st.floats(0, 45), st.integers(0, 60)), min_size=1, max_size=60))
def test_tokens_of_any_minute_pass_the_limit_by_no_more_than_the_last_call(calls):
    ticks = Clock()
    account = Account(Policy(name="k", tpm=100), ticks=ticks)
    used: list[tuple[float, int]] = []

    for gap, tokens in calls:
        ticks.now += gap
        recent = sum(n for when, n in used if ticks.now - 60 < when)
        try:
            with account.admit("m") as permit:
                assert recent < 100
                permit.used(Usage(input_tokens=tokens, output_tokens=0), None)
                used.append((ticks.now, tokens))
        except Denied:
            assert recent >= 100


def test_no_more_calls_run_at_once_than_may_and_every_place_comes_back():
    account = Account(Policy(name="k", concurrent=7))
    permits = []

    for _ in range(3):
        while len(permits) < 7:
            permits.append(account.admit("m"))
        assert outcome(account) == "rate_limited"
        permits.pop().__exit__()
        assert outcome(account) == "ok"
    for permit in permits:
        permit.__exit__()

    assert [outcome(account) for _ in range(9)] == ["ok"] * 9
