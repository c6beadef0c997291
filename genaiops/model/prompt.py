"""Prompts: stored versions, and formatted text that remembers which version made it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, cast

__all__ = ["FormattedMessages", "FormattedText", "PromptRef", "PromptVersion", "prompt_ref"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptVersion:
    """One immutable version of a prompt, as stored.

    Attributes:
        template: Text, or chat messages as OpenAI-shaped dicts.
        hash: SHA-256 (hex) of everything that is part of the version.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptRef:
    """Which prompt version made a text, and with which values."""

    name: str
    version: int
    hash: str = ""
    alias: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict[str, Any])


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
                key: _marked(value, prompt) if key == "content" else value
                for key, value in message.items()
            }
            for message in messages
        )
        self.prompt = prompt


_PLACES = ("messages", "input", "instructions", "prompt", "system")


def _marked(content: Any, prompt: PromptRef) -> Any:  # content of a message: any JSON
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
