"""The texts in OpenAI-shaped messages: what guardrails look at, and put others in the place of."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

__all__ = ["replaced", "texts_of"]

_FIELDS = frozenset(("content", "text", "refusal", "arguments", "reasoning_content", "input"))
_INSIDE = frozenset(("content", "tool_calls", "function", "custom"))


def texts_of(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every text of every message: content, parts, refusals, and the arguments of tool calls."""
    return [text for message in messages for text in _texts(message) if text]


def replaced(
    messages: Sequence[Mapping[str, Any]], masks: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The messages with other texts in the place of those that `masks` names."""
    return [_swapped(message, masks) for message in messages]


def _texts(table: Mapping[str, Any]) -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, str):
            if name in _FIELDS:
                yield value
        elif name in _INSIDE:
            for inner in _tables(value):
                yield from _texts(inner)


def _swapped(table: Mapping[str, Any], masks: Mapping[str, str]) -> dict[str, Any]:
    made = dict(table)
    for name, value in table.items():
        if isinstance(value, str):
            if name in _FIELDS:
                made[name] = masks.get(value, value)
        elif name in _INSIDE and isinstance(value, Mapping):
            made[name] = _swapped(cast("Mapping[str, Any]", value), masks)
        elif name in _INSIDE and isinstance(value, list):
            made[name] = [
                _swapped(cast("Mapping[str, Any]", item), masks)
                if isinstance(item, Mapping)
                else item
                for item in cast("list[object]", value)
            ]
    return made


def _tables(value: object) -> list[Mapping[str, Any]]:
    items = cast("list[object]", value) if isinstance(value, list) else [value]
    return [cast("Mapping[str, Any]", item) for item in items if isinstance(item, Mapping)]
