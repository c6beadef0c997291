"""The gateway process, spoken to by the real SDK and by bare HTTP."""

import asyncio
import http.client
import json
import socket
import time

import openai
import pytest

import genaiops
from genaiops.store import open_store
from tests.gateway.conftest import KEY
from tests.gateway.fake import (
    STREAM,
    Reply,
    anthropic_events,
    anthropic_message,
    chat,
    refusal,
    streamed,
)

MODEL = "openai/gpt-5-mini"
HI = [{"role": "user", "content": "Hi"}]
BODY = {"model": MODEL, "messages": HI}


def post(gateway, body, path="/v1/chat/completions", method="POST", **headers):
    """Status, headers and body of one bare request."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"content-type": "application/json"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    try:
        connection.request(method, path, data, sent)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def error(answer):
    return json.loads(answer[2])["error"]


def spans(gateway, count=1):
    """The newest spans of the gateway, oldest first; it writes them a moment after its answer."""
    store = open_store(str(gateway.folder / ".genaiops"))
    query = "SELECT * FROM spans WHERE start_ns >= ? AND status <> 'running' ORDER BY start_ns"
    deadline = time.monotonic() + 20
    while True:
        with store.read() as reader:
            found = reader.query(query, [began[0]]).dicts()
        if len(found) >= count or time.monotonic() > deadline:
            return found
        time.sleep(0.02)


began = [0]


@pytest.fixture(autouse=True)
def only_own_spans():
    began[0] = time.time_ns()


@pytest.fixture
def client(gateway):
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="unused", max_retries=0) as made:
        yield made


def test_the_openai_sdk_works_unchanged(gateway, client, asked):
    asked.say(chat("Hello!"))

    done = client.chat.completions.create(model=MODEL, messages=HI, extra_body={"new_field": [1]})

    assert done.choices[0].message.content == "Hello!"
    assert done.usage.total_tokens == 15
    [request] = asked.requests
    assert request.json == {"model": "gpt-5-mini", "messages": HI, "new_field": [1]}
    assert request.headers["authorization"] == f"Bearer {KEY}"
    [span] = spans(gateway)
    assert (span["name"], span["status"], span["input_tokens"]) == ("chat gpt-5-mini", "ok", 12)


def test_the_openai_sdk_streams_unchanged(gateway, client, asked):
    asked.say(streamed())

    stream = client.chat.completions.create(model=MODEL, messages=HI, stream=True)
    texts = [c.choices[0].delta.content for c in stream if c.choices]

    assert texts == ["Hel", "lo!", None]
    [span] = spans(gateway)
    assert (span["status"], span["output_tokens"]) == ("ok", 2)
    assert span["ttft_ms"] > 0


def test_the_asynchronous_openai_sdk_works_unchanged(gateway, asked):
    asked.say(chat("Hello!"), streamed())

    async def main():
        async with openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key="unused") as client:
            done = await client.chat.completions.create(model=MODEL, messages=HI)
            stream = await client.chat.completions.create(model=MODEL, messages=HI, stream=True)
            pieces = [c.choices[0].delta.content async for c in stream if c.choices]
            return done.choices[0].message.content, pieces

    assert asyncio.run(main()) == ("Hello!", ["Hel", "lo!", None])


def test_the_openai_sdk_lists_models(client):
    assert [model.id for model in client.models.list()] == ["offline/extractive"]


def test_bytes_pass_through_unchanged(gateway, asked):
    odd = b'{ "choices":[{"message":{"content":"x","odd":1.0}}],  "usage" :null,"n":1e2}'
    said = Reply(pieces=[odd[:20], odd[20:]], headers={"x-request-id": "req_7", "x-odd": "1"})
    asked.say(said, streamed(), streamed([b"".join(STREAM)]))

    plain = post(gateway, b'{"temperature": 1.50, "model":"openai/a/b", "messages":[{}],"z":1e3}')
    streams = [post(gateway, BODY | {"stream": True}) for _ in range(2)]

    assert plain[2] == odd
    assert asked.requests[0].body == b'{"temperature":1.50,"model":"a/b","messages":[{}],"z":1e3}'
    assert [answer[2] for answer in streams] == [b"".join(STREAM)] * 2
    headers = plain[1]
    assert headers["x-request-id"] == "req_7"
    assert "x-odd" not in headers
    assert (headers["x-genaiops-model"], headers["x-genaiops-attempts"]) == ("openai/a/b", "1")
    assert float(headers["x-genaiops-overhead-ms"]) > 0
    assert headers["x-genaiops-trace-id"] == spans(gateway, 3)[0]["trace_id"]


def test_a_trace_of_the_caller_is_continued(gateway, asked):
    asked.say(chat())
    with genaiops.start_span("caller") as caller:
        answer = post(gateway, BODY, **genaiops.inject({}))

    assert answer[1]["x-genaiops-trace-id"] == caller.trace_id
    [call] = spans(gateway)
    assert (call["trace_id"], call["parent_span_id"]) == (caller.trace_id, caller.span_id)


def test_the_model_without_a_network_answers_here(gateway):
    body = {"model": "offline/extractive", "messages": [{"role": "user", "content": "No context"}]}

    plain = post(gateway, body)
    stream = post(gateway, body | {"stream": True, "stream_options": {"include_usage": True}})

    said = json.loads(plain[2])["choices"][0]["message"]["content"]
    assert said == "The context does not answer this question."
    assert stream[2].endswith(b"data: [DONE]\n\n")
    assert b'"prompt_tokens"' in stream[2]
    assert [span["cost_usd"] for span in spans(gateway, 2)] == [0.0, 0.0]


def test_anthropic_answers_in_the_dialect_of_the_caller(gateway, client, asked):
    asked.say(anthropic_message(), streamed(anthropic_events()))
    model = "anthropic/claude-sonnet-5"

    done = client.chat.completions.create(model=model, messages=HI)
    stream = client.chat.completions.create(model=model, messages=HI, stream=True)

    assert (done.choices[0].message.content, done.usage.prompt_tokens) == ("Bonjour!", 13)
    assert "".join(c.choices[0].delta.content or "" for c in stream) == "Bonjour!"
    assert [span["finish_reasons"] for span in spans(gateway, 2)] == [["end_turn"], ["end_turn"]]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "not a JSON object"),
        (b"[]", 400, "not a JSON object"),
        (b"[" * 100_000, 400, "not a JSON object"),
        (b'{"a":' * 100_000, 400, "not a JSON object"),
        (b'{"model":"\xff"}', 400, "not a JSON object"),
        ({"messages": HI}, 400, "'model' is missing"),
        ({"model": 7, "messages": HI}, 400, "'model' is missing"),
        ({"model": MODEL}, 400, "'messages' must be"),
        ({"model": MODEL, "messages": ["x"]}, 400, "'messages' must be"),
        (BODY | {"stream": "yes"}, 400, "'stream' must be"),
        (BODY | {"api_base": "http://127.0.0.1:1"}, 400, "'api_base' is not accepted"),
        (BODY | {"model": "gpt-5"}, 404, "'gpt-5' is not served: use one of offline/extractive"),
        (BODY | {"model": "offline/magic"}, 404, "no model 'magic': use one of offline/extractive"),
        (BODY | {"model": "anthropic/c", "tools": [{}]}, 400, "tool of type None is not"),
        (b" " * (17 << 20), 413, "larger than 16 MiB"),
    ],
)
def test_a_request_that_cannot_be_served_is_refused(gateway, asked, body, status, said):
    answer = post(gateway, body)

    assert answer[0] == status
    assert said in error(answer)["message"]
    assert asked.requests == []


def test_paths_methods_and_content_types_that_are_not_served_are_refused(gateway):
    assert post(gateway, {}, path="/v1/nothing")[0] == 404
    assert post(gateway, {}, path="/v1/models")[0] == 405
    assert post(gateway, BODY, content_type="text/plain")[0] == 415
    assert post(gateway, BODY, content_encoding="gzip")[0] == 415


@pytest.mark.parametrize(
    ("path", "method", "headers", "status", "kind"),
    [
        ("/v1/messages", "GET", {}, 405, "invalid_request_error"),
        ("/v1/messages/batches", "POST", {}, 404, "not_found_error"),
        ("/v1/files", "POST", {"anthropic_version": "2023-06-01"}, 404, "not_found_error"),
        ("/v1/messages", "POST", {"origin": "http://evil.example"}, 403, "permission_error"),
    ],
)
def test_what_is_not_served_is_refused_in_anthropics_dialect_too(
    gateway, path, method, headers, status, kind
):
    answer = post(gateway, BODY, path, method, **headers)

    assert answer[0] == status
    assert json.loads(answer[2])["type"] == "error"
    assert json.loads(answer[2])["error"]["type"] == kind


def test_health_and_the_greeting_of_clients_are_answered(gateway):
    assert post(gateway, b"", path="/", method="HEAD")[::2] == (200, b"")
    assert post(gateway, b"", path="/health/live", method="GET")[0] == 200
    assert post(gateway, b"", path="/health/ready", method="GET")[0] == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 403),
        ({"host": "127.0.0.1:4000@evil.example"}, 400),
        ({"host": "a b"}, 400),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://localhost:1"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
    ],
)
def test_pages_of_a_browser_are_refused(gateway, asked, headers, status):
    assert post(gateway, BODY, **headers)[0] == status
    assert asked.requests == []


def test_names_of_loopback_and_the_own_origin_are_fine(gateway, asked):
    asked.say(chat(), chat())

    assert post(gateway, BODY, host="localhost")[0] == 200
    assert post(gateway, BODY, origin=gateway.url)[0] == 200


def test_errors_of_the_provider_keep_their_status(gateway, client, asked):
    asked.say(refusal(429, "quota", retry_after="3600"), refusal(400, f"too long, {KEY}"))

    with pytest.raises(openai.RateLimitError) as limited:
        client.chat.completions.create(model=MODEL, messages=HI)
    with pytest.raises(openai.BadRequestError, match="too long") as refused:
        client.chat.completions.create(model=MODEL, messages=HI)

    assert limited.value.response.headers["retry-after"] == "3600"
    assert refused.value.body["code"] == "odd"
    assert KEY not in str(refused.value)
    assert [span["status"] for span in spans(gateway, 2)] == ["error", "error"]


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (refusal(401, f"bad key {KEY}"), 401),
        (refusal(307, "elsewhere", location="http://127.0.0.1:1/"), 502),
        (Reply(status=404, pieces=[b"<html>"]), 404),
        (Reply(pieces=[b"<html>"]), 502),
        (Reply(pieces=[b'{"choices": "x"}']), 502),
    ],
)
def test_a_provider_that_misbehaves_is_an_error_in_the_dialect_of_the_caller(
    gateway, asked, reply, status
):
    asked.say(reply)

    answer = post(gateway, BODY)

    assert answer[0] == status
    assert error(answer)["message"]
    assert KEY.encode() not in answer[2]
    assert b"html" not in answer[2]


def test_a_retry_is_counted(gateway, asked):
    asked.say(refusal(503, "busy", retry_after="0"), chat())

    assert post(gateway, BODY)[1]["x-genaiops-attempts"] == "2"


@pytest.mark.parametrize(
    "reply", [streamed(STREAM[:2]), streamed(STREAM[:2], cut=True)], ids=["no end", "cut"]
)
def test_a_stream_that_breaks_ends_with_an_error(gateway, client, asked, reply):
    asked.say(reply)

    stream = client.chat.completions.create(model=MODEL, messages=HI, stream=True)
    texts = [next(stream).choices[0].delta.content for _ in range(2)]
    with pytest.raises(openai.APIError, match=r"gpt-5-mini"):
        next(stream)

    assert texts == ["Hel", "lo!"]
    [span] = spans(gateway)
    assert (span["status"], span["finish_reasons"]) == ("error", ["error"])


@pytest.mark.parametrize("reply", [streamed([]), Reply(pieces=[b"{}"]), chat()])
def test_a_stream_that_never_begins_is_an_error(gateway, asked, reply):
    asked.say(reply)

    answer = post(gateway, BODY | {"stream": True})

    assert answer[0] == 502
    assert error(answer)["code"] == "upstream_unavailable"


def test_a_refused_stream_is_a_plain_error(gateway, asked):
    asked.say(refusal(400, "no"))

    answer = post(gateway, BODY | {"stream": True})

    assert (answer[0], error(answer)["message"]) == (400, "no")


@pytest.mark.parametrize("reply", [Reply(hang=True), streamed(STREAM[:1], hang=True)])
def test_a_client_that_leaves_ends_the_call_to_the_provider(gateway, asked, reply):
    asked.say(reply)
    data = json.dumps(BODY | {"stream": bool(reply.pieces)}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(data)}"
    with socket.create_connection(("127.0.0.1", gateway.port)) as leaving:
        leaving.sendall(f"{head}\r\ncontent-type: application/json\r\n\r\n".encode() + data)
        while not asked.requests:
            time.sleep(0.005)

    assert asked.gone.wait(5)
    [span] = spans(gateway)
    assert span["status"] == "unset"
    assert span["attributes"]["genaiops.stream.finish"] == "cancelled"
