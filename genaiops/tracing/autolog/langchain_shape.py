"""LangChain's messages, documents and results in the GenAI conventions: pure functions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from genaiops.model import semconv

__all__ = [
    "conversation",
    "documents",
    "name_of_run",
    "plain_messages",
    "request_attributes",
    "response_attributes",
    "said",
    "turns",
]

Table = Mapping[str, Any]

_ROLES = {"human": "user", "ai": "assistant", "AIMessageChunk": "assistant", "function": "tool"}
_PROVIDERS = {
    "amazon_bedrock": "aws.bedrock",
    "azure": "azure.ai.openai",
    "google_genai": "gcp.gemini",
    "google_vertexai": "gcp.vertex_ai",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "ibm": "ibm.watsonx.ai",
    "xai": "x_ai",
}
_PARAMETERS = {
    "max_tokens": semconv.REQUEST_MAX_TOKENS,
    "max_completion_tokens": semconv.REQUEST_MAX_TOKENS,
    "temperature": semconv.REQUEST_TEMPERATURE,
    "top_p": semconv.REQUEST_TOP_P,
    "top_k": semconv.REQUEST_PREFIX + "top_k",
    "frequency_penalty": semconv.REQUEST_FREQUENCY_PENALTY,
    "presence_penalty": semconv.REQUEST_PRESENCE_PENALTY,
    "seed": semconv.REQUEST_SEED,
    "reasoning_effort": semconv.REQUEST_REASONING_LEVEL,
}
_MODELS = ("model", "model_name", "model_id", "deployment_name", "azure_deployment")
_SCORES = ("score", "relevance_score", "similarity", "similarity_score", "_score")
_IDS = ("id", "document_id", "doc_id", "_id")
_CONVERSATIONS = ("thread_id", "session_id", "conversation_id")


def name_of_run(serialized: Any, named: Any) -> str:  # as of the callbacks
    """The name LangChain itself would show."""
    if isinstance(named, str) and named:
        return named
    if isinstance(serialized, Mapping):
        table = cast("Table", serialized)
        path = table.get("id") or ("",)
        return str(table.get("name") or cast("Sequence[Any]", path)[-1] or "Runnable")
    return "Runnable"


def conversation(metadata: Any) -> dict[str, Any]:  # a dict or None
    """The conversation of a run, when the application names one."""
    table = cast("Table", metadata or {})
    found = next((table[key] for key in _CONVERSATIONS if table.get(key)), None)
    return {} if found is None else {semconv.CONVERSATION_ID: str(found)}


def request_attributes(parameters: Any, metadata: Any) -> dict[str, Any]:  # dicts or None
    """The attributes of a model call: provider, model, parameters."""
    asked, known = cast("Table", parameters or {}), cast("Table", metadata or {})
    model = next((asked[key] for key in _MODELS if asked.get(key)), known.get("ls_model_name"))
    provider = known.get("ls_provider")
    found: dict[str, Any] = {
        semconv.REQUEST_MODEL: model,
        semconv.PROVIDER_NAME: _PROVIDERS.get(str(provider), provider),
        semconv.REQUEST_TEMPERATURE: known.get("ls_temperature"),
        semconv.REQUEST_MAX_TOKENS: known.get("ls_max_tokens"),
    }
    found |= {name: asked[key] for key, name in _PARAMETERS.items() if asked.get(key) is not None}
    stop = asked.get("stop") or asked.get("stop_sequences")
    if stop:
        found[semconv.REQUEST_STOP_SEQUENCES] = [stop] if isinstance(stop, str) else list(stop)
    if asked.get("stream") is True:
        found[semconv.REQUEST_STREAM] = True
    return {name: value for name, value in found.items() if value is not None}


def response_attributes(result: Any) -> dict[str, Any]:  # an LLMResult
    """The attributes of an answer: identity, finish reasons, usage."""
    generations = _generations(result)
    answers = [getattr(one, "message", None) for one in generations]
    facts = [_facts(one) for one in generations]
    first: Table = facts[0] if facts else {}
    reasons = [fact.get("finish_reason") or fact.get("stop_reason") for fact in facts]
    output: Table = getattr(result, "llm_output", None) or {}
    found = {
        semconv.RESPONSE_MODEL: first.get("model_name")
        or first.get("model")
        or output.get("model_name"),
        semconv.RESPONSE_ID: first.get("id") or output.get("id") or _id_of(answers),
        semconv.RESPONSE_FINISH_REASONS: reasons if reasons and all(reasons) else None,
    }
    told = (getattr(one, "usage_metadata", None) for one in answers)
    usage: Table | None = next((one for one in told if one), None)
    found |= _usage(usage) if usage else _legacy_usage(output)
    return {name: value for name, value in found.items() if value is not None}


def _facts(generation: Any) -> Table:  # a Generation
    message = getattr(generation, "message", None)
    told: Table = getattr(message, "response_metadata", None) or {}
    info: Table = getattr(generation, "generation_info", None) or {}
    return {**info, **told}


def _id_of(answers: Iterable[Any]) -> str | None:
    """The provider's id of an answer; LangChain makes up its own where there is none."""
    ids = (getattr(message, "id", None) for message in answers)
    return next(
        (i for i in ids if isinstance(i, str) and not i.startswith(("run-", "run--", "lc_"))), None
    )


