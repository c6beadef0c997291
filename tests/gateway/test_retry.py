import pytest

from genaiops.gateway.attempts import Retry, next_delay_s
from genaiops.gateway.upstream import Answer, UpstreamFailure

RETRY = Retry(retries=3, first_s=1, longest_s=3, patience_s=30)


def answer(status, **headers):
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, b"")


@pytest.mark.parametrize(
    ("outcome", "tried", "delay"),
    [
        (answer(200), 1, None),
        (answer(400), 1, None),
        (answer(429), 1, 1),
        (answer(500), 2, 2),
        (answer(503), 3, 3),
        (answer(503), 4, None),
        (answer(429, retry_after="7"), 1, 7),
        (answer(429, retry_after="0"), 3, 0),
        (answer(429, retry_after_ms="250", retry_after="7"), 1, 0.25),
        (answer(429, retry_after="31"), 1, None),
        (answer(429, retry_after="-1"), 1, 1),
        (answer(429, retry_after="nan"), 1, 1),
        (answer(429, retry_after="Wed, 25 Nov 2026 00:00:00 GMT"), 1, 1),
        (UpstreamFailure("connect", "refused"), 1, 1),
        (UpstreamFailure("broken", "reset"), 2, 2),
        (UpstreamFailure("timeout", "slow"), 1, None),
        (UpstreamFailure("too_large", "endless"), 1, None),
    ],
)
def test_the_wait_before_the_next_attempt(outcome, tried, delay):
    assert next_delay_s(RETRY, tried=tried, outcome=outcome) == delay
