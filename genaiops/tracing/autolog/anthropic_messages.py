"""Anthropic messages in the names and shapes of the GenAI conventions: pure functions."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from genaiops.model import semconv

__all__ = [
    "input_messages",
    "output_messages",
    "plain",
    "request_attributes",
    "response_attributes",
    "system_instructions",
    "tool_definitions",
]

Table = Mapping[str, Any]

_PARAMETERS: dict[tuple[str, ...], str] = {
    ("max_tokens",): semconv.REQUEST_MAX_TOKENS,
    ("max_tokens_to_sample",): semconv.REQUEST_MAX_TOKENS,
    ("temperature",): semconv.REQUEST_TEMPERATURE,
    ("top_p",): semconv.REQUEST_TOP_P,
    ("top_k",): semconv.REQUEST_PREFIX + "top_k",
    ("output_config", "effort"): semconv.REQUEST_REASONING_LEVEL,
    ("service_tier",): "anthropic.request.service_tier",
    ("thinking", "type"): "anthropic.thinking.type",
    ("thinking", "budget_tokens"): "anthropic.thinking.budget_tokens",
}
_JSON_FORMATS = (("output_config", "format"), ("output_format",))
_SENT_TO_SERVERS = ("server_tool_use", "mcp_tool_use")


def request_attributes(request: Table) -> dict[str, Any]:
    """The attributes of a request body; what the caller left out sets none."""
    found: dict[str, Any] = {
        name: _scalar(_dig(request, path)) for path, name in _PARAMETERS.items()
    }
    model = request.get("model")
    found[semconv.REQUEST_MODEL] = model if isinstance(model, str) else None
    stop = request.get("stop_sequences")
    if isinstance(stop, list | tuple) and stop:
        found[semconv.REQUEST_STOP_SEQUENCES] = list(cast("Sequence[Any]", stop))
    if request.get("stream") is True:
        found[semconv.REQUEST_STREAM] = True
    if any(_dig(request, (*path, "type")) == "json_schema" for path in _JSON_FORMATS):
        found[semconv.OUTPUT_TYPE] = "json"
    return {name: value for name, value in found.items() if value is not None}


def response_attributes(message: Table) -> dict[str, Any]:
    """The attributes of an answer: identity, finish reason, usage."""
    reason = message.get("stop_reason")
    found: dict[str, Any] = {
        semconv.RESPONSE_ID: message.get("id"),
        semconv.RESPONSE_MODEL: message.get("model"),
        semconv.RESPONSE_FINISH_REASONS: [reason] if isinstance(reason, str) else None,
    }
    usage = message.get("usage")
    if isinstance(usage, Mapping):
        found |= _usage(cast("Table", usage))
    return {name: value for name, value in found.items() if value is not None}


def _usage(usage: Table) -> dict[str, Any]:
    """Input tokens are all of them: Anthropic counts cached ones apart."""
    uncached = usage.get("input_tokens")
    read, written = usage.get("cache_read_input_tokens"), usage.get("cache_creation_input_tokens")
    found = {
        semconv.USAGE_INPUT_TOKENS: uncached + (read or 0) + (written or 0)
        if isinstance(uncached, int)
        else None,
        semconv.USAGE_OUTPUT_TOKENS: usage.get("output_tokens"),
        semconv.USAGE_CACHE_READ_TOKENS: read,
        semconv.USAGE_CACHE_WRITE_TOKENS: written,
        semconv.USAGE_REASONING_TOKENS: _dig(usage, ("output_tokens_details", "thinking_tokens")),
        "anthropic.response.service_tier": usage.get("service_tier"),
        semconv.USAGE_RAW: dict(usage),
    }
    compactions = [
        step
        for step in cast("Sequence[Table]", usage.get("iterations") or ())
        if step.get("type") == "compaction"
    ]
    if compactions:
        found["anthropic.usage.compaction.input_tokens"] = sum(
            step.get(name) or 0
            for step in compactions
            for name in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
        )
        found["anthropic.usage.compaction.output_tokens"] = sum(
            step.get("output_tokens") or 0 for step in compactions
        )
    return found


def input_messages(messages: Sequence[Any]) -> list[dict[str, Any]]:
    """Request messages as ``gen_ai.input.messages``."""
    tables = [cast("Table", plain(message)) for message in messages]
    return [
        {"role": str(table.get("role") or "user"), "parts": _parts(table.get("content"))}
        for table in tables
    ]


def output_messages(message: Table) -> list[dict[str, Any]]:
    """An answer as ``gen_ai.output.messages``."""
    content = message.get("content", message.get("completion"))
    parts = _parts(content)
    reason = message.get("stop_reason")
    return [{"role": "assistant", "parts": parts, "finish_reason": reason}]


def system_instructions(system: Any) -> list[dict[str, Any]]:  # a text or a list of blocks
    """The system prompt as ``gen_ai.system_instructions``."""
    return _parts(system)


def tool_definitions(tools: Sequence[Any]) -> list[dict[str, Any]]:
    """Tools of the request as ``gen_ai.tool.definitions``; Anthropic's own tools as they are."""
    found: list[dict[str, Any]] = []
    for tool in tools:
        table = dict(cast("Table", plain(tool)))
        if "input_schema" in table:
            schema = table.pop("input_schema")
            table = {"type": "function", **table, "parameters": schema}
            table["type"] = "function"  # Anthropic calls it "custom"
        found.append(table)
    return found


