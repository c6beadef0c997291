"""Anthropic autolog with the real package: what a span says of each kind of call, and the switch."""

import asyncio
import base64
import json
from concurrent.futures import ThreadPoolExecutor

import anthropic
import pytest
from anthropic import _base_client as base

import genaiops
from tests.tracing.autolog.server import (
    ASK,
    FINAL,
    USAGE,
    Answer,
    block,
    message,
    serving,
    stream,
    streamed,
    text,
    text_block,
    whole,
)

ROW = (
    "name, span_type, status, status_message, operation, provider, request_model, response_model, "
    "response_id, finish_reasons, input_tokens, output_tokens, cache_read_tokens, "
    "cache_write_tokens, reasoning_tokens, inputs, outputs, attributes, ttft_ms, trace_id, "
    "span_id, parent_span_id, events, prompt_name, prompt_version"
)
REQUEST = {"model": "claude-x", "max_tokens": 9, "messages": ASK}
THINKING = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
TOOL = {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Bern"}}
SEARCH = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}}
FOUND = {
    "type": "web_search_tool_result", "tool_use_id": "s1",
    "content": [{"type": "web_search_result", "url": "u", "title": "t", "encrypted_content": "e"}],
}  # fmt: skip
BLOCKS = [
    block(0, {"type": "thinking", "thinking": "", "signature": ""}, {"type": "thinking_delta", "thinking": "Hm."}, {"type": "signature_delta", "signature": "s"}),
    block(1, SEARCH | {"input": {}}, {"type": "input_json_delta", "partial_json": '{"que'}, {"type": "input_json_delta", "partial_json": 'ry":"q"}'}),
    block(2, FOUND),
    text_block(3),
    block(4, TOOL | {"input": {}}, {"type": "input_json_delta", "partial_json": '{"city":"Bern"}'}),
]  # fmt: skip


@pytest.fixture(scope="module")
def server():
    with serving() as made:
        yield made
        assert made.answers == []


@pytest.fixture(scope="module")
def client(server):
    with anthropic.Anthropic(base_url=server.url, api_key="k", max_retries=1) as made:
        yield made


@pytest.fixture(autouse=True)
def autologged():
    genaiops.anthropic.autolog()
    yield
    genaiops.anthropic.autolog(disable=True)


def check(span):
    assert (span["name"], span["span_type"], span["status"]) == ("chat claude-x", "llm", "ok")
    assert (span["operation"], span["provider"]) == ("chat", "anthropic")
    assert (span["request_model"], span["response_model"]) == ("claude-x", "claude-x-2026")
    assert (span["response_id"], span["finish_reasons"]) == ("m1", ["end_turn"])
    assert (span["input_tokens"], span["output_tokens"]) == (28, 9)
    assert (span["cache_read_tokens"], span["cache_write_tokens"]) == (5, 3)
    assert span["reasoning_tokens"] == 4
    assert span["attributes"]["server.address"] == "127.0.0.1"
    assert span["attributes"]["genaiops.usage"] == USAGE | FINAL
    assert span["attributes"]["anthropic.request.id"] == "req_1"


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("beta", [False, True], ids=["stable", "beta"])
def test_thinking_tools_and_server_tools_stand_as_parts(server, client, spans, streams, beta):
    answered = message(THINKING, SEARCH, FOUND, text("Zürich is fine."), TOOL)
    server.answers = [streamed(stream(*BLOCKS)) if streams else whole(answered)]
    messages = client.beta.messages if beta else client.messages
    tools = [{"name": "weather", "description": "d", "input_schema": {"type": "object"}}]

    with genaiops.start_span("app") as app:
        result = messages.create(
            **REQUEST, tools=tools, system="Be brief.", stream=streams, extra_body={"temperature": 0.5},
            stop_sequences=["x"], thinking={"type": "enabled", "budget_tokens": 1024},
        )  # fmt: skip
        if streams:
            assert type(result) is anthropic.Stream
            assert len(list(result)) == len(stream(*BLOCKS))

    _, span = spans(ROW)
    check(span)
    assert span["parent_span_id"] == app.span_id
    assert span["inputs"] == {"system": "Be brief.", "messages": ASK, "tools": tools}
    assert span["outputs"]["content"] == answered["content"]
    attributes = span["attributes"]
    assert attributes["gen_ai.output.messages"][0]["parts"] == [
        {"type": "reasoning", "content": "Hm."},
        {"type": "server_tool_call", "id": "s1", "name": "web_search", "server_tool_call": {"type": "web_search", "arguments": {"query": "q"}}},
        {"type": "server_tool_call_response", "id": "s1", "server_tool_call_response": {"type": "web_search_tool_result", "content": FOUND["content"]}},
        {"type": "text", "content": "Zürich is fine."},
        {"type": "tool_call", "id": "t1", "name": "weather", "arguments": {"city": "Bern"}},
    ]  # fmt: skip
    assert attributes["gen_ai.system_instructions"] == [{"type": "text", "content": "Be brief."}]
    assert attributes["gen_ai.tool.definitions"] == [
        {"type": "function", "name": "weather", "description": "d", "parameters": {"type": "object"}}
    ]  # fmt: skip
    assert attributes["gen_ai.request.temperature"] == 0.5
    assert attributes["gen_ai.request.stop_sequences"] == ["x"]
    assert attributes["anthropic.thinking.budget_tokens"] == 1024
    assert attributes.get("gen_ai.request.stream") == (True if streams else None)


