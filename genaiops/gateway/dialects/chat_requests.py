"""Requests of OpenAI's chat completions, from and to the form between dialects.

The extended shape, which never leaves the gateway, keeps what OpenAI has no word for in the fields
that other gateways made common: ``cache_control``, ``thinking_blocks``, ``thinking``, ``is_error``.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from genaiops.errors import BadRequestError
from genaiops.gateway.dialects.form import (
    Image,
    Json,
    Message,
    Part,
    Redacted,
    Refusal,
    Request,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    as_request,
    joined,
    listed,
    table,
)

__all__ = ["read_request", "thoughts_of", "write_request", "write_thoughts"]

_SAME = (
    "temperature", "top_p", "top_k", "stream", "thinking", "service_tier",
)  # fmt: skip
_READ = {
    *_SAME, "model", "messages", "tools", "tool_choice", "parallel_tool_calls", "max_tokens",
    "max_completion_tokens", "stop", "user", "metadata", "reasoning_effort", "response_format",
    "stream_options", "n", "safety_identifier",
}  # fmt: skip
_CHANGES_THE_ANSWER = ("functions", "function_call", "audio", "web_search_options")
_CHOICES = {"auto": "auto", "none": "none", "required": "any"}
_CHOICE_WORDS = {"auto": "auto", "none": "none", "any": "required"}
_TIERS = {"auto": "auto", "default": "default", "standard_only": "default"}
_EFFORTS = {"max": "xhigh"}
_LOW_BUDGET, _HIGH_BUDGET = 2048, 16384  # tokens of thinking that count as low, and as high


@as_request
def read_request(body: Mapping[str, Any]) -> Request:
    """What a chat request says.

    Raises: BadRequestError.
    """
    for name in _CHANGES_THE_ANSWER:
        if body.get(name):
            raise BadRequestError(
                f"{name!r} is not translated to other dialects: leave it out, or use a model of a "
                "provider that speaks OpenAI's dialect"
            )
    if body.get("n") not in (None, 1):
        raise BadRequestError("this provider gives one answer: leave out 'n'")
    request = Request(model=str(body["model"]))
    for name in _SAME:
        setattr(request, name, body.get(name))
    request.dropped = [name for name in body if name not in _READ and body[name] is not None]
    request.max_tokens = body.get("max_completion_tokens") or body.get("max_tokens")
    stop = listed(body.get("stop"))
    request.stop = [stop] if isinstance(stop, str) else list(stop)
    metadata = table(body.get("metadata"))
    request.user = body.get("user") or body.get("safety_identifier") or metadata.get("user_id")
    request.dropped += [f"metadata.{name}" for name in metadata if name != "user_id"]
    request.effort = body.get("reasoning_effort")
    request.parallel = body.get("parallel_tool_calls")
    for number, message in enumerate(body["messages"]):
        _read_message(request, number, message)
    request.tools = [_read_tool(tool) for tool in listed(body.get("tools"))]
    request.choice = _read_choice(body.get("tool_choice"))
    request.format = _read_format(table(body.get("response_format")))
    return request


def _read_message(request: Request, number: int, message: Mapping[str, Any]) -> None:
    match message.get("role"):
        case "system" | "developer":
            if request.messages:
                request.dropped.append("messages.system_position")
            parts = _read_content(number, message.get("content"))
            request.system += [part for part in parts if isinstance(part, Text)]
        case "user":
            request.add("user", _read_content(number, message.get("content")))
        case "assistant":
            request.add("assistant", _read_assistant(number, message))
        case "tool":
            parts = _read_content(number, message.get("content"))
            inside = tuple(p for p in parts if isinstance(p, Text | Image))
            failed = bool(message.get("is_error"))
            cache = message.get("cache_control")
            request.add("user", [ToolResult(message["tool_call_id"], inside, failed, cache)])
        case role:
            raise BadRequestError(
                f"message {number} has role {role!r}, which is not translated: "
                "use system, developer, user, assistant and tool"
            )


def _read_assistant(number: int, message: Mapping[str, Any]) -> list[Part]:
    parts: list[Part] = [*thoughts_of(message)]
    parts += _read_content(number, listed(message.get("content")))
    if message.get("refusal"):
        parts.append(Refusal(message["refusal"]))
    for call in listed(message.get("tool_calls")):
        if call.get("type", "function") != "function":
            raise BadRequestError(f"message {number} calls a {call['type']!r} tool: use functions")
        function = call["function"]
        arguments = function.get("arguments") or ""
        parts.append(ToolCall(call["id"], function["name"], arguments, call.get("cache_control")))
    return parts


def thoughts_of(message: Mapping[str, Any]) -> list[Thinking | Redacted]:
    """The thoughts in a message: signed ones, else the text that some providers add."""
    found: list[Thinking | Redacted] = []
    for block in listed(message.get("thinking_blocks")):
        if block.get("data"):
            found.append(Redacted(block["data"]))
        else:
            found.append(Thinking(block.get("thinking") or "", block.get("signature") or ""))
    text = message.get("reasoning_content") or message.get("reasoning")
    if not found and isinstance(text, str) and text:
        found.append(Thinking(text))
    return found


def write_thoughts(parts: Iterable[Part]) -> Json:
    """The fields of a message that hold its thoughts."""
    thoughts = [part for part in parts if isinstance(part, Thinking | Redacted)]
    blocks: list[Json] = []
    for part in thoughts:
        if isinstance(part, Redacted):
            blocks.append({"type": "redacted_thinking", "data": part.data})
        else:
            signed = {"thinking": part.text, "signature": part.signature}
            blocks.append({"type": "thinking"} | signed)
    text = "".join(part.text for part in thoughts if isinstance(part, Thinking))
    fields: Json = {"reasoning_content": text} if text else {}
    if any(block.get("signature") or block.get("data") for block in blocks):
        fields["thinking_blocks"] = blocks
    return fields


def _read_content(number: int, content: object) -> list[Part]:
    if content is None or isinstance(content, str):
        return [Text(content)] if content else []
    if not isinstance(content, list):
        raise BadRequestError(f"message {number} has a 'content' that is neither text nor a list")
    parts: list[Part] = []
    for piece in cast("list[Json]", content):
        cache = piece.get("cache_control")
        match piece.get("type"):
            case "text":
                parts.append(Text(piece["text"], cache))
            case "refusal":
                parts.append(Refusal(piece["refusal"]))
            case "image_url":
                url = piece["image_url"]
                parts.append(_image(url if isinstance(url, str) else url["url"], "", cache))
            case "file" if piece["file"].get("file_data"):
                file = piece["file"]
                parts.append(_image(file["file_data"], file.get("filename") or "", cache))
            case kind:
                raise BadRequestError(
                    f"message {number} holds {kind!r}, which is not translated: "
                    "use text, image_url and file with file_data"
                )
    return parts


def _image(url: str, name: str, cache: Json | None) -> Image:
    if not url.startswith("data:"):
        return Image(url=url, name=name, cache=cache)
    head, _, data = url.removeprefix("data:").partition(",")
    return Image(head.partition(";")[0], data, "", name, cache)


def _read_tool(tool: Mapping[str, Any]) -> Tool:
    function = tool.get("function")
    if tool.get("type", "function") != "function" or not function:
        raise BadRequestError(
            f"a tool of type {tool.get('type')!r} is not translated: use 'function'"
        )
    return Tool(
        name=function["name"],
        description=function.get("description"),
        schema=table(function.get("parameters")),
        strict=function.get("strict"),
        cache=tool.get("cache_control"),
    )


def _read_choice(choice: Any) -> str | None:
    if choice is None or isinstance(choice, str):
        return None if choice is None else _CHOICES[choice]
    if choice.get("type") == "function":
        return f"tool:{choice['function']['name']}"
    raise BadRequestError(f"a tool_choice of type {choice.get('type')!r} is not translated")


def _read_format(wanted: Mapping[str, Any]) -> Json | None:
    match wanted.get("type"):
        case "json_schema":
            inner = wanted["json_schema"]
            return {
                "name": inner.get("name") or "answer",
                "schema": table(inner.get("schema")),
                "strict": inner.get("strict"),
            }
        case "json_object":
            return {"name": "", "schema": {}, "strict": None}
        case _:
            return None


@as_request
def write_request(request: Request, *, extended: bool = False) -> tuple[Json, list[str]]:
    """The chat request, and the names of what OpenAI has no word for.

    Args:
        request: What is asked.
        extended: Keep what OpenAI has no word for, in fields of its own.
    """
    dropped = list(request.dropped)
    body: Json = {"model": request.model, "messages": _messages(request, dropped, extended)}
    if request.tools:
        body["tools"] = [_tool(tool, dropped, extended) for tool in request.tools]
    kind, _, name = (request.choice or "").partition(":")
    if kind == "tool":
        body["tool_choice"] = {"type": "function", "function": {"name": name}}
    elif kind:
        body["tool_choice"] = _CHOICE_WORDS[kind]
    if request.parallel is not None and request.tools:
        body["parallel_tool_calls"] = request.parallel
    if request.max_tokens is not None:
        body["max_completion_tokens"] = request.max_tokens
    for field in ("temperature", "top_p", "stream", "stop", "user"):
        if getattr(request, field) not in (None, []):
            body[field] = getattr(request, field)
    if request.stream:
        body["stream_options"] = {"include_usage": True}
    if request.format:
        body["response_format"] = _format(request.format)
    _write_rest(body, request, dropped, extended)
    return body, sorted(set(dropped))


def _write_rest(body: Json, request: Request, dropped: list[str], extended: bool) -> None:
    if request.top_k is not None:
        _keep(body, "top_k", request.top_k, dropped, extended)
    if request.service_tier is not None:
        if request.service_tier in _TIERS:
            body["service_tier"] = _TIERS[request.service_tier]
        else:
            _keep(body, "service_tier", request.service_tier, dropped, extended)
    effort = request.effort
    if request.thinking:
        if extended:
            body["thinking"] = request.thinking
        elif effort is None and request.thinking.get("budget_tokens"):
            budget = request.thinking["budget_tokens"]
            medium = "medium" if budget < _HIGH_BUDGET else "high"
            effort = "low" if budget <= _LOW_BUDGET else medium
        elif effort is None:
            dropped.append("thinking")
    if effort is not None:
        body["reasoning_effort"] = effort if extended else _EFFORTS.get(effort, effort)


def _keep(body: Json, name: str, value: object, dropped: list[str], extended: bool) -> None:
    if extended:
        body[name] = value
    else:
        dropped.append(name)


def _format(wanted: Json) -> Json:
    if not wanted["schema"]:
        return {"type": "json_object"}
    present = {name: value for name, value in wanted.items() if value is not None}
    return {"type": "json_schema", "json_schema": present}


def _messages(request: Request, dropped: list[str], extended: bool) -> list[Json]:
    messages: list[Json] = []
    if request.system:
        if extended and any(part.cache for part in request.system):
            content: object = [_piece(part, dropped, extended) for part in request.system]
        else:
            if any(part.cache for part in request.system):
                dropped.append("cache_control")
            content = "\n\n".join(part.text for part in request.system)
        messages.append({"role": "system", "content": content})
    for message in request.messages:
        if message.role == "assistant":
            messages.append(_assistant(message, dropped, extended))
        else:
            messages += _user(message, dropped, extended)
    return messages


def _assistant(message: Message, dropped: list[str], extended: bool) -> Json:
    written: Json = {"role": "assistant", "content": joined(message.parts) or None}
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    refusals = [part.text for part in message.parts if isinstance(part, Refusal)]
    if calls:
        written["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments or "{}"},
            }
            for call in calls
        ]
    if refusals:
        written["refusal"] = "".join(refusals)
    thoughts = write_thoughts(message.parts)
    if extended or "thinking_blocks" not in thoughts:
        written |= thoughts
    else:
        dropped.append("messages.thinking")
    if not calls and not refusals and written["content"] is None:
        written["content"] = ""
    if not extended and any(getattr(part, "cache", None) for part in message.parts):
        dropped.append("cache_control")
    return written


def _user(message: Message, dropped: list[str], extended: bool) -> list[Json]:
    rest: list[Json] = []
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    messages = [_result(part, rest, dropped, extended) for part in results]
    others = [part for part in message.parts if not isinstance(part, ToolResult)]
    rest += [_piece(part, dropped, extended) for part in others]
    if len(rest) == 1 and rest[0].keys() == {"type", "text"}:
        messages.append({"role": "user", "content": rest[0]["text"]})
    elif rest:
        messages.append({"role": "user", "content": rest})
    return messages


def _result(part: ToolResult, rest: list[Json], dropped: list[str], extended: bool) -> Json:
    """A tool's message; images in it follow in the user's, because OpenAI wants text here."""
    written: Json = {"role": "tool", "tool_call_id": part.id, "content": joined(part.parts)}
    rest += [_piece(p, dropped, extended) for p in part.parts if isinstance(p, Image)]
    if part.is_error:
        _keep(written, "is_error", True, dropped, extended)
    if part.cache:
        _keep(written, "cache_control", part.cache, dropped, extended)
    return written


def _piece(part: Part, dropped: list[str], extended: bool) -> Json:
    if isinstance(part, Image):
        url = part.url or f"data:{part.media_type};base64,{part.data}"
        if part.media_type == "application/pdf" and not part.url:
            file = {"filename": part.name or "document.pdf", "file_data": url}
            piece: Json = {"type": "file", "file": file}
        else:
            piece = {"type": "image_url", "image_url": {"url": url}}
    else:
        piece = {"type": "text", "text": getattr(part, "text", "")}
    cache = getattr(part, "cache", None)
    if cache:
        _keep(piece, "cache_control", cache, dropped, extended)
    return piece


def _tool(tool: Tool, dropped: list[str], extended: bool) -> Json:
    function: Json = {"name": tool.name, "parameters": tool.schema}
    if tool.description is not None:
        function["description"] = tool.description
    if tool.strict is not None:
        function["strict"] = tool.strict
    written: Json = {"type": "function", "function": function}
    if tool.cache:
        _keep(written, "cache_control", tool.cache, dropped, extended)
    return written
