"""A formatted prompt as the arguments of a client: OpenAI's chat completions, Anthropic's messages."""

import copy
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from genaiops.errors import PromptError
from genaiops.model.prompt import FormattedMessages, FormattedText, PromptVersion
from genaiops.prompts.schema import schema_of

__all__ = ["anthropic_request", "openai_request"]

Json = Any  # any JSON value
Formatted = FormattedText | FormattedMessages
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,(.*)", re.DOTALL)
_ANTHROPIC_TOKENS = 4096
_SYSTEM = ("system", "developer")
_RENAMED = {"stop": "stop_sequences", "max_completion_tokens": "max_tokens"}


def openai_request(formatted: Formatted, version: PromptVersion) -> dict[str, Json]:
    """Messages, model settings, tools and response format as OpenAI takes them."""
    request = _settings(version, "openai")
    request["messages"] = _messages(formatted)
    if version.tools:
        request["tools"] = [_openai_tool(tool) for tool in version.tools]
    if version.response_format is not None:
        request["response_format"] = _openai_format(version)
    return request


def anthropic_request(formatted: Formatted, version: PromptVersion) -> dict[str, Json]:
    """System text, messages, model settings, tools and output format as Anthropic takes them.

    Raises: PromptError for parts that Anthropic's messages cannot hold.
    """
    settings = _settings(version, "anthropic")
    request = {_RENAMED.get(name, name): value for name, value in settings.items()}
    if isinstance(request.get("stop_sequences"), str):
        request["stop_sequences"] = [request["stop_sequences"]]
    request.setdefault("max_tokens", _ANTHROPIC_TOKENS)
    messages = _messages(formatted)
    system = [
        text
        for message in messages
        if message["role"] in _SYSTEM
        for text in _texts(message.get("content"))
    ]
    if system:
        request["system"] = FormattedText("\n\n".join(system), formatted.prompt)
    turns = [_anthropic_turn(item) for item in messages if item["role"] not in _SYSTEM]
    request["messages"] = FormattedMessages(turns, formatted.prompt)
    if version.tools:
        request["tools"] = [_anthropic_tool(tool) for tool in version.tools]
    if version.response_format is not None:
        schema = copy.deepcopy(dict(schema_of(version.response_format)))
        request["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
    return request


def _settings(version: PromptVersion, provider: str) -> dict[str, Json]:
    """The model settings; the model without the name of the provider before it."""
    settings = copy.deepcopy(dict(version.model_config or {}))
    model = settings.get("model")
    if isinstance(model, str):
        settings["model"] = model.removeprefix(f"{provider}/")
    return settings


def _messages(formatted: Formatted) -> FormattedMessages:
    if isinstance(formatted, FormattedMessages):
        return formatted
    return FormattedMessages([{"role": "user", "content": str(formatted)}], formatted.prompt)


def _openai_tool(tool: Mapping[str, Json]) -> dict[str, Json]:
    if "input_schema" not in tool:
        return copy.deepcopy(dict(tool))
    function = {name: tool[name] for name in ("name", "description") if name in tool}
    return {
        "type": "function",
        "function": function | {"parameters": copy.deepcopy(tool["input_schema"])},
    }


def _openai_format(version: PromptVersion) -> dict[str, Json]:
    """OpenAI's own shapes as they are; a schema alone in the wrapping that OpenAI wants."""
    given = copy.deepcopy(dict(version.response_format or {}))
    if given.get("type") in ("json_schema", "json_object", "text"):
        return given
    name = re.sub(r"[^\w-]", "_", str(given.get("title") or "answer"), flags=re.ASCII)[:64]
    return {"type": "json_schema", "json_schema": {"name": name, "schema": given}}


def _anthropic_tool(tool: Mapping[str, Json]) -> dict[str, Json]:
    function = tool.get("function")
    if tool.get("type") != "function" or not isinstance(function, Mapping):
        return copy.deepcopy(dict(tool))
    told = cast("Mapping[str, Json]", function)
    made: dict[str, Json] = {"name": told.get("name")}
    if told.get("description"):
        made["description"] = told["description"]
    schema: Json = told.get("parameters") or {"type": "object", "properties": {}}
    return made | {"input_schema": copy.deepcopy(schema)}


def _anthropic_turn(message: Mapping[str, Json]) -> dict[str, Json]:
    """One message; results of tools are said by the user, calls are blocks of the assistant."""
    if message["role"] == "tool":
        result = {"type": "tool_result", "tool_use_id": message.get("tool_call_id", "")}
        return {"role": "user", "content": [result | {"content": _content(message.get("content"))}]}
    role = "assistant" if message["role"] == "assistant" else "user"
    calls: Sequence[Mapping[str, Json]] = message.get("tool_calls") or ()
    if not calls:
        return {"role": role, "content": _content(message.get("content"))}
    said = _blocks(_content(message.get("content") or []))
    return {"role": role, "content": [*said, *map(_tool_use, calls)]}


def _tool_use(call: Mapping[str, Json]) -> dict[str, Json]:
    function: Mapping[str, Json] = call.get("function") or {}
    try:
        arguments = json.loads(function.get("arguments") or "{}")
    except ValueError as error:
        raise PromptError(
            f"the arguments of the tool call {function.get('name')!r} are no JSON: {error}"
        ) from error
    return {
        "type": "tool_use",
        "id": call.get("id", ""),
        "name": function.get("name", ""),
        "input": arguments,
    }


def _content(content: Json) -> Json:
    if not isinstance(content, list):
        return "" if content is None else content
    return [_part(part) for part in cast("list[Mapping[str, Json]]", content)]


def _part(part: Mapping[str, Json]) -> dict[str, Json]:
    kind = part.get("type")
    if kind == "image_url":
        image: Json = part.get("image_url")
        inside = cast("dict[str, Json]", image) if isinstance(image, dict) else {"url": image}
        url = str(inside.get("url", ""))
        inline = _DATA_URL.fullmatch(url)
        source = (
            {"type": "base64", "media_type": inline[1], "data": inline[2]}
            if inline
            else {"type": "url", "url": url}
        )
        return {"type": "image", "source": source}
    if kind in ("input_audio", "file"):
        raise PromptError(f"a part of type {kind!r} has no counterpart in Anthropic's messages")
    return copy.deepcopy(dict(part))


def _blocks(content: Json) -> list[dict[str, Json]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return list(content)


def _texts(content: Json) -> list[str]:
    """The texts of a system message."""
    if isinstance(content, str):
        return [content]
    parts = cast("list[Mapping[str, Json]]", content or [])
    return [str(part["text"]) for part in parts if part.get("type") == "text"]