def test_turns_of_a_tool_loop_pictures_and_the_sdks_own_blocks_are_read(server, client, spans):
    server.answers = [whole(message(text("It is sunny.")))]
    data = base64.b64encode(b"png").decode()
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}  # fmt: skip
    turns = [
        {"role": "user", "content": [text("Look"), picture]},
        {"role": "assistant", "content": [anthropic.types.ToolUseBlock(**TOOL)]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "sun"}]},
    ]  # fmt: skip

    client.messages.create(model="claude-x", max_tokens=9, messages=turns)

    (span,) = spans(ROW)
    assert span["attributes"]["gen_ai.input.messages"] == [
        {"role": "user", "parts": [{"type": "text", "content": "Look"}, {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "[3 bytes]"}]},
        {"role": "assistant", "parts": [{"type": "tool_call", "id": "t1", "name": "weather", "arguments": {"city": "Bern"}}]},
        {"role": "user", "parts": [{"type": "tool_call_response", "id": "t1", "result": "sun"}]},
    ]  # fmt: skip
    assert span["inputs"]["messages"][1]["content"][0]["input"] == {"city": "Bern"}


def test_an_error_passes_and_is_recorded_once_after_retries(server, client, spans):
    refused = {"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}
    server.answers = [whole(refused, 500, headers={"retry-after-ms": "1"}), whole(refused, 400)]

    with pytest.raises(anthropic.BadRequestError) as raised:
        client.messages.create(**REQUEST)

    assert raised.value.body == refused
    (span,) = spans(ROW)
    assert (span["status"], span["attributes"]["error.type"]) == ("error", "400")
    assert "no" in span["status_message"]
    assert span["events"][0]["attributes"]["exception.type"].endswith("BadRequestError")


def test_counting_tokens_uses_none(server, client, spans):
    server.answers = [whole({"input_tokens": 12})]

    assert client.messages.count_tokens(model="claude-x", messages=ASK).input_tokens == 12

    (span,) = spans(ROW)
    assert (span["name"], span["span_type"]) == ("count_tokens claude-x", "function")
    assert (span["input_tokens"], span["operation"]) == (None, None)
    assert span["attributes"]["anthropic.message.count_tokens.input_tokens"] == 12
    assert span["outputs"] == {"input_tokens": 12}


def test_a_batch_is_recorded_from_its_creation_to_its_results(server, client, spans):
    batch = {
        "id": "b1", "type": "message_batch", "processing_status": "ended", "archived_at": None,
        "cancel_initiated_at": None, "created_at": "2026-01-01T00:00:00Z",
        "ended_at": "2026-01-01T00:00:00Z", "expires_at": "2026-01-01T00:00:00Z",
        "request_counts": {"canceled": 0, "errored": 0, "expired": 0, "processing": 0, "succeeded": 2},
        "results_url": f"{server.url}/v1/messages/batches/b1/results",
    }  # fmt: skip
    results = [
        {"custom_id": str(n), "result": {"type": "succeeded", "message": message(text("Yes"))}}
        for n in range(2)
    ]
    lines = "\n".join(json.dumps(one) for one in results).encode()
    server.answers = [
        whole(batch), whole(batch), Answer(body=lines, kind="application/x-jsonl"),
        whole({"data": [batch], "has_more": False, "first_id": "b1", "last_id": "b1"}), whole(batch),
    ]  # fmt: skip

    client.messages.batches.create(requests=[{"custom_id": "0", "params": REQUEST}] * 2)
    assert [one.custom_id for one in client.messages.batches.results("b1")] == ["0", "1"]
    assert [one.id for one in client.messages.batches.list()] == ["b1"]
    client.messages.batches.cancel("b1")

    found = spans(ROW)
    assert [span["name"] for span in found] == [
        f"batches.{what}" for what in ("create", "retrieve", "results", "list", "cancel")
    ]
    assert found[0]["attributes"]["anthropic.message.batch.id"] == "b1"
    assert found[0]["attributes"]["anthropic.message.batch.request_count"] == 2
    assert len(found[0]["inputs"]["requests"]) == 2
    assert found[2]["outputs"] == results
    assert {span["input_tokens"] for span in found} == {None}


def test_calls_of_other_endpoints_pass_unrecorded(server, client, spans):
    server.answers = [
        whole({"id": "claude-x", "type": "model", "display_name": "X", "created_at": "2026-01-01T00:00:00Z"})
    ]  # fmt: skip

    with genaiops.start_span("app"):
        assert client.models.retrieve("claude-x").id == "claude-x"

    assert len(spans()) == 1


def test_many_calls_at_once_each_keep_their_parent(server, client, spans):
    async def one(sdk, n):
        with genaiops.start_span(f"app {n}"):
            turns = [{"role": "user", "content": str(n)}]
            told = await sdk.messages.create(model="m", max_tokens=1, messages=turns, stream=True)
            return [event async for event in told]

    async def crowd():
        web = anthropic.DefaultAsyncHttpxClient(verify=False)
        async with anthropic.AsyncAnthropic(
            base_url=server.url, api_key="k", http_client=web
        ) as sdk:
            await asyncio.gather(*(one(sdk, n) for n in range(20)))

    def thread(n):
        with genaiops.start_span(f"app {n}"):
            turns = [{"role": "user", "content": str(n)}]
            client.messages.create(model="m", max_tokens=1, messages=turns)

    server.answers = [streamed(stream(text_block()))] * 20
    asyncio.run(crowd())
    server.answers = [whole(message(text("Yes")))] * 20
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(thread, range(20, 40)))

    found = spans(ROW)
    apps = {span["span_id"]: span["name"] for span in found if span["name"].startswith("app")}
    calls = [span for span in found if span["name"] == "chat m"]
    assert len(calls) == 40
    for span in calls:
        assert apps[span["parent_span_id"]] == f"app {span['inputs']['messages'][0]['content']}"


