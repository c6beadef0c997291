"""The part of JSON Schema that models are asked to answer in: check a schema, check a value.

Draft 2020-12 without `if`, `dependent*`, `unevaluated*`, `$dynamicRef` and remote references;
what is not known here is not checked. Source: json-schema.org/draft/2020-12.
"""

import functools
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from genaiops.errors import PromptError

if TYPE_CHECKING:
    from pydantic_core import SchemaValidator

__all__ = ["check_schema", "schema_of", "violations"]

Schema = Mapping[str, Any]  # JSON of any shape
_MAX_DEPTH = 200
_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool))
        or (isinstance(value, float) and value.is_integer())
    ),
}
_MARKS = ("type", "properties", "items", "enum", "const", "anyOf", "oneOf", "allOf", "$ref")
_FORMATS: Mapping[str, Callable[[str], object]] = {
    "date": date.fromisoformat,
    "date-time": datetime.fromisoformat,
    "time": time.fromisoformat,
    "uuid": UUID,
}
_LIMITS: Sequence[tuple[str, str, Callable[[Any, Any], bool]]] = (
    ("number", "minimum", lambda value, limit: value >= limit),
    ("number", "maximum", lambda value, limit: value <= limit),
    ("number", "exclusiveMinimum", lambda value, limit: value > limit),
    ("number", "exclusiveMaximum", lambda value, limit: value < limit),
    ("number", "multipleOf", lambda value, limit: _is_multiple(value, limit)),
    ("string", "minLength", lambda value, limit: len(value) >= limit),
    ("string", "maxLength", lambda value, limit: len(value) <= limit),
    ("string", "pattern", lambda value, limit: _matches(value, limit)),
    ("string", "format", lambda value, limit: _has_format(value, limit)),
    ("array", "minItems", lambda value, limit: len(value) >= limit),
    ("array", "maxItems", lambda value, limit: len(value) <= limit),
)


def schema_of(response_format: Schema) -> Schema:
    """The schema inside OpenAI's ``{"type": "json_schema", "json_schema": {"schema": …}}``."""
    wrapped = response_format.get("json_schema")
    if response_format.get("type") == "json_schema" and isinstance(wrapped, Mapping):
        inner = cast("Schema", wrapped).get("schema")
        return cast("Schema", inner) if isinstance(inner, Mapping) else {}
    return response_format


def check_schema(given: Schema, what: str) -> None:
    """Raises: PromptError when this is no JSON schema that values could be checked against."""
    schema = schema_of(given)
    if not any(mark in schema for mark in _MARKS):
        raise PromptError(
            f"{what} has none of {', '.join(_MARKS)}: use a JSON schema or a pydantic model"
        )
    problem = next(_schema_problems(schema, "$"), None)
    if problem:
        raise PromptError(f"{what} is no JSON schema: {problem}")


def violations(value: object, schema: Schema) -> Iterator[str]:
    """Each way in which the value differs from the schema, with the path to the place."""
    yield from _check(value, schema, "$", _Root(schema))


