"""OpenAI autolog: what a call leaves in its span, by request, answer, client and circumstances."""

import asyncio
import base64
import json
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest

import genaiops
from genaiops.model.prompt import FormattedMessages, FormattedText, PromptRef
from tests.tracing.autolog.openai_events import (
    ASK,
    RESPONSES_USAGE,
    chunk,
    chunks,
    completion,
    response,
    response_events,
    said,
    streamed,
)
from tests.tracing.autolog.server import serving, whole

ROW = (
    "name, span_type, status, status_message, operation, provider, request_model, response_model, "
    "response_id, finish_reasons, input_tokens, output_tokens, cache_read_tokens, "
    "cache_write_tokens, reasoning_tokens, cost_usd, session_id, inputs, outputs, attributes, "
    "ttft_ms, trace_id, span_id, parent_span_id, links, prompt_name, prompt_version"
)
DATA = base64.b64encode(b"\x89PNG" + b"\0" * 3_000).decode()
PICTURE = f"data:image/png;base64,{DATA}"
CALL = {"type": "function_call", "id": "f1", "call_id": "c1", "name": "weather", "arguments": '{"city":"Bern"}', "status": "completed"}  # fmt: skip


@pytest.fixture(scope="module")
def server():
    with serving() as made:
        yield made


@pytest.fixture(scope="module")
def client(server):
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="k", max_retries=1) as made:
        yield made


@pytest.fixture(autouse=True)
def autologged():
    genaiops.openai.autolog()
    yield
    genaiops.openai.autolog(disable=True)


def test_a_response_is_recorded_with_instructions_tools_reasoning_and_conversation(
    server, client, spans
):
    thought = {"type": "reasoning", "id": "g1", "summary": [{"type": "summary_text", "text": "Hm."}]}  # fmt: skip
    search = {"type": "web_search_call", "id": "w1", "status": "completed", "action": {"type": "search", "query": "Bern"}}  # fmt: skip
    drawn = {"type": "image_generation_call", "id": "i1", "status": "completed", "result": DATA}
    server.answers = [
        whole(response(thought, search, drawn, CALL, said("Sunny"), conversation={"id": "conv_1"}))
    ]
    output = {"type": "function_call_output", "call_id": "c0", "output": "sunny"}
    picture = {"role": "user", "content": [{"type": "input_text", "text": "And here?"}, {"type": "input_image", "image_url": PICTURE}]}  # fmt: skip

    client.responses.create(
        model="gpt-5-mini",
        instructions="Be brief.",
        input=[*ASK[1:], CALL | {"call_id": "c0"}, output, picture],
        tools=[{"type": "function", "name": "weather", "parameters": {}, "strict": True}],
        reasoning={"effort": "low"},
        previous_response_id="resp_0",
        max_output_tokens=50,
        text={"format": {"type": "json_object"}},
    )

    (span,) = spans(ROW)
    assert (span["name"], span["session_id"]) == ("chat gpt-5-mini", "conv_1")
    assert (span["finish_reasons"], span["response_id"]) == (["completed"], "resp_1")
    assert (span["cache_read_tokens"], span["cache_write_tokens"], span["reasoning_tokens"]) == (8, 3, 2)  # fmt: skip
    told = span["attributes"]
    assert told["gen_ai.system_instructions"] == [{"type": "text", "content": "Be brief."}]
    assert told["gen_ai.request.reasoning.level"] == "low"
    assert told["gen_ai.request.previous_response.id"] == "resp_0"
    assert told["gen_ai.request.max_tokens"] == 50
    assert told["gen_ai.output.type"] == "json"
    assert told["openai.api.type"] == "responses"
    assert told["gen_ai.tool.definitions"][0]["name"] == "weather"
    called = {"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Bern"}}
    asked = told["gen_ai.input.messages"]
    assert [message["role"] for message in asked] == ["user", "assistant", "tool", "user"]
    assert asked[1]["parts"] == [called | {"id": "c0"}]
    assert asked[2]["parts"] == [{"type": "tool_call_response", "id": "c0", "result": "sunny"}]
    assert asked[3]["parts"][1]["uri"] == "data:image/png;base64,[3004 bytes]"
    (answer,) = told["gen_ai.output.messages"]
    assert [part["type"] for part in answer["parts"]] == ["reasoning", "server_tool_call", "server_tool_call", "tool_call", "text"]  # fmt: skip
    assert answer["parts"][0]["content"] == "Hm."
    assert answer["parts"][3] == called
    assert span["outputs"][2]["result"] == "[3004 bytes]"
    assert DATA[:200] not in str(span)


def test_an_incomplete_response_says_why(server, client, spans):
    server.answers = [
        whole(response(said("Sun"), status="incomplete", incomplete_details={"reason": "max_output_tokens"}))
    ]  # fmt: skip

    client.responses.create(model="m", input="Hi")

    (span,) = spans(ROW)
    assert (span["status"], span["finish_reasons"]) == ("ok", ["max_output_tokens"])
    assert span["attributes"]["gen_ai.response.status"] == "incomplete"


