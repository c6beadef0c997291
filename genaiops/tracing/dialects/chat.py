"""Requests and answers of any provider's JSON -> messages in the shape of the GenAI conventions.

Knows OpenAI chat and responses, Anthropic messages, Gemini contents, LangChain, Vercel and the
convention's own shape. A part with any other shape is kept as it is, never dropped.
"""

from collections.abc import Iterable
from typing import Any

from genaiops.tracing.dialects.values import Json, Table, as_json, content, is_list, is_table

__all__ = ["Message", "answered", "asked", "given", "message", "received", "system", "tool_call"]

Message = dict[str, Any]

_ROLES = {
    "human": "user", "ai": "assistant", "aimessagechunk": "assistant", "model": "assistant",
    "humanmessage": "user", "aimessage": "assistant", "systemmessage": "system",
    "toolmessage": "tool", "function": "tool",
}  # fmt: skip
_CALLS = {
    "tool_call", "tool_use", "function_call", "server_tool_use", "server_tool_call", "tool-call",
    "custom_tool_call",
}  # fmt: skip
_RESULTS = {
    "tool_call_response", "tool_result", "function_call_output", "tool-result",
    "custom_tool_call_output", "server_tool_call_response",
}  # fmt: skip
_TEXTS = {"text", "input_text", "output_text", "refusal", "summary_text"}
_REASONING = {"reasoning", "thinking", "reasoning_text"}
_MOST = 10_000
_DEPTH = 6


def received(value: object) -> list[Message] | None:
    """The messages of a request; None when it does not look like one."""
    found = _request(content(value), _DEPTH)
    return found or None


def given(value: object) -> list[Message] | None:
    """The messages of an answer; None when it does not look like one."""
    found = _answer(content(value), _DEPTH)
    return found or None


def asked(value: object) -> list[Message] | None:
    """Of a whole conversation, or of a list of events: what came before the last answer."""
    return _split(value)[0] or None


def answered(value: object) -> list[Message] | None:
    """Of a whole conversation, or of a list of events: the last answer."""
    return _split(value)[1] or None


def system(value: object) -> list[Message] | None:
    """System instructions as text parts."""
    return _parts(content(value)) or None


def _split(value: object) -> tuple[list[Message], list[Message]]:
    items = content(value)
    if not is_list(items):
        return [], []
    tables = [item for item in items[:_MOST] if is_table(item)]
    choices = [item for item in tables if item.get("event.name") == "gen_ai.choice"]
    if choices:
        before = [item for item in tables if item.get("event.name") != "gen_ai.choice"]
        return _messages(before), _messages(choices)
    found = _messages(tables)
    if found and found[-1]["role"] == "assistant":
        return found[:-1], found[-1:]
    return found, []


def _request(value: Json, depth: int) -> list[Message]:
    if depth == 0:
        return []
    if isinstance(value, str):
        return [{"role": "user", "parts": _parts(value)}] if value else []
    if is_list(value):
        if len(value) == 1 and is_list(value[0]):
            return _request(value[0], depth - 1)
        return _messages(value) if _looks_like_messages(value) else []
    return _request_of(value, depth) if is_table(value) else []


def _request_of(table: Table, depth: int) -> list[Message]:
    before = [
        {"role": "system", "parts": _parts(table[name])}
        for name in ("system", "instructions", "systemInstruction", "system_instruction")
        if table.get(name)
    ]
    for name in ("messages", "input", "contents", "prompt"):
        inner = table.get(name)
        if inner and (name != "input" or is_list(inner) or "model" in table):
            found = _request(inner, depth - 1)
            if found:
                return before + found
    for name in ("request", "kwargs", "config"):
        if is_table(table.get(name)):
            return _request(table[name], depth - 1)
    return []


def _answer(value: Json, depth: int) -> list[Message]:
    if depth == 0:
        return []
    if isinstance(value, str):
        return [{"role": "assistant", "parts": _parts(value)}] if value else []
    if is_list(value):
        if len(value) == 1 and is_list(value[0]):
            return _answer(value[0], depth - 1)
        return _messages(value, "assistant") if _looks_like_messages(value) else []
    return _answer_of(value, depth) if is_table(value) else []


def _answer_of(table: Table, depth: int) -> list[Message]:
    for name in ("choices", "candidates", "generations"):
        choices = table.get(name)
        if is_list(choices):
            flat = choices[0] if len(choices) == 1 and is_list(choices[0]) else choices
            return _messages(flat, "assistant")
    if is_table(table.get("message")):
        return [message(table, "assistant")]
    for name in ("output", "response"):
        if is_list(table.get(name)) or is_table(table.get(name)):
            return _answer(table[name], depth - 1)
    if isinstance(table.get("combined_chunk_content"), str):
        return _answer(table["combined_chunk_content"], depth - 1)
    if "content" in table and not is_table(table["content"]):
        return [message(table, "assistant")]
    return []


def _looks_like_messages(items: Iterable[Json]) -> bool:
    tables = list(items)[:_MOST]
    return all(is_table(item) for item in tables) and any(_has_speaker(item) for item in tables)


def _has_speaker(item: Table) -> bool:
    if any(name in item for name in ("role", "event.name", "message", "parts", "kwargs")):
        return True
    kind = item.get("type")
    return isinstance(kind, str) and (kind in _ROLES or kind in _CALLS or kind in _RESULTS)


