"""What is wrong with a value of a gateway.yaml, in words of the file and not of the program."""

from collections.abc import Iterator, Mapping
from typing import Any, cast, get_args

from pydantic import BaseModel, ValidationError

from genaiops.gateway.yamlread import Lines

__all__ = ["sentence"]

_MUST = {
    "dict_type": "must be a table",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "string_type": "must be text: put it in quotes",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "missing": "is missing",
}
_BOUNDS = {
    "greater_than": ("gt", "must be greater than"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than": ("lt", "must be less than"),
    "less_than_equal": ("le", "must be at most"),
}
_SECRET = frozenset(("api_key", "base_url", "key", "redis", "url"))
_LONGEST = 60


def sentence(path: object, lines: Lines, error: ValidationError, whole: type[BaseModel]) -> str:
    """The first complaint, with its place and what would be right.

    Args:
        path: The file.
        lines: Where everything stands in it.
        error: What is wrong.
        whole: What the file should be.
    """
    said = error.errors(include_url=False)
    first = next((one for one in said if one["type"] == "extra_forbidden"), said[0])
    where = tuple(str(part) for part in first["loc"])
    place = f"{path}:{lines.of(*where)}"
    kind = first["type"]
    if kind == "extra_forbidden":
        known = ", ".join(sorted(_model_at(where[:-1], whole).model_fields))
        return f"{place}: unknown key {where[-1]!r}: use one of {known}"
    if (
        where[:1] == ("models",)
        and len(where) > 1
        and (len(where) == 2 or where[2:] == ("targets",))
    ):
        return f"{place}: model {where[1]!r} must be the text 'provider/model', or have targets"
    name = ".".join(where) or "the file"
    if kind == "model_type":
        known = ", ".join(sorted(_model_at(where, whole).model_fields))
        return f"{place}: {name} must be a table with keys of {known}"
    return f"{place}: {name} {_what(cast('Mapping[str, Any]', first), where)}"


def _what(said: Mapping[str, Any], where: tuple[str, ...]) -> str:
    kind, facts = said["type"], said.get("ctx", {})
    given = _given(said["input"], where)
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        return f"{words} {facts[bound]:.15g}{given}"
    if kind == "literal_error":
        return f"must be {facts['expected']}{given}"
    if kind == "too_short":
        return "must not be empty"
    if kind == "value_error":
        return str(facts["error"])
    return f"{_MUST.get(kind, said['msg'].lower())}{given if kind not in ('missing', 'string_type') else ''}"


def _given(value: object, where: tuple[str, ...]) -> str:
    """The value, where it is short and no secret."""
    if not _SECRET.isdisjoint(where) or isinstance(value, dict | list | set | bytes):
        return ""
    shown = repr(value) if isinstance(value, str) else str(value).lower()
    return f", not {shown}" if len(shown) <= _LONGEST and "~ENV~" not in shown else ""


def _model_at(where: tuple[str, ...], whole: type[BaseModel]) -> type[BaseModel]:
    """The table that a path of keys leads to."""
    for part in where:
        field = whole.model_fields.get(part)
        inner = None if field is None else next(_models_in(field.annotation), None)
        whole = inner or whole
    return whole


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
