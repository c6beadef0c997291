"""Requests and answers of the common dialects -> messages for the conversation view.

Understands OpenAI chat and responses, Anthropic messages, and the OpenTelemetry shape; pure, and
content with any other shape is shown as JSON rather than dropped.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeGuard, cast

from dashboard.parts.text import one_line

__all__ = ["PICTURES", "conversation"]

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""Kinds of pictures that are drawn: pixels only, nothing that can hold a script."""

Json = Any  # any JSON value
Table = Mapping[str, Any]
_CALLS = ("tool_call", "tool_use", "function_call", "server_tool_use")
_RESULTS = ("tool_call_response", "tool_result", "function_call_output")
_TEXTS = ("text", "input_text", "output_text", "refusal")
_REASONING = ("reasoning", "thinking", "summary_text", "reasoning_text")


def conversation(inputs: Json, outputs: Json) -> list[dict[str, Json]]:
    """The messages of a model call, request first; empty when it does not look like one.

    Pictures that the request itself holds are parts with ``mime`` and base64 ``data`` (or the
    marker of a value stored apart); pictures elsewhere are named and never fetched.
    """
    asked = _request(inputs)
    return [*asked, *_answer(outputs)] if asked else []


def _request(value: Json) -> list[dict[str, Json]]:
    if _is_messages(value):
        return [_message(item) for item in value]
    if not isinstance(value, Mapping):
        return []
    table = cast("Table", value)
    names = ("system", "instructions", "system_instructions")
    found = [{"role": "system", "parts": _parts(table[name])} for name in names if table.get(name)]
    for name in ("messages", "input"):
        inner = table.get(name)
        if _is_messages(inner):
            return [*found, *(_message(item) for item in inner)]
        if name == "input" and isinstance(inner, str) and ("model" in table or found):
            return [*found, {"role": "user", "parts": _parts(inner)}]
    nested = table.get("request", table.get("kwargs"))
    return _request(nested) if isinstance(nested, Mapping) else []


def _answer(value: Json) -> list[dict[str, Json]]:
    if isinstance(value, str):
        return [{"role": "assistant", "parts": _parts(value)}] if value else []
    if _is_messages(value):
        return [_message(item) for item in value]
    if not isinstance(value, Mapping):
        return []
    table = cast("Table", value)
    choices = table.get("choices")
    if isinstance(choices, Sequence) and not isinstance(choices, str):
        return [
            _choice(cast("Table", item)) for item in _items(choices) if isinstance(item, Mapping)
        ]
    if _is_messages(table.get("output")):
        return [_message(item) for item in table["output"]]
    if isinstance(table.get("message"), Mapping):
        return [_message(table["message"])]
    if "role" in table or "content" in table:
        return [_message(table, finish=table.get("stop_reason"))]
    if isinstance(table.get("text"), str):
        return [{"role": "assistant", "parts": _parts(table["text"])}]
    return [{"role": "assistant", "parts": [_other("data", table)]}] if table else []


def _is_messages(value: Json) -> TypeGuard[Sequence[Table]]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        return False
    items = cast("Sequence[object]", value)
    return all(isinstance(item, Mapping) and ("role" in item or "type" in item) for item in items)


def _items(value: Json) -> Sequence[Json]:
    """The items of a list; none of anything else."""
    return (
        cast("Sequence[Json]", value)
        if isinstance(value, Sequence) and not isinstance(value, str)
        else ()
    )


def _choice(choice: Table) -> dict[str, Json]:
    inner = choice.get("message", choice.get("delta"))
    finish = choice.get("finish_reason")
    if isinstance(inner, Mapping):
        return _message(cast("Table", inner), finish=finish)
    return {"role": "assistant", "parts": _parts(choice.get("text")), "finish": finish}


