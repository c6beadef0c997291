"""Attribute values of both forms of OTLP as plain JSON values; none is lost.

What JSON lacks is written as the protobuf JSON mapping does: bytes in base64, and infinite or
undefined numbers as the texts ``Infinity``, ``-Infinity`` and ``NaN``.
"""

import base64
import math
from collections.abc import Callable, Iterable
from typing import Any

from genaiops.tracing.otlp.decode import Malformed
from genaiops.tracing.otlp.jsonform import Value

__all__ = ["DEPTH", "from_message", "from_structure", "table", "whole"]

DEPTH = 64
"""Arrays and tables within each other."""

_PLAIN = ("string_value", "bool_value", "int_value")
_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def table(
    pairs: Iterable[Any] | None, read: Callable[..., Any], depth: int = DEPTH
) -> dict[str, Any]:
    """Attributes by name; of two with one name the last.

    Args:
        pairs: KeyValue messages of either form.
        read: `from_message` or `from_structure`.
        depth: How deep values may still be nested.
    """
    found: dict[str, Any] = {}
    for pair in pairs or ():
        value = pair.value
        if read is from_message and value.WhichOneof("value") == "string_value":  # nearly all
            found[pair.key] = value.string_value
        else:
            found[pair.key or ""] = read(value, depth)
    return found


def from_message(
    value: Any, depth: int = DEPTH
) -> Any:  # an AnyValue of protobuf -> any JSON value
    """The value of a protobuf AnyValue, None when it has none."""
    kind = value.WhichOneof("value")
    if kind in _PLAIN:
        return getattr(value, kind)
    if kind is None:
        return None
    if kind == "double_value":
        return finite(value.double_value)
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    if kind == "array_value":
        deeper(depth)
        return [from_message(item, depth - 1) for item in value.array_value.values]
    if kind == "kvlist_value":
        deeper(depth)
        return table(value.kvlist_value.values, from_message, depth - 1)
    return getattr(value, kind)


def from_structure(value: Value | None, depth: int = DEPTH) -> Any:  # any JSON value
    """The value of an AnyValue in JSON form, None when it has none."""
    if value is None:
        return None
    for plain in (value.string_value, value.bool_value, value.bytes_value):
        if plain is not None:
            return plain
    if value.int_value is not None:
        return whole(value.int_value)
    if value.double_value is not None:
        return _double(value.double_value)
    if value.array_value is not None:
        deeper(depth)
        return [from_structure(item, depth - 1) for item in value.array_value.values or ()]
    if value.kvlist_value is not None:
        deeper(depth)
        return table(value.kvlist_value.values, from_structure, depth - 1)
    return None


def whole(value: float | str | None) -> int:
    """A 64-bit number of the JSON form. Raises Malformed."""
    if type(value) is int:
        return value
    try:
        return int(value or 0)
    except (ValueError, OverflowError) as error:
        raise Malformed(f"{str(value)[:40]!r} stands where a whole number is expected") from error


def finite(value: float) -> float | str:
    """A number that JSON has, else its name."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _double(value: float | str) -> float | str:
    if isinstance(value, str):
        try:
            value = _NUMBERS[value] if value in _NUMBERS else float(value)
        except ValueError as error:
            raise Malformed(f"{value[:40]!r} stands where a number is expected") from error
    return finite(value)


def deeper(depth: int) -> None:
    """Raises Malformed where values are nested too deep."""
    if depth <= 0:
        raise Malformed(f"attribute values are nested deeper than {DEPTH}")
