"""A team's gateway: keys in its file, limits that several gateways keep in one Redis."""

import itertools
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.gateway.conftest import Served
from tests.gateway.fake import FakeProvider, chat
from tests.gateway.redis_server import RedisServer, redis_server
from tests.gateway.test_app import BODY, post
from tests.gateway.test_keys import LOCAL, bearer

KEY = "gk_team_a_0123456789"
USAGE = {"prompt_tokens": 1, "completion_tokens": 0, "total_tokens": 1, "cost": 1.0}


@pytest.fixture
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def team(
    serve: Callable[..., Served], workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Served]:
    """A gateway with the key of team a and further lines in its file."""
    monkeypatch.setenv("TEAM_A_KEY", KEY)

    def start(of_key: str = "", more: str = "", *options: str) -> Served:
        text = (
            f"providers: {{openai: {{api_key: '${{OPENAI_API_KEY}}'}}}}\n"
            f"keys:\n  - {{name: team-a, key: '${{TEAM_A_KEY}}'{of_key}}}\n{more}\n"
        )
        (workdir / "gateway.yaml").write_text(text)
        return serve("--config", "gateway.yaml", *options)

    return start


def test_a_key_of_the_file_is_asked_for_and_limited(
    team: Callable[..., Served], provider: FakeProvider
) -> None:
    gateway = team(", limits: {rpm: 2}, models: [offline/extractive]")

    assert post(gateway, LOCAL)[0] == 401
    assert [post(gateway, LOCAL, **bearer(KEY))[0] for _ in range(3)] == [200, 200, 429]
    assert post(gateway, BODY, **bearer(KEY))[0] == 403


def test_two_gateways_on_one_redis_overspend_a_budget_by_the_calls_in_flight_at_most(
    team: Callable[..., Served], provider: FakeProvider, redis: RedisServer
) -> None:
    settings = (", budget: {usd: 30}", f"redis: {redis.url}")
    both = itertools.cycle([team(*settings), team(*settings)])
    provider.say(*[chat(usage=USAGE) for _ in range(200)])
    flights = 16

    with ThreadPoolExecutor(flights) as pool:
        answers = list(pool.map(lambda _: post(next(both), BODY, **bearer(KEY)), range(200)))

    spent = sum(status == 200 for status, _, _ in answers)
    assert 30 <= spent < 30 + flights
    assert {status for status, _, _ in answers} == {200, 429}


def test_workers_share_limits_through_redis_and_go_on_alone_while_it_is_away(
    team: Callable[..., Served], provider: FakeProvider, redis: RedisServer
) -> None:
    gateway = team(", limits: {rpm: 5}", f"redis: {redis.url}", "--workers", "2")

    said = [post(gateway, LOCAL, **bearer(KEY))[0] for _ in range(12)]
    redis.kill()
    alone = [post(gateway, LOCAL, **bearer(KEY)) for _ in range(12)]

    assert sorted(said) == [200] * 5 + [429] * 7
    statuses = [status for status, _, _ in alone]
    assert set(statuses) <= {200, 429}
    assert statuses.count(200) <= 5  # what both together may do, less what each has let in
    assert statuses[-1] == 429


def test_calls_are_refused_while_redis_is_away_where_the_file_says_so(
    team: Callable[..., Served], provider: FakeProvider, redis: RedisServer
) -> None:
    gateway = team(", limits: {rpm: 50}", f"redis: {{url: '{redis.url}', when_away: refuse}}")
    assert post(gateway, LOCAL, **bearer(KEY))[0] == 200

    redis.kill()

    status, headers, body = post(gateway, LOCAL, **bearer(KEY))
    assert (status, json.loads(body)["error"]["code"]) == (503, "limits_unavailable")
    assert int(headers["retry-after"]) >= 1
    redis.start()
    until = time.monotonic() + 20
    while post(gateway, LOCAL, **bearer(KEY))[0] != 200:
        assert time.monotonic() < until