def test_polling_a_background_response_counts_its_usage_once(server, client, spans):
    begun = response(status="queued", usage=None, background=True, id="resp_b")
    done = response(said("Hello"), background=True, id="resp_b")
    server.answers = [
        whole(begun), whole(begun | {"status": "in_progress"}), whole(done), whole(done),
        whole(response(said("Hello"), id="resp_stored")),
    ]  # fmt: skip

    client.responses.create(model="m", input="Hi", background=True)
    for _ in range(3):
        client.responses.retrieve("resp_b")
    client.responses.retrieve("resp_stored")

    start, *polls, stored = spans(ROW)
    assert [span["name"] for span in polls] == ["fetch_response"] * 3
    tokens = [span["input_tokens"] for span in (start, *polls, stored)]
    assert tokens == [None, None, RESPONSES_USAGE["input_tokens"], None, None]
    assert "genaiops.usage" not in polls[2]["attributes"]
    for span in polls:
        assert span["links"][0]["span_id"] == start["span_id"]
    assert stored["links"] in (None, [])
    assert polls[2]["outputs"][0]["content"][0]["text"] == "Hello"


@pytest.mark.parametrize("place", ["messages", "parts", "input", "items", "instructions"])
def test_a_prompt_of_the_registry_is_linked_wherever_the_request_has_it(
    server, client, spans, place
):
    ref = PromptRef(name="qa", version=3, variables={"question": "Where?"})
    text = FormattedText("Where is it?", ref)
    server.answers = [
        whole(completion({"content": "Here"}) if place in ("messages", "parts") else response(said("Here")))
    ]  # fmt: skip

    if place == "messages":
        client.chat.completions.create(model="m", messages=FormattedMessages(ASK, ref))
    elif place == "parts":
        part = {"type": "text", "text": text}
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": [part]}])
    elif place == "input":
        client.responses.create(model="m", input=text)
    elif place == "items":
        client.responses.create(model="m", input=FormattedMessages(ASK, ref))
    else:
        client.responses.create(model="m", input="Hi", instructions=text)

    (span,) = spans(ROW)
    assert (span["prompt_name"], span["prompt_version"]) == ("qa", 3)
    assert span["attributes"]["gen_ai.prompt.variable.question"] == "Where?"


def test_binary_content_of_a_chat_stands_as_its_kind_and_size(server, client, spans):
    audio = {"id": "a1", "data": DATA, "transcript": "Hello", "expires_at": 1}
    server.answers = [whole(completion({"content": None, "audio": audio}))]
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": PICTURE}},
        {"type": "input_audio", "input_audio": {"data": DATA, "format": "wav"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{DATA}"}},
    ]  # fmt: skip

    client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": parts}], modalities=["text", "audio"], audio={"voice": "alloy", "format": "wav"}
    )  # fmt: skip

    (span,) = spans(ROW)
    assert DATA[:200] not in json.dumps(span)
    told = span["attributes"]["gen_ai.input.messages"][0]["parts"]
    assert told == [
        {"type": "text", "content": "What is this?"},
        {"type": "uri", "modality": "image", "uri": "data:image/png;base64,[3004 bytes]"},
        {"type": "blob", "modality": "audio", "mime_type": "audio/wav", "content": "[3004 bytes]"},
        {"type": "file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,[3004 bytes]"},
    ]  # fmt: skip
    assert span["attributes"]["gen_ai.output.type"] == "speech"
    assert span["outputs"]["audio"]["transcript"] == "Hello"


