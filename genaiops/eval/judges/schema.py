"""Whether an answer is JSON of a given shape; no model."""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from genaiops.errors import EvalError
from genaiops.eval.case import Case, Verdict
from genaiops.eval.given import require
from genaiops.eval.judges.base import passed
from genaiops.eval.judges.study import Studied
from genaiops.eval.parsing import strict_object

__all__ = ["JSONSchema", "problems"]

_Schema = Mapping[str, Any] | bool
_Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class JSONSchema(Studied):
    """The answer is JSON (text, perhaps in a code fence, or a value) that fits a schema.

    Known are the validating keywords of JSON Schema 2020-12 that structured outputs use: ``type
    enum const properties required additionalProperties minProperties maxProperties items
    prefixItems minItems maxItems uniqueItems minimum maximum exclusiveMinimum exclusiveMaximum
    multipleOf minLength maxLength pattern anyOf oneOf allOf not $ref`` (to ``#/...``). ``format``
    and words about words are ignored; any other keyword is refused, never skipped.

    Attributes:
        schema: The schema, as a dict.
    """

    schema: Mapping[str, Any]
    needs: frozenset[str] = field(default=frozenset({"outputs"}), init=False, repr=False)
    scale: tuple[float, float] = field(default=(0.0, 1.0), init=False, repr=False)

    def __post_init__(self) -> None:
        right = isinstance(self.schema, Mapping)  # pyright: ignore[reportUnnecessaryIsInstance]  callers without types
        require(right, "JSONSchema: schema", self.schema, "a dict")
        for wrong in _unusable(self.schema, self.schema):
            raise EvalError(f"JSONSchema: {wrong}")

    @property
    def name(self) -> str:
        """``json_schema``."""
        return "json_schema"

    def score(self, case: Case) -> Verdict:
        """Yes or no, with the first thing that is wrong and where."""
        value = case.outputs
        if isinstance(value, str):
            try:
                value = strict_object(value) or json.loads(value)
            except (ValueError, RecursionError) as error:
                return passed(False, f"the answer is not JSON: {error}")
        problem = next(problems(value, self.schema, root=self.schema), None)
        return passed(problem is None, problem)


def problems(value: Any, schema: _Schema, *, root: _Schema, at: str = "$") -> Iterator[str]:
    """What is wrong with a JSON value, each with its place.

    Args:
        value: Any JSON value.
        schema: The schema for this place.
        root: The whole schema, for ``$ref``.
        at: The place, as a path.
    """
    if isinstance(schema, bool):
        if not schema:
            yield f"{at}: nothing is allowed here"
        return
    if "$ref" in schema:
        yield from problems(value, _referred(schema["$ref"], root), root=root, at=at)
    for word, check in _CHECKS.items():
        if word in schema and not check(value, schema[word]):
            said = json.dumps(schema[word], default=str)
            yield f"{at}: {_short(value)} does not fit {word} {said[:200]}"
    yield from _inside(value, schema, root, at)
    yield from _either(value, schema, root, at)


def _inside(value: Any, schema: Mapping[str, Any], root: _Schema, at: str) -> Iterator[str]:
    """Problems of the parts of an object or a list."""
    if isinstance(value, dict):
        parts = cast("_Json", value)
        known: Mapping[str, _Schema] = schema.get("properties", {})
        for name in schema.get("required", ()):
            if name not in parts:
                yield f"{at}: {name!r} is missing"
        for name, part in parts.items():
            inner = known.get(name, schema.get("additionalProperties", True))
            if name not in known and inner is False:
                yield f"{at}: {name!r} is not allowed"
            else:
                yield from problems(part, inner, root=root, at=f"{at}.{name}")
    elif isinstance(value, list):
        first: Sequence[_Schema] = schema.get("prefixItems", ())
        for place, part in enumerate(cast("list[Any]", value)):
            inner = first[place] if place < len(first) else schema.get("items", True)
            yield from problems(part, inner, root=root, at=f"{at}[{place}]")


def _either(value: Any, schema: Mapping[str, Any], root: _Schema, at: str) -> Iterator[str]:
    """Problems of schemas that are put together."""

    def fits(inner: _Schema) -> bool:
        return next(problems(value, inner, root=root, at=at), None) is None

    for inner in schema.get("allOf", ()):
        yield from problems(value, inner, root=root, at=at)
    if "anyOf" in schema and not any(map(fits, schema["anyOf"])):
        yield f"{at}: {_short(value)} fits none of anyOf"
    if "oneOf" in schema and (n := sum(map(fits, schema["oneOf"]))) != 1:
        yield f"{at}: {_short(value)} fits {n} of oneOf instead of one"
    if "not" in schema and fits(schema["not"]):
        yield f"{at}: {_short(value)} fits what it must not"


def _referred(path: str, root: _Schema) -> _Schema:
    found: Any = root
    for part in path.lstrip("#").strip("/").split("/"):
        if part:
            found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


