"""Limits that several gateways keep together, in a real Redis that comes and goes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from genaiops.errors import ConfigError
from genaiops.gateway.limits import Account, Denied, Policy, admit
from genaiops.gateway.shared_limits import RedisLimits, WhenAway, check_redis
from genaiops.model.usage import Usage
from tests.gateway.redis_server import RedisServer, redis_server


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@asynccontextmanager
async def limits(server: RedisServer, when_away: WhenAway = "local") -> AsyncIterator[RedisLimits]:
    made = RedisLimits(server.url, when_away=when_away)
    try:
        yield made
    finally:
        await made.close()


async def outcome(shared: RedisLimits, account: Account) -> str:
    account.shared = shared
    try:
        await admit(account, "any/model")
    except Denied as denied:
        return denied.code
    return "ok"


def test_requests_a_minute_are_counted_over_all_gateways(running: RedisServer) -> None:
    async def main() -> list[str]:
        policy = Policy(name="requests", rpm=5)
        async with limits(running) as one, limits(running) as two:
            accounts = [(one, Account(policy)), (two, Account(policy))]
            asked = [outcome(*accounts[n % 2]) for n in range(20)]
            return sorted(await asyncio.gather(*asked))

    assert asyncio.run(main()) == ["ok"] * 5 + ["rate_limited"] * 15


def test_a_place_is_free_again_once_the_call_is_over(running: RedisServer) -> None:
    async def main() -> None:
        policy = Policy(name="places", concurrent=1)
        async with limits(running) as one, limits(running) as two:
            here, there = Account(policy, shared=one), Account(policy)
            with await admit(here, "any/model") as permit:
                assert await outcome(two, there) == "rate_limited"
            await permit.settled()
            assert await outcome(two, there) == "ok"

    asyncio.run(main())


def test_tokens_and_money_of_one_gateway_are_known_to_the_next(running: RedisServer) -> None:
    async def spend(policy: Policy) -> list[str]:
        async with limits(running) as one, limits(running) as two:
            here, there = Account(policy, shared=one), Account(policy)
            said = [await outcome(two, there)]
            with await admit(here, "any/model") as permit:
                permit.used(Usage(input_tokens=60, output_tokens=40), 1.5)
                await permit.settled()
            return [*said, await outcome(two, there), f"{there.spent_usd}"]

    tokens = asyncio.run(spend(Policy(name="tokens", tpm=100)))
    money = asyncio.run(spend(Policy(name="money", budget_usd=1.5, budget_every="day")))

    assert tokens[:2] == ["ok", "rate_limited"]
    assert money == ["ok", "budget_exceeded", "1.5"]


def test_a_budget_under_parallel_calls_is_overspent_by_those_in_flight(
    running: RedisServer,
) -> None:
    spent: list[float] = []

    async def call(account: Account) -> None:
        try:
            with await admit(account, "any/model") as permit:
                await asyncio.sleep(0)
                permit.used(Usage(input_tokens=1), 1.0)
                await permit.settled()
                spent.append(1.0)
        except Denied:
            pass

    async def caller(both: list[Account], calls: int) -> None:
        for n in range(calls):
            await call(both[n % 2])

    async def main() -> None:
        policy = Policy(name="crowd", budget_usd=50)
        async with limits(running) as one, limits(running) as two:
            both = [Account(policy, shared=one), Account(policy, shared=two)]
            await asyncio.gather(*(caller(both, 10) for _ in range(20)))

    asyncio.run(main())

    assert 50 <= sum(spent) < 50 + 20


def test_while_redis_is_away_each_gateway_goes_on_alone_and_tells_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genaiops.gateway.shared_limits._AGAIN_S", 0.0)

    async def main(server: RedisServer) -> list[str]:
        policy = Policy(name="away", rpm=3, budget_usd=9)
        async with limits(server) as one, limits(server) as two:
            here, there = Account(policy, shared=one), Account(policy)
            said = [await outcome(one, here)]
            server.kill()
            with await admit(here, "any/model") as permit:
                permit.used(Usage(), 9.0)
                await permit.settled()
            said += [await outcome(two, there) for _ in range(4)]
            server.start()
            said.append(await outcome(one, Account(Policy(name="away", budget_usd=99))))
            return [*said, await outcome(two, Account(policy))]

    with redis_server(tmp_path) as server, caplog.at_level(logging.WARNING):
        said = asyncio.run(main(server))

    assert said == ["ok", "ok", "ok", "ok", "rate_limited", "ok", "budget_exceeded"]
    assert "Redis does not answer (ConnectionError: " in caplog.text


def test_where_that_is_wanted_calls_are_refused_while_redis_is_away(tmp_path: Path) -> None:
    async def main(server: RedisServer) -> list[str]:
        async with limits(server, "refuse") as shared:
            limited, free = Account(Policy(name="k", rpm=9)), Account(Policy(name="free"))
            said = [await outcome(shared, limited)]
            server.kill()
            return [*said, await outcome(shared, limited), await outcome(shared, free)]

    with redis_server(tmp_path) as server:
        assert asyncio.run(main(server)) == ["ok", "limits_unavailable", "ok"]


def test_the_place_of_a_gateway_that_died_is_given_away(
    running: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genaiops.gateway.shared_limits._LEASE_S", 0.2)

    async def main() -> list[str]:
        policy = Policy(name="leases", concurrent=1)
        dead = RedisLimits(running.url)
        async with limits(running) as alive:
            await admit(Account(policy, shared=dead), "any/model")
            assert dead._renewal is not None
            await asyncio.sleep(0.4)  # two leases, renewed meanwhile
            said = [await outcome(alive, Account(policy))]
            dead._renewal.cancel()
            await asyncio.sleep(0.4)
            await dead.close()
            return [*said, await outcome(alive, Account(policy))]

    assert asyncio.run(main()) == ["rate_limited", "ok"]


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(ConfigError, match="this is not an address: use redis://"):
        check_redis("host:6379")
