"""Limits over HTTP: tokens, requests at once, budgets and lifetimes, for every kind of request."""

import datetime
import json
import time
from concurrent.futures import ThreadPoolExecutor

import anthropic
import openai
import pytest

from tests.gateway.fake import STREAM, Reply, anthropic_message, chat, streamed
from tests.gateway.test_app import BODY, HI, MODEL, error, post
from tests.gateway.test_caching import embedding
from tests.gateway.test_keys import LOCAL, bearer

KEY = "gk_team_0123456789abcdef"


@pytest.fixture
def team(inside, monkeypatch):
    """A gateway with one key that may do so much."""
    monkeypatch.setenv("TEAM_KEY", KEY)
    return lambda may, more="": inside(
        f"keys: [{{name: team, key: '${{TEAM_KEY}}', {may}}}]\n{more}"
    )


def usage(tokens=0, usd=0.0):
    return {"prompt_tokens": tokens, "completion_tokens": 0, "total_tokens": tokens, "cost": usd}


def billed(tokens=0, usd=0.0):
    return chat(usage=usage(tokens, usd))


def ask(gateway, body=BODY, path="/v1/chat/completions"):
    return post(gateway, body, path, **bearer(KEY))


def test_tokens_a_minute_hold_for_whole_answers_streams_and_embeddings(team, provider):
    gateway = team("limits: {tpm: 100}")
    events = [
        *STREAM[:3],
        b"data: %b\n\n" % json.dumps({"choices": [], "usage": usage(60)}).encode(),
    ]
    provider.say(billed(20), streamed([*events, STREAM[-1]]), embedding(1.0), billed(30))

    said = [
        ask(gateway)[0],
        ask(gateway, BODY | {"stream": True})[0],
        ask(gateway, {"model": "openai/e", "input": "x"}, "/v1/embeddings")[0],
        ask(gateway)[0],
    ]
    refused = ask(gateway)

    assert said == [200] * 4
    assert (refused[0], error(refused)["code"]) == (429, "rate_limited")
    assert "100 tokens a minute" in error(refused)["message"]
    assert 1 <= int(refused[1]["retry-after"]) <= 61


def test_requests_at_once_are_let_in_when_others_end(team, provider):
    gateway = team("limits: {concurrent: 2}")
    provider.say(*[streamed(STREAM[:1], hang=True)] * 2, chat())

    with ThreadPoolExecutor(2) as pool:
        under_way = [pool.submit(ask, gateway, BODY | {"stream": True}) for _ in range(2)]
        while len(provider.requests) < 2:
            time.sleep(0.005)
        full = ask(gateway)
        provider.let_go()
        for one in under_way:
            one.result()

    assert (full[0], error(full)["code"]) == (429, "rate_limited")
    assert ask(gateway)[0] == 200


def test_a_call_that_breaks_or_is_refused_gives_its_place_back(team, provider):
    gateway = team("limits: {concurrent: 1}")
    provider.say(Reply(status=400, pieces=[b"{}"]), streamed(STREAM[:2], cut=True), chat())

    assert ask(gateway)[0] == 400
    assert ask(gateway, BODY | {"stream": True})[0] == 200
    assert ask(gateway, BODY | {"messages": 1})[0] == 400
    assert ask(gateway, BODY | {"model": "nobody/x"})[0] == 404
    assert ask(gateway)[0] == 200


def test_a_budget_counts_streams_embeddings_and_what_is_passed_on(team, provider):
    gateway = team("budget: {usd: 3, every: day}")
    one = b"data: %b\n\n" % json.dumps({"choices": [], "usage": usage(1, 1.0)}).encode()
    provider.say(streamed([*STREAM[:3], one, STREAM[-1]]), billed(1, 1.0), billed(1, 1.0))

    said = [
        ask(gateway, BODY | {"stream": True})[0],
        ask(gateway, {"model": "gpt-x", "messages": HI}, "/proxy/openai/v1/chat/completions")[0],
        ask(gateway)[0],
    ]
    refused = [
        ask(gateway),
        ask(gateway, {"model": "openai/e", "input": "x"}, "/v1/embeddings"),
        ask(gateway, {"model": "gpt-x"}, "/proxy/openai/v1/x"),
    ]

    assert said == [200] * 3
    assert [(r[0], error(r)["code"]) for r in refused] == [(429, "budget_exceeded")] * 3
    assert int(refused[0][1]["retry-after"]) <= 86_401


def test_a_negative_or_odd_bill_gives_no_money_back(team, provider):
    gateway = team("budget: {usd: 1}")
    odd = [{"prompt_tokens": -5, "completion_tokens": "x", "cost": -100.0}, {"cost": "1e9"}, []]
    provider.say(*[chat(usage=bill) for bill in odd], billed(1, 1.0))

    assert [ask(gateway)[0] for _ in range(5)] == [200, 200, 200, 200, 429]


def test_a_key_that_has_expired_opens_nothing(team, provider):
    past = (datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=1)).isoformat()
    gateway = team(f"expires: '{past}'")

    for path, method in (("/v1/chat/completions", "POST"), ("/v1/models", "GET")):
        answer = post(gateway, LOCAL, path, method, **bearer(KEY))
        assert (answer[0], error(answer)["code"]) == (401, "key_invalid")
        assert "has expired" in error(answer)["message"]
    assert post(gateway, LOCAL, "/proxy/openai/v1/x", **bearer(KEY))[0] == 401


def test_the_sdks_understand_refusals(team, provider):
    gateway = team("limits: {rpm: 1}, models: ['openai/*']")
    provider.say(anthropic_message())

    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="gk_wrong", max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError):
            client.chat.completions.create(model=MODEL, messages=HI)
        with pytest.raises(openai.PermissionDeniedError, match="may not ask for 'anthropic/x'"):
            client.with_options(api_key=KEY).chat.completions.create(
                model="anthropic/x", messages=HI
            )
    with anthropic.Anthropic(base_url=gateway.url, api_key=KEY, max_retries=0) as client:
        with pytest.raises(anthropic.PermissionDeniedError):
            client.messages.create(model="anthropic/x", max_tokens=5, messages=HI)
        with pytest.raises(anthropic.APIStatusError):
            client.messages.create(model="openai/x", max_tokens=5, messages=HI)  # an odd answer
        with pytest.raises(anthropic.RateLimitError) as limited:
            client.messages.create(model="openai/x", max_tokens=5, messages=HI)
    assert int(limited.value.response.headers["retry-after"]) >= 1
