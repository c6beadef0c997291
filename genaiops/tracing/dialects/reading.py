"""Reads a span's attributes and events by the table: what its columns hold."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genaiops.model import semconv
from genaiops.tracing.dialects import chat, families
from genaiops.tracing.dialects.table import EVENT_FAMILIES, FAMILIES, SOURCES, Use
from genaiops.tracing.dialects.values import Json, Table, count, inside, is_list, is_table, text

__all__ = ["Event", "Reading", "read", "without_content"]

Event = tuple[str, int, Mapping[str, Any]]
"""Name, nanoseconds UTC, attributes."""

_MOST_FAMILY = 50_000
_INFERENCE = ("llm", "embedding")
_FIRST_TOKEN = "First Token Stream Event"  # noqa: S105  an event of OpenInference
_DERIVED = {
    "messages_in": semconv.INPUT_MESSAGES,
    "messages_out": semconv.OUTPUT_MESSAGES,
    "system": semconv.SYSTEM_INSTRUCTIONS,
    "documents": semconv.RETRIEVAL_DOCUMENTS,
}
_CONTENTS = {"inputs", "outputs", "messages_in", "messages_out", "system", "documents"}
_FURTHER_CONTENTS = (
    semconv.TOOL_DEFINITIONS, semconv.PROMPT_VARIABLE_PREFIX, "llm.tools.", "llm.functions",
    "llm.prompt_template.template", "llm.prompt_template.variables", "llm.invocation_parameters",
    "ai.prompt.tools", "llm.request.functions.", "tool.parameters", "embedding.embeddings.",
    "mlflow.chat.messages", "mlflow.chat.tools", "request_parameters", "model_request_parameters",
)  # fmt: skip
"""Beginnings of names that carry contents and fill no column."""
_HELPERS = (
    "messages_in", "messages_out", "system", "documents", "usage", "first_chunk_ns", "model",
)  # fmt: skip
_OF_LLM = ("request_model", "model", "input_tokens", "messages_out")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a span's attributes and events say.

    Attributes:
        columns: Columns of a journal line; unknown ones are left out.
        attributes: Messages and documents of another dialect by the convention's names; to be kept
            beside what was received.
    """

    columns: dict[str, Any]
    attributes: dict[str, Any]


def read(
    attributes: Mapping[str, Any], events: Sequence[Event] = (), *, start_ns: int = 0
) -> Reading:
    """Reads one span; never raises, whatever is in it, and changes nothing of it.

    Args:
        attributes: As received.
        events: As received.
        start_ns: When the span began, for what is said as a point in time.
    """
    columns = _by_name(attributes)
    if events:
        _by_event(columns, events)
    kind = _kind(columns, attributes)
    _contents(columns, kind)
    if kind in _INFERENCE:
        _bodies(columns)
    _keep(columns, "request_model", columns.get("model"))
    first = columns.get("first_chunk_ns")
    if first is not None and first >= start_ns > 0:
        columns.setdefault("ttft_ms", (first - start_ns) / 1e6)
    derived = {
        name: columns[column]
        for column, name in _DERIVED.items()
        if column in columns and name not in attributes
    }
    for name in _HELPERS:
        columns.pop(name, None)
    return Reading(columns, derived)


def without_content(
    attributes: Mapping[str, Any], events: Sequence[Event]
) -> tuple[dict[str, Any], list[Event]]:
    """What may be kept where contents may not: no attribute or event that fills one by the table."""
    return (
        {name: value for name, value in attributes.items() if not _has_content(name)},
        [event for event in events if event[0] not in EVENT_FAMILIES],
    )


@functools.lru_cache(8_192)
def _has_content(name: str) -> bool:
    uses, family = _meaning(name)
    filled = {use.column for use in uses} | (
        {FAMILIES[family]} if family is not None else set[str]()
    )
    return bool(filled & _CONTENTS) or name.startswith(_FURTHER_CONTENTS)


