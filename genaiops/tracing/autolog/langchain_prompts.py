"""Prompts of the registry on their way through LangChain, which copies the text it is given.

A formatted text put into a message stays the text that remembers its version; what a template made
by ``Prompt.to_langchain`` renders becomes such a text.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from genaiops.model import semconv
from genaiops.model.prompt import FormattedText, PromptRef, marked

__all__ = ["keeping", "mark", "ref_of"]

_FIELDS = ("content", "text")
"""Where messages and prompt values keep their text."""


def keeping(original: Callable[..., None]) -> Callable[..., None]:
    """``Serializable.__init__``, after which a formatted text is the one that was given."""

    def init(self: Any, *args: Any, **kwargs: Any) -> None:  # as of LangChain
        original(self, *args, **kwargs)
        for name in _FIELDS:
            given = kwargs.get(name)
            if isinstance(given, FormattedText) and self.__dict__.get(name) == given:
                self.__dict__[name] = given

    return init


def ref_of(metadata: Mapping[str, Any] | None, inputs: object) -> PromptRef | None:
    """The version behind a template that begins to render, told by its metadata."""
    facts = metadata or {}
    name, version = facts.get(semconv.PROMPT_NAME), facts.get(semconv.PROMPT_VERSION)
    if not isinstance(name, str) or not isinstance(version, int):
        return None
    start = semconv.PROMPT_VARIABLE_PREFIX
    values = {key.removeprefix(start): facts[key] for key in facts if key.startswith(start)}
    if isinstance(inputs, Mapping):
        values |= inputs
    return PromptRef(
        name=name,
        version=version,
        hash=str(facts.get(semconv.PROMPT_HASH, "")),
        alias=facts.get(semconv.PROMPT_ALIAS),
        variables={str(key): _text(value) for key, value in values.items()},
    )


def mark(rendered: Any, ref: PromptRef) -> None:  # a prompt value of LangChain
    """Lets the texts that a template rendered remember their version."""
    for holder in (rendered, *getattr(rendered, "messages", ())):
        for name in _FIELDS:
            if name in holder.__dict__:
                holder.__dict__[name] = marked(holder.__dict__[name], ref)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
