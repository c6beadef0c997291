"""Whatever a provider does, the client gets one right answer or one error in its own dialect."""

import json
from collections.abc import Iterator

import pytest

from genaiops.gateway.sse import events_of
from tests.gateway.conftest import KEY, Served, gateway_process
from tests.gateway.fake import FakeProvider, chat, fake_provider
from tests.gateway.scripts import ANSWER, ERROR, FAULTS, OF_STREAMS, SLOW, Said
from tests.gateway.test_app import only_own_spans, post, spans

__all__ = ["only_own_spans"]  # a fixture, for this file too

HI = [{"role": "user", "content": "Hi"}]
CONFIG = """
providers:
  openai: {{kind: openai, base_url: "{url}/v1", api_key: {key}}}
  anthropic: {{kind: anthropic, base_url: "{url}", api_key: {key}}}
models:
  to-openai: {{targets: [openai/x], retries: 0}}
  to-anthropic: {{targets: [anthropic/x], retries: 0}}
  soon-openai: &soon
    targets: [openai/x]
    retries: 0
    timeouts: {{first_event_s: 0.3, idle_s: 0.3, total_s: 0.6}}
  soon-anthropic: {{<<: *soon, targets: [anthropic/x]}}
"""
ASKS = {
    "/v1/chat/completions": {"messages": HI},
    "/v1/messages": {"messages": HI, "max_tokens": 9},
    "/v1/responses": {"input": "Hi"},
}
ENDS = {
    "/v1/chat/completions": b"data: [DONE]",
    "/v1/messages": b"event: message_stop",
    "/v1/responses": b"event: response.completed",
}
WAYS = [
    ("openai", "/v1/chat/completions"),
    ("openai", "/v1/messages"),
    ("anthropic", "/v1/messages"),
    ("anthropic", "/v1/chat/completions"),
    ("anthropic", "/v1/responses"),
]
of_each_way = pytest.mark.parametrize(("provider", "path"), WAYS)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeProvider, Served]]:
    folder = tmp_path_factory.mktemp("faults")
    with fake_provider() as fake:
        (folder / "gateway.yaml").write_text(CONFIG.format(url=fake.url, key=KEY))
        options = ("--config", "gateway.yaml")
        where = {"GENAIOPS_TRACKING_URI": "./.genaiops"}
        with gateway_process(folder, *options, **where) as served:
            yield fake, served


@pytest.fixture
def asked(both):
    both[0].script.clear()
    both[0].gone.clear()
    return both[0]


@pytest.fixture
def gateway(asked, both):
    return both[1]


def ask(gateway, path, model, stream):
    return post(gateway, ASKS[path] | {"model": model, "stream": stream}, path)


def outcome(answer, path, stream):
    """Whether it is an answer or an error; anything between fails."""
    status, headers, body = answer
    assert KEY not in str(headers)
    assert KEY.encode() not in body
    assert b"127.0.0.1" not in body
    if status == 200 and stream:
        return of_stream(body, path)
    said = json.loads(body)
    if status == 200:
        assert said.get("choices") or said.get("content") or said.get("output")
        return ANSWER
    assert said["error"]["message"]
    assert ("type" in said) == (path == "/v1/messages")
    return ERROR


def of_stream(body, path):
    """A stream says that it is complete, or that it failed, once and at its end."""
    assert body.endswith((b"\n\n", b"\r\n\r\n"))
    *_, last = events_of(body)
    complete = body.count(ENDS[path])
    if complete:
        assert complete == 1
        assert b'"error"' not in body.replace(b'"error":null', b"")
        assert body.replace(b"\r", b"").strip().rpartition(b"\n\n")[2].startswith(ENDS[path])
        return ANSWER
    said = json.loads(last.data)
    assert "error" in (said, said.get("type")) or said["error"]["message"]
    return ERROR


@of_each_way
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_answer_or_one_error(gateway, asked, provider, path, stream, fault):
    script, whole, streamed = FAULTS[fault]
    asked.say(script(Said(provider, stream)))

    answer = ask(gateway, path, f"to-{provider}", stream)

    assert outcome(answer, path, stream) == (streamed if stream else whole)


@of_each_way
@pytest.mark.parametrize("fault", OF_STREAMS)
def test_a_fault_of_a_stream_is_one_answer_or_one_error(gateway, asked, provider, path, fault):
    reply, expected = OF_STREAMS[fault](Said(provider, stream=True))
    asked.say(reply)

    found = outcome(ask(gateway, path, f"to-{provider}", True), path, True)

    assert expected in (found, "either")


@of_each_way
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", SLOW)
def test_a_provider_that_is_too_slow_is_an_error(gateway, asked, provider, path, stream, fault):
    asked.say(SLOW[fault](Said(provider, stream)))

    answer = ask(gateway, path, f"soon-{provider}", stream)

    assert outcome(answer, path, stream) == ERROR
    assert answer[0] in (200, 504)
    assert b"took too long" in answer[2]


@pytest.mark.parametrize("fault", ["usage is negative", "usage is text", "usage is enormous"])
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_tokens_that_nobody_can_have_used_are_unknown(gateway, asked, provider, stream, fault):
    reply = FAULTS[fault][0](Said(provider, stream))
    if provider == "anthropic" and stream:  # the usage of its beginning is none either
        reply.pieces = [piece.replace(b'"input_tokens": 5', b'"x": 5') for piece in reply.pieces]
    asked.say(reply)

    ask(gateway, "/v1/chat/completions", f"to-{provider}", stream)

    [span] = spans(gateway)
    assert (span["status"], span["input_tokens"], span["output_tokens"]) == ("ok", None, None)


def test_the_gateway_still_answers(gateway, asked):
    asked.say(chat())

    assert ask(gateway, "/v1/chat/completions", "to-openai", False)[0] == 200
