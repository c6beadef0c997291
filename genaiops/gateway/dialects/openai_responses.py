"""OpenAI's Responses API: answers and streams, from and to the form between dialects."""

from collections.abc import Mapping
from typing import Any

import msgspec

from genaiops.errors import ProviderError
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
    settled,
    table,
    whole_part,
)
from genaiops.gateway.dialects.openai_chat import read_usage
from genaiops.gateway.dialects.responses_requests import (
    read_request,
    reasoning_item,
    thoughts_of_item,
    write_request,
)
from genaiops.gateway.sse import write_event

__all__ = [
    "PATH", "EventReader", "EventWriter", "read_request", "read_response", "write_request",
    "write_response",
]  # fmt: skip

PATH = "/responses"

_CUT = {"max_tokens": "max_output_tokens", "refusal": "content_filter"}
_REASONS = {"max_output_tokens": "max_tokens", "content_filter": "refusal"}


def read_response(body: Mapping[str, Any]) -> Answer:
    """The answer that a response is; items of the provider's own tools are left out."""
    parts: list[Part] = []
    for item in body["output"]:
        match item.get("type"):
            case "message":
                for piece in item["content"]:
                    refuses = piece["type"] == "refusal"
                    parts.append(Refusal(piece["refusal"]) if refuses else Text(piece["text"]))
            case "function_call":
                parts.append(ToolCall(item["call_id"], item["name"], item["arguments"]))
            case "reasoning":
                parts += thoughts_of_item(item)
            case _:
                pass
    return Answer(
        id=body.get("id"),
        model=body.get("model"),
        created=int(body.get("created_at") or 0),
        parts=parts,
        stop=_reason(body, parts),
        usage=_read_usage(table(body.get("usage"))),
    )


def _reason(body: Mapping[str, Any], parts: list[Part]) -> str | None:
    cut = table(body.get("incomplete_details")).get("reason")
    if cut:
        return _REASONS.get(cut, "max_tokens")
    if any(isinstance(part, Refusal) for part in parts):
        return "refusal"
    return settled("end_turn", calls=any(isinstance(part, ToolCall) for part in parts))


def write_response(answer: Answer) -> Json:
    """The response that says the answer."""
    items = [_item(part, answer.id, number) for number, part in enumerate(answer.parts)]
    whole = _head(answer.id, answer.model, answer.created)
    return whole | _end(answer.stop, answer.parts) | _body(items, answer.usage)


def _body(items: list[Json], usage: Tokens) -> Json:
    return {"output": items, "usage": _write_usage(usage)}


def _end(stop: str | None, parts: list[Part]) -> Json:
    refused = any(isinstance(part, Refusal) for part in parts)
    cut = None if refused else _CUT.get(stop or "")
    if cut:
        return {"status": "incomplete", "incomplete_details": {"reason": cut}}
    return {"status": "completed"}