def plain(value: Any) -> Any:  # a table or one of the SDK's models
    """The value as plain data; {} when it is something else."""
    if isinstance(value, Mapping):
        return cast("Table", value)
    dump = getattr(value, "model_dump", None)
    return {} if dump is None else dump(mode="json", exclude_unset=True, warnings=False)


def _parts(content: Any) -> list[dict[str, Any]]:  # a text or a list of blocks
    if isinstance(content, str):
        return [{"type": "text", "content": content}]
    if isinstance(content, list | tuple):
        return [_part(cast("Table", plain(block))) for block in cast("Sequence[Any]", content)]
    return []


def _part(block: Table) -> dict[str, Any]:
    kind = str(block.get("type"))
    if kind == "text":
        return {"type": "text", "content": block.get("text")}
    if kind == "thinking":
        return {"type": "reasoning", "content": block.get("thinking")}
    if kind == "tool_use":
        return _call(block) | {"arguments": block.get("input")}
    if kind in _SENT_TO_SERVERS:
        details = {"type": block.get("name"), "arguments": block.get("input")}
        if block.get("server_name"):
            details["server_name"] = block["server_name"]
        return _call(block) | {"type": "server_tool_call", "server_tool_call": details}
    if kind == "tool_result":
        answered = {"type": "tool_call_response", "id": block.get("tool_use_id")}
        return answered | {"result": block.get("content")}
    if kind.endswith("_tool_result"):
        answered = {"type": "server_tool_call_response", "id": block.get("tool_use_id")}
        details = {"type": kind, "content": block.get("content")}
        return answered | {"server_tool_call_response": details}
    if kind in ("image", "document"):
        return _media(block, kind)
    return {"type": "compaction" if kind == "compaction" else "generic"} | {
        f"anthropic.{key}": value for key, value in block.items()
    }


def _call(block: Table) -> dict[str, Any]:
    return {"type": "tool_call", "id": block.get("id"), "name": block.get("name")}


def _media(block: Table, kind: str) -> dict[str, Any]:
    source = cast("Table", block.get("source") or {})
    modality = {"modality": kind, "mime_type": source.get("media_type")}
    if source.get("type") == "url":
        return {"type": "uri", "uri": source.get("url")} | modality
    if source.get("type") == "file":
        return {"type": "file", "file_id": source.get("file_id")} | modality
    return {"type": "blob", "content": source.get("data", source.get("content"))} | modality


def _dig(table: Any, path: Sequence[str]) -> Any:  # any JSON value
    for name in path:
        if not isinstance(table, Mapping):
            return None
        table = cast("Table", table).get(name)
    return table


def _scalar(value: object) -> str | int | float | None:
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else None
