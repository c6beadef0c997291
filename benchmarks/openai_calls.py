"""One OpenAI client on an in-process transport, and the calls that peers are compared over.

Imports nothing of genaiops: the interpreters of other libraries run it too.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import openai

TEXT = "The printer on the second floor has no paper; the tray is to the left of the window. "
ASK = [
    {"role": "system", "content": "You answer from the handbook. " + TEXT * 6},
    {"role": "user", "content": "Where is the paper?"},
    {"role": "assistant", "content": TEXT},
    {"role": "user", "content": "And who fills it?"},
]
HELLO = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "How is Zürich?"},
]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather of a city.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Bern"}'}}  # fmt: skip
HEAD = {"id": "chatcmpl-1", "created": 1, "model": "gpt-5-mini-2026-01-01"}


def usage(given: int, cached: int = 0, reasoning: int = 0, asked: int = 120) -> dict[str, Any]:
    return {
        "prompt_tokens": asked, "completion_tokens": given, "total_tokens": asked + given,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": reasoning, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
    }  # fmt: skip


def completion(message: dict[str, Any], tokens: dict[str, Any], reason: str = "stop") -> bytes:
    said = {"role": "assistant", "content": None, "refusal": None, "annotations": []} | message
    choice = {"index": 0, "message": said, "logprobs": None, "finish_reason": reason}
    body = HEAD | {"object": "chat.completion", "choices": [choice], "usage": tokens}
    return json.dumps(body | {"service_tier": "default", "system_fingerprint": "fp_1"}).encode()


def events(*deltas: dict[str, Any], reason: str, tokens: dict[str, Any]) -> list[bytes]:
    """A streamed completion, with the usage in an event of its own."""
    head = HEAD | {"object": "chat.completion.chunk", "service_tier": "default"}
    told = [(delta, None) for delta in ({"role": "assistant", "content": ""}, *deltas)]
    made = [
        head | {"choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": stop}]}
        for delta, stop in [*told, ({}, reason)]
    ]
    made.append(head | {"choices": [], "usage": tokens})
    return [*(f"data: {json.dumps(event)}\n\n".encode() for event in made), b"data: [DONE]\n\n"]


def arguments_in_pieces() -> Iterator[dict[str, Any]]:
    begin = CALL | {"index": 0, "function": {"name": "weather", "arguments": ""}}
    yield {"tool_calls": [begin]}
    for piece in ('{"city":', ' "Bern"}'):
        yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}


ANSWERS: dict[str, bytes | list[bytes]] = {
    "bench": completion({"content": TEXT * 2}, usage(40)),
    "plain": completion({"content": "It rains."}, usage(3)),
    "cached": completion({"content": "It rains."}, usage(30, cached=96, reasoning=20)),
    "tool": completion({"tool_calls": [CALL]}, usage(9), "tool_calls"),
    "stream": events({"content": "It "}, {"content": "rains."}, reason="stop", tokens=usage(30, 96, 20)),
    "tool stream": events(*arguments_in_pieces(), reason="tool_calls", tokens=usage(9)),
    "refused": json.dumps({"error": {"message": "no such model", "type": "invalid_request_error", "param": "model", "code": "model_not_found"}}).encode(),
}  # fmt: skip
"""What the provider says to the call of each name."""


class Pieces(httpx2.SyncByteStream):
    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.pieces)


def respond(request: httpx2.Request) -> httpx2.Response:
    """Answers by the header that names the call."""
    name = request.headers.get("x-call", "bench")
    answer = ANSWERS[name]
    if isinstance(answer, list):
        kind = {"content-type": "text/event-stream"}
        return httpx2.Response(200, headers=kind, stream=Pieces(answer))
    status = 404 if name == "refused" else 200
    return httpx2.Response(status, headers={"content-type": "application/json"}, content=answer)


def make_client() -> openai.OpenAI:
    http = httpx2.Client(transport=httpx2.MockTransport(respond))
    return openai.OpenAI(
        api_key="none", base_url="http://127.0.0.1:9/v1", http_client=http, max_retries=0
    )


def chat(client: openai.OpenAI) -> object:
    """One turn of a chat, not streamed."""
    return client.chat.completions.create(model="gpt-5-mini", messages=ASK)


def _ask(client: openai.OpenAI, name: str, **options: Any) -> Any:
    said: dict[str, Any] = {"model": "gpt-5-mini", "messages": HELLO, "temperature": 0.5}
    return client.chat.completions.create(extra_headers={"x-call": name}, **said | options)


def _stream(client: openai.OpenAI, name: str, **options: Any) -> None:
    for _ in _ask(client, name, stream=True, stream_options={"include_usage": True}, **options):
        pass


def _refused(client: openai.OpenAI) -> None:
    try:
        _ask(client, "refused")
    except openai.NotFoundError:
        return
    raise AssertionError("the call was not refused")


CALLS: dict[str, Callable[[openai.OpenAI], object]] = {
    "plain": lambda client: _ask(client, "plain"),
    "cached": lambda client: _ask(client, "cached"),
    "tool": lambda client: _ask(client, "tool", tools=TOOLS),
    "stream": lambda client: _stream(client, "stream"),
    "tool stream": lambda client: _stream(client, "tool stream", tools=TOOLS),
    "refused": _refused,
}
"""The calls whose spans are compared, each in a trace of its own, in this order."""
