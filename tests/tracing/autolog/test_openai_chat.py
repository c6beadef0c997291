"""OpenAI autolog with the real package against a scripted server on loopback."""

import asyncio
import gc
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openai
import pytest

import genaiops
from genaiops.tracing.autolog.openai_chat import ChatEvents

USAGE = {
    "prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25,
    "prompt_tokens_details": {"cached_tokens": 8},
    "completion_tokens_details": {"reasoning_tokens": 2},
}  # fmt: skip
CALL = {
    "id": "c1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city":"Bern"}'},
}
ASK = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello?"}]


def completion(message, reason="stop"):
    choice = {"index": 0, "message": {"role": "assistant"} | message, "finish_reason": reason}
    head = {"id": "r1", "object": "chat.completion", "created": 1, "model": "gpt-5-mini-2026"}
    return head | {"choices": [choice], "usage": USAGE}


def chunk(delta, reason=None, **more):
    head = {"id": "r1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5-mini-2026"}
    return head | {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]} | more


STREAM = [
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "Hel"}),
    chunk({"content": "lo"}),
    chunk({}, "stop"),
    chunk({}) | {"choices": [], "usage": USAGE},
]
TOOL_STREAM = [
    chunk({"role": "assistant", "tool_calls": [{"index": 0, "id": "c1", "function": {"name": "weather", "arguments": ""}}]}),
    chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"city":'}}]}),
    chunk({"tool_calls": [{"index": 0, "function": {"arguments": '"Bern"}'}}]}),
    chunk({}, "tool_calls"),
]  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        answer = self.server.answers.pop(0)
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        self.send_response(status)
        if isinstance(body, list):
            self.send_header("content-type", "text/event-stream")
            self.send_header("connection", "close")
            self.end_headers()
            for event in body:
                text = event if isinstance(event, str) else json.dumps(event)
                self.wfile.write(f"data: {text}\n\n".encode())
            self.close_connection = True
            return
        data = json.dumps(body).encode()
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.answers = []
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture(autouse=True)
def autologged():
    genaiops.openai.autolog()
    yield
    genaiops.openai.autolog(disable=True)


@pytest.fixture
def client(server):
    url = f"http://127.0.0.1:{server.server_port}/v1"
    with openai.OpenAI(base_url=url, api_key="k", max_retries=1, http_client=None) as made:
        yield made


@pytest.fixture
def run_async(server):
    """Runs ``await work(async client)``."""

    def run(work):
        async def main():
            url = f"http://127.0.0.1:{server.server_port}/v1"
            async with openai.AsyncOpenAI(base_url=url, api_key="k", max_retries=0) as made:
                return await work(made)

        return asyncio.run(main())

    return run


LLM = (
    "name, span_type, status, operation, provider, request_model, response_model, response_id, "
    "finish_reasons, input_tokens, output_tokens, cache_read_tokens, reasoning_tokens, inputs, "
    "outputs, attributes, ttft_ms, parent_span_id"
)


def check_completion(span, *, text="Hello", streamed=False):
    assert (span["name"], span["span_type"], span["status"]) == ("chat gpt-5-mini", "llm", "ok")
    assert (span["operation"], span["provider"]) == ("chat", "openai")
    assert (span["request_model"], span["response_model"]) == ("gpt-5-mini", "gpt-5-mini-2026")
    assert (span["response_id"], span["finish_reasons"]) == ("r1", ["stop"])
    assert (span["input_tokens"], span["output_tokens"]) == (20, 5)
    assert (span["cache_read_tokens"], span["reasoning_tokens"]) == (8, 2)
    assert span["inputs"] == {"messages": ASK}
    assert (span["outputs"]["role"], span["outputs"]["content"]) == ("assistant", text)
    attributes = span["attributes"]
    assert attributes["gen_ai.input.messages"] == [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {"role": "user", "parts": [{"type": "text", "content": "Hello?"}]},
    ]
    assert attributes["gen_ai.output.messages"] == [
        {"role": "assistant", "parts": [{"type": "text", "content": text}], "finish_reason": "stop"}
    ]
    assert attributes["server.address"] == "127.0.0.1"
    assert attributes["genaiops.usage"]["prompt_tokens"] == 20
    assert (span["ttft_ms"] is not None) == streamed


def test_a_completion_is_one_span_with_messages_usage_and_model(server, client, spans):
    server.answers = [completion({"content": "Hello"})]

    with genaiops.start_span("app") as app:
        answer = client.chat.completions.create(model="gpt-5-mini", messages=ASK, temperature=0.5)

    assert type(answer) is openai.types.chat.ChatCompletion
    assert answer.choices[0].message.content == "Hello"
    _, span = spans(LLM)
    check_completion(span)
    assert span["parent_span_id"] == app.span_id
    assert span["attributes"]["gen_ai.request.temperature"] == 0.5


