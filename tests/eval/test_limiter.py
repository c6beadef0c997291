"""How fast a provider is asked: in virtual time, against providers that keep limits."""

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from genaiops.errors import AuthenticationError, ProviderError, RateLimitedError
from genaiops.eval.limiter import Limiter
from genaiops.eval.throttle import Policy, quota_wait_s
from genaiops.gateway.completion import Completion
from genaiops.model.usage import Usage
from tests.eval.virtual import Bucket, Capped, Down, run


def ask(provider, n, **policy):
    """Asks n times at once; the answers or errors, the seconds it took, the limiter."""
    limiters = []

    async def everything():
        limiters.append(limiter := Limiter(Policy(**policy)))
        calls = (limiter.call(provider) for _ in range(n))
        return await asyncio.gather(*calls, return_exceptions=True)

    answers, took = run(everything)
    return answers, took, limiters[0]


@pytest.mark.parametrize("latency_s", [0.002, 0.2])
def test_a_capped_provider_is_kept_busy_and_hardly_ever_has_to_refuse(latency_s):
    provider = Capped(20, latency_s=latency_s)

    answers, took, _ = ask(provider, 1200)

    assert set(answers) == {"yes"}
    assert provider.refused / provider.calls <= 0.05
    assert 1200 / took / 20 >= 0.95


@pytest.mark.parametrize("latency_s", [0.002, 0.2])
@pytest.mark.parametrize("cap", [20, 100])
def test_a_cap_is_found_where_the_provider_names_no_pause(cap, latency_s):
    provider = Capped(cap, latency_s=latency_s, retry_after_s=None)

    answers, took, _ = ask(provider, 60 * cap)

    assert set(answers) == {"yes"}
    assert provider.refused / provider.calls <= 0.05
    assert 60 * cap / took / cap >= 0.95


@pytest.mark.parametrize("latency_s", [0.002, 0.2])
def test_a_bucket_that_refills_while_calls_pause_is_found_too(latency_s):
    provider = Bucket(20, latency_s=latency_s)

    answers, took, _ = ask(provider, 1200)

    assert set(answers) == {"yes"}
    assert provider.refused / provider.calls <= 0.06
    assert 1200 / took / 20 >= 0.95


