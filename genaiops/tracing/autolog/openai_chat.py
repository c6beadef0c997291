"""OpenAI chat completions in the names and shapes of the GenAI conventions: pure functions."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from genaiops.model import semconv

__all__ = [
    "ChatStream",
    "input_messages",
    "output_messages",
    "request_attributes",
    "response_attributes",
]

_PARAMETERS = {
    "model": semconv.REQUEST_MODEL,
    "max_tokens": semconv.REQUEST_MAX_TOKENS,
    "max_completion_tokens": semconv.REQUEST_MAX_TOKENS,
    "temperature": semconv.REQUEST_TEMPERATURE,
    "top_p": semconv.REQUEST_TOP_P,
    "frequency_penalty": semconv.REQUEST_FREQUENCY_PENALTY,
    "presence_penalty": semconv.REQUEST_PRESENCE_PENALTY,
    "seed": semconv.REQUEST_SEED,
    "reasoning_effort": semconv.REQUEST_REASONING_LEVEL,
}
Table = Mapping[str, Any]


def request_attributes(request: Table) -> dict[str, Any]:
    """The attributes of a request body."""
    found = {
        name: request[key] for key, name in _PARAMETERS.items() if request.get(key) is not None
    }
    stop = request.get("stop")
    if stop:
        found[semconv.REQUEST_STOP_SEQUENCES] = [stop] if isinstance(stop, str) else list(stop)
    if request.get("n") not in (None, 1):
        found[semconv.REQUEST_CHOICE_COUNT] = request["n"]
    if request.get("stream"):
        found[semconv.REQUEST_STREAM] = True
    kind = request.get("response_format")
    if isinstance(kind, Mapping):
        name = str(cast("Table", kind).get("type"))
        found[semconv.OUTPUT_TYPE] = "json" if name.startswith("json") else name
    return found


def response_attributes(body: Table) -> dict[str, Any]:
    """The attributes of a response body: identity, finish reasons, usage."""
    choices: Sequence[Table] = body.get("choices") or []
    reasons = [choice.get("finish_reason") for choice in choices]
    found = {
        semconv.RESPONSE_ID: body.get("id"),
        semconv.RESPONSE_MODEL: body.get("model"),
        semconv.RESPONSE_FINISH_REASONS: reasons if reasons and all(reasons) else None,
        semconv.OPENAI_SERVICE_TIER: body.get("service_tier"),
        semconv.OPENAI_SYSTEM_FINGERPRINT: body.get("system_fingerprint"),
    }
    usage: Table | None = body.get("usage")
    if usage:
        read: Table = usage.get("prompt_tokens_details") or {}
        made: Table = usage.get("completion_tokens_details") or {}
        found |= {
            semconv.USAGE_INPUT_TOKENS: usage.get("prompt_tokens"),
            semconv.USAGE_OUTPUT_TOKENS: usage.get("completion_tokens"),
            semconv.USAGE_CACHE_READ_TOKENS: read.get("cached_tokens"),
            semconv.USAGE_REASONING_TOKENS: made.get("reasoning_tokens"),
            semconv.USAGE_RAW: dict(usage),
        }
    return {name: value for name, value in found.items() if value is not None}


def input_messages(messages: Sequence[Any]) -> list[dict[str, Any]]:
    """Request messages as ``gen_ai.input.messages``."""
    return [_message(cast("Table", item)) for item in messages if isinstance(item, Mapping)]


def output_messages(body: Table) -> list[dict[str, Any]]:
    """The answer's choices as ``gen_ai.output.messages``."""
    found: list[dict[str, Any]] = []
    for choice in cast("Sequence[Table]", body.get("choices") or []):
        message = _message(choice.get("message") or {})
        found.append(message | {"finish_reason": choice.get("finish_reason")})
    return found


