"""Recorded Anthropic traffic through the real SDK: every call one span, equal to the raw bytes.

Runs over the recordings that lie beside the checkout, and over one exchange written here, so that
it is whole without them. The truth is computed from the bodies, with no SDK.
"""

import asyncio
import inspect
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anthropic
import pytest

import genaiops
from tests.tracing.autolog.server import (
    ASK,
    Answer,
    serving,
    sse,
    stream,
    text_block,
)

FOLDER = next(
    (
        up / "shared" / "recordings"
        for up in Path(__file__).resolve().parents
        if (up / "shared" / "recordings" / "manifest.json").is_file()
    ),
    None,
)
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # retired models are named


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

    @property
    def counts(self) -> bool:
        return "count_tokens" in self.path

    def answer(self, **options: Any) -> Answer:
        kind = "text/event-stream" if self.streams else "application/json"
        return Answer(body=self.body, status=self.status, kind=kind, **options)

    def truth(self) -> dict[str, Any]:
        """The message in the raw body."""
        if not self.streams:
            return json.loads(self.body)
        lines = self.body.decode().splitlines()
        events = [json.loads(line[5:]) for line in lines if line.startswith("data:")]
        whole: dict[str, Any] = {}
        for event in events:
            match event["type"]:
                case "message_start":
                    whole = event["message"]
                case "content_block_start":
                    whole["content"].append(event["content_block"] | {"pieces": ""})
                case "content_block_delta":
                    found = event["delta"]
                    name = next(key for key in found if key != "type")
                    if name == "partial_json":
                        whole["content"][event["index"]]["pieces"] += found[name]
                    else:
                        whole["content"][event["index"]][name] += found[name]
                case "message_delta":
                    whole |= event["delta"]
                    whole["usage"] |= event["usage"]
        for part in whole["content"]:
            pieces = part.pop("pieces")
            if part["type"] == "tool_use":
                part["input"] = json.loads(pieces or "{}")
        return whole


def exchanges() -> list[Exchange]:
    asked = {"model": "claude-x", "max_tokens": 9, "messages": ASK, "stream": True}
    found = [
        Exchange(
            name="own", path="/v1/messages", request=asked, status=200,
            body=sse(stream(text_block())),
        )
    ]  # fmt: skip
    for path in sorted(FOLDER.glob("anthropic_*.json")) if FOLDER is not None else ():
        for number, one in enumerate(json.loads(path.read_text())["interactions"]):
            asked, answered = one["request"], one["response"]
            found.append(
                Exchange(
                    name=f"{path.stem}-{number}",
                    path=asked["uri"].partition("anthropic.com")[2],
                    request=json.loads(asked["body"]),
                    status=answered["status"]["code"],
                    body=answered["body"]["string"].encode(),
                )
            )
    return found


EXCHANGES = exchanges()
EACH = pytest.mark.parametrize("exchange", EXCHANGES, ids=[one.name for one in EXCHANGES])
ROW = (
    "name, span_type, status, request_model, response_model, response_id, finish_reasons, "
    "input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, "
    "inputs, outputs, attributes, ttft_ms"
)


@pytest.fixture(autouse=True)
def autologged():
    genaiops.anthropic.autolog()
    yield
    genaiops.anthropic.autolog(disable=True)


@pytest.fixture(scope="module")
def server():
    with serving() as made:
        yield made


@pytest.fixture(scope="module")
def client(server):
    with anthropic.Anthropic(base_url=server.url, api_key="k", max_retries=0) as made:
        yield made


def call(client: Any, exchange: Exchange, how: str) -> Any:
    """The recorded request as an application makes it."""
    messages = client.beta.messages if "beta=true" in exchange.path else client.messages
    if how in ("raw", "late"):
        messages = messages.with_raw_response if how == "raw" else messages.with_streaming_response
    method = messages.count_tokens if exchange.counts else messages.create
    known = inspect.signature(method).parameters
    given = {key: value for key, value in exchange.request.items() if key in known}
    return method(**given, extra_body={k: v for k, v in exchange.request.items() if k not in given})


def ask(client: Any, exchange: Exchange, how: str) -> Any:
    """What a sync application gets: the events or the answer, as plain data."""
    if how == "late":
        with call(client, exchange, how) as response:
            return b"".join(response.iter_bytes())
    result = call(client, exchange, how)
    if how == "raw":
        result = result.parse()
    if exchange.streams:
        return [event.model_dump(exclude_unset=True) for event in result]
    return result.model_dump(exclude_unset=True)


async def ask_async(client: Any, exchange: Exchange, how: str) -> Any:
    if how == "late":
        async with call(client, exchange, how) as response:
            return b"".join([piece async for piece in response.iter_bytes()])
    result = await call(client, exchange, how)
    if how == "raw":
        result = result.parse()
        result = await result if inspect.isawaitable(result) else result
    if exchange.streams:
        return [event.model_dump(exclude_unset=True) async for event in result]
    return result.model_dump(exclude_unset=True)