def test_an_async_completion_too(server, run_async, spans):
    server.answers = [completion({"content": "Hello"})]

    answer = run_async(
        lambda client: client.chat.completions.create(model="gpt-5-mini", messages=ASK)
    )

    assert answer.choices[0].message.content == "Hello"
    check_completion(*spans(LLM))


def test_a_stream_is_one_span_and_the_same_chunks(server, client, spans):
    server.answers = [[*STREAM, "[DONE]"]]

    stream = client.chat.completions.create(model="gpt-5-mini", messages=ASK, stream=True)
    assert type(stream) is openai.Stream
    assert genaiops.get_current_active_span().trace_id == "0" * 32
    chunks = list(stream)

    assert [c.model_dump(exclude_unset=True) for c in chunks] == STREAM
    (span,) = spans(LLM)
    check_completion(span, streamed=True)
    assert span["attributes"]["gen_ai.request.stream"] is True


def test_an_async_stream_too(server, run_async, spans):
    server.answers = [[*STREAM, "[DONE]"]]

    async def work(client):
        stream = await client.chat.completions.create(model="gpt-5-mini", messages=ASK, stream=True)
        async with stream:
            return [c async for c in stream]

    assert len(run_async(work)) == len(STREAM)
    check_completion(*spans(LLM), streamed=True)


@pytest.mark.parametrize("streamed", [False, True])
def test_tool_calls_stand_with_parsed_arguments(server, client, spans, streamed):
    server.answers = [
        TOOL_STREAM
        if streamed
        else completion({"content": None, "tool_calls": [CALL]}, "tool_calls")
    ]
    result = {"role": "tool", "tool_call_id": "c0", "content": "sunny"}
    before = {"role": "assistant", "tool_calls": [CALL | {"id": "c0"}]}

    answer = client.chat.completions.create(
        model="gpt-5-mini", messages=[*ASK, before, result], stream=streamed, tools=[{"type": "function", "function": {"name": "weather"}}]
    )  # fmt: skip
    list(answer)

    (span,) = spans(LLM)
    assert span["finish_reasons"] == ["tool_calls"]
    called = {"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Bern"}}
    assert span["attributes"]["gen_ai.output.messages"][0]["parts"] == [called]
    asked = span["attributes"]["gen_ai.input.messages"]
    assert asked[2]["parts"] == [called | {"id": "c0"}]
    assert asked[3] == {
        "role": "tool",
        "parts": [{"type": "tool_call_response", "id": "c0", "result": "sunny"}],
    }
    assert span["inputs"]["tools"][0]["function"]["name"] == "weather"


def test_an_error_of_the_provider_passes_and_is_recorded_once_after_retries(server, client, spans):
    broken = {"error": {"message": "no such model"}}
    server.answers = [(500, broken), (404, broken)]

    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="gpt-5-mini", messages=ASK)

    (span,) = spans("status, status_message, attributes, events, inputs")
    assert span["status"] == "error"
    assert span["attributes"]["error.type"] == "404"
    assert span["events"][0]["attributes"]["exception.type"] == "openai.NotFoundError"
    assert span["inputs"] == {"messages": ASK}


def test_a_stream_that_breaks_has_error_as_its_finish_reason_and_keeps_the_text(
    server, client, spans
):
    server.answers = [[STREAM[1], {"error": {"message": "overloaded"}}]]

    with pytest.raises(openai.APIError, match="overloaded"):
        list(client.chat.completions.create(model="gpt-5-mini", messages=ASK, stream=True))

    (span,) = spans(LLM)
    assert (span["status"], span["finish_reasons"]) == ("error", ["error"])
    assert span["outputs"]["content"] == "Hel"


@pytest.mark.parametrize("how", ["closed", "block", "abandoned"])
def test_a_stream_that_the_application_leaves_is_unset_and_keeps_the_text(
    server, client, spans, how
):
    server.answers = [STREAM]

    stream = client.chat.completions.create(model="gpt-5-mini", messages=ASK, stream=True)
    for piece in stream:
        if piece.choices[0].delta.content:
            break
    if how == "closed":
        stream.close()
    elif how == "block":
        with stream:
            pass
    else:
        response = stream.response
        del stream
        gc.collect()
        response.close()

    (span,) = spans(LLM)
    assert (span["status"], span["finish_reasons"]) == ("unset", None)
    assert span["outputs"]["content"] == "Hel"
    assert span["attributes"]["genaiops.stream.finish"] == (
        "abandoned" if how == "abandoned" else "closed"
    )