class _Root:
    """The whole schema, where references are looked up, and how deep we are in it."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.depth = 0

    def find(self, reference: str) -> Schema:
        found: Any = self.schema
        if not reference.startswith("#"):
            raise PromptError(f"the schema refers to {reference!r}, outside of itself")
        for part in reference[1:].split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, Mapping) or key not in found:
                raise PromptError(f"the schema refers to {reference!r}, which it lacks")
            found = cast("Schema", found)[key]
        return cast("Schema", found) if isinstance(found, Mapping) else {}


def _check(value: object, schema: object, path: str, root: _Root) -> Iterator[str]:
    if schema is False:
        yield f"{path} is not allowed"
    if not isinstance(schema, Mapping):
        return
    rules = cast("Schema", schema)
    root.depth += 1
    if root.depth > _MAX_DEPTH:
        raise PromptError("the schema refers to itself without end, or is too deep")
    if "$ref" in rules:
        yield from _check(value, root.find(str(rules["$ref"])), path, root)
    yield from _check_value(value, rules, path)
    yield from _check_choices(value, rules, path, root)
    if isinstance(value, dict):
        yield from _check_object(cast("dict[str, Any]", value), rules, path, root)
    elif isinstance(value, list):
        yield from _check_array(cast("list[Any]", value), rules, path, root)
    root.depth -= 1


def _check_value(value: object, rules: Schema, path: str) -> Iterator[str]:
    types = _types(rules)
    if types and not any(_TYPES[name](value) for name in types):
        yield f"{path} is {_shown(value)}, not {' or '.join(types)}"
        return
    if "const" in rules and not _same(value, rules["const"]):
        yield f"{path} is {_shown(value)}, not {_shown(rules['const'])}"
    if "enum" in rules and not any(_same(value, choice) for choice in rules["enum"]):
        yield f"{path} is {_shown(value)}, not one of {_shown(rules['enum'])}"
    for kind, keyword, holds in _LIMITS:
        if keyword in rules and _TYPES[kind](value) and not holds(value, rules[keyword]):
            yield f"{path} is {_shown(value)}, which breaks {keyword} {rules[keyword]!r}"


def _check_choices(value: object, rules: Schema, path: str, root: _Root) -> Iterator[str]:
    for part in rules.get("allOf", ()):
        yield from _check(value, part, path, root)
    for keyword in ("anyOf", "oneOf"):
        if keyword in rules:
            matching = sum(_fits(value, part, path, root) for part in rules[keyword])
            if matching == 0 or (keyword == "oneOf" and matching > 1):
                yield f"{path} is {_shown(value)}, which fits {matching} of {keyword}"
    if "not" in rules and _fits(value, rules["not"], path, root):
        yield f"{path} is {_shown(value)}, which is excluded"


def _fits(value: object, schema: object, path: str, root: _Root) -> bool:
    depth = root.depth
    found = next(_check(value, schema, path, root), None)
    root.depth = depth  # the check was left half-way
    return found is None


def _check_object(value: dict[str, Any], rules: Schema, path: str, root: _Root) -> Iterator[str]:
    for name in rules.get("required", ()):
        if name not in value:
            yield f"{path} lacks {name!r}"
    properties: Schema = rules.get("properties", {})
    other = rules.get("additionalProperties", True)
    for name, item in value.items():
        if name in properties:
            yield from _check(item, properties[name], f"{path}.{name}", root)
        elif other is False:
            yield f"{path} has {name!r}, which is not allowed"
        else:
            yield from _check(item, other, f"{path}.{name}", root)


def _check_array(value: list[Any], rules: Schema, path: str, root: _Root) -> Iterator[str]:
    first: Sequence[Any] = rules.get("prefixItems", ())
    for place, item in enumerate(value):
        schema = first[place] if place < len(first) else rules.get("items", True)
        yield from _check(item, schema, f"{path}[{place}]", root)
    if rules.get("uniqueItems") is True and any(
        _same(item, other) for place, item in enumerate(value) for other in value[:place]
    ):
        yield f"{path} holds an item twice"


def _schema_problems(schema: object, path: str, depth: int = 0) -> Iterator[str]:
    if isinstance(schema, bool):
        return
    if depth > _MAX_DEPTH or not isinstance(schema, Mapping):
        yield f"{path} is {_shown(schema)}" if depth <= _MAX_DEPTH else f"{path} is too deep"
        return
    rules = cast("Schema", schema)
    unknown = [name for name in _types(rules) if name not in _TYPES]
    if unknown:
        yield f"{path}.type is {unknown[0]!r}, not one of {', '.join(_TYPES)}"
    yield from _keyword_problems(rules, path)
    for keyword in ("properties", "$defs", "definitions"):
        for name, part in rules.get(keyword, {}).items():
            yield from _schema_problems(part, f"{path}.{name}", depth + 1)
    for keyword in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for part in rules.get(keyword, ()):
            yield from _schema_problems(part, f"{path}.{keyword}", depth + 1)
    for keyword in ("items", "additionalProperties", "not"):
        if keyword in rules:
            yield from _schema_problems(rules[keyword], f"{path}.{keyword}", depth + 1)


def _keyword_problems(rules: Schema, path: str) -> Iterator[str]:
    shapes: Sequence[tuple[type, tuple[str, ...]]] = (
        (dict, ("properties", "$defs", "definitions")),
        (list, ("required", "enum", "anyOf", "oneOf", "allOf", "prefixItems")),
    )
    for shape, keywords in shapes:
        for keyword in keywords:
            if keyword in rules and not isinstance(rules[keyword], shape):
                yield f"{path}.{keyword} is no {shape.__name__}"
    for kind, keyword, _ in _LIMITS:
        expected = str if keyword in ("pattern", "format") else int | float
        if keyword in rules and not isinstance(rules[keyword], expected):
            yield f"{path}.{keyword}, a limit of a {kind}, is {_shown(rules[keyword])}"
    pattern = rules.get("pattern")
    if isinstance(pattern, str) and _in_linear_time(pattern) is None:
        try:
            re.compile(pattern)
        except re.error as error:
            yield f"{path}.pattern is no regular expression: {error}"
    if rules.get("multipleOf") == 0:
        yield f"{path}.multipleOf is 0"


def _matches(text: str, pattern: str) -> bool:
    """Whether the pattern stands somewhere in the text, which a model wrote.

    In linear time, whatever the text; only patterns with look-around or back-references, which
    that engine refuses, are left to `re`.
    """
    rule = _in_linear_time(pattern)
    return rule.isinstance_python(text) if rule else re.search(pattern, text) is not None


@functools.lru_cache(maxsize=256)
def _in_linear_time(pattern: str) -> "SchemaValidator | None":
    """The pattern for pydantic's own engine, None where it cannot read it."""
    from pydantic_core import SchemaError, SchemaValidator, core_schema

    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern))
    except SchemaError:
        return None


def _is_multiple(value: float, limit: float) -> bool:
    if isinstance(value, int) and isinstance(limit, int):
        return value % limit == 0
    try:
        return math.isclose(math.remainder(value, limit), 0.0, abs_tol=1e-9)
    except (OverflowError, ValueError):  # infinite, or beyond what a float holds
        return False


def _has_format(value: str, name: str) -> bool:
    """Whether the text is what the format names; formats that are not known hold."""
    try:
        _FORMATS.get(name, str)(value)
    except ValueError:
        return False
    return True


def _types(rules: Schema) -> list[str]:
    named: Any = rules.get("type", ())
    return [named] if isinstance(named, str) else [str(name) for name in named or ()]


def _same(one: object, other: object) -> bool:
    """Equal as JSON: ``1`` is not ``true``."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