def refused(error: anthropic.APIStatusError) -> Any:
    return (type(error), error.status_code, error.message, error.body)


def asked(client: Any, exchange: Exchange, ways: list[str], *, is_async: bool) -> list[Any]:
    """What an application gets in each way."""
    got: list[Any] = []

    async def all_of_them() -> None:
        async with anthropic.AsyncAnthropic(
            base_url=str(client.base_url), api_key="k", max_retries=0,
            http_client=anthropic.DefaultAsyncHttpxClient(verify=False),
        ) as one:  # fmt: skip
            for how in ways:
                try:
                    got.append(await ask_async(one, exchange, how))
                except anthropic.APIStatusError as error:
                    got.append(refused(error))

    if is_async:
        asyncio.run(all_of_them())
        return got
    for how in ways:
        try:
            got.append(ask(client, exchange, how))
        except anthropic.APIStatusError as error:
            got.append(refused(error))
    return got


def check(exchange: Exchange, span: dict[str, Any]) -> None:
    """The span says what the raw body says."""
    truth = exchange.truth()
    assert span["request_model"] == exchange.request["model"]
    assert span["inputs"]["messages"] == exchange.request["messages"]
    if exchange.status >= 400:
        assert (span["status"], span["outputs"]) == ("error", None)
        assert span["attributes"]["error.type"] == str(exchange.status)
        return
    assert span["status"] == "ok"
    if exchange.counts:
        assert (span["span_type"], span["input_tokens"]) == ("function", None)
        counted = span["attributes"]["anthropic.message.count_tokens.input_tokens"]
        assert counted == truth["input_tokens"]
        return
    usage = truth["usage"]
    read, written = usage.get("cache_read_input_tokens"), usage.get("cache_creation_input_tokens")
    assert (span["response_id"], span["response_model"]) == (truth["id"], truth["model"])
    assert span["finish_reasons"] == [truth["stop_reason"]]
    assert span["input_tokens"] == usage["input_tokens"] + (read or 0) + (written or 0)
    assert span["output_tokens"] == usage["output_tokens"]
    assert (span["cache_read_tokens"], span["cache_write_tokens"]) == (read, written)
    thought = (usage.get("output_tokens_details") or {}).get("thinking_tokens")
    assert span["reasoning_tokens"] == thought
    assert span["outputs"] == {"role": "assistant", "content": truth["content"]}
    assert (span["ttft_ms"] is not None) == exchange.streams
    parts = span["attributes"]["gen_ai.output.messages"][0]["parts"]
    told = {"text": ("text", "text"), "thinking": ("reasoning", "thinking")}
    assert [
        (part["type"], part.get("content", part.get("arguments"))) for part in parts
    ] == [
        (told[block["type"]][0], block[told[block["type"]][1]])
        if block["type"] in told
        else ("tool_call", block["input"])
        for block in truth["content"]
    ]  # fmt: skip


@EACH
def test_every_way_to_make_a_recorded_call_gives_one_true_span(server, client, spans, exchange):
    cuts = sorted(random.Random(exchange.name).choices(range(1, len(exchange.body)), k=40))
    ways = [
        ("plain", {}), ("plain", {"cuts": cuts}), ("plain", {"zipped": True}),
        ("raw", {"cuts": cuts}), ("late", {"cuts": cuts}), ("late", {"zipped": True, "cuts": cuts}),
    ]  # fmt: skip
    hows = [how for how, _ in ways]
    answers = [exchange.answer(**options) for _, options in ways]

    server.answers = answers * 2
    got = [asked(client, exchange, hows, is_async=is_async) for is_async in (False, True)]

    found = spans(ROW)
    assert len(found) == 2 * len(ways)
    for span in found:
        check(exchange, span)
    genaiops.anthropic.autolog(disable=True)
    server.answers = answers * 2
    assert got == [asked(client, exchange, hows, is_async=is_async) for is_async in (False, True)]


@pytest.mark.parametrize("exchange", [e for e in EXCHANGES if e.streams], ids=lambda e: e.name)
def test_the_stream_helper_gives_one_true_span(server, client, spans, exchange):
    server.answers = [exchange.answer(cuts=range(7, len(exchange.body), 977))] * 2
    request = {key: value for key, value in exchange.request.items() if key != "stream"}

    async def helped() -> Any:
        web = anthropic.DefaultAsyncHttpxClient(verify=False)
        one = anthropic.AsyncAnthropic(base_url=server.url, api_key="k", http_client=web)
        async with one, one.messages.stream(**request) as told:
            return await told.get_final_message()

    with client.messages.stream(**request) as told:
        finals = [told.get_final_message(), asyncio.run(helped())]

    for final, span in zip(finals, spans(ROW), strict=True):
        check(exchange, span)
        assert final.usage.output_tokens == span["output_tokens"]