def _message(table: Table, finish: Json = None) -> dict[str, Json]:
    """One message, or one item of the responses dialect, which has a type in place of a role."""
    kind = str(table.get("type", "message"))
    if "role" not in table and kind != "message":
        role = "tool" if kind in _RESULTS else "assistant"
        return {"role": role, "parts": [_part(table)], "finish": None}
    parts = [
        {"type": "reasoning", "text": str(table[name])}
        for name in ("reasoning_content", "reasoning")
        if isinstance(table.get(name), str) and table[name]
    ]
    role = str(table.get("role", "assistant"))
    content = _parts(table.get("parts", table.get("content")))
    if role == "tool":
        joined = "\n".join(part["text"] for part in content)
        content = [{"type": "tool_call_response", "id": table.get("tool_call_id"), "text": joined}]
    parts += content
    calls = table.get("tool_calls")
    if isinstance(calls, Sequence) and not isinstance(calls, str):
        parts += [_call(cast("Table", call)) for call in _items(calls) if isinstance(call, Mapping)]
    stopped = finish or table.get("finish_reason")
    return {"role": role, "parts": parts, "finish": None if stopped is None else str(stopped)}


def _parts(content: Json) -> list[dict[str, Json]]:
    if content is None or content == "":
        return []
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if isinstance(content, Sequence):
        items = cast("Sequence[Json]", content)
        return [
            _part(cast("Table", item)) if isinstance(item, Mapping) else _other("text", item)
            for item in items
        ]
    return [
        _part(cast("Table", content)) if isinstance(content, Mapping) else _other("data", content)
    ]


def _part(part: Table) -> dict[str, Json]:
    kind = str(part.get("type", "data"))
    if kind in _CALLS:
        return _call(part)
    if kind in _RESULTS:
        inner = part.get("content", part.get("response", part.get("output", part.get("result"))))
        text = "\n".join(str(item["text"]) for item in _parts(inner))
        known = part.get("tool_use_id", part.get("call_id", part.get("id")))
        return {"type": "tool_call_response", "id": known, "text": text}
    if kind in _TEXTS:
        return {
            "type": "text",
            "text": _text(part.get("text", part.get("content", part.get(kind)))),
        }
    if kind in _REASONING:
        inner = part.get("thinking", part.get("content", part.get("text", part.get("summary"))))
        if isinstance(inner, Sequence) and not isinstance(inner, str):
            inner = "\n".join(item["text"] for item in _parts(inner))
        return {"type": "reasoning", "text": _text(inner)}
    return _picture(part) or _other(kind, part)


def _picture(part: Table) -> dict[str, Json] | None:
    """A picture as OpenAI, Anthropic and OpenTelemetry send it, None for anything else."""
    source = part.get("source", part.get("image_url", part))
    if isinstance(source, str):
        source = {"url": source}
    if not isinstance(source, Mapping):
        return None
    table = cast("Table", source)
    kind = table.get("media_type", table.get("mime_type"))
    data = table.get("data", table.get("content", table.get("blob")))
    url = table.get("url", table.get("uri"))
    if isinstance(url, str) and url.startswith("data:"):
        head, _, data = url.partition(",")
        kind = head[5:].removesuffix(";base64")
    if kind in PICTURES and isinstance(data, str | Mapping):
        return {"type": "image", "mime": kind, "data": data, "text": ""}
    if isinstance(url, str) and ("image" in str(part.get("type")) or str(kind).startswith("image")):
        return {
            "type": "image",
            "text": f"{one_line(url, 300)} (pictures elsewhere are not loaded)",
        }
    return None


def _call(call: Table) -> dict[str, Json]:
    """A tool call: flat, or OpenAI's with the function inside."""
    inner = call.get("function")
    table = cast("Table", inner) if isinstance(inner, Mapping) else call
    arguments = table.get("arguments", table.get("input"))
    if isinstance(arguments, str):
        with suppress(ValueError):  # a stream that broke leaves half a JSON text
            arguments = json.loads(arguments)
    known = call.get("id", call.get("call_id"))
    name = table.get("name")
    return {"type": "tool_call", "id": known, "name": name and str(name), "text": _text(arguments)}


def _other(kind: str, value: Json) -> dict[str, Json]:
    return {"type": kind, "text": _text(value)}


def _text(value: Json) -> str:
    """Text as it is; markers of shortened values by head and tail; the rest as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and ("$blob" in value or "$json_blob" in value):
        table = cast("Table", value)
        return f"{table.get('head', '')}\n⋯ {table.get('bytes')} bytes in all ⋯\n{table.get('tail', '')}"
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
