"""What is put into a template: texts, plain values for Jinja, messages for placeholders."""

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, cast

from genaiops.errors import PromptError
from genaiops.prompts.jinja import plain_value
from genaiops.prompts.template import JINJA2, Compiled

__all__ = ["as_recorded", "as_values"]


def as_values(given: Mapping[str, object], compiled: Compiled, syntax: str) -> dict[str, Any]:
    """The values as the template takes them; those it does not know stay, to be complained about.

    Raises: PromptError when a placeholder gets no messages, or Jinja an object.
    """
    if syntax != JINJA2 and not compiled.placeholders:
        return {name: _text(value) for name, value in given.items()}
    return {
        name: _messages(value, name)
        if name in compiled.placeholders
        else plain_value(value, name)
        if syntax == JINJA2
        else _text(value)
        for name, value in given.items()
    }


def as_recorded(values: Mapping[str, Any]) -> dict[str, str]:
    """The values as text, as they stand on a span."""
    return {
        name: value if type(value) is str else json.dumps(value, ensure_ascii=False)
        for name, value in values.items()
    }


def _text(value: object) -> str:
    if type(value) is str:
        return value
    if isinstance(value, Enum):
        return _text(value.value)
    return "".join(value) if isinstance(value, str) else str(value)


def _messages(value: object, name: str) -> list[dict[str, Any]]:
    """A copy: what is in these messages is never expanded."""
    given = cast("Sequence[object]", value if isinstance(value, Sequence) else ())
    usable = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    if not usable or not all(isinstance(item, Mapping) and "role" in item for item in given):
        shown = repr(cast("object", value))
        raise PromptError(
            f"the value of the placeholder {name!r} is {shown[:80]}: "
            f"give a list of messages such as {{'role': 'user', 'content': '…'}}; it may be empty"
        )
    return [_own(cast("Mapping[str, Any]", item), name) for item in given]


def _own(message: Mapping[str, Any], name: str) -> dict[str, Any]:
    try:
        return json.loads(json.dumps(dict(message)))  # a formatted text becomes plain text
    except (TypeError, ValueError, RecursionError) as error:
        raise PromptError(
            f"a message of the placeholder {name!r} is no JSON ({error}): give plain dicts"
        ) from error
