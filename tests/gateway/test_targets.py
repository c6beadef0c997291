"""A model with several targets, over HTTP: who is asked, and who answers."""

import json
from collections.abc import Iterator

import pytest

from tests.gateway.conftest import KEY, Served, gateway_process
from tests.gateway.fake import (
    SSE,
    STREAM,
    FakeProvider,
    Reply,
    anthropic_events,
    anthropic_message,
    chat,
    fake_provider,
    refusal,
    streamed,
)
from tests.gateway.test_app import HI, only_own_spans, post, spans

__all__ = ["only_own_spans"]  # a fixture, for this file too

CONFIG = """
providers:
  one: {{kind: openai, base_url: "{url}/one", api_key: {key}}}
  two: {{kind: openai, base_url: "{url}/two", api_key: {key}}}
  claude: {{kind: anthropic, base_url: "{url}/claude", api_key: {key}}}
models:
  {models}
"""
NAMES = (
    "whole", "begun", "final", "nonsense", "rest", "asked", "all", "slow", "crossed", "budget",
    *(f"stream{number}" for number in range(6)),
    *(f"refused{status}" for status in (401, 403, 404)),
)  # fmt: skip
ROLE = b'data: {"id":"1","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n'


def entry(name):
    """Each test has targets of its own, since their health is remembered."""
    second = "claude" if name == "crossed" else "two"
    waits = "timeouts: {first_event_s: 0.3, idle_s: 0.3}, " if name == "slow" else ""
    more = (
        f"{waits}retries: {2 if name == 'budget' else 0}, cooldown: {{failures: 2, seconds: 600}}"
    )
    return f"{name}: {{route: fallback, targets: [one/{name}, {second}/{name}], {more}}}"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeProvider, Served]]:
    folder = tmp_path_factory.mktemp("targets")
    with fake_provider() as fake:
        models = "\n  ".join(map(entry, NAMES))
        text = CONFIG.format(url=fake.url, key=KEY, models=models)
        (folder / "gateway.yaml").write_text(text)
        where = {"GENAIOPS_TRACKING_URI": "./.genaiops"}
        with gateway_process(folder, "--config", "gateway.yaml", **where) as served:
            yield fake, served


@pytest.fixture
def asked(both):
    both[0].script.clear()
    both[0].requests.clear()
    return both[0]


@pytest.fixture
def gateway(asked, both):
    return both[1]


def ask(gateway, model, *, stream=False):
    return post(gateway, {"model": model, "messages": HI, "stream": stream})


def who(asked):
    return [request.path.split("/")[1] for request in asked.requests]


def test_the_next_target_answers_when_the_first_fails(gateway, asked):
    asked.say(refusal(500, "down"), chat())

    answer = ask(gateway, "whole")

    assert (answer[0], who(asked)) == (200, ["one", "two"])
    assert answer[1]["x-genaiops-model"] == "two/whole"
    assert answer[1]["x-genaiops-attempts"] == "2"
    [span] = spans(gateway)
    assert span["status"] == "ok"
    assert span["attributes"]["genaiops.gateway.target"] == "two/whole"


BEFORE_A_WORD = [
    refusal(503, "down"),
    streamed([ROLE], cut=True),
    streamed([b": ping\n\n", ROLE]),
    streamed([ROLE, b'data: {"error":{"message":"overloaded"}}\n\n']),
    Reply(headers=SSE, pieces=[b"<html>"]),
    Reply(pieces=[b"{}"]),
]


@pytest.mark.parametrize("number", range(len(BEFORE_A_WORD)))
def test_a_stream_moves_on_until_it_has_said_something(gateway, asked, number):
    asked.say(BEFORE_A_WORD[number], streamed())

    answer = ask(gateway, f"stream{number}", stream=True)

    assert answer[2] == b"".join(STREAM)
    assert who(asked) == ["one", "two"]
    assert answer[1]["x-genaiops-model"] == f"two/stream{number}"


def test_a_stream_that_has_said_something_is_not_tried_again(gateway, asked):
    asked.say(streamed([ROLE, STREAM[0]], cut=True), streamed())

    answer = ask(gateway, "begun", stream=True)

    assert answer[0] == 200
    assert answer[2].startswith(ROLE + STREAM[0] + b'data: {"error"')
    assert who(asked) == ["one"]


def test_a_request_that_is_wrong_is_not_tried_elsewhere(gateway, asked):
    asked.say(refusal(400, "too long"))

    assert (ask(gateway, "final")[0], who(asked)) == (400, ["one"])


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_key_that_a_provider_refuses_is_no_fault_of_the_client(gateway, asked, status):
    asked.say(refusal(status, "no"), chat())

    assert ask(gateway, f"refused{status}")[0] == 200
    assert who(asked)[-1] == "two"


def test_an_answer_that_makes_no_sense_moves_on(gateway, asked):
    asked.say(Reply(pieces=[b"<html>"]), chat())

    assert (ask(gateway, "nonsense")[0], who(asked)) == (200, ["one", "two"])


def test_a_target_that_is_too_slow_moves_on(gateway, asked):
    asked.say(Reply(hang=True), streamed())

    answer = ask(gateway, "slow", stream=True)

    assert (answer[2], who(asked)) == (b"".join(STREAM), ["one", "two"])


def test_a_target_that_fails_again_and_again_is_not_asked(gateway, asked):
    asked.say(refusal(500, ""), chat(), refusal(500, ""), chat(), chat(), chat())

    assert [ask(gateway, "rest")[0] for _ in range(4)] == [200] * 4

    assert who(asked) == ["one", "two", "one", "two", "two", "two"]


def test_a_target_that_asks_to_wait_is_not_asked_meanwhile(gateway, asked):
    asked.say(refusal(429, "slow", retry_after="300"), chat(), chat())

    assert [ask(gateway, "asked")[0] for _ in range(2)] == [200] * 2

    assert who(asked) == ["one", "two", "two"]


def test_when_all_targets_rest_the_client_hears_when_to_come_back(gateway, asked):
    asked.say(*[refusal(500, "down")] * 4)

    answers = [ask(gateway, "all") for _ in range(3)]

    assert [answer[0] for answer in answers] == [500, 500, 503]
    assert 500 < int(answers[2][1]["retry-after"]) <= 600
    assert "failed a moment ago" in json.loads(answers[2][2])["error"]["message"]
    assert len(asked.requests) == 4


def test_the_next_target_may_speak_another_dialect(gateway, asked):
    asked.say(refusal(500, ""), anthropic_message(), refusal(500, ""), streamed(anthropic_events()))

    plain, stream = ask(gateway, "crossed"), ask(gateway, "crossed", stream=True)

    assert json.loads(plain[2])["choices"][0]["message"]["content"] == "Bonjour!"
    assert stream[2].endswith(b"data: [DONE]\n\n")
    assert who(asked) == ["one", "claude"] * 2


def test_all_targets_are_tried_before_one_is_tried_again(gateway, asked):
    asked.say(*[refusal(503, "busy", retry_after_ms="1")] * 3, chat())

    answer = ask(gateway, "budget")

    assert (answer[0], answer[1]["x-genaiops-attempts"]) == (200, "4")
    assert who(asked) == ["one", "two", "one", "two"]
