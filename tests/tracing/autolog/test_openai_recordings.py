"""Recorded OpenAI traffic through the real SDK: every call one span, equal to the raw bytes.

Runs over the recordings that lie beside the checkout, and over two exchanges written here, so that
it is whole without them. The truth is computed from the bodies, with no SDK.
"""

import asyncio
import base64
import inspect
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openai
import pytest

import genaiops
from tests.tracing.autolog.openai_events import ASK, chunks, response_events, sse
from tests.tracing.autolog.server import Answer, serving

FOLDER = next(
    (
        up / "shared" / "recordings"
        for up in Path(__file__).resolve().parents
        if (up / "shared" / "recordings" / "manifest.json").is_file()
    ),
    None,
)
RESOURCES = {
    "/chat/completions": lambda client: client.chat.completions,
    "/responses": lambda client: client.responses,
    "/completions": lambda client: client.completions,
    "/embeddings": lambda client: client.embeddings,
}


@dataclass(kw_only=True)
class Exchange:
    """One recorded request with its answer."""

    name: str
    path: str
    request: dict[str, Any]
    status: int
    body: bytes

    @property
    def streams(self) -> bool:
        return self.request.get("stream") is True

    def answer(self, **options: Any) -> Answer:
        kind = "text/event-stream" if self.streams else "application/json"
        return Answer(body=self.body, status=self.status, kind=kind, **options)

    def truth(self) -> dict[str, Any]:
        """The body of the answer; of a stream, what its events come to."""
        if not self.streams:
            return json.loads(self.body)
        lines = [line[6:] for line in self.body.decode().splitlines() if line.startswith("data: ")]
        events = [json.loads(line) for line in lines if line != "[DONE]"]
        if self.path == "/responses":
            return events[-1]["response"]
        message: dict[str, Any] = {"content": "", "tool_calls": []}
        whole = {"choices": [{"message": message}], "usage": None}
        for event in events:
            whole |= {key: event[key] for key in ("id", "model", "usage") if event.get(key)}
            for choice in event["choices"]:
                whole["choices"][0]["finish_reason"] = choice["finish_reason"]
                message["content"] += choice["delta"].get("content") or ""
                for call in choice["delta"].get("tool_calls") or ():
                    if "id" in call:
                        message["tool_calls"].append(call)
                    else:
                        known = message["tool_calls"][call["index"]]["function"]
                        known["arguments"] += call["function"]["arguments"]
        return whole


def exchanges() -> list[Exchange]:
    asked = {"model": "gpt-x", "stream": True}
    own = [
        ("own-chat", "/chat/completions", {"messages": ASK}, [*chunks(), "[DONE]"]),
        ("own-responses", "/responses", {"input": "Hello?"}, response_events()),
    ]
    found = [
        Exchange(name=name, path=path, request=asked | more, status=200, body=sse(events))
        for name, path, more, events in own
    ]
    for path in sorted(FOLDER.glob("openai_*.json")) if FOLDER is not None else ():
        for number, one in enumerate(json.loads(path.read_text())["interactions"]):
            asked, answered = one["request"], one["response"]
            found.append(
                Exchange(
                    name=f"{path.stem}-{number}",
                    path=asked["uri"].partition("/v1")[2],
                    request=json.loads(asked["body"]),
                    status=answered["status"]["code"],
                    body=answered["body"]["string"].encode(),
                )
            )
    return found


EXCHANGES = exchanges()
EACH = pytest.mark.parametrize("exchange", EXCHANGES, ids=[one.name for one in EXCHANGES])
ROW = (
    "name, span_type, status, operation, request_model, response_model, response_id, "
    "finish_reasons, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, "
    "reasoning_tokens, inputs, outputs, attributes, ttft_ms"
)


@pytest.fixture(autouse=True)
def autologged():
    genaiops.openai.autolog()
    yield
    genaiops.openai.autolog(disable=True)


@pytest.fixture(scope="module")
def server():
    with serving() as made:
        yield made


@pytest.fixture(scope="module")
def client(server):
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="k", max_retries=0) as made:
        yield made


