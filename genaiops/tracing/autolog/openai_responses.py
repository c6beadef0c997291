"""The Responses API in the names and shapes of the GenAI conventions."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from genaiops.model import semconv
from genaiops.tracing import diagnostics
from genaiops.tracing.autolog.content import data_url, slim
from genaiops.tracing.autolog.openai_shape import (
    Shape,
    Table,
    parsed,
    present,
    table_of,
    usage_attributes,
)

__all__ = ["Responses", "ResponsesEvents"]

_decode = msgspec.json.Decoder().decode
_FINAL = ("completed", "incomplete", "failed", "cancelled")
_LAST = re.compile(r'"type"\s*:\s*"(?:response\.(?:completed|incomplete|failed|cancelled)|error)"')
_CONTENT = ('.delta"', '"response.output_item.done"')
_KEPT_EVENTS = 2_048


class Responses(Shape):
    """``POST /responses``, and stored responses."""

    api = "responses"

    def asked(self, body: Table) -> dict[str, Any]:
        """The parameters of a request."""
        found = super().asked(body)
        effort = table_of(body.get("reasoning")).get("effort")
        if effort is not None:
            found[semconv.REQUEST_REASONING_LEVEL] = effort
        kind = table_of(table_of(body.get("text")).get("format")).get("type")
        if kind is not None:
            found[semconv.OUTPUT_TYPE] = "json" if str(kind).startswith("json") else kind
        conversation = _id(body.get("conversation"))
        if conversation is not None:
            found[semconv.CONVERSATION_ID] = conversation
        return found

    def inputs(self, body: Table) -> Any:  # JSON
        """Input, instructions and tools, and the model they were for."""
        names = ("model", "instructions", "input", "prompt", "tools")
        found = {name: body[name] for name in names if body.get(name)}
        if isinstance(found.get("input"), list):
            found["input"] = slim(found["input"])
        return found

    def input_messages(self, body: Table) -> dict[str, Any]:
        """Input, instructions and tools as the conventions have them."""
        found: dict[str, Any] = {}
        given = body.get("input")
        if isinstance(given, str):
            found[semconv.INPUT_MESSAGES] = [{"role": "user", "parts": [_text(given)]}]
        elif isinstance(given, list | tuple):
            found[semconv.INPUT_MESSAGES] = _messages(cast("Sequence[Any]", given), "user")
        if isinstance(body.get("instructions"), str):
            found[semconv.SYSTEM_INSTRUCTIONS] = [_text(body["instructions"])]
        if body.get("tools"):
            found[semconv.TOOL_DEFINITIONS] = body["tools"]
        return found

    def answered(self, body: Table) -> dict[str, Any]:
        """Identity, status as finish reason, and usage."""
        status = body.get("status")
        reason = table_of(body.get("incomplete_details")).get("reason") or status
        if status is None and body.get("object") == "response.compaction":
            return {semconv.CONVERSATION_COMPACTED: True} | super().answered(body)
        found = present({
            semconv.RESPONSE_ID: body.get("id"),
            semconv.RESPONSE_MODEL: body.get("model"),
            semconv.RESPONSE_STATUS: status,
            semconv.RESPONSE_FINISH_REASONS: [reason] if status in _FINAL else None,
            semconv.OPENAI_SERVICE_TIER: body.get("service_tier"),
            semconv.CONVERSATION_ID: _id(body.get("conversation")),
        })  # fmt: skip
        return found | usage_attributes(body.get("usage"))

    def outputs(self, body: Table) -> Any:  # JSON
        """The output items, without binary data."""
        return slim(body.get("output"))

    def output_messages(self, body: Table) -> dict[str, Any]:
        """The output items as one message of the assistant."""
        parts = [part for item in body.get("output") or () for part in _parts(table_of(item))]
        if not parts:
            return {}
        return {semconv.OUTPUT_MESSAGES: [{"role": "assistant", "parts": parts}]}

    def failure(self, body: Table) -> tuple[str, str] | None:
        """What the provider says of a response that failed."""
        error = body.get("error")
        if not error and body.get("status") != "failed":
            return None
        found = table_of(error)
        kind = str(found.get("code") or found.get("type") or "failed")
        return kind, str(found.get("message") or "The response failed")

    def events(self) -> "ResponsesEvents":
        """What puts a streamed answer together."""
        return ResponsesEvents()


def _id(conversation: Any) -> Any:  # an id, or an object that has one
    return table_of(conversation).get("id") if isinstance(conversation, Mapping) else conversation


def _text(text: Any) -> dict[str, Any]:
    return {"type": "text", "content": text}


def _messages(items: Sequence[Any], role: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for given in items:
        if isinstance(given, str):
            found.append({"role": role, "parts": [_text(given)]})
            continue
        item = table_of(given)
        parts = _parts(item)
        if str(item.get("type", "")).endswith("_output"):
            found.append({"role": "tool", "parts": parts})
        else:
            kind = item.get("role") or ("assistant" if "type" in item else role)
            found.append({"role": kind, "parts": parts})
    return found


def _parts(item: Table) -> list[dict[str, Any]]:
    """The parts that one item of input or output comes to."""
    kind = item.get("type") or "message"
    if kind == "message":
        content = item.get("content")
        if isinstance(content, list | tuple):
            return [_part(table_of(part)) for part in cast("Sequence[Any]", content)]
        return [_text(content)]
    if kind == "reasoning":
        texts = [*_texts(item.get("summary")), *_texts(item.get("content"))]
        return [{"type": "reasoning", "content": "\n".join(texts)}] if texts else []
    call_id = item.get("call_id") or item.get("id")
    if kind in ("function_call", "custom_tool_call"):
        arguments = parsed(item.get("arguments", item.get("input")))
        return [{"type": "tool_call", "id": call_id, "name": item.get("name"), "arguments": arguments}]  # fmt: skip
    if str(kind).endswith("_output"):
        result = slim(item.get("output"))
        return [{"type": "tool_call_response", "id": call_id, "result": result}]
    if kind in ("compaction", "item_reference"):
        return [{"type": kind, "id": item.get("id")}]
    if str(kind).endswith("_call"):
        details = {key: value for key, value in slim(item).items() if key != "id"}
        return [{"type": "server_tool_call", "id": call_id, "name": str(kind)[:-5], "server_tool_call": details}]  # fmt: skip
    return [{"type": "generic"} | {f"openai.{key}": slim(value) for key, value in item.items()}]


def _texts(parts: Any) -> list[str]:  # of summaries and reasoning
    return [str(table_of(part).get("text") or "") for part in parts or ()]


def _part(part: Table) -> dict[str, Any]:
    kind = str(part.get("type"))
    if kind in ("input_text", "output_text", "text", "summary_text"):
        return _text(part.get("text"))
    if kind == "refusal":
        return _text(part.get("refusal"))
    if kind == "input_image" and part.get("image_url"):
        return {"type": "uri", "modality": "image", "uri": data_url(part["image_url"])}
    if kind in ("input_image", "input_file"):
        return {"type": "file"} | {key: slim(value) for key, value in part.items() if key != "type"}
    if kind == "input_audio":
        return {"type": "blob", "modality": "audio"} | slim(table_of(part.get("input_audio")))
    return {"type": "generic"} | {f"openai.{key}": slim(value) for key, value in part.items()}


class ResponsesEvents:
    """The events of one streamed response.

    The last event has the whole answer, so the others are kept as they are and read only where it
    is missing.
    """

    def __init__(self) -> None:
        self.done = False
        self._kept: list[str] = []
        self._final: Table = {}
        self._error: Any = None
        self._partial = _Partial()

    @property
    def ended(self) -> bool:
        """Whether nothing is missing."""
        return self.done

    def starts(self, data: str) -> bool:
        """Whether this event brings the first of the content."""
        return any(mark in data for mark in _CONTENT)

    def add(self, data: str) -> None:
        """Takes in one event."""
        if _LAST.search(data) is None:
            self._kept.append(data)
            if len(self._kept) > _KEPT_EVENTS:
                self._read()
            return
        event = table_of(_decode(data))
        if event.get("type") == "error":
            self._error = event.get("error") or event
        elif isinstance(event.get("response"), Mapping):
            self._final = table_of(event["response"])
            if self._final.get("output"):
                self._kept.clear()
        self.done = True

    def _read(self) -> None:
        kept, self._kept = self._kept, []
        for data in kept:
            if data[:1] == "{":
                try:
                    self._partial.add(_decode(data))
                except Exception as error:  # noqa: BLE001  an event of a compatible server
                    diagnostics.note("reading an event of a stream", error)

    def body(self) -> Table:
        """What has come so far."""
        self._read()
        if self._final.get("output"):
            return self._final
        body = {**self._partial.body(), **self._final, "output": self._partial.items()}
        return body if self._error is None else body | {"error": self._error}


class _Partial:
    """A response that lacks its last event, from the pieces."""

    def __init__(self) -> None:
        self._head: Table = {}
        self._items: dict[int, dict[str, Any]] = {}
        self._pieces: dict[tuple[int, str, int], list[str]] = {}  # by item, kind, part

    def add(self, event: Table) -> None:
        """Takes in one event."""
        kind = str(event.get("type"))
        index = event.get("output_index") or 0
        if isinstance(event.get("response"), Mapping):
            self._head = event["response"]
        elif kind in ("response.output_item.added", "response.output_item.done"):
            self._items[index] = dict(event.get("item") or {})
            if kind.endswith("done"):
                for key in [key for key in self._pieces if key[0] == index]:
                    del self._pieces[key]
        elif kind.endswith(".delta") and isinstance(event.get("delta"), str):
            part = event.get("content_index", event.get("summary_index")) or 0
            name = kind.removeprefix("response.").removesuffix(".delta")
            self._pieces.setdefault((index, name, part), []).append(event["delta"])

    def body(self) -> dict[str, Any]:
        """Identity, as the first events have it."""
        names = ("id", "model", "status", "service_tier", "conversation", "background")
        return {name: self._head[name] for name in names if self._head.get(name) is not None}

    def items(self) -> list[dict[str, Any]]:
        """The output items so far."""
        found = {index: dict(item) for index, item in self._items.items()}
        for (index, name, _), pieces in sorted(self._pieces.items()):
            item = found.setdefault(index, {"type": "message", "role": "assistant"})
            _put(item, name, "".join(pieces))
        return [item for _, item in sorted(found.items())]


def _put(item: dict[str, Any], name: str, text: str) -> None:
    """Puts a text that came in pieces where the whole item would have it."""
    if name in ("output_text", "refusal"):
        key = "refusal" if name == "refusal" else "text"
        item["content"] = [*(item.get("content") or ()), {"type": name, key: text}]
    elif name == "reasoning_summary_text":
        item["summary"] = [*(item.get("summary") or ()), {"type": "summary_text", "text": text}]
    elif name == "reasoning_text":
        item["content"] = [*(item.get("content") or ()), {"type": name, "text": text}]
    elif name.endswith("arguments"):
        item["arguments"] = text
    elif name.endswith("input"):
        item["input"] = text
    elif name.endswith("code"):
        item["code"] = text
