"""Limits in a Redis that is slow, forgets, refuses, or dies under load."""

import asyncio
import contextlib
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from genaiops.cli.main import cli
from genaiops.errors import ConfigError
from genaiops.gateway import shared_limits
from genaiops.gateway.limits import Account, Policy, admit, period_start_s
from genaiops.gateway.shared_limits import ask_redis
from genaiops.model.usage import Usage
from tests.gateway.redis_server import RedisServer, redis_server
from tests.gateway.test_app import error, post
from tests.gateway.test_operating import FAST, reload, rewrite
from tests.gateway.test_shared_limits import limits, outcome


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as made:
        yield made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_limits, "_PATIENCE_S", 0.15)
    monkeypatch.setattr(shared_limits, "_AGAIN_S", 0.01)


def tell(server: RedisServer, *words: str) -> str:
    command = ["redis-cli", "-p", str(server.port), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def spent(server: RedisServer, name: str, every: str = "month") -> float:
    start = int(period_start_s("day" if every == "day" else "month", time.time()))
    return float(tell(server, "get", f"genaiops:{{{name}}}:usd:{start}") or 0)


@contextlib.contextmanager
def frozen(server: RedisServer) -> Iterator[None]:
    """Redis hears, does later what it heard, and answers nobody meanwhile."""
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.process.send_signal(signal.SIGCONT)


def test_what_a_slow_redis_heard_and_did_not_answer_is_counted_once(
    server: RedisServer, impatient: None
) -> None:
    async def main() -> list[str]:
        policy = Policy(name="slow", budget_usd=5)
        async with limits(server) as one:
            account = Account(policy, shared=one)
            permits = [await admit(account, "any/model") for _ in range(3)]
            with frozen(server):
                for permit in permits:
                    with permit:
                        permit.used(Usage(), 1.0)
                        await permit.settled()
            await asyncio.sleep(0.1)
            return [await outcome(one, account), f"{account.spent_usd}"]

    said = asyncio.run(main())

    assert said == ["ok", "3.0"]
    assert spent(server, "slow") == 3.0


def test_a_place_that_a_slow_redis_gave_is_given_back(server: RedisServer, impatient: None) -> None:
    async def main() -> list[str]:
        policy = Policy(name="places", concurrent=1)
        async with limits(server) as one, limits(server) as two:
            account = Account(policy, shared=one)
            with await admit(account, "any/model") as permit:
                await permit.settled()
            await asyncio.sleep(0.05)
            with frozen(server), await admit(account, "any/model") as permit:
                pass
            await permit.settled()
            await asyncio.sleep(0.1)
            held = tell(server, "zcard", "genaiops:{places}:running")
            with await admit(
                account, "any/model"
            ) as permit:  # tells besides that the first is over
                pass
            await permit.settled()
            return [held, await outcome(two, Account(policy))]

    assert asyncio.run(main()) == ["1", "ok"]


def test_only_one_call_waits_to_see_whether_redis_is_back(
    server: RedisServer, impatient: None
) -> None:
    async def main() -> None:
        async with limits(server) as one:
            account = Account(Policy(name="herd", rpm=100_000), shared=one)
            with frozen(server):
                for _ in range(12):
                    assert await outcome(one, account) == "ok"
                    await asyncio.gather(*(outcome(one, account) for _ in range(20)))
                    await asyncio.sleep(0.02)

    asyncio.run(main())

    [asked] = re.findall(r"total_connections_received:(\d+)", tell(server, "info", "stats"))
    assert 1 < int(asked) < 20


def test_redis_killed_under_load_and_started_again_knows_every_dollar(
    tmp_path: Path, impatient: None
) -> None:
    done: list[float] = []

    async def caller(account: Account, until: asyncio.Event) -> None:
        while not until.is_set():
            with await admit(account, "any/model") as permit:
                await asyncio.sleep(0.002)
                permit.used(Usage(input_tokens=1), 0.25)
                done.append(0.25)
                await permit.settled()

    async def main(server: RedisServer) -> list[str]:
        policy = Policy(name="load", budget_usd=10_000, budget_every="day")
        stop = asyncio.Event()
        async with limits(server) as one, limits(server) as two:
            both = [(shared, Account(policy, shared=shared)) for shared in (one, two)]
            callers = [
                asyncio.create_task(caller(account, stop)) for _, account in both for _ in range(10)
            ]
            for _ in range(2):
                await asyncio.sleep(0.15)
                await asyncio.to_thread(server.kill)
                await asyncio.sleep(0.15)
                await asyncio.to_thread(server.start)
            await asyncio.sleep(0.2)
            stop.set()
            await asyncio.gather(*callers)
            return [await outcome(shared, account) for shared, account in both]

    with redis_server(tmp_path, "--appendonly", "yes", "--appendfsync", "always") as server:
        said = asyncio.run(main(server))
        known = spent(server, "load", "day")

    assert said == ["ok", "ok"]
    assert len(done) > 100
    assert known == sum(done)


def test_what_redis_forgets_it_is_told_again(server: RedisServer) -> None:
    async def main() -> list[str]:
        policy = Policy(name="forgot", budget_usd=5)
        async with limits(server) as one, limits(server) as two:
            here = Account(policy, shared=one)
            with await admit(here, "any/model") as permit:
                permit.used(Usage(), 4.0)
                await permit.settled()
            tell(server, "flushall")
            with await admit(here, "any/model") as permit:
                permit.used(Usage(), 1.0)
                await permit.settled()
            return [await outcome(two, Account(policy))]

    assert asyncio.run(main()) == ["budget_exceeded"]
    assert spent(server, "forgot") == 5.0


def test_redis_with_a_password_is_told_apart_from_one_that_is_away(
    server: RedisServer, workdir: Path
) -> None:
    assert ask_redis(server.url) == ""
    tell(server, "config", "set", "requirepass", "right")
    (workdir / "gateway.yaml").write_text(f"redis: redis://:wrong@127.0.0.1:{server.port}\n")

    for command in (["check"], ["start", "--port", "0"]):
        result = CliRunner().invoke(cli, ["gateway", *command, "--config", "gateway.yaml"])
        assert result.exit_code == 1
        assert "redis: it refuses to keep limits (AuthenticationError" in result.stderr
        assert "wrong" not in result.stderr
    assert ask_redis(f"redis://:right@127.0.0.1:{server.port}") == ""
    server.kill()
    away = CliRunner().invoke(cli, ["gateway", "check", "--config", "gateway.yaml"])
    assert away.exit_code == 0
    assert "redis does not answer now (ConnectionError" in away.stderr


def test_a_replica_that_is_for_reading_only_is_refused(server: RedisServer) -> None:
    tell(server, "replicaof", "127.0.0.1", "1")

    with pytest.raises(ConfigError, match="it refuses to keep limits"):
        ask_redis(server.url)


def test_a_reload_that_names_a_redis_with_another_password_keeps_the_old(
    inside, provider, server: RedisServer
) -> None:
    gateway = inside(FAST)
    tell(server, "config", "set", "requirepass", "right")

    rewrite(gateway, f"{FAST}redis: redis://:wrong@127.0.0.1:{server.port}\n")
    answer = reload(gateway)

    assert answer[0] == 400
    assert "it refuses to keep limits" in error(answer)["message"]
    assert post(gateway, {"model": "offline/extractive", "messages": []})[0] == 400
