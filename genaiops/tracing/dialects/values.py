"""What the table's converters make of one received value: the column's value, or None."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeGuard

import msgspec

from genaiops.model import semconv
from genaiops.tracing.capture import encode

__all__ = [
    "LIMIT",
    "LONGEST",
    "Json",
    "Table",
    "as_json",
    "content",
    "count",
    "inside",
    "instant_ns",
    "is_list",
    "is_table",
    "kind",
    "millis",
    "money",
    "number",
    "operation",
    "provider",
    "provider_of_format",
    "reasons",
    "seconds",
    "shown",
    "tags",
    "text",
    "version",
]

Json = Any  # any JSON value
Table = Mapping[str, Any]

LIMIT = 10**12
"""Token counts above are no counts; sums of them stay within 64 bits."""

LONGEST = 1_000
"""Characters of a name or an id."""

_decode = msgspec.json.Decoder().decode
_VERSIONS = 2**31
_LARGE = 2**64
_MOST_CHOICES = 128

_KINDS = {
    "agent": "agent", "agent_call": "agent", "interaction": "agent", "executor": "agent",
    "chain": "chain", "task": "chain", "pipeline": "chain", "decision": "chain",
    "ai.generatetext": "chain", "ai.streamtext": "chain", "ai.generateobject": "chain",
    "ai.streamobject": "chain", "ai.embed": "chain", "ai.embedmany": "chain",
    "llm": "llm", "chat_model": "llm", "generation": "llm", "llm_call": "llm", "cached": "llm",
    "llm_request": "llm", "completion": "llm", "chat": "llm", "responses": "llm",
    "ai.generatetext.dogenerate": "llm", "ai.streamtext.dostream": "llm",
    "ai.generateobject.dogenerate": "llm", "ai.streamobject.dostream": "llm",
    "embedding": "embedding", "embeddings": "embedding",
    "ai.embed.doembed": "embedding", "ai.embedmany.doembed": "embedding",
    "retriever": "retriever", "retrieval": "retriever", "memory": "retriever",
    "reranker": "reranker", "rerank": "reranker",
    "tool": "tool", "tool_call": "tool", "ai.toolcall": "tool",
    "workflow": "workflow", "guardrail": "guardrail", "prompt": "prompt",
    "evaluator": "judge", "human_evaluator": "judge", "evaluation": "judge",
    "function": "function", "span": "function", "parser": "function", "event": "function",
}  # fmt: skip
"""Kinds of span of all dialects, in lower case; what is not here says nothing."""

_OPERATIONS = {
    "completion": "text_completion", "llm_call": "chat", "llm_request": "chat", "chat": "chat",
    "tool_call": "execute_tool", "agent_call": "invoke_agent", "embedding": "embeddings",
}  # fmt: skip

_PROVIDERS = {
    "azure": "azure.ai.openai", "azure-openai": "azure.ai.openai", "az.ai.openai": "azure.ai.openai",
    "azure_openai": "azure.ai.openai", "az.ai.inference": "azure.ai.inference",
    "aws": "aws.bedrock", "bedrock": "aws.bedrock", "amazon-bedrock": "aws.bedrock",
    "amazon_bedrock": "aws.bedrock", "google": "gcp.gemini", "gemini": "gcp.gemini",
    "google_genai": "gcp.gemini", "vertexai": "gcp.vertex_ai", "vertex_ai": "gcp.vertex_ai",
    "google_vertexai": "gcp.vertex_ai", "mistralai": "mistral_ai", "mistral": "mistral_ai",
    "xai": "x_ai", "watsonx": "ibm.watsonx.ai", "moonshot": "moonshot_ai",
}  # fmt: skip
"""Names of providers that differ from the convention's; others are lowered and kept."""

_OF_FORMATS = {"openai", "anthropic", "gcp.gemini", "groq", "mistral_ai", "aws.bedrock"}
_REASONS = {"tool_call": "tool_calls"}
"""Finish reasons that a library renames, by what the provider says."""


def is_table(value: object) -> TypeGuard[Table]:
    """Whether the value is a JSON object."""
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[Sequence[Any]]:
    """Whether the value is a JSON array; the SDK has tuples."""
    return isinstance(value, list | tuple)