def _by_name(attributes: Mapping[str, Any]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    best: dict[str, int] = {}
    members: dict[str, list[str]] = {}
    for name, value in attributes.items():
        uses, family = _meaning(name)
        if value is None:
            continue
        for use in uses:
            if use.rank < best.get(use.column, 1_000):
                found = _converted(use, value)
                if found is not None:
                    columns[use.column], best[use.column] = found, use.rank
        if family is not None:
            members.setdefault(family, []).append(name)
    for family, names in members.items():
        if len(names) <= _MOST_FAMILY and FAMILIES[family] not in columns:
            _keep(columns, FAMILIES[family], families.assemble(family, attributes, names))
    if "span.type" in attributes:
        _claude_code(columns, attributes)
    return columns


@functools.lru_cache(8_192)
def _meaning(name: str) -> tuple[Sequence[Use], str | None]:
    """What an attribute fills by itself, and the family it belongs to; spans repeat their names."""
    family = next((one for one in FAMILIES if name.startswith(one)), None)
    return SOURCES.get(name, ()), family


def _converted(use: Use, value: Json) -> Json:
    if use.path is None:
        return use.convert(value)
    found = inside(value, use.path)
    return use.convert(value if found is None and not use.path else found)


def _claude_code(columns: dict[str, Any], attributes: Mapping[str, Any]) -> None:
    """Its names have no prefix, and its input leaves out what the cache gave."""
    if "llm_request" not in str(attributes["span.type"]):
        return
    read_, write = (count(attributes.get(f"cache_{name}_tokens")) for name in ("read", "creation"))
    asked, given = count(attributes.get("input_tokens")), count(attributes.get("output_tokens"))
    found = {
        "request_model": text(attributes.get("model")),
        "input_tokens": None if asked is None else asked + (read_ or 0) + (write or 0),
        "output_tokens": given,
        "cache_read_tokens": read_,
        "cache_write_tokens": write,
    }
    for column, value in found.items():
        if value is not None:
            columns.setdefault(column, value)


def _by_event(columns: dict[str, Any], events: Sequence[Event]) -> None:
    found: dict[str, list[Json]] = {}
    for name, time_ns, body in events:
        column = EVENT_FAMILIES.get(name)
        if column is not None and column not in columns:
            made = families.from_event(name, body)
            if made is not None:
                found.setdefault(column, []).append(made)
        elif name == _FIRST_TOKEN:
            columns.setdefault("first_chunk_ns", time_ns)
        elif name == "gen_ai.client.inference.operation.details":
            for key, value in _by_name(body).items():
                columns.setdefault(key, value)
    columns.update(found)


def _kind(columns: dict[str, Any], names: Mapping[str, Any]) -> str:
    kind = columns.get("span_type")
    if kind is None:
        if any(name in columns for name in _OF_LLM):
            kind = "llm"
        elif "mcp.method.name" in names or "gen_ai.tool.name" in names or "tool.name" in names:
            kind = "tool"
        elif "documents" in columns:
            kind = "retriever"
        else:
            kind = "function"
        columns["span_type"] = kind
    operation = semconv.OPERATION_OF_SPAN_TYPE.get(kind)
    if operation is not None:
        columns.setdefault("operation", operation)
    return kind


def _contents(columns: dict[str, Any], kind: str) -> None:
    """Inputs and outputs from messages, and messages of a model call from inputs and outputs."""
    if kind == "llm":
        if "messages_in" not in columns and "inputs" in columns:
            _keep(columns, "messages_in", chat.received(columns["inputs"]))
        if "messages_out" not in columns and "outputs" in columns:
            _keep(columns, "messages_out", chat.given(columns["outputs"]))
    if "inputs" not in columns and "messages_in" in columns:
        columns["inputs"] = {"messages": columns["messages_in"]}
        if "system" in columns:
            columns["inputs"]["system_instructions"] = columns["system"]
    if "outputs" not in columns:
        _keep(columns, "outputs", columns.get("messages_out", columns.get("documents")))


def _bodies(columns: dict[str, Any]) -> None:
    """What else stands in the bodies of a model call."""
    answer = columns.get("outputs")
    if is_table(answer):
        for column, name in (("response_id", "id"), ("response_model", "model")):
            _keep(columns, column, text(answer.get(name)))
    asked = columns.get("inputs")
    if is_table(asked):
        _keep(columns, "request_model", text(asked.get("model")))
    messages = columns.get("messages_out")
    if is_list(messages):
        stops = [item.get("finish_reason") for item in messages if is_table(item)]
        _keep(columns, "finish_reasons", [stop for stop in stops if isinstance(stop, str)] or None)
    usage = columns.get("usage", answer.get("usage") if is_table(answer) else None)
    if is_table(usage):
        for column, value in _usage(usage).items():
            _keep(columns, column, value)


_USAGE = {
    "output_tokens": ("completion_tokens", "output_tokens"),
    "cache_read_tokens": (
        "prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens",
        "cache_read_input_tokens",
    ),
    "cache_write_tokens": ("cache_creation_input_tokens",),
    "reasoning_tokens": (
        "completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens",
    ),
}  # fmt: skip
"""Where the usage of an OpenAI or Anthropic answer has each count."""


def _usage(usage: Table) -> dict[str, int | None]:
    found = {
        column: next(
            (n for n in (count(inside(usage, p.split("."))) for p in paths) if n is not None), None
        )
        for column, paths in _USAGE.items()
    }
    asked = count(usage.get("prompt_tokens", usage.get("input_tokens")))
    if asked is not None and "cache_read_input_tokens" in usage:  # Anthropic leaves the cache out
        asked += (found["cache_read_tokens"] or 0) + (found["cache_write_tokens"] or 0)
    return found | {"input_tokens": asked}


def _keep(columns: dict[str, Any], column: str, value: Json) -> None:
    """Fills a column that nothing better filled."""
    if value is not None and column not in columns:
        columns[column] = value
