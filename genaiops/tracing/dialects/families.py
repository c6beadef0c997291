"""Attributes that together make one value: `llm.input_messages.0.message.role` and its like."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from genaiops.tracing.dialects import chat
from genaiops.tracing.dialects.values import Json, Table, content, is_table, shown

__all__ = ["assemble", "from_event", "nested"]

_LIST_ITEMS = 10_000


def assemble(family: str, attributes: Mapping[str, Any], names: Iterable[str]) -> Json:
    """What the attributes of one family say, or None.

    Args:
        family: Their common beginning, one of `FAMILIES`.
        attributes: All attributes of the span.
        names: Those of the family.
    """
    tree = nested((name[len(family) :], attributes[name]) for name in names)
    return _MAKERS[family](tree)


def nested(items: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Dotted names as tables in tables; of two that disagree the later one stays."""
    tree: dict[str, Any] = {}
    for name, value in items:
        *path, last = name.split(".")[:16]
        table = tree
        for step in path:
            inner = table.get(step)
            if not isinstance(inner, dict):
                inner = table[step] = {}
            table = cast("dict[str, Any]", inner)
        table[last] = value
    return tree


def from_event(name: str, body: Table) -> dict[str, Any] | None:
    """The message behind one event of the older conventions."""
    inner = body.get(
        "gen_ai.event.content", body.get("gen_ai.prompt", body.get("gen_ai.completion"))
    )
    table = content(inner) if inner is not None else nested(body.items())
    if isinstance(table, str):
        table = {"content": table}
    if not is_table(table):
        return None
    table = {key: content(value) if key != "content" else value for key, value in table.items()}
    out = name in ("gen_ai.choice", "gen_ai.content.completion")
    role = "assistant" if out else name.split(".")[1]
    made = chat.message(table, role if role in ("system", "assistant", "tool") else "user")
    return made if made["parts"] or "finish_reason" in made else None


def _in_order(tree: Table) -> list[Table]:
    """The numbered tables of a tree by number."""
    numbered = [(int(key), item) for key, item in tree.items() if key.isdecimal() and len(key) < 7]
    ordered = sorted(numbered, key=lambda pair: pair[0])
    return [item for _, item in ordered[:_LIST_ITEMS] if is_table(item)]


def _openinference(tree: Table) -> list[dict[str, Any]] | None:
    return [_oi_message(item.get("message", item)) for item in _in_order(tree)] or None


def _oi_message(item: Json) -> dict[str, Any]:
    if not is_table(item):
        return {"role": "user", "parts": []}
    made: dict[str, Any] = {
        key: item[key] for key in ("role", "content", "tool_call_id") if key in item
    }
    contents = item.get("contents")
    if is_table(contents):
        made["content"] = [
            _oi_content(part.get("message_content", part)) for part in _in_order(contents)
        ]
    calls = item.get("tool_calls")
    if is_table(calls):
        made["tool_calls"] = [call.get("tool_call", call) for call in _in_order(calls)]
    if "function_call_name" in item:
        arguments = item.get("function_call_arguments_json")
        made["function_call"] = {"name": item["function_call_name"], "arguments": arguments}
    finish = item.get("finish_reason")
    return chat.message(made | ({"finish_reason": finish} if finish else {}), "user")


def _oi_content(part: Json) -> Json:
    if is_table(part) and is_table(part.get("image")):
        image = part["image"].get("image", part["image"])
        return {"type": "image_url", "image_url": image}
    return part


def _traceloop(role: str) -> Callable[[Table], list[dict[str, Any]] | None]:
    def make(tree: Table) -> list[dict[str, Any]] | None:
        found: list[dict[str, Any]] = []
        for item in _in_order(tree):
            table: dict[str, Any] = {
                key: value for key, value in item.items() if key != "tool_calls"
            }
            if "content" in table:
                table["content"] = _if_parts(table["content"])
            calls = item.get("tool_calls")
            if is_table(calls):
                table["tool_calls"] = _in_order(calls)
            found.append(chat.message(table, role))
        return found or None

    return make


def _if_parts(body: Json) -> Json:
    """Content that is JSON of parts, which some versions write; other text stays text."""
    return content(body) if isinstance(body, str) and body.startswith('[{"') else body


def _texts(field: str, role: str) -> Callable[[Table], list[dict[str, Any]] | None]:
    def make(tree: Table) -> list[dict[str, Any]] | None:
        inner = [item.get(field) for item in _in_order(tree)]
        texts = [item.get("text") for item in inner if is_table(item)]
        return [
            {"role": role, "parts": [{"type": "text", "content": text}]}
            for text in texts
            if text is not None
        ] or None

    return make


def _vercel(tree: Table) -> list[dict[str, Any]] | None:
    made: dict[str, Any] = {"role": "assistant", "content": tree.get("text")}
    if isinstance(tree.get("reasoning"), str):
        made["reasoning"] = tree["reasoning"]
    calls = content(tree.get("toolCalls"))
    if calls:
        made["tool_calls"] = calls
    finish = tree.get("finishReason")
    found = chat.message(made | ({"finish_reason": finish} if finish else {}), "assistant")
    if not found["parts"] and isinstance(tree.get("object"), str):
        found["parts"] = [{"type": "text", "content": tree["object"]}]
    return [found] if found["parts"] else None


def _documents(tree: Table) -> list[dict[str, Any]] | None:
    found = [item.get("document", item) for item in _in_order(tree)]
    return [
        {key: content(value) if key == "metadata" else value for key, value in item.items()}
        for item in found
        if is_table(item)
    ] or None


def _as_metadata(tree: Table) -> dict[str, Any] | None:
    return {key: content(value) for key, value in tree.items()} or None


def _as_tags(tree: Table) -> dict[str, str] | None:
    return {key: shown(value) for key, value in tree.items()} or None


_MAKERS: dict[str, Callable[[Table], Json]] = {
    "llm.input_messages.": _openinference,
    "llm.output_messages.": _openinference,
    "llm.prompts.": _texts("prompt", "user"),
    "llm.choices.": _texts("completion", "assistant"),
    "gen_ai.prompt.": _traceloop("user"),
    "gen_ai.completion.": _traceloop("assistant"),
    "ai.response.": _vercel,
    "retrieval.documents.": _documents,
    "reranker.output_documents.": _documents,
    "langfuse.trace.metadata.": _as_metadata,
    "traceloop.association.properties.": _as_metadata,
    "ai.telemetry.metadata.": _as_metadata,
    "lmnr.association.properties.": _as_metadata,
    "mlflow.traceTag.": _as_tags,
}