def _unusable(schema: object, root: Mapping[str, Any]) -> Iterator[str]:
    """What no answer could be checked against, each as a sentence."""
    if not isinstance(schema, Mapping):
        if not isinstance(schema, bool):
            yield f"{_short(schema)} is no schema: use a dict, true or false"
        return
    for word, value in cast("Mapping[str, Any]", schema).items():
        wanted = _WANTED.get(word)
        if wanted is None:
            yield f"the keyword {word!r} is not known: leave it out"
        elif not _right(word, value, root):
            yield f"{word!r} is {_short(value)}: use {wanted}"
        else:
            for inner in _inner(word, value):
                yield from _unusable(inner, root)


def _inner(word: str, value: Any) -> Iterable[object]:
    """The schemas inside a keyword."""
    if word in _MAPS:
        return value.values()
    return value if word in _LISTS else (value,) if word in _SINGLE else ()


def _right(word: str, value: Any, root: Mapping[str, Any]) -> bool:
    """Whether the value of a keyword can be used."""
    if word == "type":
        kinds = cast("list[object]", value if isinstance(value, list) else [value])
        return bool(kinds) and all(kind in _KINDS for kind in kinds)
    if word == "pattern":
        return _compiles(value)
    if word == "$ref":
        return isinstance(value, str) and _refers(value, root)
    if word in _MAPS:
        return isinstance(value, Mapping)
    if word in _LISTS or word in ("enum", "required"):
        return isinstance(value, list | tuple)
    if word in _AMOUNTS:
        return _number(value)
    return True


def _compiles(pattern: object) -> bool:
    try:
        re.compile(cast("str", pattern))
    except (TypeError, re.error):
        return False
    return isinstance(pattern, str)


def _refers(path: str, root: Mapping[str, Any]) -> bool:
    try:
        found: object = _referred(path, root)
    except (KeyError, TypeError):
        return False
    return isinstance(found, dict | bool)


def _is(value: Any, kind: str) -> bool:
    if kind == "integer":
        return _number(value) and float(value).is_integer()
    if kind == "number":
        return _number(value)
    return isinstance(value, _TYPES[kind]) if kind in _TYPES else False


def _number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)


def _same(a: object, b: object) -> bool:
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _whole_multiple(value: float, step: float) -> bool:
    share = value / step
    return math.isclose(share, round(share), abs_tol=1e-9)


def _short(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:60]}…"


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
}
_CHECKS: Mapping[str, Callable[[Any, Any], bool]] = {
    "type": lambda v, s: any(_is(v, kind) for kind in ([s] if isinstance(s, str) else s)),
    "enum": lambda v, s: any(_same(v, item) for item in s),
    "const": _same,
    "minProperties": lambda v, s: not isinstance(v, dict) or len(cast("_Json", v)) >= s,
    "maxProperties": lambda v, s: not isinstance(v, dict) or len(cast("_Json", v)) <= s,
    "minItems": lambda v, s: not isinstance(v, list) or len(cast("list[Any]", v)) >= s,
    "maxItems": lambda v, s: not isinstance(v, list) or len(cast("list[Any]", v)) <= s,
    "uniqueItems": lambda v, s: (
        not s
        or not isinstance(v, list)
        or len({json.dumps(i, sort_keys=True) for i in cast("list[Any]", v)})
        == len(cast("list[Any]", v))
    ),
    "minimum": lambda v, s: not _number(v) or v >= s,
    "maximum": lambda v, s: not _number(v) or v <= s,
    "exclusiveMinimum": lambda v, s: not _number(v) or v > s,
    "exclusiveMaximum": lambda v, s: not _number(v) or v < s,
    "multipleOf": lambda v, s: not _number(v) or _whole_multiple(v, s),
    "minLength": lambda v, s: not isinstance(v, str) or len(v) >= s,
    "maxLength": lambda v, s: not isinstance(v, str) or len(v) <= s,
    "pattern": lambda v, s: not isinstance(v, str) or re.search(s, v) is not None,
}
_MAPS = ("properties", "$defs", "definitions")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE = ("items", "additionalProperties", "not")
_PLAIN = frozenset(
    [
        "$ref",
        "$id",
        "$schema",
        "$comment",
        "title",
        "description",
        "default",
        "examples",
        "format",
        "required",
        "readOnly",
        "writeOnly",
        "deprecated",
    ]
)
_KINDS = (*_TYPES, "integer", "number")
_AMOUNTS = frozenset(word for word in _CHECKS if word.startswith(("m", "exclusive")))
_WANTED: Mapping[str, str] = {
    **dict.fromkeys((*_CHECKS, *_PLAIN), "another value"),
    **dict.fromkeys(_AMOUNTS, "a number"),
    **dict.fromkeys(_MAPS, "a dict of schemas"),
    **dict.fromkeys(_LISTS, "a list of schemas"),
    **dict.fromkeys(_SINGLE, "a schema"),
    "type": f"one of {', '.join(_KINDS)}, or a list of them",
    "pattern": "a regular expression",
    "enum": "a list",
    "required": "a list of names",
    "$ref": "#/... to a part of this schema that is there",
}