def call(client: Any, exchange: Exchange, how: str) -> Any:
    """The recorded request as an application makes it."""
    resource = RESOURCES[exchange.path](client)
    if how in ("raw", "late"):
        resource = resource.with_raw_response if how == "raw" else resource.with_streaming_response
    known = inspect.signature(resource.create).parameters
    given = {key: value for key, value in exchange.request.items() if key in known}
    more = {key: value for key, value in exchange.request.items() if key not in given}
    return resource.create(**given, extra_body=more)


def dumped(answer: Any) -> tuple[type, dict[str, Any]]:
    """An answer of the SDK as its type and its data; base64 vectors do not fit its own types."""
    return type(answer), answer.model_dump(exclude_unset=True, warnings=False)


def ask(client: Any, exchange: Exchange, how: str) -> Any:
    """What a sync application gets: the events or the answer, as plain data."""
    if how == "late":
        with call(client, exchange, how) as response:
            return b"".join(response.iter_bytes())
    result = call(client, exchange, how)
    if how == "raw":
        result = result.parse()
    if exchange.streams:
        return [dumped(event) for event in result]
    return dumped(result)


async def ask_async(client: Any, exchange: Exchange, how: str) -> Any:
    if how == "late":
        async with call(client, exchange, how) as response:
            return b"".join([piece async for piece in response.iter_bytes()])
    result = await call(client, exchange, how)
    if how == "raw":
        result = result.parse()
        result = await result if inspect.isawaitable(result) else result
    if exchange.streams:
        return [dumped(event) async for event in result]
    return dumped(result)


def refused(error: openai.APIStatusError) -> Any:
    return (type(error), error.status_code, error.message, error.body)


def asked(client: Any, exchange: Exchange, ways: list[str], *, is_async: bool) -> list[Any]:
    """What an application gets in each way."""
    got: list[Any] = []

    async def all_of_them() -> None:
        async with openai.AsyncOpenAI(
            base_url=str(client.base_url), api_key="k", max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(verify=False),
        ) as one:  # fmt: skip
            for how in ways:
                try:
                    got.append(await ask_async(one, exchange, how))
                except openai.APIStatusError as error:
                    got.append(refused(error))

    if is_async:
        asyncio.run(all_of_them())
        return got
    for how in ways:
        try:
            got.append(ask(client, exchange, how))
        except openai.APIStatusError as error:
            got.append(refused(error))
    return got


def check(exchange: Exchange, span: dict[str, Any]) -> None:
    """The span says what the raw body says."""
    request, truth = exchange.request, exchange.truth()
    assert span["request_model"] == request["model"]
    for name in ("messages", "input", "prompt"):
        assert span["inputs"].get(name) == request.get(name)
    if exchange.status >= 400:
        assert (span["status"], span["outputs"]) == ("error", None)
        assert span["attributes"]["error.type"] == str(exchange.status)
        return
    assert span["status"] == "ok"
    assert (span["ttft_ms"] is not None) == exchange.streams
    assert (span["response_id"], span["response_model"]) == (truth.get("id"), truth["model"])
    check_usage(span, truth["usage"])
    if exchange.path == "/responses":
        check_response(span, truth)
    elif exchange.path == "/embeddings":
        vectors = [item["embedding"] for item in truth["data"]]
        first = vectors[0]
        size = len(base64.b64decode(first)) // 4 if isinstance(first, str) else len(first)
        assert span["outputs"] == {"vectors": len(vectors), "dimensions": size}
    else:
        check_choices(span, truth)


def check_usage(span: dict[str, Any], usage: dict[str, Any]) -> None:
    read = usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
    made = usage.get("completion_tokens_details") or usage.get("output_tokens_details") or {}
    got = [span[f"{name}_tokens"] for name in ("input", "output", "cache_read", "cache_write", "reasoning")]  # fmt: skip
    assert got == [
        usage.get("prompt_tokens", usage.get("input_tokens")),
        usage.get("completion_tokens", usage.get("output_tokens")),
        read.get("cached_tokens"),
        read.get("cache_write_tokens"),
        made.get("reasoning_tokens"),
    ]
    assert span["attributes"]["genaiops.usage"] == usage


