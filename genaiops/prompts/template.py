"""The template grammar: ``{{name}}``, replaced in a single pass, and nothing else.

No attribute, no index, no loop, no expression; whatever is no variable, JSON and other braces
included, stays as it was written, and a value is never looked at again.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from genaiops.errors import PromptError

__all__ = ["Compiled", "compile_template"]

# Possessive quantifiers: a megabyte of open braces and spaces is read once, not again and again.
_VARIABLE = re.compile(r"\{\{\s*+([^\W\d]\w*+)\s*+\}\}")
_PARTIAL = re.compile(r"\{\{>\s*+([^{}]{1,300}?)\s*\}\}")


@dataclass(frozen=True, slots=True)
class _Slots:
    """Text with variables: literals at even places, names of variables at odd ones."""

    parts: tuple[str, ...]
    names: tuple[str, ...]

    def render(self, values: Mapping[str, str]) -> str:
        pieces = list(self.parts)
        pieces[1::2] = [values[name] for name in self.names]
        return "".join(pieces)


_Node = Any  # str without variables, _Slots, dict and list of nodes, or another JSON value


@dataclass(frozen=True, slots=True)
class Compiled:
    """A template cut at its variables.

    Attributes:
        variables: Names in order of first appearance.
    """

    variables: tuple[str, ...]
    _root: _Node

    def render(self, values: Mapping[str, str]) -> str | list[dict[str, Any]]:
        """Text, or fresh messages, with a value in place of each variable.

        Raises: PromptError that lists the variables without a value.
        """
        missing = [name for name in self.variables if name not in values]
        if missing:
            raise PromptError(f"no value for {', '.join(map(repr, missing))}")
        return cast("str | list[dict[str, Any]]", _render(self._root, values))


def compile_template(template: str | Sequence[Mapping[str, Any]]) -> Compiled:
    """Finds the variables of a text template, or of every text inside chat messages.

    The role of a message is no text: a value cannot choose who speaks.

    Raises: PromptError when the template asks for another prompt (``{{> name}}``).
    """
    root: _Node
    if isinstance(template, str):
        root = _compile(template)
    else:
        root = [
            {key: value if key == "role" else _compile(value) for key, value in message.items()}
            for message in template
        ]
    return Compiled(tuple(dict.fromkeys(_names(root))), root)


def _compile(value: object) -> _Node:
    if isinstance(value, str):
        return _compile_text(value)
    if isinstance(value, Mapping):
        table = cast("Mapping[str, object]", value)
        return {key: _compile(item) for key, item in table.items()}
    if isinstance(value, list | tuple):
        return [_compile(item) for item in cast("Sequence[object]", value)]
    return value


def _compile_text(text: str) -> str | _Slots:
    partial = _PARTIAL.search(text)
    if partial:
        raise PromptError(
            f"the template includes another prompt, {partial.group(0)!r}, which this version "
            f"cannot do yet: write the text of {partial.group(1)!r} out"
        )
    parts = _VARIABLE.split(text)
    return _Slots(tuple(parts), tuple(parts[1::2])) if len(parts) > 1 else text


def _names(node: _Node) -> Iterator[str]:
    if isinstance(node, _Slots):
        yield from node.names
    elif isinstance(node, dict):
        for item in cast("dict[str, _Node]", node).values():
            yield from _names(item)
    elif isinstance(node, list):
        for item in cast("list[_Node]", node):
            yield from _names(item)


def _render(node: _Node, values: Mapping[str, str]) -> object:
    if isinstance(node, _Slots):
        return node.render(values)
    if isinstance(node, dict):
        table = cast("dict[str, _Node]", node)
        return {key: _render(item, values) for key, item in table.items()}
    if isinstance(node, list):
        return [_render(item, values) for item in cast("list[_Node]", node)]
    return node