class EventReader:
    """Turns the decoded events of one stream into events of the form.

    Attributes:
        done: The stream said that it is complete.
    """

    def __init__(self) -> None:
        self.done = False
        self._numbers: dict[object, int] = {}
        self._summaries: dict[object, int] = {}
        self._parts: list[Part] = []

    def feed(self, event: Mapping[str, Any]) -> list[Event]:
        """What an event stands for, often nothing.

        Raises: ProviderError when the event is an error.
        """
        kind = event.get("type") or ""
        key = event.get("output_index"), event.get("content_index")
        if kind.endswith(".delta"):
            place = self._numbers.get(key)
            return [] if place is None else [Delta(place, event["delta"])]
        match kind:
            case "response.created":
                said = event["response"]
                created = int(said.get("created_at") or 0)
                return [Start(said.get("id"), said.get("model"), created)]
            case "response.output_item.added" if event["item"]["type"] == "function_call":
                item = event["item"]
                return self._begin(key, ToolCall(item["call_id"], item["name"]))
            case "response.content_part.added":
                refuses = event["part"]["type"] == "refusal"
                return self._begin(key, Refusal("") if refuses else Text(""))
            case "response.content_part.done":
                return [PartStop(self._numbers[key])] if key in self._numbers else []
            case "response.reasoning_summary_part.added":
                return self._summary(key)
            case "response.output_item.done":
                return self._item_done(key, event["item"])
            case "response.completed" | "response.incomplete":
                self.done = True
                said = event["response"]
                usage = _read_usage(table(said.get("usage")))
                return [usage, Stop(_reason(said, self._parts))]
            case "response.failed" | "error":
                error = event.get("error") or (event.get("response") or event).get("error")
                text = (error or event).get("message") or "it gave no reason"
                raise ProviderError(f"openai broke the stream off: {text}", provider="openai")
            case _:
                return []

    def _begin(self, key: object, part: Part) -> list[Event]:
        self._numbers[key] = number = len(self._parts)
        self._parts.append(part)
        return [PartStart(number, part)]

    def _summary(self, key: object) -> list[Event]:
        if key in self._numbers:
            return [Delta(self._numbers[key], "\n\n")]
        return self._begin(key, Thinking(""))

    def _item_done(self, key: object, item: Mapping[str, Any]) -> list[Event]:
        if item["type"] == "function_call" and key in self._numbers:
            return [PartStop(self._numbers[key])]
        if item["type"] != "reasoning":
            return []
        events: list[Event] = []
        for part in thoughts_of_item(item):
            if key not in self._numbers:
                events += self._begin(key, part)
            elif isinstance(part, Thinking) and part.signature:
                events.append(Delta(self._numbers[key], part.signature, True))
            events.append(PartStop(self._numbers[key]))
        return events


class EventWriter:
    """Writes events of the form as bytes of one stream of the Responses API."""

    def __init__(self) -> None:
        self._sequence = 0
        self._start = Start(None, None)
        self._open: dict[int, tuple[Part, list[str], list[str]]] = {}
        self._parts: list[Part] = []
        self._items: list[Json] = []
        self._usage = Tokens()

    def feed(self, event: Event) -> bytes:
        """The bytes that say the event."""
        match event:
            case Delta():
                part, texts, signatures = self._open[event.index]
                (signatures if event.signature else texts).append(event.text)
                return b"" if event.signature else self._delta(event.index, part, event.text)
            case Start():
                self._start = event
                fields = {"response": self._response({"status": "in_progress"})}
                created = self._event("response.created", fields)
                return created + self._event("response.in_progress", fields)
            case PartStart():
                return self._begin(event.index, event.part)
            case PartStop():
                return self._stop(event.index)
            case Tokens():
                self._usage = event
                return b""
            case Stop():
                end = _end(event.reason, self._parts)
                said = self._response(end | _body(self._items, self._usage))
                return self._event(f"response.{end['status']}", {"response": said})

    def _response(self, fields: Json) -> Json:
        return _head(self._start.id, self._start.model, self._start.created) | fields

    def _event(self, kind: str, fields: Json) -> bytes:
        body = {"type": kind, "sequence_number": self._sequence, **fields}
        self._sequence += 1
        return write_event(msgspec.json.encode(body), kind)

    def _begin(self, index: int, part: Part) -> bytes:
        self._open[index] = part, [], []
        item = _item(part, self._start.id, index) | {"status": "in_progress"}
        at: Json = {"output_index": index, "item_id": item["id"]}
        if isinstance(part, Text | Refusal):
            item["content"] = []
        elif isinstance(part, Thinking | Redacted):
            item["summary"] = []
        elif isinstance(part, ToolCall):
            item["arguments"] = ""
        said = self._event("response.output_item.added", {"output_index": index, "item": item})
        if isinstance(part, Text | Refusal):
            piece = _piece(type(part)(""))
            said += self._event("response.content_part.added", _content(at) | {"part": piece})
        elif isinstance(part, Thinking):
            empty = {"type": "summary_text", "text": ""}
            fields = at | {"summary_index": 0, "part": empty}
            said += self._event("response.reasoning_summary_part.added", fields)
        first = getattr(part, "arguments", "") or getattr(part, "text", "")
        return said + (self._delta(index, part, first) if first else b"")

    def _delta(self, index: int, part: Part, text: str) -> bytes:
        at = {"output_index": index, "item_id": _id(part, self._start.id, index), "delta": text}
        match part:
            case ToolCall():
                return self._event("response.function_call_arguments.delta", at)
            case Thinking():
                fields = at | {"summary_index": 0}
                return self._event("response.reasoning_summary_text.delta", fields)
            case Refusal():
                return self._event("response.refusal.delta", _content(at))
            case _:
                return self._event("response.output_text.delta", _content(at) | {"logprobs": []})

    def _stop(self, index: int) -> bytes:
        part = whole_part(*self._open.pop(index))
        item = _item(part, self._start.id, index)
        self._parts.append(part)
        self._items.append(item)
        at: Json = {"output_index": index, "item_id": item["id"]}
        said = b""
        match part:
            case ToolCall():
                fields = at | {"arguments": part.arguments, "name": part.name}
                said = self._event("response.function_call_arguments.done", fields)
            case Thinking():
                piece = {"type": "summary_text", "text": part.text}
                fields = at | {"summary_index": 0}
                done = fields | {"text": part.text}
                said = self._event("response.reasoning_summary_text.done", done)
                piece_done = fields | {"part": piece}
                said += self._event("response.reasoning_summary_part.done", piece_done)
            case Text() | Refusal():
                name = "refusal" if isinstance(part, Refusal) else "output_text"
                word = "refusal" if isinstance(part, Refusal) else "text"
                fields: Json = _content(at) | {word: part.text, "logprobs": []}
                said = self._event(f"response.{name}.done", fields)
                fields = _content(at) | {"part": _piece(part)}
                said += self._event("response.content_part.done", fields)
            case _:
                pass
        return said + self._event(
            "response.output_item.done", {"output_index": index, "item": item}
        )