def check_choices(span: dict[str, Any], truth: dict[str, Any]) -> None:
    choices = truth["choices"]
    assert span["finish_reasons"] == [choice["finish_reason"] for choice in choices]
    if "text" in choices[0]:
        assert span["outputs"] == choices[0]["text"]
        return
    message, got = choices[0]["message"], span["outputs"]
    assert (got.get("content") or "") == (message.get("content") or "")
    assert got.get("refusal") == message.get("refusal")
    calls = message.get("tool_calls") or ()
    assert [
        (call["id"], call["function"]["name"], call["function"]["arguments"])
        for call in got.get("tool_calls") or ()
    ] == [(c["id"], c["function"]["name"], c["function"]["arguments"]) for c in calls]
    texts = [message[name] for name in ("content", "refusal") if message.get(name)]
    check_parts(span, texts, [(c["id"], c["function"]) for c in calls])


def check_response(span: dict[str, Any], truth: dict[str, Any]) -> None:
    assert span["finish_reasons"] == [truth["status"]]
    assert span["outputs"] == truth["output"]
    texts = [
        part["text"]
        for item in truth["output"]
        if item["type"] == "message"
        for part in item["content"]
    ]
    calls = [(i["call_id"], i) for i in truth["output"] if i["type"] == "function_call"]
    check_parts(span, texts, calls)


def check_parts(span: dict[str, Any], texts: list[str], calls: list[Any]) -> None:
    (message,) = span["attributes"]["gen_ai.output.messages"]
    parts = message["parts"]
    assert [part["content"] for part in parts if part["type"] == "text"] == texts
    assert [part for part in parts if part["type"] == "tool_call"] == [
        {
            "type": "tool_call",
            "id": known,
            "name": call["name"],
            "arguments": json.loads(call["arguments"]),
        }
        for known, call in calls
    ]


@EACH
def test_every_way_to_make_a_recorded_call_gives_one_true_span_and_the_same_answer(
    server, client, spans, exchange
):
    cuts = sorted(random.Random(exchange.name).choices(range(1, len(exchange.body)), k=40))
    ways = [
        ("plain", {}), ("plain", {"cuts": cuts}), ("plain", {"zipped": True}),
        ("raw", {"cuts": cuts}), ("late", {"cuts": cuts}), ("late", {"zipped": True, "cuts": cuts}),
    ]  # fmt: skip
    hows = [how for how, _ in ways]

    def everything() -> list[Any]:
        server.answers = [exchange.answer(**options) for _, options in ways * 2]
        return asked(client, exchange, hows, is_async=False) + asked(
            client, exchange, hows, is_async=True
        )

    genaiops.openai.autolog(disable=True)
    bare = everything()
    genaiops.openai.autolog()
    got = everything()

    assert got == bare
    found = spans(ROW)
    assert len(found) == 2 * len(ways)
    for span in found:
        check(exchange, span)


@pytest.mark.parametrize("exchange", [e for e in EXCHANGES if e.streams], ids=lambda e: e.name)
def test_the_stream_helper_gives_one_true_span(server, client, spans, exchange):
    server.answers = [exchange.answer(cuts=range(7, len(exchange.body), 977)) for _ in range(2)]
    request = {key: value for key, value in exchange.request.items() if key != "stream"}

    def opened(one: Any) -> Any:
        return RESOURCES[exchange.path](one).stream(**request)

    def final(told: Any) -> Any:
        if exchange.path == "/responses":
            return told.get_final_response()
        return told.get_final_completion()

    async def helped() -> Any:
        web = openai.DefaultAsyncHttpxClient(verify=False)
        one = openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="k", http_client=web)
        async with one, opened(one) as told:
            return await final(told)

    with opened(client) as told:
        got = final(told)
    assert asyncio.run(helped()) == got

    for span in (found := spans(ROW)):
        check(exchange, span)
    assert [span["response_id"] for span in found] == [got.id, got.id]