def test_capture_and_redaction_are_respected(server, client, spans):
    asked = {"model": "claude-x", "max_tokens": 9, "messages": [{"role": "user", "content": "I am a@b.ch"}]}  # fmt: skip
    server.answers = [whole(message(text("Hello a@b.ch"))), streamed(stream(text_block()))] * 2
    genaiops.configure(redact=["email"])
    client.messages.create(**asked)
    list(client.messages.create(**asked, stream=True))
    genaiops.configure(redact=[], capture="metadata")
    client.messages.create(**asked)
    list(client.messages.create(**asked, stream=True))

    masked, _, hashed, hashed_stream = spans(ROW)
    assert "a@b.ch" not in str(masked)
    assert masked["outputs"]["content"][0]["text"].startswith("Hello ")
    for span in (hashed, hashed_stream):
        assert "a@b.ch" not in str(span)
        assert "Zürich" not in str(span)
        assert set(span["inputs"]) == {"bytes", "sha256"}
        assert span["output_tokens"] == 9


def test_a_formatted_prompt_is_linked(server, client, spans):
    from genaiops.model.prompt import FormattedText, PromptRef

    server.answers = [whole(message(text("Hello")))]
    said = FormattedText("Hello?", PromptRef(name="qa", version=3))

    client.messages.create(
        model="claude-x", max_tokens=9, messages=[{"role": "user", "content": said}]
    )

    (span,) = spans(ROW)
    assert (span["prompt_name"], span["prompt_version"]) == ("qa", 3)


def test_nothing_is_recorded_when_tracing_is_off_or_the_trace_is_dropped(server, client, spans):
    server.answers = [whole(message(text("Hello"))), streamed(stream(text_block()))] * 2
    for setting in ({"disabled": True}, {"disabled": False, "sample": 0.0}):
        genaiops.configure(**setting)
        client.messages.create(**REQUEST)
        list(client.messages.create(**REQUEST, stream=True))

    genaiops.configure(sample=1.0)
    with genaiops.start_span("only"):
        pass
    assert len(spans()) == 1


def test_the_switch_is_a_no_op_twice_and_restores_the_very_same_functions(server, client, spans):
    genaiops.anthropic.autolog(disable=True)
    names = [
        (base.SyncAPIClient, "request"), (base.AsyncAPIClient, "request"),
        (anthropic.Stream, "__stream__"), (anthropic.AsyncStream, "__stream__"),
        (base, "start_api_call_span"),
    ]  # fmt: skip
    before = [vars(owner)[name] for owner, name in names]
    genaiops.anthropic.autolog()
    during = [vars(owner)[name] for owner, name in names]
    genaiops.anthropic.autolog()
    assert [vars(owner)[name] for owner, name in names] == during
    assert not {id(one) for one in before} & {id(one) for one in during}

    genaiops.anthropic.autolog(disable=True)
    genaiops.anthropic.autolog(disable=True)

    assert [vars(owner)[name] for owner, name in names] == before
    server.answers = [whole(message(text("Hello")))]
    with genaiops.start_span("only"):
        client.messages.create(**REQUEST)
    assert len(spans()) == 1
