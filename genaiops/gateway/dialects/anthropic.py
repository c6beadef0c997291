"""Anthropic's Messages API: answers and streams, from and to the form between dialects."""

from collections.abc import Mapping
from typing import Any

import msgspec

from genaiops.errors import ProviderError
from genaiops.gateway.dialects import form
from genaiops.gateway.dialects.anthropic_requests import (
    DEFAULT_MAX_TOKENS,
    part_of_block,
    read_request,
    write_request,
)
from genaiops.gateway.dialects.form import (
    Answer,
    Delta,
    Event,
    Json,
    Part,
    PartStart,
    PartStop,
    Redacted,
    Refusal,
    Start,
    Stop,
    Text,
    Thinking,
    Tokens,
    ToolCall,
    table,
)
from genaiops.gateway.sse import write_event

__all__ = [
    "DEFAULT_MAX_TOKENS", "PATH", "EventReader", "EventWriter", "read_request", "read_response",
    "write_request", "write_response",
]  # fmt: skip

PATH = "/v1/messages"

_DELTAS = {
    "text_delta": "text",
    "input_json_delta": "partial_json",
    "thinking_delta": "thinking",
    "signature_delta": "signature",
}
_MOST = 2**53  # more nobody can have used
_COUNTS = (
    "input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens",
)  # fmt: skip


def read_response(body: Mapping[str, Any]) -> Answer:
    """The answer that a message is.

    Raises: ProviderError when it is not a message.
    """
    blocks = body.get("content")
    if body.get("type") != "message" or not isinstance(blocks, list):
        raise ProviderError(
            "anthropic answered with something that is not a message: check ANTHROPIC_BASE_URL",
            provider="anthropic",
        )
    found = [part_of_block(block) for block in blocks]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  JSON
    return Answer(
        id=body.get("id"),
        model=body.get("model"),
        parts=[part for part in found if part is not None],
        stop=body.get("stop_reason"),
        sequence=body.get("stop_sequence"),
        usage=_read_usage(table(body.get("usage"))),
    )


def write_response(answer: Answer) -> Json:
    """The message that says the answer."""
    return _message(answer.id, answer.model, _write_usage(answer.usage)) | {
        "content": [_block(part) for part in answer.parts],
        "stop_reason": answer.stop or "end_turn",
        "stop_sequence": answer.sequence,
    }


class EventReader:
    """Turns the decoded events of one stream into events of the form.

    Attributes:
        done: The stream said that it is complete.
    """

    def __init__(self) -> None:
        self.done = False
        self._usage: Json = {}
        self._stop: tuple[str | None, str | None] = None, None
        self._open: set[int] = set()

    def feed(self, event: Mapping[str, Any]) -> list[Event]:
        """What an event stands for, often nothing.

        Raises: ProviderError when the event is an error.
        """
        kind = event.get("type")
        if kind == "content_block_delta":
            delta: Json = table(event.get("delta"))
            field = _DELTAS.get(delta.get("type") or "")
            index = event.get("index") or 0
            if field is None or index not in self._open:
                return []
            return [Delta(index, delta.get(field) or "", field == "signature")]
        match kind:
            case "message_start":
                message: Json = table(event.get("message"))
                self._usage |= table(message.get("usage"))
                usage = _read_usage(self._usage)
                return [Start(message.get("id"), message.get("model"), 0, usage)]
            case "content_block_start":
                return self._begin(event.get("index") or 0, table(event.get("content_block")))
            case "content_block_stop" if (event.get("index") or 0) in self._open:
                self._open.discard(event.get("index") or 0)
                return [PartStop(event.get("index") or 0)]
            case "message_delta":
                said: Json = table(event.get("delta"))
                if said.get("stop_reason"):
                    self._stop = said["stop_reason"], said.get("stop_sequence")
                usage_now: Json = table(event.get("usage"))
                self._usage |= {name: n for name, n in usage_now.items() if n is not None}
                return []
            case "message_stop":
                self.done = True
                return [_read_usage(self._usage), Stop(*self._stop)]
            case "error":
                error: Json = table(event.get("error"))
                raise ProviderError(
                    f"anthropic broke the stream off: {error.get('message', 'no reason given')}",
                    provider="anthropic",
                )
            case _:
                return []

    def _begin(self, index: int, block: Json) -> list[Event]:
        part = part_of_block(block)
        if part is None:
            return []
        if isinstance(part, ToolCall):
            part = ToolCall(part.id, part.name, "" if not block.get("input") else part.arguments)
        self._open.add(index)
        return [PartStart(index, part)]


