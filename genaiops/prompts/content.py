"""What a prompt version consists of: checked, made plain JSON, and hashed."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from genaiops.errors import PromptError
from genaiops.prompts.fstring import from_fstring
from genaiops.prompts.partials import partials_in
from genaiops.prompts.schema import check_schema
from genaiops.prompts.template import JINJA2, MUSTACHE, PLACEHOLDER, compile_template, cut
from genaiops.prompts.typed import check_fields

__all__ = ["Content", "hash_of", "make_content", "with_template"]

_MAX_CHARACTERS = 2_000_000
_ROLE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,49}")
_FSTRING = "f-string"
_SYNTAXES = (MUSTACHE, JINJA2, _FSTRING)


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
    variable_types: dict[str, Any] | None
    hash: str


def make_content(
    template: object,
    *,
    syntax: str = "mustache",
    response_format: object = None,
    model_config: object = None,
    tools: object = None,
    variable_types: object = None,
) -> Content:
    """Checks everything that makes up a version and hashes it.

    Args:
        template: Text, or a sequence of chat messages with `role` and `content`.
        syntax: ``mustache``, whose variables look like ``{{name}}``; ``jinja2``; or ``f-string``,
            which is turned into mustache.
        response_format: A JSON schema, OpenAI's wrapping of one, or a pydantic model class.
        model_config: Model and parameters that belong to the prompt.
        tools: Definitions of tools, as they are sent to the model.
        variable_types: A pydantic model class, or a JSON schema, of the variables.

    Raises: PromptError saying which part cannot be used and why.
    """
    if syntax not in _SYNTAXES:
        raise PromptError(
            f"template syntax {syntax!r} is not known: use 'mustache', whose variables look like "
            f"{{{{name}}}}, 'jinja2' or 'f-string'"
        )
    checked = _template(template)
    if syntax == _FSTRING:
        checked, syntax = _template(from_fstring(checked)), MUSTACHE
    partials = partials_in(checked) if syntax == MUSTACHE else []
    compiled = compile_template(checked, syntax=syntax, included=dict.fromkeys(partials, ""))
    types = _schema(variable_types, "variable_types")
    if not partials:  # others are complete when they are saved
        check_fields(types, compiled.variables)
    content = Content(
        kind="text" if isinstance(checked, str) else "chat",
        template=checked,
        syntax=syntax,
        response_format=_schema(response_format, "response_format"),
        model_config=_table(model_config, "model_config"),
        tools=_tools(tools),
        variable_types=types,
        hash="",
    )
    return with_template(content, checked)


def with_template(content: Content, template: str | list[dict[str, Any]]) -> Content:
    """The same content with another checked template, hashed. Raises: PromptError when too long."""
    made = replace(content, template=template)
    return replace(made, hash=hash_of(made))


def hash_of(content: Any) -> str:  # a Content or a PromptVersion: both have the fields
    """SHA-256 (hex) over template, syntax, response format, model config and tools.

    Raises: PromptError when they are too long to be stored.
    """
    parts: dict[str, Any] = {
        "template": content.template,
        "syntax": content.syntax,
        "response_format": content.response_format,
        "model_config": content.model_config,
        "tools": content.tools,
    }
    if content.variable_types is not None:  # versions without keep the hash they always had
        parts["variable_types"] = content.variable_types
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    if len(canonical) > _MAX_CHARACTERS:
        raise PromptError(
            f"the prompt version is {len(canonical):,} characters long, more than "
            f"{_MAX_CHARACTERS:,}: pass long documents as variables"
        )
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


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
    if plain.get("type") == PLACEHOLDER and isinstance(plain.get("name"), str):
        plain = {"role": PLACEHOLDER, "content": f"{{{{{plain['name']}}}}}"}
    role = plain.get("role")
    if not isinstance(role, str) or not _ROLE.fullmatch(role):
        raise PromptError(
            f"message {place} of the template has the role {role!r}: "
            f"use 'system', 'user', 'assistant', 'tool' or 'placeholder'"
        )
    _check_message(plain, role, place)
    return plain


def _check_message(plain: Mapping[str, Any], role: str, place: int) -> None:
    content = plain.get("content")
    if role == PLACEHOLDER:
        pieces = cut(content.strip()) if isinstance(content, str) else []
        if len(pieces) != 3 or pieces[0] or pieces[2] or len(plain) != 2:
            raise PromptError(
                f"message {place} of the template is a placeholder for messages with the content "
                f"{content!r}: use one variable, such as {{'role': 'placeholder', 'content': "
                f"'{{{{history}}}}'}}"
            )
        return
    if content is None and any(key not in ("role", "content", "name") for key in plain):
        return  # an assistant's tool calls come without content
    if not isinstance(content, str | list):
        raise PromptError(
            f"message {place} of the template has content of type {type(content).__name__}: "
            f"use text or a list of parts"
        )
    if isinstance(content, list):
        _check_parts(cast("list[object]", content), place)


def _check_parts(parts: Sequence[object], place: int) -> None:
    for number, part in enumerate(parts, start=1):
        kind = cast("dict[str, object]", part).get("type") if isinstance(part, dict) else None
        if not isinstance(kind, str):
            raise PromptError(
                f"part {number} of message {place} of the template has no type: use parts such as "
                f"{{'type': 'text', 'text': '…'}} or {{'type': 'image_url', 'image_url': …}}"
            )


def _schema(value: object, what: str) -> dict[str, Any] | None:
    """A JSON schema, or that of a pydantic model."""
    as_schema = getattr(value, "model_json_schema", None)
    table = _table(_generated(as_schema, what) if callable(as_schema) else value, what)
    if table is not None:
        check_schema(table, what)
    return table


def _generated(as_schema: Callable[[], object], what: str) -> object:
    from pydantic import PydanticUserError

    try:
        return as_schema()
    except PydanticUserError as error:
        raise PromptError(f"{what} has no JSON schema: {error.message}") from error


def _tools(value: object) -> list[dict[str, Any]] | None:
    if value is None:
        return None
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise PromptError(f"tools is a {type(value).__name__}: use a list of tool definitions")
    return [_mapping(tool, "each of tools") for tool in cast("Sequence[object]", value)]


def _table(value: object, what: str) -> dict[str, Any] | None:
    return None if value is None else _mapping(value, what)


def _mapping(value: object, what: str) -> dict[str, Any]:
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