def _content(at: Json) -> Json:
    return at | {"content_index": 0}


def _head(id_: str | None, model: str | None, created: int) -> Json:
    return {
        "id": _response_id(id_),
        "object": "response",
        "created_at": created,
        "model": model or "",
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "output": [],
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "usage": None,
    }


def _response_id(id_: str | None) -> str:
    return id_ if id_ and id_.startswith("resp_") else f"resp_{id_ or 'unknown'}"


def _id(part: Part, id_: str | None, number: int) -> str:
    prefix = "msg"
    if isinstance(part, ToolCall):
        prefix = "fc"
    elif isinstance(part, Thinking | Redacted):
        prefix = "rs"
    return f"{prefix}_{_response_id(id_).removeprefix('resp_')}_{number}"


def _item(part: Part, id_: str | None, number: int) -> Json:
    own = _id(part, id_, number)
    match part:
        case ToolCall():
            call = {"call_id": part.id, "name": part.name, "arguments": part.arguments}
            return {"id": own, "type": "function_call", "status": "completed", **call}
        case Thinking() | Redacted():
            return reasoning_item(part, own)
        case _:
            message = {"type": "message", "status": "completed", "role": "assistant"}
            return {"id": own, **message, "content": [_piece(part)]}


def _piece(part: Part) -> Json:
    if isinstance(part, Refusal):
        return {"type": "refusal", "refusal": part.text}
    text = getattr(part, "text", "")
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _read_usage(usage: Mapping[str, Any]) -> Tokens:
    read = read_usage(
        {
            "prompt_tokens": usage.get("input_tokens"),
            "completion_tokens": usage.get("output_tokens"),
            "prompt_tokens_details": usage.get("input_tokens_details"),
            "completion_tokens_details": usage.get("output_tokens_details"),
        }
    )
    cached, made = read.cache_read_tokens, read.cache_write_tokens
    return Tokens(read.input_tokens, read.output_tokens, cached, made, read.reasoning_tokens)


def _write_usage(usage: Tokens) -> Json:
    asked, said = usage.input or 0, usage.output or 0
    details = {"cached_tokens": usage.cache_read or 0, "cache_write_tokens": usage.cache_write or 0}
    return {
        "input_tokens": asked,
        "input_tokens_details": details,
        "output_tokens": said,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning or 0},
        "total_tokens": asked + said,
    }