def _message(message: Table) -> dict[str, Any]:
    role = str(message.get("role") or "assistant")
    if role == "tool":
        part = {"type": "tool_call_response", "id": message.get("tool_call_id")}
        return {"role": role, "parts": [part | {"result": message.get("content")}]}
    parts: list[dict[str, Any]] = []
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    if reasoning:
        parts.append({"type": "reasoning", "content": reasoning})
    content = message.get("content")
    if isinstance(content, str):
        parts.append({"type": "text", "content": content})
    elif isinstance(content, Sequence):
        parts.extend(_part(cast("Table", item)) for item in cast("Sequence[Any]", content))
    if message.get("refusal"):
        parts.append({"type": "text", "content": message["refusal"]})
    calls = cast("Sequence[Table]", message.get("tool_calls") or [])
    parts.extend(_tool_call(call) for call in calls)
    return {"role": role, "parts": parts}


def _part(part: Table) -> dict[str, Any]:
    kind = part.get("type")
    if kind == "text":
        return {"type": "text", "content": part.get("text")}
    if kind == "image_url":
        image = part.get("image_url")
        url = cast("Table", image).get("url") if isinstance(image, Mapping) else image
        return {"type": "uri", "modality": "image", "uri": url}
    return {"type": "generic"} | {f"openai.{key}": value for key, value in part.items()}


def _tool_call(call: Table) -> dict[str, Any]:
    function: Table = call.get("function") or call.get("custom") or {}
    arguments = function.get("arguments", function.get("input"))
    if isinstance(arguments, str):
        with contextlib.suppress(msgspec.DecodeError):  # a broken or partial call stays text
            arguments = msgspec.json.decode(arguments.encode(errors="replace"))
    return {
        "type": "tool_call",
        "id": call.get("id"),
        "name": function.get("name"),
        "arguments": arguments,
    }


class ChatStream:
    """The chunks of one streamed completion, put together as the body of an unstreamed one."""

    def __init__(self) -> None:
        self._head: dict[str, Any] = {}
        self._choices: dict[int, dict[str, Any]] = {}
        self._usage: Any = None  # the SDK's usage model

    def add(self, chunk: Any) -> None:  # a ChatCompletionChunk
        """Takes in one chunk."""
        if not self._head:
            self._head = {"id": chunk.id, "model": chunk.model}
        for name in ("service_tier", "system_fingerprint"):
            value = getattr(chunk, name, None)
            if value is not None:
                self._head[name] = value
        if getattr(chunk, "usage", None) is not None:
            self._usage = chunk.usage
        for choice in chunk.choices:
            self._take(choice)

    def _take(self, choice: Any) -> None:  # the SDK's choice of a chunk
        kept = self._choices.setdefault(choice.index, {"texts": {}, "calls": {}, "reason": None})
        if choice.finish_reason is not None:
            kept["reason"] = choice.finish_reason
        delta = choice.delta
        if delta is None:
            return
        for name in ("role", "content", "refusal", "reasoning_content", "reasoning"):
            value = getattr(delta, name, None)
            if isinstance(value, str):
                kept["texts"].setdefault(name, []).append(value)
        for call in delta.tool_calls or ():
            made = kept["calls"].setdefault(call.index, {"id": None, "name": [], "arguments": []})
            made["id"] = call.id or made["id"]
            if call.function is not None:
                made["name"].append(call.function.name or "")
                made["arguments"].append(call.function.arguments or "")

    def body(self) -> dict[str, Any]:
        """What has come so far."""
        choices: list[dict[str, Any]] = []
        for index, kept in sorted(self._choices.items()):
            message: dict[str, Any] = {
                name: "".join(texts) for name, texts in kept["texts"].items()
            }
            message["role"] = (kept["texts"].get("role") or ["assistant"])[0]
            calls = [_called(call) for _, call in sorted(kept["calls"].items())]
            if calls:
                message["tool_calls"] = calls
            choices.append({"index": index, "message": message, "finish_reason": kept["reason"]})
        usage = None if self._usage is None else self._usage.model_dump(exclude_none=True)
        return self._head | {"choices": choices, "usage": usage}


def _called(call: Table) -> dict[str, Any]:
    function = {"name": "".join(call["name"]), "arguments": "".join(call["arguments"])}
    return {"id": call["id"], "type": "function", "function": function}
