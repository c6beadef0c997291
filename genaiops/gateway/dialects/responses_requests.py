"""Requests of OpenAI's Responses API, from and to the form between dialects."""

from collections.abc import Mapping
from typing import Any

from genaiops.errors import BadRequestError
from genaiops.gateway.dialects.form import (
    Image,
    Json,
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

__all__ = ["read_request", "reasoning_item", "thoughts_of_item", "write_request"]

_SAME = ("temperature", "top_p", "stream", "service_tier", "user")
_READ = {
    *_SAME, "model", "input", "instructions", "max_output_tokens", "tools", "tool_choice",
    "parallel_tool_calls", "text", "reasoning", "store", "include", "stream_options",
}  # fmt: skip
_KEPT_BY_THE_PROVIDER = ("previous_response_id", "conversation", "prompt", "background")
_CHOICES = {"auto": "auto", "none": "none", "required": "any"}
_WORDS = {"auto": "auto", "none": "none", "any": "required"}
_REDACTED = "redacted:"


@as_request
def read_request(body: Mapping[str, Any]) -> Request:
    """What a request of the Responses API says.

    Raises: BadRequestError, also for what only a provider that keeps conversations can answer.
    """
    for name in _KEPT_BY_THE_PROVIDER:
        if body.get(name):
            raise BadRequestError(
                f"{name!r} refers to what a provider of the Responses API keeps: "
                "send the whole conversation as 'input'"
            )
    request = Request(model=str(body["model"]), max_tokens=body.get("max_output_tokens"))
    for name in _SAME:
        setattr(request, name, body.get(name))
    request.dropped = [name for name, value in body.items() if name not in _READ and value]
    if body.get("store"):
        request.dropped.append("store")
    if body.get("instructions"):
        request.system.append(Text(body["instructions"]))
    said = body["input"]
    for item in [{"role": "user", "content": said}] if isinstance(said, str) else said:
        _read_item(request, item)
    _read_tools(request, body)
    _read_format(request, body)
    request.parallel = body.get("parallel_tool_calls")
    reasoning = table(body.get("reasoning"))
    request.effort = reasoning.get("effort")
    request.dropped += [f"reasoning.{n}" for n in reasoning if n not in ("effort", "summary")]
    request.dropped += [f"text.{n}" for n in table(body.get("text")) if n != "format"]
    return request


def _read_tools(request: Request, body: Mapping[str, Any]) -> None:
    for tool in listed(body.get("tools")):
        if tool["type"] == "function":
            request.tools.append(
                Tool(
                    name=tool["name"],
                    description=tool.get("description"),
                    schema=table(tool.get("parameters")),
                    strict=tool.get("strict"),
                )
            )
        else:
            request.dropped.append(f"tools.{tool['type']}")
    choice = body.get("tool_choice")
    if isinstance(choice, Mapping):
        request.choice = f"tool:{choice['name']}"
    elif choice:
        request.choice = _CHOICES[choice]


def _read_format(request: Request, body: Mapping[str, Any]) -> None:
    wanted = table(table(body.get("text")).get("format"))
    if wanted.get("type") == "json_schema":
        fields = {name: wanted.get(name) for name in ("name", "schema", "strict")}
        request.format = fields
    elif wanted.get("type") == "json_object":
        request.format = {"name": "", "schema": {}, "strict": None}


def _read_item(request: Request, item: Mapping[str, Any]) -> None:
    match item.get("type", "message"):
        case "message":
            parts = _parts(item["content"])
            role = item["role"]
            if role in ("system", "developer"):
                if request.messages:
                    request.dropped.append("messages.system_position")
                request.system += [part for part in parts if isinstance(part, Text)]
            else:
                request.add("assistant" if role == "assistant" else "user", parts)
        case "function_call":
            call = ToolCall(item["call_id"], item["name"], item.get("arguments") or "")
            request.add("assistant", [call])
        case "function_call_output":
            inside = tuple(p for p in _parts(item["output"]) if isinstance(p, Text | Image))
            request.add("user", [ToolResult(item["call_id"], inside)])
        case "reasoning":
            request.add("assistant", thoughts_of_item(item))
        case "item_reference":
            raise BadRequestError(
                "an 'item_reference' means what only its provider keeps: send the item itself"
            )
        case kind:
            request.dropped.append(f"input.{kind}")


def thoughts_of_item(item: Mapping[str, Any]) -> list[Part]:
    """The thoughts in an item of reasoning; none when it says nothing."""
    sealed = item.get("encrypted_content") or ""
    if sealed.startswith(_REDACTED):
        return [Redacted(sealed.removeprefix(_REDACTED))]
    text = "\n\n".join(piece["text"] for piece in listed(item.get("summary")))
    return [Thinking(text, sealed)] if text or sealed else []


def reasoning_item(part: Thinking | Redacted, id_: str) -> Json:
    """The item of reasoning that holds these thoughts."""
    item: Json = {"id": id_, "type": "reasoning", "summary": []}
    if isinstance(part, Redacted):
        return item | {"encrypted_content": _REDACTED + part.data}
    if part.text:
        item["summary"] = [{"type": "summary_text", "text": part.text}]
    return item | {"encrypted_content": part.signature or None}


def _parts(content: Any) -> list[Part]:
    if isinstance(content, str):
        return [Text(content)] if content else []
    parts: list[Part] = []
    for piece in content:
        match piece["type"]:
            case "input_text" | "output_text" | "text":
                parts.append(Text(piece["text"]))
            case "refusal":
                parts.append(Refusal(piece["refusal"]))
            case "input_image" if piece.get("image_url"):
                parts.append(_image(piece["image_url"], ""))
            case "input_file" if piece.get("file_data") or piece.get("file_url"):
                data = piece.get("file_data") or piece["file_url"]
                parts.append(_image(data, piece.get("filename") or ""))
            case kind:
                raise BadRequestError(f"the input holds {kind!r}, which is not translated")
    return parts


def _image(url: str, name: str) -> Image:
    if not url.startswith("data:"):
        return Image(url=url, name=name)
    head, _, data = url.removeprefix("data:").partition(",")
    return Image(head.partition(";")[0], data, "", name)


@as_request
def write_request(request: Request) -> tuple[Json, list[str]]:
    """The body for the Responses API, and the names of what it has no word for."""
    dropped = list(request.dropped)
    items: list[Json] = []
    for message in request.messages:
        for number, part in enumerate(message.parts):
            items.append(_item(part, message.role, f"{len(items)}_{number}", dropped))
    body: Json = {"model": request.model, "input": items, "store": False}
    if request.system:
        body["instructions"] = "\n\n".join(part.text for part in request.system)
    if request.max_tokens is not None:
        body["max_output_tokens"] = request.max_tokens
    body |= {n: v for n in _SAME if (v := getattr(request, n)) is not None}
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    kind, _, name = (request.choice or "").partition(":")
    if kind:
        body["tool_choice"] = {"type": "function", "name": name} if name else _WORDS[kind]
    if request.parallel is not None and request.tools:
        body["parallel_tool_calls"] = request.parallel
    if request.effort:
        body["reasoning"] = {"effort": request.effort}
    if request.format:
        body["text"] = {"format": _format(request.format)}
    unsaid = (("stop", request.stop), ("top_k", request.top_k), ("thinking", request.thinking))
    dropped += [name for name, value in unsaid if value]
    parts = [*request.system, *request.tools, *(p for m in request.messages for p in m.parts)]
    dropped += ["cache_control" for part in parts if getattr(part, "cache", None)]
    return body, sorted(set(dropped))


def _format(wanted: Json) -> Json:
    if not wanted["schema"]:
        return {"type": "json_object"}
    return {"type": "json_schema"} | {n: v for n, v in wanted.items() if v is not None}


def _tool(tool: Tool) -> Json:
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.schema,
        "strict": bool(tool.strict),
    }