def _usage(usage: Table) -> dict[str, Any]:
    read: Table = usage.get("input_token_details") or {}
    made: Table = usage.get("output_token_details") or {}
    written = [
        read[key]
        for key in ("cache_creation", "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
        if read.get(key) is not None
    ]
    return {
        semconv.USAGE_INPUT_TOKENS: usage.get("input_tokens"),
        semconv.USAGE_OUTPUT_TOKENS: usage.get("output_tokens"),
        semconv.USAGE_CACHE_READ_TOKENS: read.get("cache_read"),
        semconv.USAGE_CACHE_WRITE_TOKENS: sum(written) if written else None,
        semconv.USAGE_REASONING_TOKENS: made.get("reasoning"),
        semconv.USAGE_RAW: dict(usage),
    }


def _legacy_usage(output: Table) -> dict[str, Any]:
    """What integrations said before there was `usage_metadata`."""
    usage: Table | None = output.get("token_usage")
    if usage is None:  # empty: LangChain gave the usage of the whole batch to its first prompt
        usage = output.get("usage") or {}
    if not usage:
        return {}
    return {
        semconv.USAGE_INPUT_TOKENS: usage.get("prompt_tokens", usage.get("input_tokens")),
        semconv.USAGE_OUTPUT_TOKENS: usage.get("completion_tokens", usage.get("output_tokens")),
        semconv.USAGE_RAW: dict(usage),
    }


def _generations(result: Any) -> Sequence[Any]:  # an LLMResult
    return result.generations[0] if getattr(result, "generations", None) else ()


def said(result: Any) -> tuple[list[Any], list[dict[str, Any]]]:  # an LLMResult
    """What a model answered: plain, and as ``gen_ai.output.messages``."""
    generations = _generations(result)
    messages = [getattr(one, "message", None) or one.text for one in generations]
    reasons = [_facts(one) for one in generations]
    parts = turns(messages)
    for turn, facts in zip(parts, reasons, strict=True):
        turn["role"] = "assistant"
        turn["finish_reason"] = facts.get("finish_reason") or facts.get("stop_reason")
    return plain_messages(messages), parts


def plain_messages(messages: Sequence[Any]) -> list[Any]:
    """Messages as plain data: role, content and calls."""
    found: list[Any] = []
    for message in messages:
        if not hasattr(message, "content"):
            found.append(message)
            continue
        table: dict[str, Any] = {"role": _role(message), "content": message.content}
        for name in ("name", "tool_call_id", "tool_calls", "invalid_tool_calls"):
            if getattr(message, name, None):
                table[name] = getattr(message, name)
        found.append(table)
    return found


def turns(messages: Sequence[Any]) -> list[dict[str, Any]]:
    """Messages as ``gen_ai.input.messages``."""
    found: list[dict[str, Any]] = []
    for message in messages:
        if not hasattr(message, "content"):
            found.append({"role": "user", "parts": [{"type": "text", "content": str(message)}]})
            continue
        role = _role(message)
        if role == "tool":
            part = {"type": "tool_call_response", "id": getattr(message, "tool_call_id", None)}
            found.append({"role": role, "parts": [part | {"result": message.content}]})
            continue
        parts = _parts(message.content)
        more: Table = getattr(message, "additional_kwargs", None) or {}
        thought = more.get("reasoning_content")
        if isinstance(thought, str):
            parts.insert(0, {"type": "reasoning", "content": thought})
        calls = cast("Sequence[Table]", getattr(message, "tool_calls", None) or ())
        parts.extend(
            {"type": "tool_call", "id": call.get("id"), "name": call.get("name"), "arguments": call.get("args")}
            for call in calls
        )  # fmt: skip
        found.append({"role": role, "parts": parts})
    return found


def _role(message: Any) -> str:  # a BaseMessage
    kind = str(getattr(message, "type", "user"))
    return str(getattr(message, "role", kind)) if kind == "chat" else _ROLES.get(kind, kind)


def _parts(content: Any) -> list[dict[str, Any]]:  # a text, or a list of texts and blocks
    if isinstance(content, str):
        return [{"type": "text", "content": content}] if content else []
    return [part for block in cast("Sequence[Any]", content) for part in _part(block)]


def _part(block: Any) -> list[dict[str, Any]]:  # a text or a dict
    if not isinstance(block, Mapping):
        return [{"type": "text", "content": str(block)}]
    table = cast("Table", block)
    kind = str(table.get("type"))
    if kind in ("text", "text-plain", "input_text", "output_text"):
        return [{"type": "text", "content": table.get("text")}]
    if kind in ("reasoning", "thinking"):
        return [{"type": "reasoning", "content": table.get("reasoning", table.get("thinking"))}]
    if kind in ("tool_use", "tool_call", "input_json_delta", "function_call"):
        return []  # LangChain tells tool calls apart, arguments parsed
    if kind == "image_url":
        image = table.get("image_url")
        url = cast("Table", image).get("url") if isinstance(image, Mapping) else image
        return [{"type": "uri", "modality": "image", "uri": url}]
    return [{"type": "generic"} | {f"langchain.{key}": item for key, item in table.items()}]


def documents(found: Any, *, content: bool) -> list[dict[str, Any]]:  # a sequence of Documents
    """Documents of a retriever, with ids and scores where the store gives them."""
    listed: list[dict[str, Any]] = []
    for one in cast("Sequence[Any]", found):
        metadata: Table = getattr(one, "metadata", None) or {}
        known = getattr(one, "id", None)
        entry: dict[str, Any] = {
            "id": known or next((metadata[key] for key in _IDS if metadata.get(key)), None),
            "score": next(
                (metadata[key] for key in _SCORES if metadata.get(key) is not None), None
            ),
        }
        entry["id"] = None if entry["id"] is None else str(entry["id"])
        if content:
            entry["content"] = getattr(one, "page_content", None)
            entry["metadata"] = dict(metadata)
        listed.append({key: value for key, value in entry.items() if value is not None})
    return listed