def test_raw_and_parsed_answers_are_the_same_calls(server, client, spans):
    import pydantic

    class Answer(pydantic.BaseModel):
        city: str

    server.answers = [completion({"content": "Hello"}), completion({"content": '{"city":"Bern"}'})]

    raw = client.chat.completions.with_raw_response.create(model="gpt-5-mini", messages=ASK)
    parsed = client.chat.completions.parse(model="gpt-5-mini", messages=ASK, response_format=Answer)

    assert raw.parse().choices[0].message.content == "Hello"
    assert raw.headers["content-type"] == "application/json"
    assert parsed.choices[0].message.parsed == Answer(city="Bern")
    first, second = spans(LLM)
    check_completion(first)
    assert second["outputs"]["content"] == '{"city":"Bern"}'
    assert second["attributes"]["gen_ai.output.type"] == "json"


def test_an_answer_that_the_application_reads_late_is_the_same_call(server, client, spans):
    server.answers = [completion({"content": "Hello"}), completion({"content": "Hello"})]
    late = client.chat.completions.with_streaming_response

    with late.create(model="gpt-5-mini", messages=ASK) as raw:
        assert raw.parse().choices[0].message.content == "Hello"
    with late.create(model="gpt-5-mini", messages=ASK) as raw:
        assert raw.status_code == 200

    first, second = spans(LLM)
    check_completion(first)
    assert (second["status"], second["outputs"], second["finish_reasons"]) == ("unset", None, None)
    assert second["attributes"]["genaiops.stream.finish"] == "closed"


def test_requests_of_other_kinds_pass_untouched(server, client, spans):
    server.answers = [{"id": "job-1", "object": "fine_tuning.job"}]

    assert client.fine_tuning.jobs.create(model="m", training_file="f").id == "job-1"

    with genaiops.start_span("only"):
        pass
    assert [span["name"] for span in spans()] == ["only"]


@pytest.mark.parametrize("value", ["NO_CONTENT", "false", "EVENT_ONLY"])
def test_opentelemetrys_content_variable_is_an_upper_bound(
    server, client, spans, monkeypatch, value
):
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", value)
    server.answers = [completion({"content": "Hello"})]

    client.chat.completions.create(model="gpt-5-mini", messages=ASK)

    (span,) = spans(LLM)
    assert (span["inputs"], span["outputs"], span["input_tokens"]) == (None, None, 20)
    assert "Hello" not in str(span["attributes"])


def test_capture_metadata_keeps_messages_out_of_the_attributes(server, client, spans):
    genaiops.configure(capture="metadata")
    server.answers = [completion({"content": "Hello"})]

    client.chat.completions.create(model="gpt-5-mini", messages=ASK)

    (span,) = spans(LLM)
    assert set(span["inputs"]) == {"bytes", "sha256"}
    assert "Hello" not in str(span)


def test_a_formatted_prompt_in_a_request_is_linked(server, client, spans):
    from genaiops.model.prompt import FormattedMessages, FormattedText, PromptRef

    ref = PromptRef(name="qa", version=3)
    server.answers = [completion({"content": "Hello"}), completion({"content": "Hello"})]

    client.chat.completions.create(
        model="gpt-5-mini", messages=[{"role": "user", "content": FormattedText("Hello?", ref)}]
    )
    client.chat.completions.create(model="gpt-5-mini", messages=FormattedMessages(ASK, ref))

    found = [(s["prompt_name"], s["prompt_version"]) for s in spans("prompt_name, prompt_version")]
    assert found == [("qa", 3), ("qa", 3)]


def test_nothing_is_recorded_when_tracing_is_off(server, client, spans):
    genaiops.configure(disabled=True)
    server.answers = [completion({"content": "Hello"}), [*STREAM, "[DONE]"]]

    client.chat.completions.create(model="gpt-5-mini", messages=ASK)
    list(client.chat.completions.create(model="gpt-5-mini", messages=ASK, stream=True))

    genaiops.configure(disabled=False)
    with genaiops.start_span("only"):
        pass
    assert len(spans()) == 1


def test_pieces_of_another_shape_are_left_out_and_the_rest_is_kept():
    events = ChatEvents()
    for data in (
        '{"choices": [{"delta": {"content": "One "}}]}',
        '{"choices": [3]}',
        "not JSON",
        '{"choices": [{"delta": {"content": "two"}, "finish_reason": "stop"}]}',
    ):
        events.add(data)

    assert events.body()["choices"][0]["message"]["content"] == "One two"
    assert events.ended
