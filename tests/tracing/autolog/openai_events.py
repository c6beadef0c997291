"""Answers as OpenAI gives them: whole, and as events."""

import json
from collections.abc import Sequence
from typing import Any

from tests.tracing.autolog.server import Answer

ASK: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hello?"},
]
USAGE = {
    "prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25,
    "prompt_tokens_details": {"cached_tokens": 8, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 2},
}  # fmt: skip
RESPONSES_USAGE = {
    "input_tokens": 20, "output_tokens": 5, "total_tokens": 25,
    "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 3},
    "output_tokens_details": {"reasoning_tokens": 2},
}  # fmt: skip
TEXTS = ("Zü", "rich ", "is", " fine.")


def completion(message: dict[str, Any], reason: str = "stop", **more: Any) -> dict[str, Any]:
    """A chat completion."""
    choice = {"index": 0, "message": {"role": "assistant"} | message, "finish_reason": reason}
    head = {"id": "r1", "object": "chat.completion", "created": 1, "model": "gpt-5-mini-2026"}
    return head | {"choices": [choice], "usage": USAGE} | more


def chunk(delta: dict[str, Any], reason: str | None = None, **more: Any) -> dict[str, Any]:
    """One piece of a chat completion."""
    head = {"id": "r1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5-mini-2026"}
    return head | {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]} | more


def chunks(texts: Sequence[str] = TEXTS) -> list[dict[str, Any]]:
    """The pieces of a chat completion."""
    return [
        chunk({"role": "assistant", "content": ""}),
        *(chunk({"content": text}) for text in texts),
        chunk({}, "stop"),
        chunk({}) | {"choices": [], "usage": USAGE},
    ]


def response(*output: dict[str, Any], status: str = "completed", **more: Any) -> dict[str, Any]:
    """A response."""
    head = {"id": "resp_1", "object": "response", "created_at": 1, "model": "gpt-5-mini-2026", "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "error": None, "incomplete_details": None}  # fmt: skip
    return head | {"status": status, "output": list(output), "usage": RESPONSES_USAGE} | more


def said(text: str) -> dict[str, Any]:
    """The output item of a text."""
    part = {"type": "output_text", "text": text, "annotations": []}
    return {"type": "message", "id": "m1", "role": "assistant", "status": "completed", "content": [part]}  # fmt: skip


def response_events(texts: Sequence[str] = TEXTS) -> list[dict[str, Any]]:
    """The events of a response."""
    begun = response(status="in_progress", usage=None)
    item = said("") | {"content": [], "status": "in_progress"}
    place = {"item_id": "m1", "output_index": 0, "content_index": 0}
    whole = said("".join(texts))
    events = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.content_part.added", "part": {"type": "output_text", "text": "", "annotations": []}} | place,
        *({"type": "response.output_text.delta", "delta": text, "logprobs": []} | place for text in texts),
        {"type": "response.output_text.done", "text": "".join(texts), "logprobs": []} | place,
        {"type": "response.output_item.done", "output_index": 0, "item": whole},
        {"type": "response.completed", "response": response(whole)},
    ]  # fmt: skip
    return [event | {"sequence_number": number} for number, event in enumerate(events)]


def sse(events: Sequence[dict[str, Any] | str]) -> bytes:
    """Events as they go over the wire; those of responses are named."""
    lines: list[str] = []
    for event in events:
        text = event if isinstance(event, str) else json.dumps(event, ensure_ascii=False)
        if isinstance(event, dict) and "type" in event:
            lines.append(f"event: {event['type']}\n")
        lines.append(f"data: {text}\n\n")
    return "".join(lines).encode()


def streamed(events: Sequence[dict[str, Any] | str], **options: Any) -> Answer:
    """An answer as events."""
    return Answer(body=sse(events), kind="text/event-stream", **options)