def _item(part: Part, role: str, number: str, dropped: list[str]) -> Json:
    match part:
        case ToolCall():
            call = {"call_id": part.id, "name": part.name, "arguments": part.arguments or "{}"}
            return {"type": "function_call", **call}
        case ToolResult():
            if part.is_error:
                dropped.append("is_error")
            output: object = joined(part.parts)
            if any(isinstance(inner, Image) for inner in part.parts):
                output = [_piece(inner, "user") for inner in part.parts]
            return {"type": "function_call_output", "call_id": part.id, "output": output}
        case Thinking() | Redacted():
            return reasoning_item(part, f"rs_{number}")
        case _:
            return {"type": "message", "role": role, "content": [_piece(part, role)]}


def _piece(part: Part, role: str) -> Json:
    match part:
        case Image():
            url = part.url or f"data:{part.media_type};base64,{part.data}"
            if part.media_type == "application/pdf":
                field = "file_url" if part.url else "file_data"
                return {"type": "input_file", "filename": part.name or "document.pdf", field: url}
            return {"type": "input_image", "image_url": url, "detail": "auto"}
        case Refusal():
            return {"type": "refusal", "refusal": part.text}
        case _:
            kind = "output_text" if role == "assistant" else "input_text"
            return {"type": kind, "text": getattr(part, "text", "")}
