"""Requests of Anthropic's Messages API, from and to the form between dialects."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

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

__all__ = ["DEFAULT_MAX_TOKENS", "part_of_block", "read_request", "write_request"]

DEFAULT_MAX_TOKENS = 4096
"""Anthropic wants a limit in every request, OpenAI does not."""

_SAME = ("max_tokens", "temperature", "top_p", "top_k", "stream", "thinking", "service_tier")
_READ = {
    *_SAME, "model", "system", "messages", "tools", "tool_choice", "stop_sequences", "metadata",
    "output_config", "output_format", "cache_control",
}  # fmt: skip
_TIERS = {"auto": "auto", "default": "standard_only", "standard_only": "standard_only"}
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_NOT_IN_AN_ID = re.compile(r"[^a-zA-Z0-9_-]")


@as_request
def read_request(body: Mapping[str, Any]) -> Request:
    """What a request of an Anthropic client says.

    Raises: BadRequestError.
    """
    request = Request(model=str(body["model"]))
    for name in _SAME:
        setattr(request, name, body.get(name))
    request.dropped = [name for name in body if name not in _READ and body[name] is not None]
    if body.get("cache_control"):
        request.dropped.append("cache_control")
    system = listed(body.get("system"))
    blocks = _listed_blocks(system)
    request.system = [Text(block["text"], block.get("cache_control")) for block in blocks]
    for message in body["messages"]:
        _read_message(request, message)
    for tool in listed(body.get("tools")):
        if tool.get("type") not in (None, "custom"):
            request.dropped.append(f"tools.{tool['type']}")
            continue
        request.tools.append(
            Tool(
                name=tool["name"],
                description=tool.get("description"),
                schema=table(tool.get("input_schema")),
                strict=tool.get("strict"),
                cache=tool.get("cache_control"),
            )
        )
    _read_choice(request, body.get("tool_choice"))
    request.stop = list(listed(body.get("stop_sequences")))
    request.user = table(body.get("metadata")).get("user_id")
    _read_output(request, table(body.get("output_config")), body.get("output_format"))
    return request


def _read_message(request: Request, message: Json) -> None:
    role: Literal["user", "assistant"] | str = message["role"]
    content = message["content"]
    blocks = _listed_blocks(content)
    if role == "system":
        request.system += [Text(block["text"], block.get("cache_control")) for block in blocks]
        request.dropped.append("messages.system_position")
        return
    if role not in ("user", "assistant"):
        raise BadRequestError(f"a message has role {role!r}: use user or assistant")
    parts: list[Part] = []
    for block in blocks:
        part = part_of_block(block)
        if part is None:
            request.dropped.append(f"messages.{block.get('type')}")
        else:
            parts.append(part)
        if block.get("citations"):
            request.dropped.append("messages.citations")
    request.add("user" if role == "user" else "assistant", parts)


def part_of_block(block: Json) -> Part | None:
    """The part that a content block is; None when the form has no place for it."""
    cache = block.get("cache_control")
    match block.get("type"):
        case "text":
            return Text(block["text"], cache)
        case "image" | "document" if block["source"].get("type") in ("base64", "url"):
            source = block["source"]
            pdf = "application/pdf" if block["type"] == "document" else ""
            return Image(
                source.get("media_type") or pdf,
                source.get("data") or "",
                source.get("url") or "",
                block.get("title") or "",
                cache,
            )
        case "document" if block["source"].get("type") == "text":
            return Text(block["source"]["data"], cache)
        case "tool_use":
            arguments = msgspec.json.encode(table(block.get("input"))).decode()
            return ToolCall(block["id"], block["name"], arguments, cache)
        case "tool_result":
            content = listed(block.get("content"))
            blocks = _listed_blocks(content)
            found = [part_of_block(inner) for inner in blocks]
            inside = tuple(p for p in found if isinstance(p, Text | Image))
            return ToolResult(block["tool_use_id"], inside, bool(block.get("is_error")), cache)
        case "thinking":
            return Thinking(block.get("thinking") or "", block.get("signature") or "")
        case "redacted_thinking":
            return Redacted(block["data"])
        case _:
            return None


def _listed_blocks(content: str | list[Json]) -> list[Json]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _read_choice(request: Request, choice: Json | None) -> None:
    if choice is None:
        return
    kind = choice["type"]
    request.choice = f"tool:{choice['name']}" if kind == "tool" else kind
    if choice.get("disable_parallel_tool_use") is not None:
        request.parallel = not choice["disable_parallel_tool_use"]


def _read_output(request: Request, config: Json, older: Json | None) -> None:
    request.effort = config.get("effort")
    wanted = config.get("format") or older
    if wanted:
        request.format = {"name": "answer", "schema": wanted["schema"], "strict": True}
    request.dropped += [f"output_config.{n}" for n in config if n not in ("effort", "format")]


@as_request
def write_request(request: Request) -> tuple[Json, list[str]]:
    """The body for Anthropic, and the names of what it has no word for."""
    dropped = list(request.dropped)
    messages = [
        {"role": message.role, "content": content}
        for message in request.messages
        if (content := _blocks(_ordered(message), dropped))
    ]
    body: Json = {
        "model": request.model,
        "max_tokens": request.max_tokens or DEFAULT_MAX_TOKENS,
        "messages": messages,
    }
    system = [part for part in request.system if part.text]
    if any(part.cache for part in system):
        body["system"] = _blocks(system, dropped)
    elif system:
        body["system"] = "\n\n".join(part.text for part in system)
    for name in ("temperature", "top_p", "top_k", "stream"):
        if getattr(request, name) is not None:
            body[name] = getattr(request, name)
    if request.stop:
        body["stop_sequences"] = request.stop
    if request.user:
        body["metadata"] = {"user_id": request.user}
    if request.service_tier in _TIERS:
        body["service_tier"] = _TIERS[request.service_tier]
    elif request.service_tier is not None:
        dropped.append("service_tier")
    _write_tools(body, request)
    _write_output(body, request, dropped)
    return body, sorted(set(dropped))


def _write_tools(body: Json, request: Request) -> None:
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    kind, _, name = (request.choice or "").partition(":")
    if kind:
        body["tool_choice"] = {"type": kind} | ({"name": name} if name else {})
    if request.parallel is False and request.tools and kind != "none":
        choice = body.setdefault("tool_choice", {"type": "auto"})
        choice["disable_parallel_tool_use"] = True


def _tool(tool: Tool) -> Json:
    written: Json = {
        "name": tool.name,
        "input_schema": tool.schema or {"type": "object", "properties": {}},
    }
    if tool.description:
        written["description"] = tool.description
    if tool.strict:
        written["strict"] = True
    return written | ({"cache_control": tool.cache} if tool.cache else {})


def _write_output(body: Json, request: Request, dropped: list[str]) -> None:
    output: Json = {}
    if request.effort in _EFFORTS:
        output["effort"] = request.effort
    elif request.effort:
        dropped.append("reasoning_effort")
    if request.format and request.format["schema"]:
        output["format"] = {"type": "json_schema", "schema": request.format["schema"]}
    elif request.format:
        dropped.append("response_format")
    if output:
        body["output_config"] = output
    if request.thinking and _signed(request.messages):
        body["thinking"] = request.thinking
    elif request.thinking:
        dropped.append("thinking")


def _signed(messages: Iterable[Message]) -> bool:
    """Whether a turn that still waits for its tools brings back the thoughts it began with.

    Anthropic refuses to go on thinking in such a turn when they are missing.
    """
    turns = list(messages)
    if not any(isinstance(part, ToolResult) for part in (turns[-1].parts if turns else ())):
        return True
    said = next((turn.parts for turn in reversed(turns) if turn.role == "assistant"), ())
    return any(isinstance(p, Redacted) or (isinstance(p, Thinking) and p.signature) for p in said)


def _ordered(message: Message) -> list[Part]:
    """Results of tools before everything else, as Anthropic wants them."""
    results: list[Part] = [part for part in message.parts if isinstance(part, ToolResult)]
    others: list[Part] = [part for part in message.parts if not isinstance(part, ToolResult)]
    return results + others


def _blocks(parts: Iterable[Part], dropped: list[str]) -> list[Json]:
    found = [(part, _block(part, dropped)) for part in parts]
    blocks: list[Json] = []
    for part, block in found:
        if block is not None:
            cache = getattr(part, "cache", None)
            blocks.append(block | {"cache_control": cache} if cache else block)
    return blocks


def _block(part: Part, dropped: list[str]) -> Json | None:
    match part:
        case Text() | Refusal():
            return {"type": "text", "text": part.text} if part.text else None
        case Image():
            return _image(part)
        case ToolCall():
            input_ = _arguments(part.arguments)
            return {"type": "tool_use", "id": _id(part.id), "name": part.name, "input": input_}
        case ToolResult():
            block: Json = {"type": "tool_result", "tool_use_id": _id(part.id)}
            if all(isinstance(inner, Text) and not inner.cache for inner in part.parts):
                block["content"] = joined(part.parts)
            else:
                block["content"] = _blocks(part.parts, dropped)
            return block | ({"is_error": True} if part.is_error else {})
        case Thinking():
            if part.signature:
                return {"type": "thinking", "thinking": part.text, "signature": part.signature}
            dropped.append("messages.thinking")
            return None
        case Redacted():
            return {"type": "redacted_thinking", "data": part.data}


def _image(part: Image) -> Json:
    kind = "document" if part.media_type == "application/pdf" else "image"
    if part.url:
        block: Json = {"type": kind, "source": {"type": "url", "url": part.url}}
    else:
        source = {"type": "base64", "media_type": part.media_type, "data": part.data}
        block = {"type": kind, "source": source}
    return block | ({"title": part.name} if part.name and kind == "document" else {})


def _arguments(text: str) -> Json:
    """Arguments as an object; what a model wrote wrongly stays readable for it."""
    try:
        return msgspec.json.decode(text or "{}", type=Json)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return {"arguments": text}


def _id(text: str) -> str:
    return _NOT_IN_AN_ID.sub("_", text) or "_"
