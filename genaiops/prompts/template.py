"""The template grammar: ``{{name}}``, replaced in a single pass, and nothing else.

No attribute, no index, no loop, no expression; whatever is no variable, JSON and other braces
included, stays as it was written, and a value is never looked at again. A chat template is a tree
of such texts; a message with the role ``placeholder`` stands for a list of messages.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from genaiops.errors import PromptError
from genaiops.prompts.jinja import JinjaText
from genaiops.prompts.partials import PARTIAL

__all__ = ["JINJA2", "MUSTACHE", "PLACEHOLDER", "Compiled", "Slots", "compile_template", "cut"]

MUSTACHE, JINJA2 = "mustache", "jinja2"
PLACEHOLDER = "placeholder"
"""Role of a message that stands for a list of messages: its content is ``{{history}}``."""

# Possessive quantifiers: a megabyte of open braces and spaces is read once, not again and again.
_VARIABLE = re.compile(r"\{\{\s*+([^\W\d]\w*+)\s*+\}\}")
Template = str | Sequence[Mapping[str, Any]]  # messages hold any JSON


class _Text(Protocol):
    """A text with variables."""

    @property
    def names(self) -> Sequence[str]: ...

    @property
    def optional(self) -> frozenset[str]: ...

    def render(self, values: Mapping[str, Any]) -> str: ...


@dataclass(frozen=True, slots=True)
class Slots:
    """Text with variables: literals at even places, names of variables at odd ones."""

    parts: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def optional(self) -> frozenset[str]:
        """No variable of this grammar may be left out."""
        return frozenset()

    def render(self, values: Mapping[str, str]) -> str:
        """The text with a value in place of each variable."""
        pieces = list(self.parts)
        pieces[1::2] = [values[name] for name in self.names]
        return "".join(pieces)


@dataclass(frozen=True, slots=True)
class _Messages:
    """Where the messages of a variable go."""

    name: str


_Node = Any  # str without variables, a text with some, _Messages, dict and list of nodes, or JSON


@dataclass(frozen=True, slots=True)
class Compiled:
    """A template cut at its variables.

    Attributes:
        variables: Names in order of first appearance.
        optional: Those that may be left out.
        placeholders: Those that take a list of messages.
        root: The tree of texts.
    """

    variables: tuple[str, ...]
    optional: frozenset[str]
    placeholders: frozenset[str]
    root: _Node

    def render(self, values: Mapping[str, Any]) -> str | list[dict[str, Any]]:
        """Text, or fresh messages, with a value in place of each variable.

        Args:
            values: Text by name; for a placeholder a list of messages.

        Raises: PromptError that lists the variables without a value.
        """
        missing = [
            name for name in self.variables if name not in values and name not in self.optional
        ]
        if missing:
            raise PromptError(f"no value for {', '.join(map(repr, missing))}")
        return cast("str | list[dict[str, Any]]", _render(self.root, values))


def compile_template(
    template: Template, *, syntax: str = MUSTACHE, included: Mapping[str, str] | None = None
) -> Compiled:
    """Finds the variables of a text template, or of every text inside chat messages.

    The role of a message is no text: a value cannot choose who speaks.

    Args:
        template: Text or messages.
        syntax: ``mustache`` or ``jinja2``.
        included: Text of each included prompt, by the reference in ``{{> reference}}``.

    Raises: PromptError when a variable stands for text and for messages, an included prompt is
        not there, or Jinja refuses the text.
    """
    compiler = _Compiler(syntax, included or {})
    root: _Node
    if isinstance(template, str):
        root = compiler.text(template)
    else:
        root = [compiler.message(message) for message in template]
    texts = list(_texts(root))
    slots = {node.name for node in texts if isinstance(node, _Messages)}
    names = [
        name
        for node in texts
        for name in ([node.name] if isinstance(node, _Messages) else node.names)
    ]
    both = slots & {
        name for node in texts if not isinstance(node, _Messages) for name in node.names
    }
    if both:
        raise PromptError(
            f"the variable {min(both)!r} stands for messages in one place and for text in another: "
            f"give them two names"
        )
    plain = [node for node in texts if not isinstance(node, _Messages)]
    needed = {name for node in plain for name in node.names if name not in node.optional}
    return Compiled(
        tuple(dict.fromkeys(names)), frozenset(names) - needed - slots, frozenset(slots), root
    )


def cut(text: str) -> list[str]:
    """Literals at even places, names of variables at odd ones; partials are literals here."""
    return _VARIABLE.split(text)


@dataclass(frozen=True, slots=True)
class _Compiler:
    syntax: str
    included: Mapping[str, str]

    def message(self, message: Mapping[str, Any]) -> _Node:
        if message.get("role") == PLACEHOLDER:
            return _Messages(cut(message["content"])[1])
        return {
            key: value if key == "role" else self.value(value) for key, value in message.items()
        }

    def value(self, value: object) -> _Node:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            table = cast("Mapping[str, object]", value)
            return {key: self.value(item) for key, item in table.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in cast("Sequence[object]", value)]
        return value

    def text(self, text: str) -> "str | _Text":
        if self.syntax == JINJA2:
            return JinjaText.of(text) if "{" in text else text
        parts = self.parts(text)
        return Slots(tuple(parts), tuple(parts[1::2])) if len(parts) > 1 else parts[0]

    def parts(self, text: str) -> list[str]:
        """Each included text is cut by itself: no variable begins in one and ends in another."""
        parts = [""]
        for place, piece in enumerate(PARTIAL.split(text)):
            more = self.parts(self.find(piece)) if place % 2 else cut(piece)
            parts[-1] += more[0]
            parts += more[1:]
        return parts

    def find(self, reference: str) -> str:
        if reference not in self.included:
            raise PromptError(
                f"the template includes the prompt {reference!r}, whose text is not at hand here: "
                f"register the template first, or write the text out"
            )
        return self.included[reference]


def _texts(node: _Node) -> "Iterator[_Text | _Messages]":
    if isinstance(node, Slots | JinjaText | _Messages):
        yield node
    elif isinstance(node, dict):
        for item in cast("dict[str, _Node]", node).values():
            yield from _texts(item)
    elif isinstance(node, list):
        for item in cast("list[_Node]", node):
            yield from _texts(item)


def _render(node: _Node, values: Mapping[str, Any]) -> object:
    if isinstance(node, Slots | JinjaText):
        return node.render(values)
    if isinstance(node, dict):
        table = cast("dict[str, _Node]", node)
        return {key: _render(item, values) for key, item in table.items()}
    if isinstance(node, list):
        rendered: list[object] = []
        for item in cast("list[_Node]", node):
            if isinstance(item, _Messages):
                rendered += values[item.name]
            else:
                rendered.append(_render(item, values))
        return rendered
    return node