def test_a_cap_that_falls_and_rises_again_is_followed():
    provider, done = Capped(50), []

    async def everything():
        limiter, loop = Limiter(), asyncio.get_running_loop()
        began = loop.time()

        async def one():
            await limiter.call(provider)
            done.append(loop.time() - began)

        loop.call_later(30, setattr, provider, "cap", 5)
        loop.call_later(90, setattr, provider, "cap", 50)
        await asyncio.gather(*(one() for _ in range(4000)))

    run(everything)
    per_s = {minute: n / 30 for minute, n in Counter(int(at) // 30 for at in done).items()}

    assert per_s[0] > 45
    assert 4.5 < per_s[2] < 5.2
    assert max(per_s[minute] for minute in per_s if minute > 5) > 15
    assert provider.refused / provider.calls < 0.05


def test_refusals_that_do_not_depend_on_the_pace_do_not_stop_everything():
    chance = random.Random(1)

    async def moody():
        await asyncio.sleep(0.01)
        if chance.random() < 0.1:
            raise RateLimitedError("no", status=429, retry_after_s=1.0)
        return "yes"

    answers, took, _ = ask(moody, 1000)

    assert set(answers) == {"yes"}
    assert took < 600


def test_refusals_by_chance_that_name_no_pause_are_soon_taken_for_chance():
    chance = random.Random(1)

    async def moody():
        await asyncio.sleep(0.01)
        if chance.random() < 0.1:
            raise RateLimitedError("no", status=429)
        return "yes"

    answers, took, _ = ask(moody, 1000)

    assert set(answers) == {"yes"}
    assert took < 40


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("latency_s", "without_a_pace_s"), [(0.01, 12), (0.2, 54)])
def test_refusals_by_chance_hardly_slow_calls_down(latency_s, without_a_pace_s, seed):
    chance = random.Random(seed)

    async def moody():
        await asyncio.sleep(latency_s)
        if chance.random() < 0.1:
            raise RateLimitedError("no", status=429)
        return "yes"

    answers, took, _ = ask(moody, 1000)

    assert set(answers) == {"yes"}
    assert took < 1.25 * without_a_pace_s


def test_calls_in_flight_grow_while_the_provider_accepts_them():
    provider = Capped(10_000, latency_s=0.2)

    _, took, _ = ask(provider, 3000)

    assert provider.most == 128
    assert took < 8


def test_one_refusal_pauses_every_call_for_as_long_as_the_provider_asks():
    provider = Capped(3, retry_after_s=7.0, window_s=7.0)
    times = []

    async def noting():
        times.append(asyncio.get_running_loop().time())
        return await provider()

    ask(noting, 6, start=4)

    first_pause = next(b - a for a, b in pairwise(times) if b - a > 1)
    assert first_pause >= 7.0


def test_a_provider_that_is_down_for_a_minute_loses_nothing_and_is_not_hammered():
    provider = Down(60)

    answers, took, _ = ask(provider, 500)

    assert set(answers) == {"yes"}
    assert 60 <= took < 85
    assert provider.calls < 540


def test_a_provider_that_fails_for_a_minute_loses_nothing_either():
    provider = Down(60, status=500)

    answers, _, _ = ask(provider, 200)

    assert set(answers) == {"yes"}
    assert provider.calls < 300


def test_a_provider_that_stays_down_gives_errors_and_no_endless_wait():
    answers, took, _ = ask(Down(10_000), 50)

    assert {type(answer) for answer in answers} == {ProviderError}
    assert took < 400


def test_some_failures_are_tried_again():
    chance = random.Random(2)

    async def shaky():
        if chance.random() < 0.1:
            raise ProviderError("oops", status=500)
        return "yes"

    answers, _, _ = ask(shaky, 2000)

    assert set(answers) == {"yes"}


@pytest.mark.parametrize(
    "error",
    [
        AuthenticationError("wrong key", status=401),
        RateLimitedError("You exceeded your current quota, check your billing", status=429),
    ],
)
def test_what_waiting_does_not_mend_is_an_error_at_once(error):
    calls = []

    async def refuses():
        calls.append(1)
        raise error

    answers, _, _ = ask(refuses, 1)

    assert (answers, len(calls)) == ([error], 1)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        ({"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "1s"}, 0.0),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "20ms"}, 0.02),
        (
            {
                "x-ratelimit-limit-requests": "500",
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "1m0s",
            },
            0.12,
        ),
        (
            {
                "x-ratelimit-limit-tokens": "1000",
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-tokens": "10",
            },
            0.1,
        ),
        ({"x-ratelimit-remaining-requests": "none", "x-ratelimit-reset-requests": "1s"}, 0.0),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "soon"}, 0.0),
    ],
)
def test_the_rest_of_a_quota_is_read_from_the_headers(headers, seconds):
    assert quota_wait_s(headers) == pytest.approx(seconds)


def test_a_quota_that_comes_back_at_a_time_of_day_is_read_too():
    headers = {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "2026-11-26T17:00:50Z",
    }

    assert quota_wait_s(headers, datetime(2026, 11, 26, 17, 0, tzinfo=UTC)) == pytest.approx(1.0)
    assert quota_wait_s(headers, datetime(2026, 11, 26, 18, 0, tzinfo=UTC)) == 0.0


def test_a_quota_that_is_used_up_pauses_all_calls_before_one_is_refused():
    times = []

    async def thrifty():
        times.append(asyncio.get_running_loop().time())
        headers = {"x-ratelimit-remaining-requests": "3"}
        if len(times) % 10 == 0:
            headers = {
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-limit-requests": "1",
                "x-ratelimit-reset-requests": "5s",
            }
        return completion(headers)

    answers, took, _ = ask(thrifty, 30)

    assert len(answers) == 30
    assert [round(b - a) for a, b in pairwise(times) if b - a > 1] == [5, 5]
    assert took == pytest.approx(10, abs=1)


def completion(headers):
    return Completion(
        text="yes",
        message={},
        finish_reason="stop",
        usage=Usage(),
        cost_usd=None,
        model="m",
        provider="openai",
        trace_id="",
        span_id="",
        raw={},
        headers=headers,
    )
