"""Model calls by target, their errors, and what keys have used."""

import time

import genaiops
from genaiops.gateway import keys as ring
from genaiops.gateway.limits import Policy
from genaiops.query import gateway
from tests.query.seeding import BASE_NS, SECOND, trace


def call(number: int, **more: object) -> None:
    """A trace with one call of a model."""
    trace(number, call={"provider": "openai"} | more)


def test_targets_say_how_their_calls_went() -> None:
    for number in range(10):
        call(number)
    failed = {"status": "error", "status_message": "overloaded"}
    for number in range(10, 13):
        call(number, request_model="other", **failed)

    first, second = gateway.targets(since_ns=BASE_NS - SECOND, bins=4)

    assert (first.name, first.calls, first.errors, first.health) == ("openai/gpt-5", 10, 0, "ok")
    assert first.cost_usd == 2.5
    assert sum(first.histogram) == 10
    assert (second.name, second.health, second.last_error) == (
        "openai/other",
        "failing",
        "overloaded",
    )


def test_a_target_that_fails_now_and_then_is_degraded_by_its_last_calls_only() -> None:
    for number in range(60):
        bad = number in (45, 50) or number < 30
        call(number, status="error" if bad else "ok")

    (target,) = gateway.targets(since_ns=BASE_NS - SECOND)

    assert (target.errors, target.recent, target.health) == (32, 0.1, "degraded")


def test_errors_are_counted_by_kind_with_their_newest_message() -> None:
    for number, kind in enumerate(("RateLimitedError", "RateLimitedError", "ProviderTimeoutError")):
        attributes = {"error.type": kind}
        call(number, status="error", status_message=f"no {number}", attributes=attributes)

    first, second = gateway.errors(since_ns=BASE_NS - SECOND)

    assert (first.kind, first.n, first.message) == ("RateLimitedError", 2, "no 1")
    assert (second.kind, second.n) == ("ProviderTimeoutError", 1)


def test_keys_are_masked_and_say_what_they_spent_of_their_budget() -> None:
    key = ring.create(Policy(name="team-a", budget_usd=10.0, budget_every="day", models=("fast",)))
    ring.create(Policy(name="gone"))
    ring.create(Policy(name="old", expires_ns=time.time_ns() - 1))
    ring.revoke("gone")
    now = time.time_ns()
    for number in range(2):
        trace(
            number,
            start_ns=now - SECOND,
            call={"attributes": {"genaiops.gateway.key": "team-a"}, "start_ns": now - SECOND},
        )
    trace(3, start_ns=now - SECOND)

    valid, gone, old = gateway.keys()

    assert (valid.name, valid.state, valid.spent_usd, valid.calls) == ("team-a", "valid", 0.5, 2)
    assert valid.prefix in key
    assert len(valid.prefix) < len(key) / 2
    assert {gone.state, old.state} == {"revoked", "expired"}


def test_an_empty_store_has_no_targets() -> None:
    assert gateway.targets(since_ns=0) == []
    assert gateway.errors(since_ns=0) == []
    assert gateway.keys() == []
    assert genaiops.search_traces() == []