def test_a_stream_of_several_choices_reasoning_refusal_and_tools_is_put_together(
    server, client, spans
):
    def other(delta, reason=None):
        return chunk(delta, reason) | {"choices": [{"index": 1, "delta": delta, "finish_reason": reason}]}  # fmt: skip

    pieces = [
        chunk({"role": "assistant", "reasoning_content": "Hm"}),
        chunk({"reasoning_content": "."}),
        other({"role": "assistant", "refusal": "I can"}),
        chunk({"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "a", "arguments": '{"x"'}}]}),
        other({"refusal": "not."}, "stop"),
        chunk({"tool_calls": [{"index": 1, "id": "c2", "type": "function", "function": {"name": "b", "arguments": "{}"}}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]}),
        chunk({}, "tool_calls"),
    ]  # fmt: skip
    server.answers = [streamed([*pieces, "[DONE]"])]

    list(client.chat.completions.create(model="m", messages=ASK, n=2, stream=True))

    (span,) = spans(ROW)
    assert span["finish_reasons"] == ["tool_calls", "stop"]
    first, second = span["attributes"]["gen_ai.output.messages"]
    assert first["parts"] == [
        {"type": "reasoning", "content": "Hm."},
        {"type": "tool_call", "id": "c1", "name": "a", "arguments": {"x": 1}},
        {"type": "tool_call", "id": "c2", "name": "b", "arguments": {}},
    ]
    assert second["parts"] == [{"type": "text", "content": "I cannot."}]
    assert span["attributes"]["gen_ai.request.choice.count"] == 2


def test_retries_stay_inside_the_one_span(server, client, spans):
    busy = {"retry-after-ms": "1"}
    broken = {"error": {"message": "busy"}}
    server.answers = [
        whole(broken, 503, headers=busy), whole(completion({"content": "Hello"})),
        whole(broken, 503, headers=busy), whole(broken, 503),
    ]  # fmt: skip

    client.chat.completions.create(model="m", messages=ASK)
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model="m", messages=ASK)

    first, second = spans(ROW)
    assert [span["attributes"]["http.request.resend_count"] for span in (first, second)] == [1, 1]
    assert (first["status"], second["status"]) == ("ok", "error")


def test_a_server_that_cannot_be_reached_is_an_error(spans):
    client = openai.OpenAI(base_url="http://127.0.0.1:9/v1", api_key="k", max_retries=0)

    with client, pytest.raises(openai.APIConnectionError):
        client.responses.create(model="m", input="Hi")

    (span,) = spans(ROW)
    assert (span["status"], span["attributes"]["error.type"]) == ("error", "openai.APIConnectionError")  # fmt: skip
    assert span["attributes"]["server.port"] == 9


def test_an_answer_that_the_sdk_refuses_to_parse_keeps_its_tokens(server, client, spans):
    server.answers = [whole(completion({"content": '{"ci'}, "length"))]
    format_ = {"type": "json_schema", "json_schema": {"name": "a", "schema": {}, "strict": True}}

    with pytest.raises(openai.LengthFinishReasonError):
        client.chat.completions.parse(model="m", messages=ASK, response_format=format_)

    (span,) = spans(ROW)
    assert (span["status"], span["finish_reasons"], span["output_tokens"]) == ("error", ["length"], 5)  # fmt: skip
    assert span["outputs"]["content"] == '{"ci'


def test_azure_and_compatible_providers_are_told_by_client_and_address(server, spans):
    server.answers = [whole(completion({"content": "Hello"}))]
    azure = openai.AzureOpenAI(azure_endpoint=server.url, api_key="k", api_version="2026-01-01")
    with azure:
        azure.chat.completions.create(model="m", messages=ASK)
    assert server.requests[-1][0].startswith("/openai/deployments/m/chat/completions")
    for host in ("api.groq.com/openai", "my.openai.azure.com/openai", "example.org"):
        web = openai.DefaultHttpxClient(verify=False)
        url = f"https://{host}/v1"
        with (
            openai.OpenAI(base_url=url, api_key="k", max_retries=0, http_client=web) as made,
            pytest.raises(openai.APIConnectionError),
        ):
            made.chat.completions.create(model="m", messages=ASK)

    assert [s["provider"] for s in spans(ROW)] == ["azure.ai.openai", "groq", "azure.ai.openai", "openai"]  # fmt: skip


def test_the_cost_that_a_provider_reports_is_kept(server, client, spans):
    paid = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "cost": 0.25}
    server.answers = [whole(completion({"content": "Hello"}, usage=paid))]

    client.chat.completions.create(model="m", messages=ASK)

    assert [span["cost_usd"] for span in spans(ROW)] == [0.25]


def test_many_calls_at_once_are_each_under_their_own_parent(server, client, spans):
    tasks, threads = 40, 24
    server.answers = [whole(completion({"content": "Hello"}))] * (tasks + threads)

    async def main():
        web = openai.DefaultAsyncHttpxClient(verify=False)
        async with openai.AsyncOpenAI(base_url=client.base_url, api_key="k", http_client=web) as one:  # fmt: skip

            async def ask(number):
                with genaiops.start_span(f"task {number}"):
                    await one.chat.completions.create(model=f"task {number}", messages=ASK)

            await asyncio.gather(*(ask(number) for number in range(tasks)))

    def ask(number):
        with genaiops.start_span(f"thread {number}"):
            client.chat.completions.create(model=f"thread {number}", messages=ASK)

    asyncio.run(main())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(threads)))

    found = spans(ROW)
    names = {span["span_id"]: span["name"] for span in found}
    calls = [span for span in found if span["span_type"] == "llm"]
    assert len(calls) == tasks + threads
    assert all(names[span["parent_span_id"]] == span["request_model"] for span in calls)


def test_streams_read_in_turn_keep_to_themselves(server, client, spans):
    server.answers = [streamed(chunks(("a", "b"))), streamed(response_events(("c", "d")))]

    first = client.chat.completions.create(model="m", messages=ASK, stream=True)
    second = client.responses.create(model="m", input="Hi", stream=True)
    for one, other in zip(first, second, strict=False):
        assert one is not None
        assert other is not None
    list(first)
    list(second)

    one, other = spans(ROW)
    assert one["outputs"]["content"] == "ab"
    assert other["outputs"][0]["content"][0]["text"] == "cd"
    assert (one["parent_span_id"], other["parent_span_id"]) == (None, None)
    assert one["trace_id"] != other["trace_id"]