def _messages(items: Iterable[Json], role: str = "user") -> list[Message]:
    return [message(item, role) for item in list(items)[:_MOST] if is_table(item)]


def message(table: Table, role: str = "user") -> Message:
    """One message, choice or item of the responses dialect.

    Args:
        table: The message.
        role: Whose it is where it does not say.
    """
    inner = table.get("message", table.get("delta", table.get("kwargs")))
    if is_table(inner):
        made = message(inner, _role(inner, _role(table, role)))
    else:
        made = _plain(table, role)
    finish = table.get("finish_reason", table.get("finishReason", table.get("stop_reason")))
    if isinstance(finish, str) and finish:
        made["finish_reason"] = finish
    return made


def _plain(table: Table, role: str) -> Message:
    kind = table.get("type")
    if isinstance(kind, str) and "role" not in table:
        if kind in _CALLS or kind in _REASONING:
            return {"role": "assistant", "parts": [_part(table)]}
        if kind in _RESULTS:
            return {"role": "tool", "parts": [_part(table)]}
    role = _role(table, role)
    body = table.get("parts", table.get("content", table.get("text")))
    if is_table(body) and "parts" in body:  # a candidate of Gemini
        role, body = _role(body, role), body["parts"]
    if role == "tool" and not is_list(table.get("parts")) and not _has_results(body):
        known = table.get("tool_call_id", table.get("id", table.get("name")))
        return {
            "role": role,
            "parts": [{"type": "tool_call_response", "id": known, "result": body}],
        }
    thought = table.get("reasoning_content", table.get("reasoning", table.get("thinking")))
    parts = (
        [{"type": "reasoning", "content": thought}] if isinstance(thought, str) and thought else []
    )
    parts += _parts(body)
    calls = table.get("tool_calls")
    parts += [tool_call(call) for call in calls if is_table(call)] if is_list(calls) else []
    if is_table(table.get("function_call")):
        parts.append(tool_call(table["function_call"]))
    return {"role": role, "parts": parts}


def _has_results(body: Json) -> bool:
    return is_list(body) and any(is_table(part) and part.get("type") in _RESULTS for part in body)


def _role(table: Table, role: str) -> str:
    named = table.get("role", table.get("type"))
    if not isinstance(named, str):
        return role
    lower = named.lower()
    if lower in _ROLES:
        return _ROLES[lower]
    return lower if "role" in table or lower in ("system", "user", "assistant", "tool") else role


def _parts(body: Json) -> list[dict[str, Any]]:
    if body is None or body == "":
        return []
    if is_list(body):
        return [
            _part(item) if is_table(item) else {"type": "text", "content": item}
            for item in body[:_MOST]
        ]
    return [_part(body)] if is_table(body) else [{"type": "text", "content": body}]


def _part(part: Table) -> dict[str, Any]:
    kind = part.get("type")
    if not isinstance(kind, str):
        return _untyped(part)
    if kind in _CALLS:
        return tool_call(part)
    if kind in _RESULTS:
        return _result(part)
    if kind in _TEXTS:
        return {"type": "text", "content": part.get("text", part.get("content", part.get(kind)))}
    if kind in _REASONING:
        inner = part.get("thinking", part.get("content", part.get("text")))
        return {"type": "reasoning", "content": inner if inner is not None else _summary(part)}
    if kind == "image_url":
        image = part.get("image_url")
        url = image.get("url") if is_table(image) else image
        return {"type": "uri", "modality": "image", "uri": url}
    return dict(part)


def _untyped(part: Table) -> dict[str, Any]:
    """A part of Gemini, which names its kind by its key."""
    if "text" in part:
        kind = "reasoning" if part.get("thought") is True else "text"
        return {"type": kind, "content": part["text"]}
    for name in ("functionCall", "function_call"):
        if is_table(part.get(name)):
            return tool_call(part[name])
    for name in ("functionResponse", "function_response"):
        if is_table(part.get(name)):
            return _result(part[name])
    return {"type": "generic"} | dict(part)


def _summary(part: Table) -> str:
    summary = part.get("summary")
    if not is_list(summary):
        return ""
    return "\n".join(str(item.get("text", "")) for item in summary if is_table(item))


def _result(part: Table) -> dict[str, Any]:
    names = ("tool_use_id", "tool_call_id", "call_id", "toolCallId", "id", "name")
    known = next((part[name] for name in names if part.get(name)), None)
    results = ("result", "response", "output", "content")
    result = next((part[name] for name in results if part.get(name) is not None), None)
    return {"type": "tool_call_response", "id": known, "result": result}


def tool_call(call: Table) -> dict[str, Any]:
    """One call of a tool: flat, or with the function inside as OpenAI has it."""
    inner = call.get("function", call.get("custom"))
    named = inner if is_table(inner) else call
    arguments: Json = None
    for name in ("arguments", "input", "args"):
        if named.get(name) is not None:
            arguments = named[name]
            break
    if isinstance(arguments, str):
        decoded = as_json(arguments)
        arguments = arguments if decoded is None else decoded  # of a broken stream it stays text
    known = next(
        (call[n] for n in ("id", "call_id", "toolCallId", "tool_call_id") if call.get(n)), None
    )
    name = named.get("name", call.get("toolName"))
    return {"type": "tool_call", "id": known, "name": name, "arguments": arguments}
