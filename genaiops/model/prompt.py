"""Prompts: stored versions, and formatted text that remembers which version made it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, cast

from genaiops.model import semconv

__all__ = [
    "PROTECTED_TAG",
    "FormattedMessages",
    "FormattedText",
    "PromptRef",
    "PromptVersion",
    "link_attributes",
    "marked",
    "prompt_ref",
    "protected_aliases",
]

PROTECTED_TAG = "genaiops.protected"
"""Tag of a prompt: JSON of alias to condition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptVersion:
    """One immutable version of a prompt, as stored.

    Attributes:
        template: Text, or chat messages as OpenAI-shaped dicts.
        hash: SHA-256 (hex) of everything that is part of the version.
        variable_types: JSON schema of an object with a property for each variable.
    """

    name: str
    version: int
    template: str | Sequence[Mapping[str, Any]]
    syntax: str
    hash: str
    created_ns: int
    author: str | None = None
    message: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    response_format: Mapping[str, Any] | None = None
    model_config: Mapping[str, Any] | None = None
    tools: Sequence[Mapping[str, Any]] | None = None
    variable_types: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptRef:
    """Which prompt version made a text, and with which values."""

    name: str
    version: int
    hash: str = ""
    alias: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict[str, Any])


def protected_aliases(tags: Mapping[str, Any]) -> dict[str, str]:
    """The condition of each protected alias by the tags of its prompt; empty for a locked one."""
    try:
        found: object = json.loads(tags.get(PROTECTED_TAG, "{}"))
    except (TypeError, ValueError):
        return {}
    return cast("dict[str, str]", found) if isinstance(found, dict) else {}


class FormattedText(str):
    """A formatted text prompt: a plain str that remembers its prompt version."""

    __slots__ = ("prompt",)
    prompt: PromptRef

    def __new__(cls, text: str, prompt: PromptRef) -> Self:
        """A str of this text with the reference beside it."""
        made = super().__new__(cls, text)
        made.prompt = prompt
        return made

    def __getnewargs__(self) -> tuple[str, PromptRef]:  # pyright: ignore[reportIncompatibleMethodOverride]  copies and pickles need both
        return str(self), self.prompt


class FormattedMessages(list[dict[str, Any]]):
    """Formatted chat messages: a plain list that remembers its prompt version."""

    __slots__ = ("prompt",)

    def __init__(self, messages: Sequence[Mapping[str, Any]], prompt: PromptRef) -> None:
        super().__init__(
            # clients copy the list, but hand on the texts in it
            {
                key: marked(value, prompt) if key == "content" else value
                for key, value in message.items()
            }
            for message in messages
        )
        self.prompt = prompt


_PLACES = ("messages", "input", "instructions", "prompt", "system")


def marked(content: Any, prompt: PromptRef) -> Any:  # content of a message: any JSON
    """The content with its text, or the texts of its parts, remembering the version."""
    if type(content) is str:
        return FormattedText(content, prompt)
    if not isinstance(content, list):
        return content
    return [_marked_part(part, prompt) for part in cast("list[Any]", content)]


def _marked_part(part: Any, prompt: PromptRef) -> Any:  # any JSON
    table = cast("dict[str, Any]", part) if isinstance(part, dict) else {}
    if type(text := table.get("text")) is not str:
        return part  # pyright: ignore[reportUnknownVariableType]  any JSON
    return {**table, "text": FormattedText(text, prompt)}


def prompt_ref(value: object) -> PromptRef | None:
    """The prompt version behind a request, looked for where clients put formatted prompts.

    Args:
        value: Formatted text or messages, a list of messages, or a dict with ``messages``,
            ``input``, ``instructions``, ``prompt`` or ``system``.
    """
    if isinstance(value, FormattedText | FormattedMessages):
        return value.prompt
    if isinstance(value, Mapping):
        table = cast("Mapping[str, object]", value)
        inside = [table[key] for key in _PLACES if key in table]
        return next((ref for ref in map(prompt_ref, inside) if ref is not None), None)
    if isinstance(value, list | tuple):
        for item in cast("Sequence[object]", value):
            found = _in_message(item)
            if found is not None:
                return found
    return None


def _in_message(item: object) -> PromptRef | None:
    """In a message, or in a part of one."""
    if type(item) is dict or isinstance(item, Mapping):
        table = cast("Mapping[str, object]", item)
        item = table.get("content", table.get("text"))
        if isinstance(item, list | tuple):
            return prompt_ref(cast("Sequence[object]", item))
    return item.prompt if isinstance(item, FormattedText) else None


def link_attributes(ref: PromptRef, *, variables: bool) -> dict[str, Any]:
    """The attributes of a span that was asked with this version; of a fallback only its name.

    Args:
        ref: The version.
        variables: Whether the values may be recorded.
    """
    named: dict[str, Any] = {semconv.PROMPT_NAME: ref.name}
    if ref.version == 0:
        return named
    facts = {
        semconv.PROMPT_VERSION: ref.version,
        semconv.PROMPT_HASH: ref.hash,
        semconv.PROMPT_ALIAS: ref.alias,
    }
    named |= {key: value for key, value in facts.items() if value}
    if variables:
        named |= {semconv.PROMPT_VARIABLE_PREFIX + k: v for k, v in ref.variables.items()}
    return named
