"""Which target is asked first, which next, and when not: without a network and without a clock."""

import random
from collections import Counter

import pytest

from genaiops.gateway.providers import provider
from genaiops.gateway.routing import Arm, Cooldown, Route, Watch, order
from genaiops.gateway.target import Target

THRICE = Cooldown(failures=3, seconds=30)


def target(name):
    return Target(provider=provider("openai"), provider_name=name, model="m")


A, B, C = target("a"), target("b"), target("c")


def route(*targets, name="r", weights=None, **more):
    shares = weights or [1.0] * len(targets)
    arms = tuple(Arm(target=t, weight=w) for t, w in zip(targets, shares, strict=True))
    return Route(name=name, arms=arms, cooldown=more.pop("cooldown", THRICE), **more)


def ordered(chosen, watch=None, *, routes=(), now=0.0, seed=1):
    known = {other.name: other for other in routes}
    found = order(chosen, known, watch or Watch(), now=now, chance=random.Random(seed))
    return [t.provider_name for t in found[0]], [t.provider_name for t in found[1]]


def test_weights_are_shares_of_the_calls_and_the_others_follow():
    chosen, chance, watch = route(A, B, C, weights=[70, 20, 10]), random.Random(7), Watch()

    orders = [order(chosen, {}, watch, now=0, chance=chance)[0] for _ in range(20_000)]

    first = Counter(targets[0].provider_name for targets in orders)
    assert [first[n] / 20_000 for n in "abc"] == pytest.approx([0.7, 0.2, 0.1], abs=0.015)
    assert all(len(set(targets)) == 3 for targets in orders)
    second = Counter(t[1].provider_name for t in orders if t[0] is A)
    assert second["b"] / first["a"] == pytest.approx(2 / 3, abs=0.02)


def test_a_fallback_chain_is_followed_in_its_order_each_target_once():
    last = route(C, A, name="last", how="fallback", fallback=("r",))
    middle = route(B, name="middle", fallback=("last",))
    chosen = route(A, fallback=("middle", "last"))

    assert ordered(chosen, routes=[middle, last, chosen]) == (["a", "b", "c"], [])


def test_the_fastest_target_comes_first_and_an_unknown_one_before_it():
    watch, chosen = Watch(), route(A, B, C, how="latency")
    watch.worked(A, now=0, seconds=0.9)
    watch.worked(B, now=0, seconds=0.2)

    assert ordered(chosen, watch)[0] == ["c", "b", "a"]
    watch.worked(C, now=0, seconds=0.5)
    assert ordered(chosen, watch)[0] == ["b", "c", "a"]


def test_a_slow_target_is_tried_again_when_its_latency_is_old():
    watch, chosen = Watch(), route(A, B, how="latency")
    watch.worked(A, now=0, seconds=1.0)
    first: list[str] = []
    for second in range(0, 120, 10):
        watch.worked(B, now=second, seconds=0.2)
        first.append(ordered(chosen, watch, now=second)[0][0])

    assert first == ["b"] * 7 + ["a"] * 5


def test_a_target_that_fails_in_a_row_is_left_alone_until_one_call_finds_it_well():
    watch, chosen = Watch(), route(A, B, how="fallback")

    for second in range(3):
        assert ordered(chosen, watch, now=second)[0] == ["a", "b"]
        watch.failed(A, now=second, cooldown=THRICE)

    assert ordered(chosen, watch, now=31) == (["b"], ["a"])
    assert ordered(chosen, watch, now=32.1) == (["a", "b"], [])
    watch.tries(A, now=32.1)
    assert ordered(chosen, watch, now=32.2) == (["b"], ["a"])  # one call is enough to find out
    watch.worked(A, now=33, seconds=1)
    assert ordered(chosen, watch, now=33) == (["a", "b"], [])
    watch.failed(A, now=34, cooldown=THRICE)
    assert ordered(chosen, watch, now=34) == (["a", "b"], [])  # counted from the beginning


def test_a_target_that_fails_its_trial_rests_again_at_once():
    watch, chosen = Watch(), route(A, B, how="fallback")
    for _ in range(3):
        watch.failed(A, now=0, cooldown=THRICE)

    watch.tries(A, now=30)
    watch.failed(A, now=30, cooldown=THRICE)

    assert ordered(chosen, watch, now=59)[1] == ["a"]
    assert ordered(chosen, watch, now=61)[1] == []


def test_a_trial_that_the_client_ended_is_no_evidence():
    watch, chosen = Watch(), route(A, B, how="fallback")
    for _ in range(3):
        watch.failed(A, now=0, cooldown=THRICE)

    watch.tries(A, now=30)
    watch.left(A)

    assert ordered(chosen, watch, now=30)[0] == ["a", "b"]


def test_a_target_rests_for_as_long_as_it_asks():
    watch, chosen = Watch(), route(A, B, how="fallback")

    watch.failed(A, now=0, cooldown=THRICE, wait_s=90)

    assert ordered(chosen, watch, now=89) == (["b"], ["a"])
    assert watch.rest_s([A, B], now=10) == 1.0
    assert watch.rest_s([A], now=10) == 80
    assert ordered(chosen, watch, now=91)[0] == ["a", "b"]


def test_retries_are_a_share_of_the_calls():
    watch = Watch()

    allowed = sum(watch.may_retry(A) for _ in range(100))
    for _ in range(102):  # a fifth of them, rounded down
        watch.called(A)
    more = sum(watch.may_retry(A) for _ in range(100))

    assert (allowed, more) == (10, 20)
    assert watch.may_retry(B)


def test_a_route_without_choice_remembers_nothing():
    watch, chosen = Watch(), route(A, cooldown=None)
    for _ in range(10):
        watch.failed(A, now=0, cooldown=THRICE)

    assert ordered(chosen, watch) == (["a"], [])
