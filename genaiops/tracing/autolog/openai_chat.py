"""Chat completions in the names and shapes of the GenAI conventions."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from genaiops.model import semconv
from genaiops.tracing import diagnostics
from genaiops.tracing.autolog.content import data_url, left_out, slim
from genaiops.tracing.autolog.openai_shape import (
    Shape,
    Table,
    parsed,
    present,
    table_of,
    usage_attributes,
)

__all__ = ["Chat", "ChatEvents", "choice_attributes"]

_decode = msgspec.json.Decoder().decode
_TEXTS = ("content", "refusal", "reasoning_content", "reasoning")
_KEPT_CHUNKS, _LARGE = 256, 16_384
_STARTS = (*_TEXTS, "tool_calls", "function_call", "audio")


class Chat(Shape):
    """``POST /chat/completions``."""

    api = "chat_completions"

    def asked(self, body: Table) -> dict[str, Any]:
        """The parameters of a request."""
        found = super().asked(body)
        stop = body.get("stop")
        if stop:
            found[semconv.REQUEST_STOP_SEQUENCES] = [stop] if isinstance(stop, str) else list(stop)
        if body.get("n") not in (None, 1):
            found[semconv.REQUEST_CHOICE_COUNT] = body["n"]
        kind = body.get("response_format")
        if isinstance(kind, Mapping):
            name = str(cast("Table", kind).get("type"))
            found[semconv.OUTPUT_TYPE] = "json" if name.startswith("json") else name
        elif body.get("audio"):
            found[semconv.OUTPUT_TYPE] = "speech"
        return found

    def inputs(self, body: Table) -> Any:  # JSON
        """Messages and tools."""
        found = {key: body[key] for key in ("tools", "functions") if body.get(key)}
        return {"messages": [_slim(item) for item in _messages(body)]} | found

    def input_messages(self, body: Table) -> dict[str, Any]:
        """Messages and tools as the conventions have them."""
        found: dict[str, Any] = {semconv.INPUT_MESSAGES: [_message(m) for m in _messages(body)]}
        tools = body.get("tools")
        if tools:
            found[semconv.TOOL_DEFINITIONS] = tools
        return found

    def answered(self, body: Table) -> dict[str, Any]:
        """Identity, finish reasons and usage of an answer."""
        return choice_attributes(body)

    def outputs(self, body: Table) -> Any:  # JSON
        """The message, or those of all choices."""
        found = [_slim(choice.get("message")) for choice in _choices(body)]
        return found[0] if len(found) == 1 else found

    def output_messages(self, body: Table) -> dict[str, Any]:
        """The choices as the conventions have them."""
        found = [
            _message(choice.get("message") or {}) | {"finish_reason": choice.get("finish_reason")}
            for choice in _choices(body)
        ]
        return {semconv.OUTPUT_MESSAGES: found} if found else {}

    def events(self) -> "ChatEvents":
        """What puts a streamed answer together."""
        return ChatEvents()


def choice_attributes(body: Table) -> dict[str, Any]:
    """Of an answer with choices."""
    reasons = [choice.get("finish_reason") for choice in _choices(body)]
    found = present({
        semconv.RESPONSE_ID: body.get("id"),
        semconv.RESPONSE_MODEL: body.get("model"),
        semconv.RESPONSE_FINISH_REASONS: reasons if reasons and all(reasons) else None,
        semconv.OPENAI_SERVICE_TIER: body.get("service_tier"),
        semconv.OPENAI_SYSTEM_FINGERPRINT: body.get("system_fingerprint"),
    })  # fmt: skip
    return found | usage_attributes(body.get("usage"))


def _choices(body: Table) -> Sequence[Table]:
    return body.get("choices") or ()


def _messages(body: Table) -> list[Table]:
    found = body.get("messages")
    if not isinstance(found, list | tuple):
        return []
    several = cast("Sequence[Any]", found)
    return [m for m in several if type(m) is dict or isinstance(m, Mapping)]


def _slim(message: Any) -> Any:  # a message; its binary data is only in parts and audio
    table = table_of(message)
    return table if isinstance(table.get("content"), str) and "audio" not in table else slim(table)


def _message(message: Table) -> dict[str, Any]:
    role = message.get("role") or "assistant"
    content = message.get("content")
    if role == "tool":
        part = {"type": "tool_call_response", "id": message.get("tool_call_id"), "result": content}
        return {"role": role, "parts": [part]}
    parts: list[dict[str, Any]] = []
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    if reasoning:
        parts.append({"type": "reasoning", "content": reasoning})
    if isinstance(content, str):
        if content:
            parts.append({"type": "text", "content": content})
    elif content:
        parts.extend(_part(item) for item in cast("Sequence[Any]", content))
    if message.get("refusal"):
        parts.append({"type": "text", "content": message["refusal"]})
    if content is None or len(message) > 2:  # more than role and content
        _more(message, parts)
    return {"role": role, "parts": parts}


def _more(message: Table, parts: list[dict[str, Any]]) -> None:
    """Audio, tool calls, and the legacy function call."""
    audio = message.get("audio")
    if isinstance(audio, Mapping):
        parts.append({"type": "blob", "modality": "audio"} | slim(audio))
    for call in cast("Sequence[Table]", message.get("tool_calls") or ()):
        function: Table = call.get("function") or call.get("custom") or {}
        parts.append(_called(call.get("id"), function))
    legacy = message.get("function_call")
    if isinstance(legacy, Mapping):
        parts.append(_called(None, cast("Table", legacy)))


def _called(call_id: Any, function: Table) -> dict[str, Any]:  # an id, or None
    arguments = parsed(function.get("arguments", function.get("input")))
    return {
        "type": "tool_call",
        "id": call_id,
        "name": function.get("name"),
        "arguments": arguments,
    }


def _part(item: Any) -> dict[str, Any]:  # of a message
    if not isinstance(item, Mapping):
        return {"type": "text", "content": item}
    part = cast("Table", item)
    kind = part.get("type")
    if kind in ("text", "refusal"):
        return {"type": "text", "content": part.get(kind)}
    inner = part.get(str(kind))
    if kind == "image_url":
        url = cast("Table", inner).get("url") if isinstance(inner, Mapping) else inner
        return {"type": "uri", "modality": "image", "uri": data_url(url)}
    if kind == "input_audio" and isinstance(inner, Mapping):
        audio = cast("Table", inner)
        size = left_out(str(audio.get("data") or ""))
        return {"type": "blob", "modality": "audio", "mime_type": f"audio/{audio.get('format')}", "content": size}  # fmt: skip
    if kind == "file" and isinstance(inner, Mapping):
        return {"type": "file"} | slim(inner)
    return {"type": "generic"} | {f"openai.{key}": slim(value) for key, value in part.items()}


class ChatEvents:
    """The chunks of one streamed completion, put together."""

    def __init__(self) -> None:
        self.done = False
        self._head: dict[str, Any] = {}
        self._choices: dict[int, _Choice] = {}
        self._usage: Any = None  # as the provider sent it
        self._kept: list[str] = []

    @property
    def ended(self) -> bool:
        """Whether nothing is missing."""
        self._read()
        return self.done or (
            bool(self._choices) and all(c.reason is not None for c in self._choices.values())
        )

    def starts(self, data: str) -> bool:
        """Whether this chunk brings the first of the content."""
        if data[:1] != "{":
            return False
        for choice in _decode(data).get("choices") or ():
            delta = table_of(choice.get("delta"))
            if choice.get("text") or any(delta.get(name) for name in _STARTS):
                return True
        return False

    def add(self, data: str) -> None:
        """Takes in one chunk; it is read with others of its kind, which is quicker."""
        if data[:6] == "[DONE]":
            self.done = True
            return
        kept = self._kept
        kept.append(data)
        if len(kept) >= _KEPT_CHUNKS or len(data) > _LARGE:
            self._read()

    def _read(self) -> None:
        kept, self._kept = self._kept, []
        for data in kept:
            try:
                self._take(_decode(data))
            except Exception as error:  # noqa: BLE001  a chunk of a compatible server
                diagnostics.note("reading a chunk of a stream", error)

    def _take(self, chunk: Table) -> None:
        for choice in chunk.get("choices") or ():
            index = choice.get("index") or 0
            kept = self._choices.get(index)
            if kept is None:
                kept = self._choices[index] = _Choice()
            kept.add(choice)
        if chunk.get("usage") is not None:
            self._usage = chunk["usage"]
        head = self._head
        if not head.get("id"):
            head |= {"id": chunk.get("id"), "model": chunk.get("model")}
        for name in ("service_tier", "system_fingerprint"):
            if chunk.get(name) is not None:
                head[name] = chunk[name]

    def body(self) -> Table:
        """What has come so far."""
        self._read()
        choices = [{"index": i} | kept.body() for i, kept in sorted(self._choices.items())]
        return self._head | {"choices": choices, "usage": self._usage}


class _Choice:
    """One choice of a streamed completion, its pieces in lists."""

    __slots__ = ("audio", "calls", "content", "function", "reason", "role", "text", "texts")

    def __init__(self) -> None:
        self.role = "assistant"
        self.reason: str | None = None
        self.content: list[str] = []
        self.text: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.calls: dict[int, dict[str, Any]] = {}
        self.function: dict[str, Any] = {}
        self.audio: dict[str, Any] = {}

    def add(self, choice: Table) -> None:
        """Takes in one piece."""
        if choice.get("finish_reason") is not None:
            self.reason = choice["finish_reason"]
        delta: Table | None = choice.get("delta")
        if not delta:
            if isinstance(choice.get("text"), str):  # a legacy completion
                self.text.append(choice["text"])
            return
        content = delta.get("content")
        if type(content) is str:
            self.content.append(content)
            if len(delta) == 1:
                return
        self._more(delta, content)

    def _more(self, delta: Table, content: Any) -> None:  # text, or parts (Mistral)
        if isinstance(content, list):
            self.content.extend(
                str(part.get("text") or "") for part in cast("list[Table]", content)
            )
        self.role = delta.get("role") or self.role
        for name in _TEXTS[1:]:
            if isinstance(delta.get(name), str):
                self.texts.setdefault(name, []).append(delta[name])
        for at, call in enumerate(delta.get("tool_calls") or ()):
            index = call.get("index")
            _join(self.calls.setdefault(at if index is None else index, {}), call)
        if delta.get("function_call"):
            _join(self.function, delta["function_call"])
        audio = delta.get("audio")
        if audio:
            size = self.audio.get("bytes", 0) + len(audio.get("data") or "") * 3 // 4
            _join(self.audio, {key: audio[key] for key in audio if key != "data"})
            self.audio["bytes"] = size

    def body(self) -> dict[str, Any]:
        """What has come so far."""
        found: dict[str, Any] = {"finish_reason": self.reason}
        if self.text:
            return found | {"text": "".join(self.text)}
        message: dict[str, Any] = {"role": self.role}
        if self.content:
            message["content"] = "".join(self.content)
        message |= {name: "".join(pieces) for name, pieces in self.texts.items()}
        if self.calls:
            message["tool_calls"] = [_flat(call) for _, call in sorted(self.calls.items())]
        if self.function:
            message["function_call"] = _flat(self.function)
        if self.audio:
            message["audio"] = _flat(self.audio)
        return found | {"message": message}


_PIECES = ("arguments", "input", "transcript")


def _join(kept: dict[str, Any], piece: Table) -> None:
    """Adds a piece of a tool call: texts that come in pieces go into lists, the rest stays."""
    for key, value in piece.items():
        if isinstance(value, Mapping):
            _join(kept.setdefault(key, {}), cast("Table", value))
        elif key in _PIECES and isinstance(value, str):
            kept.setdefault(key, []).append(value)
        elif value is not None and key != "index" and value != "":
            kept[key] = value


def _flat(kept: Table) -> dict[str, Any]:
    return {
        key: "".join(cast("list[str]", value))
        if isinstance(value, list)
        else _flat(cast("Table", value))
        if isinstance(value, dict)
        else value
        for key, value in kept.items()
    }