def as_json(value: object) -> Json:
    """What JSON text says; None when it is no JSON."""
    if not isinstance(value, str):
        return None
    try:
        return _decode(value)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return None


def content(value: object) -> Json:
    """An input or output: the value behind JSON text, other text as it is."""
    if isinstance(value, str) and value[:1] in ("{", "[", '"'):
        found = as_json(value)
        return value if found is None else found
    return value


def inside(value: object, path: Sequence[str]) -> Json:
    """The value at a path of keys and positions, of JSON or JSON text; None when there is none."""
    if isinstance(value, str):
        value = as_json(value)
    for step in path:
        if is_table(value):
            value = value.get(step)
        elif is_list(value) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def text(value: object) -> str | None:
    """A name or an id, never empty."""
    if isinstance(value, str):
        return value[:LONGEST] or None
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGE
    return str(value) if whole else None


def shown(value: object) -> str:
    """Any value as the text of a tag."""
    return value if isinstance(value, str) else encode(value).decode()


def number(value: object) -> float | None:
    """A finite number, also when it stands in a text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def count(value: object) -> int | None:
    """A number of tokens."""
    if type(value) is int:
        return value if 0 <= value <= LIMIT else None
    found = number(value)
    return int(found) if found is not None and found.is_integer() and 0 <= found <= LIMIT else None


def version(value: object) -> int | None:
    """A prompt's version."""
    found = count(value)
    return found if found is not None and found < _VERSIONS else None


def money(value: object) -> float | None:
    """USD; of a table of costs the total, or their sum."""
    if is_table(value):
        total = value.get("total", value.get("total_cost"))
        if total is not None:
            return number(total)
        parts = [number(part) for part in value.values()]
        known = [part for part in parts if part is not None]
        return math.fsum(known) if known else None
    return number(value)


def seconds(value: object) -> float | None:
    """Milliseconds of a time in seconds."""
    found = number(value)
    return None if found is None or found < 0 else found * 1000


def millis(value: object) -> float | None:
    """Milliseconds."""
    found = number(value)
    return None if found is None or found < 0 else found


def instant_ns(value: object) -> int | None:
    """Nanoseconds UTC of an ISO time."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip('"'))
        return int(moment.timestamp() * 1e6) * 1000 if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def kind(value: object) -> str | None:
    """A span type, by the name any dialect has for it."""
    if not isinstance(value, str):
        return None
    name = value.lower().removeprefix("claude_code.")
    return semconv.SPAN_TYPE_OF_OPERATION.get(name) or _KINDS.get(name)


def operation(value: object) -> str | None:
    """An operation of the conventions, by the names some dialects have for it."""
    return _OPERATIONS.get(value.lower()) if isinstance(value, str) else None


def provider(value: object) -> str | None:
    """A provider by the convention's name: `Azure`, `openai.chat` and `bedrock` are known."""
    if not isinstance(value, str) or not value:
        return None
    name = value.lower()
    first = name.partition(".")[0]
    if name in _PROVIDERS:
        return _PROVIDERS[name]
    if first in ("openai", "anthropic", "cohere", "groq", "deepseek", "perplexity"):
        return first
    return _PROVIDERS.get(first, name) if "." in name and first in _PROVIDERS else name


def provider_of_format(value: object) -> str | None:
    """A provider by the dialect of its messages; None where a framework speaks one of its own."""
    found = provider(value)
    return found if found in _OF_FORMATS else None


def reasons(value: object) -> list[str] | None:
    """Finish reasons, one a choice; also a single one, or JSON text of a list."""
    if isinstance(value, str) and value[:1] == "[":
        value = as_json(value)
    if isinstance(value, str):
        value = [value]
    if is_list(value):
        said = [
            _REASONS.get(item, item[:LONGEST]) for item in value if isinstance(item, str) and item
        ]
        return said[:_MOST_CHOICES] or None
    return None


def tags(value: object) -> dict[str, str] | None:
    """Tags of a trace; those without a value get ``true``."""
    if isinstance(value, str):
        value = as_json(value) if value[:1] in ("[", "{") else [value]
    if is_table(value):
        return {name: shown(item) for name, item in value.items()}
    if is_list(value):
        return {item: "true" for item in value if isinstance(item, str) and item} or None
    return None
