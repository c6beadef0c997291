"""Answers, errors and broken streams in the dialect of the client, whoever was asked."""

import json

import anthropic
import openai
import pytest

from genaiops.gateway.sse import events_of
from tests.gateway.fake import (
    STREAM,
    anthropic_events,
    anthropic_message,
    chat,
    chunk,
    refusal,
    streamed,
)
from tests.gateway.test_app import only_own_spans, post, spans

HI = [{"role": "user", "content": "Hi"}]
__all__ = ["only_own_spans"]  # a fixture, for this file too

ASKS = {
    "/v1/messages": {"max_tokens": 9, "messages": HI},
    "/v1/responses": {"input": "Hi"},
    "/v1/chat/completions": {"messages": HI},
}


@pytest.fixture
def claude(gateway):
    with anthropic.Anthropic(base_url=gateway.url, api_key="unused", max_retries=0) as client:
        yield client


def names(answer):
    return [json.loads(e.data).get("type") for e in events_of(answer[2]) if e.data != b"[DONE]"]


def test_a_refusal_of_an_openai_provider_is_said_in_anthropics_words(claude, asked):
    asked.say(refusal(400, "too long"), refusal(503, "down"), refusal(503, "down"))
    asked.say(refusal(503, "down"))

    with pytest.raises(anthropic.BadRequestError, match="too long") as caught:
        claude.messages.create(model="openai/x", max_tokens=5, messages=HI)
    with pytest.raises(anthropic.InternalServerError) as down:
        claude.messages.create(model="openai/x", max_tokens=5, messages=HI)

    assert caught.value.body["error"]["type"] == "invalid_request_error"
    assert down.value.body["type"] == "error"


def test_a_refusal_of_anthropic_is_said_in_openais_words(gateway, asked):
    body = {"type": "error", "error": {"type": "invalid_request_error", "message": "too long"}}
    said = refusal(400, "")
    said.pieces = [json.dumps(body).encode()]
    asked.say(said)

    with (
        openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="unused", max_retries=0) as client,
        pytest.raises(openai.BadRequestError, match="too long") as caught,
    ):
        client.chat.completions.create(model="anthropic/x", messages=HI)

    assert caught.value.body["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("path", "model", "pieces", "end"),
    [
        ("/v1/messages", "openai/x", STREAM[:1], "message_stop"),
        ("/v1/messages", "anthropic/x", anthropic_events()[:4], "message_stop"),
        ("/v1/responses", "anthropic/x", anthropic_events()[:4], "response.completed"),
        ("/v1/chat/completions", "anthropic/x", anthropic_events()[:4], "[DONE]"),
    ],
)
@pytest.mark.parametrize("cut", [True, False])
def test_a_broken_stream_ends_with_an_error_of_the_clients_dialect(
    gateway, asked, path, model, pieces, end, cut
):
    asked.say(streamed(pieces, cut=cut))

    answer = post(gateway, ASKS[path] | {"model": model, "stream": True}, path=path)

    *_, last = events_of(answer[2])
    assert answer[0] == 200
    assert end.encode() not in answer[2]
    assert json.loads(last.data).get("type") == (None if "chat" in path else "error")
    assert b"message" in last.data
    assert b"127.0.0.1" not in answer[2]
    assert spans(gateway)[-1]["status"] == "error"


def test_a_stream_of_anthropic_passes_through_and_is_counted(gateway, asked):
    asked.say(streamed(anthropic_events()), anthropic_message())
    body = ASKS["/v1/messages"] | {"model": "anthropic/claude-x"}

    answer = post(gateway, body | {"stream": True}, path="/v1/messages")
    whole = post(gateway, body, path="/v1/messages")

    assert answer[2] == b"".join(anthropic_events())
    assert whole[2] == anthropic_message().pieces[0]
    [first, second] = spans(gateway, 2)
    assert (first["output_tokens"], second["input_tokens"]) == (3, 13)
    assert first["finish_reasons"] == ["end_turn"]


def test_tokens_are_counted_by_anthropic_for_its_own_models(gateway, asked):
    said = chat()
    said.pieces = [b'{"input_tokens":41}']
    asked.say(said, refusal(400, "no such model"))
    path = "/v1/messages/count_tokens"
    body = {"model": "anthropic/claude-x", "messages": HI}

    answer = post(gateway, body, path=path)
    refused = post(gateway, body, path=path)

    assert json.loads(answer[2]) == {"input_tokens": 41}
    assert asked.requests[0].path == path
    assert asked.requests[0].json["model"] == "claude-x"
    assert (refused[0], json.loads(refused[2])["type"]) == (400, "error")
    assert post(gateway, body | {"model": "nobody/x"}, path=path)[0] == 404
    assert post(gateway, b"{", path=path)[0] == 400


def test_the_model_in_process_speaks_every_dialect(gateway):
    model = "offline/extractive"
    messages = post(gateway, ASKS["/v1/messages"] | {"model": model}, path="/v1/messages")
    body = ASKS["/v1/messages"] | {"model": model, "stream": True}
    stream = post(gateway, body, path="/v1/messages")
    responses = post(
        gateway, ASKS["/v1/responses"] | {"model": model, "stream": True}, path="/v1/responses"
    )

    assert json.loads(messages[2])["content"][0]["type"] == "text"
    assert (names(stream)[0], names(stream)[-1]) == ("message_start", "message_stop")
    assert names(responses)[-1] == "response.completed"


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/responses"])
@pytest.mark.parametrize("body", [b"{", {}, {"model": 3}, {"model": "openai/x"}])
def test_a_malformed_request_is_refused_in_the_clients_dialect(gateway, asked, path, body):
    answer = post(gateway, body, path=path)

    assert answer[0] == 400
    assert json.loads(answer[2])["error"]["message"]
    assert ("type" in json.loads(answer[2])) == (path == "/v1/messages")
    assert asked.requests == []


def test_a_tool_call_that_ends_with_stop_is_still_a_tool_call(gateway, asked):
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}
    choice = {"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}
    piece = b"data: %b\n\n" % json.dumps({"id": "1", "choices": [choice]}).encode()
    asked.say(streamed([piece, chunk(None, "stop"), b"data: [DONE]\n\n"]))

    body = ASKS["/v1/messages"] | {"model": "openai/x", "stream": True}
    answer = post(gateway, body, path="/v1/messages")

    events = [json.loads(event.data) for event in events_of(answer[2])]
    assert events[-2]["delta"]["stop_reason"] == "tool_use"


def test_an_answer_says_what_it_cost_where_that_is_known(gateway, asked):
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    asked.say(chat(usage=usage | {"cost": 0.00025}), chat(usage=usage | {"cost": 2}), streamed())
    body = ASKS["/v1/chat/completions"] | {"model": "openai/no-price"}

    passed = post(gateway, body)
    crossed = post(gateway, ASKS["/v1/messages"] | {"model": "openai/x"}, path="/v1/messages")
    stream = post(gateway, body | {"stream": True})
    local = post(gateway, body | {"model": "offline/extractive"})
    asked.say(chat(model="no-price"))
    unknown = post(gateway, body)

    costs = [answer[1].get("x-genaiops-cost-usd") for answer in (passed, crossed, stream, local)]
    assert costs == ["0.00025", "2", None, "0"]
    assert "x-genaiops-cost-usd" not in unknown[1]