class EventWriter:
    """Writes events of the form as bytes of one Anthropic stream."""

    def __init__(self) -> None:
        self._fields: dict[int, str] = {}
        self._usage = Tokens()

    def feed(self, event: Event) -> bytes:
        """The bytes that say the event."""
        match event:
            case Delta():
                kind = "signature_delta" if event.signature else self._fields[event.index]
                delta = {"type": kind, _DELTAS[kind]: event.text}
                fields = {"index": event.index, "delta": delta}
                return _event("content_block_delta", fields)
            case Start():
                message = _message(event.id, event.model, _write_usage(event.usage or Tokens()))
                return _event("message_start", {"message": message}) + _event("ping", {})
            case PartStart():
                return self._begin(event.index, event.part)
            case PartStop():
                return _event("content_block_stop", {"index": event.index})
            case Tokens():
                self._usage = event
                return b""
            case Stop():
                delta = {"stop_reason": event.reason or "end_turn", "stop_sequence": event.sequence}
                fields = {"delta": delta, "usage": _write_usage(self._usage)}
                return _event("message_delta", fields) + _event("message_stop", {})

    def _begin(self, index: int, part: Part) -> bytes:
        block, first = _block(part), b""
        if isinstance(part, ToolCall):
            self._fields[index] = "input_json_delta"
            block["input"] = {}
            if part.arguments:
                first = self.feed(Delta(index, part.arguments))
        else:
            thinks = isinstance(part, Thinking)
            self._fields[index] = "thinking_delta" if thinks else "text_delta"
        return _event("content_block_start", {"index": index, "content_block": block}) + first


def _event(kind: str, fields: Json) -> bytes:
    return write_event(msgspec.json.encode({"type": kind, **fields}), kind)


def _message(id_: str | None, model: str | None, usage: Json) -> Json:
    return {
        "id": id_ or "msg_unknown",
        "type": "message",
        "role": "assistant",
        "model": model or "",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }


def _block(part: Part) -> Json:
    match part:
        case ToolCall():
            body, _ = write_request(
                form.Request(model="", messages=[form.Message("assistant", (part,))])
            )
            return body["messages"][0]["content"][0]
        case Thinking():
            return {"type": "thinking", "thinking": part.text, "signature": part.signature}
        case Redacted():
            return {"type": "redacted_thinking", "data": part.data}
        case Text() | Refusal():
            return {"type": "text", "text": part.text}
        case _:
            return {"type": "text", "text": ""}


def _read_usage(usage: Mapping[str, Any]) -> Tokens:
    """Anthropic counts what the cache had apart from ``input_tokens``."""
    counts = [usage.get(name) for name in _COUNTS]
    fresh, read, written, said = (
        n if isinstance(n, int) and not isinstance(n, bool) and 0 <= n <= _MOST else None
        for n in counts
    )
    asked = None if fresh is None else fresh + (read or 0) + (written or 0)
    return Tokens(asked, said, read, written)


def _write_usage(usage: Tokens) -> Json:
    """All counts, because clients add them up; what was not said is 0."""
    read, written = usage.cache_read or 0, usage.cache_write or 0
    return {
        "input_tokens": max((usage.input or 0) - read - written, 0),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": usage.output or 0,
    }
