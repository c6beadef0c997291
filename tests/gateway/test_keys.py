"""Virtual keys: who is let in, what they may ask for, how fast, and what they may spend."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import CliRunner

import genaiops
from genaiops.cli.main import cli
from genaiops.gateway.limits import Account, Denied, Policy, period_start_s
from genaiops.model.usage import Usage
from tests.gateway.fake import chat
from tests.gateway.test_app import BODY, HI, MODEL, post

LOCAL = {"model": "offline/extractive", "messages": HI}


def keys(*arguments):
    return CliRunner().invoke(cli, ["gateway", "keys", *arguments])


def make(name, *options):
    return json.loads(keys("create", name, *options, "--format", "json").stdout)["key"]


def bearer(key):
    return {"authorization": f"Bearer {key}"}


class Clock:
    now = 1_700_000_000.0

    def __call__(self):
        return self.now


def denied(account, model="any/thing"):
    with pytest.raises(Denied) as caught:
        account.admit(model)
    return caught.value.status, caught.value.code, caught.value.retry_after_s


def test_a_key_is_shown_once_and_kept_as_a_digest(workdir):
    key = make("team-a", "--usd", "5")

    assert key.startswith("gk_")
    assert key not in keys("list", "--format", "json").stdout
    assert [k["budget_usd"] for k in json.loads(keys("list", "--format", "json").stdout)] == [5.0]
    assert "gk_" in keys("list").stdout
    assert keys("create", "team-a").exit_code == 1


def test_a_gateway_without_keys_asks_for_none_until_the_first_is_made(serve, provider):
    gateway = serve()
    assert post(gateway, LOCAL)[0] == 200

    make("first")

    until = time.monotonic() + 20
    while post(gateway, LOCAL)[0] != 401:
        assert time.monotonic() < until


def test_only_the_holder_of_a_key_is_let_in_and_errors_speak_their_dialect(serve, provider):
    key = make("team-a", "--models", "offline/extractive, anthropic/*")
    gateway = serve()

    status, _, body = post(gateway, LOCAL)
    assert (status, json.loads(body)["error"]["code"]) == (401, "key_invalid")
    assert post(gateway, LOCAL, **bearer("gk_wrong"))[0] == 401
    assert post(gateway, LOCAL, **bearer(key))[0] == 200
    assert post(gateway, LOCAL, x_api_key=key)[0] == 200
    for other in ("Basic dTpw", "Bearer", "Bearer "):  # no key of ours; the next header has it
        assert post(gateway, LOCAL, authorization=other, x_api_key=key)[0] == 200

    status, _, body = post(gateway, BODY, **bearer(key))
    assert (status, json.loads(body)["error"]["code"]) == (403, "model_not_allowed")
    status, _, body = post(gateway, BODY | {"max_tokens": 9}, "/v1/messages", x_api_key=key)
    assert (status, json.loads(body)["error"]["type"]) == (403, "permission_error")
    status, _, body = post(gateway, BODY | {"max_tokens": 9}, "/v1/messages")
    assert (status, json.loads(body)["type"]) == (401, "error")
    status, _, body = post(gateway, BODY, "/v1/messages/count_tokens", x_api_key=key)
    assert (status, json.loads(body)["error"]["type"]) == (403, "permission_error")
    assert provider.requests == []


def test_models_are_listed_in_the_shape_of_the_caller_and_only_those_it_may_use(serve, provider):
    narrow, wide = make("narrow", "--models", MODEL), make("wide")
    gateway = serve()

    def listed(key, **more):
        return json.loads(post(gateway, b"", "/v1/models", "GET", **bearer(key), **more)[2])

    assert [m["id"] for m in listed(narrow)["data"]] == [MODEL]
    assert [m["id"] for m in listed(wide)["data"]] == ["offline/extractive"]
    seen = listed(narrow, anthropic_version="2023-06-01")
    assert (seen["data"][0]["type"], seen["last_id"]) == ("model", MODEL)


def test_a_revoked_key_is_refused_within_seconds(serve, provider):
    key = make("team-a")
    gateway = serve()
    assert post(gateway, LOCAL, **bearer(key))[0] == 200

    assert keys("revoke", "team-a").exit_code == 0

    until = time.monotonic() + 20
    while post(gateway, LOCAL, **bearer(key))[0] != 401:
        assert time.monotonic() < until


def test_requests_a_minute_are_counted_exactly(serve, provider):
    key = make("team-a", "--rpm", "5")
    gateway = serve()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(gateway, LOCAL, **bearer(key)), range(20)))

    assert sorted(status for status, _, _ in answers) == [200] * 5 + [429] * 15
    refused = next(answer for answer in answers if answer[0] == 429)
    assert json.loads(refused[2])["error"]["code"] == "rate_limited"
    assert 1 <= int(refused[1]["retry-after"]) <= 60


def test_a_budget_under_200_parallel_calls_is_overspent_by_those_in_flight_at_most(serve, provider):
    key = make("team-a", "--usd", "20")
    gateway = serve()
    usage = {"prompt_tokens": 1, "completion_tokens": 0, "total_tokens": 1, "cost": 1.0}
    provider.say(*[chat(usage=usage) for _ in range(200)])
    flights = 16

    with ThreadPoolExecutor(flights) as pool:
        answers = list(pool.map(lambda _: post(gateway, BODY, **bearer(key)), range(200)))

    spent = sum(status == 200 for status, _, _ in answers)
    assert 20 <= spent < 20 + flights
    assert {status for status, _, _ in answers} == {200, 429}
    refused = json.loads(next(a for a in answers if a[0] == 429)[2])["error"]
    assert refused["code"] == "budget_exceeded"


def test_what_was_spent_outlives_the_gateway(serve, provider):
    daily, monthly = make("d", "--usd", "1", "--every", "day"), make("m", "--usd", "1")
    rich = make("rich", "--usd", "9")
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "cost": 2.0}
    provider.say(*[chat(usage=usage) for _ in range(4)])
    first = serve()
    for key in (daily, monthly, rich):
        assert post(first, BODY, **bearer(key))[0] == 200
    first.process.terminate()
    first.process.wait(timeout=60)
    assert genaiops.sql("SELECT sum(cost_usd) FROM spans").rows == [(6.0,)]

    second = serve()

    asked = [post(second, BODY, **bearer(key))[0] for key in (daily, monthly, rich)]
    assert asked == [429, 429, 200]


def test_limits_of_an_account_by_the_clock():
    clock = Clock()
    policy = Policy(name="k", tpm=100, concurrent=2, budget_usd=1, budget_every="day")
    account = Account(policy, clock=clock, ticks=clock)

    one, two = account.admit("m"), account.admit("m")
    assert denied(account) == (429, "rate_limited", 1)
    with one:
        one.used(Usage(input_tokens=60, output_tokens=40), 0.5)
    assert denied(account) == (429, "rate_limited", 61)
    clock.now += 60
    account.admit("m").__exit__()
    with two:
        two.used(Usage(input_tokens=-5, output_tokens=None), 0.5)
    assert denied(account)[:2] == (429, "budget_exceeded")
    clock.now = period_start_s("day", clock.now) + 86_400
    account.admit("m").__exit__()


def test_a_lifetime_is_days_hours_or_minutes(workdir):
    make("team-a", "--expires", "30d")

    (row,) = genaiops.sql("SELECT created_ns, expires_ns FROM gateway_keys").rows
    assert 0 <= row[0] + 30 * 86_400_000_000_000 - row[1] < 60_000_000_000
    for value in ("30", "0d", "d", "-1d", "1y", "9999999d"):
        refused = keys("create", "team-b", "--expires", value)
        assert refused.exit_code == 2
        assert f"'{value}' is no time: write 30d, 12h or 90m" in refused.stderr
    assert keys("create", "team-b", "--models", "a,,b").exit_code == 2


def test_a_key_ends_when_it_expires():
    clock = Clock()
    account = Account(Policy(name="k", expires_ns=int((clock.now + 5) * 1e9)), clock=clock)
    account.admit("m").__exit__()

    clock.now += 5

    assert denied(account) == (401, "key_invalid", None)


def test_a_month_begins_on_its_first_day():
    assert period_start_s("month", 1_700_000_000) == 1_698_796_800


def test_workers_are_refused_where_limits_would_not_be_exact(workdir):
    make("team-a")

    result = CliRunner().invoke(cli, ["gateway", "start", "--workers", "2", "--port", "0"])

    assert result.exit_code == 1
    assert "use --workers 1" in result.stderr
