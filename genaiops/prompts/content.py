"""What a prompt version consists of: checked, made plain JSON, and hashed."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from genaiops.errors import PromptError
from genaiops.prompts.schema import check_schema
from genaiops.prompts.template import compile_template

__all__ = ["Content", "make_content"]

_MAX_CHARACTERS = 2_000_000
_ROLE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,49}")
_SYNTAXES = ("mustache",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The immutable part of a version, all of it plain JSON.

    Attributes:
        kind: ``text`` or ``chat``.
        hash: SHA-256 (hex) over all the other fields.
    """

    kind: str
    template: str | list[dict[str, Any]]
    syntax: str
    response_format: dict[str, Any] | None
    model_config: dict[str, Any] | None
    tools: list[dict[str, Any]] | None
    hash: str


def make_content(
    template: object,
    *,
    syntax: str = "mustache",
    response_format: object = None,
    model_config: object = None,
    tools: object = None,
) -> Content:
    """Checks everything that makes up a version and hashes it.

    Args:
        template: Text, or a sequence of chat messages with `role` and `content`.
        syntax: ``mustache``, whose variables look like ``{{name}}``.
        response_format: A JSON schema, OpenAI's wrapping of one, or a pydantic model class.
        model_config: Model and parameters that belong to the prompt.
        tools: Definitions of tools, as they are sent to the model.

    Raises: PromptError saying which part cannot be used and why.
    """
    if syntax not in _SYNTAXES:
        raise PromptError(
            f"template syntax {syntax!r} is not available yet: use 'mustache', "
            f"whose variables look like {{{{name}}}}"
        )
    text_or_messages = _template(template)
    compile_template(text_or_messages)
    parts: dict[str, Any] = {
        "template": text_or_messages,
        "syntax": syntax,
        "response_format": _response_format(response_format),
        "model_config": _table(model_config, "model_config"),
        "tools": _tools(tools),
    }
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    if len(canonical) > _MAX_CHARACTERS:
        raise PromptError(
            f"the prompt version is {len(canonical):,} characters long, more than "
            f"{_MAX_CHARACTERS:,}: pass long documents as variables"
        )
    digest = hashlib.sha256(canonical.encode("ascii")).hexdigest()
    return Content(
        kind="text" if isinstance(text_or_messages, str) else "chat", hash=digest, **parts
    )


def _template(template: object) -> str | list[dict[str, Any]]:
    if isinstance(template, str):
        if not template:
            raise PromptError("the template is empty: a prompt needs some text")
        return cast("str", _plain(str(template), "the template"))
    if not isinstance(template, Sequence) or isinstance(template, bytes | bytearray):
        raise PromptError(
            f"the template is a {type(template).__name__}: use text, or a list of messages "
            f"such as {{'role': 'user', 'content': '…'}}"
        )
    messages = list(cast("Sequence[object]", template))
    if not messages:
        raise PromptError("the template has no messages: a chat prompt needs at least one")
    return [_message(message, place) for place, message in enumerate(messages, start=1)]


def _message(message: object, place: int) -> dict[str, Any]:
    if not isinstance(message, Mapping):
        raise PromptError(
            f"message {place} of the template is a {type(message).__name__}: "
            f"use a dict with 'role' and 'content'"
        )
    plain = cast(
        "dict[str, Any]",
        _plain(dict(cast("Mapping[str, Any]", message)), f"message {place} of the template"),
    )
    role = plain.get("role")
    if not isinstance(role, str) or not _ROLE.fullmatch(role):
        raise PromptError(
            f"message {place} of the template has the role {role!r}: "
            f"use 'system', 'user', 'assistant' or 'tool'"
        )
    content = plain.get("content")
    if content is None and any(key not in ("role", "content", "name") for key in plain):
        return plain  # an assistant's tool calls come without content
    if not isinstance(content, str | list):
        raise PromptError(
            f"message {place} of the template has content of type {type(content).__name__}: "
            f"use text or a list of parts"
        )
    return plain


def _response_format(value: object) -> dict[str, Any] | None:
    as_schema = getattr(value, "model_json_schema", None)
    table = _table(as_schema() if callable(as_schema) else value, "response_format")
    if table is not None:
        check_schema(table)
    return table


def _tools(value: object) -> list[dict[str, Any]] | None:
    if value is None:
        return None
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise PromptError(f"tools is a {type(value).__name__}: use a list of tool definitions")
    tools = [_table(tool, "each of tools") for tool in cast("Sequence[object]", value)]
    return [tool for tool in tools if tool is not None]


def _table(value: object, what: str) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise PromptError(f"{what} is a {type(value).__name__}: use a dict")
    return cast("dict[str, Any]", _plain(dict(cast("Mapping[str, Any]", value)), what))


def _plain(value: object, what: str) -> object:
    """A private copy in JSON's own types."""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        json.dumps(value, allow_nan=False, sort_keys=True)  # keys that mix types cannot be hashed
        text.encode()
    except UnicodeEncodeError as error:
        raise PromptError(
            f"{what} holds half of a surrogate pair, which is no character: remove it"
        ) from error
    except (TypeError, ValueError, RecursionError) as error:
        raise PromptError(f"{what} cannot be stored as JSON: {error}") from error
    return json.loads(text)
