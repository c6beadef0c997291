"""Types of values, under MLflow's names, and whether a column of values has one.

A kind is a name (``long``), or a dict as in MLflow: ``{"type": "array", "items": {"type": "double"}}``,
``{"type": "object", "properties": {"a": {"type": "long", "required": True}}}``.
"""

import datetime
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from genaiops.errors import ConfigError

__all__ = ["Kind", "described", "is_missing", "kind_of_column", "misfit", "read", "shown"]

Kind = str | Mapping[str, Any]
_SCALARS = ("boolean", "integer", "long", "float", "double", "string", "binary", "datetime")
_BITS = {"integer": 31, "long": 63}
_WIDENED: Mapping[frozenset[str], str] = {
    frozenset(("integer", "long")): "long",
    frozenset(("float", "double")): "double",
}
_NUMBERS = frozenset(("integer", "long", "float", "double"))
_BY_NUMPY = {"b": "boolean", "M": "datetime", "U": "string", "S": "binary"}


def kind_of_column(name: object, values: Any) -> Kind:  # a column of pandas, numpy, or a list
    """The kind of a column. Raises ConfigError, with its name, when its values have none."""
    values = _categories(values)
    dtype = getattr(values, "dtype", None)
    found = None if dtype is None else _of_dtype(dtype)
    if found is not None:
        return found
    kinds = _unlike(_kind(name, value) for value in values if not is_missing(value))
    if not kinds:
        return "any"
    if len(kinds) > 1:
        raise ConfigError(
            f"the column {name!r} mixes {' and '.join(shown(kind) for kind in kinds)}: "
            "make it one type, or leave the signature out"
        )
    return kinds[0]


def misfit(values: Any, wanted: Kind) -> str | None:  # a column of pandas, numpy, or a list
    """What is wrong with the values of a column of that kind, None when they fit."""
    if wanted == "any":
        return None
    values = _categories(values)
    dtype = getattr(values, "dtype", None)
    found = None if dtype is None else _of_dtype(dtype)
    if found is not None and _fits(found, wanted):
        return _out_of_range(values, wanted)
    if found is not None:
        return f"is {found}"
    for row, value in enumerate(values):
        if wrong := _value_misfit(value, wanted):
            return f"{wrong} in row {row}"
    return None


def is_missing(value: object) -> bool:
    """None, and what stands for it: NaN, and pandas' NA and NaT."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    return type(value).__name__ in ("NAType", "NaTType")


def described(kind: Kind) -> dict[str, Any]:
    """A kind as it stands in a signature: ``{"type": …}``."""
    return {"type": kind} if isinstance(kind, str) else dict(kind)


def read(spec: Mapping[str, Any]) -> Kind:
    """The kind that a signature describes; what this version does not know is ``any``."""
    name = spec.get("type")
    if name in ("array", "object"):
        part = "items" if name == "array" else "properties"
        return {"type": name, part: spec.get(part, {})}
    return name if name in _SCALARS else "any"


def shown(kind: Kind) -> str:
    """A kind for people: ``array of double``."""
    if isinstance(kind, str):
        return kind
    if kind.get("type") == "array":
        return f"array of {shown(read(kind.get('items', {})))}"
    return str(kind.get("type", "any"))


def _categories(values: Any) -> Any:  # a column of pandas, numpy, or a list
    """The values of a categorical column are those of its categories."""
    dtype = getattr(values, "dtype", None)
    categories = getattr(dtype, "categories", None)
    return values if categories is None else categories


def _of_dtype(dtype: Any) -> str | None:  # of numpy or pandas
    """The kind of a type of numpy or pandas; None for objects, whose values must be looked at."""
    code, size = getattr(dtype, "kind", "O"), getattr(dtype, "itemsize", 8)
    if code in "iu":
        return "integer" if size < 4 or (size == 4 and code == "i") else "long"
    if code == "f":
        return "float" if size <= 4 else "double"
    return _BY_NUMPY.get(code)


def _kind(name: object, value: Any) -> Kind:  # a value of a column
    for kind, types in _PYTHON:
        if isinstance(value, types):
            return kind
    dtype = getattr(value, "dtype", None)
    if dtype is not None and getattr(value, "shape", None) == ():
        return _of_dtype(dtype) or "any"
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        properties = {
            str(key): described(_kind(f"{name}.{key}", item)) | {"required": True}
            for key, item in fields.items()
            if not is_missing(item)
        }
        return {"type": "object", "properties": properties}
    if isinstance(value, Sequence) or hasattr(value, "tolist"):
        items = cast("Any", value if isinstance(value, Sequence) else value.tolist())
        return {"type": "array", "items": described(kind_of_column(f"{name}[]", items))}
    raise ConfigError(
        f"the column {name!r} holds a {type(cast('object', value)).__name__}, which a signature has no type for: "
        "make it a number, text, bytes, a time, a list or a dict"
    )


_PYTHON: tuple[tuple[str, Any], ...] = (
    ("boolean", bool),
    ("long", int),
    ("double", float),
    ("string", str),
    ("binary", (bytes, bytearray)),
    ("datetime", (datetime.datetime, datetime.date)),
)


def _unlike(kinds: Iterable[Kind]) -> list[Kind]:
    """The different kinds among these; numbers of several widths are the widest."""
    found: list[Kind] = []
    for kind in kinds:
        if not any(kind == known for known in found):
            found.append(kind)
    if len(found) > 1 and all(isinstance(kind, str) and kind in _NUMBERS for kind in found):
        return [_WIDENED.get(frozenset(map(str, found)), "double")]
    return [_merged(found)] if len(found) > 1 and _all_objects(found) else found


def _all_objects(kinds: Sequence[Kind]) -> bool:
    return all(isinstance(kind, Mapping) and kind.get("type") == "object" for kind in kinds)


def _merged(kinds: Sequence[Any]) -> Kind:  # objects
    """One object for several: what only some have is not required."""
    names = dict.fromkeys(itertools.chain.from_iterable(kind["properties"] for kind in kinds))
    properties: dict[str, Any] = {}
    for name in names:
        having = [kind["properties"][name] for kind in kinds if name in kind["properties"]]
        types = _unlike(map(read, having))
        required = len(having) == len(kinds) and all(one["required"] for one in having)
        kind = types[0] if len(types) == 1 else "any"
        properties[name] = described(kind) | {"required": required}
    return {"type": "object", "properties": properties}


def _fits(found: Kind, wanted: Kind) -> bool:
    """Whether values of one kind may stand where another is wanted; ranges are looked at apart."""
    if found == wanted:
        return True
    whole = found in ("integer", "long")
    if wanted in ("integer", "long"):
        return whole
    return wanted in ("float", "double") and (whole or found in ("float", "double"))


def _out_of_range(values: Any, wanted: Kind) -> str | None:  # a column of pandas or numpy
    bits = _BITS.get(wanted) if isinstance(wanted, str) else None
    if bits is None or len(values) == 0:
        return None
    low, high = values.min(), values.max()
    if is_missing(low) or (-(2**bits) <= int(low) and int(high) < 2**bits):
        return None
    return f"has values from {low} to {high}"


def _value_misfit(value: Any, wanted: Kind) -> str | None:  # a value of a column
    if is_missing(value):
        return "is missing" if wanted in ("integer", "long", "boolean") else None
    if isinstance(wanted, Mapping):
        return _nested_misfit(value, wanted)
    try:
        found = _kind("", value)
    except ConfigError:
        found = _name(value)
    if not _fits(found, wanted):
        return f"is {shown(found)}"
    bits = _BITS.get(wanted)
    return None if bits is None or -(2**bits) <= value < 2**bits else f"is {value}"


def _name(value: object) -> str:
    return type(value).__name__


def _nested_misfit(value: Any, wanted: Mapping[str, Any]) -> str | None:  # a value of a column
    kind = wanted.get("type")
    if kind == "array":
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
            return f"is {_name(cast('object', value))}"
        inner = read(wanted.get("items", {}))
        items = cast("Iterable[Any]", value)
        return next(filter(None, (_value_misfit(item, inner) for item in items)), None)
    return _object_misfit(value, wanted.get("properties", {}))


def _object_misfit(value: Any, properties: Mapping[str, Any]) -> str | None:  # a value of a column
    if not isinstance(value, Mapping):
        return f"is {_name(value)}"
    fields = cast("Mapping[str, Any]", value)
    for name, item in properties.items():
        if name not in fields:
            if item.get("required", True):
                return f"lacks {name!r}"
        elif wrong := _value_misfit(fields[name], read(item)):
            return f"has {name!r} that {wrong}"
    extra = [name for name in fields if name not in properties]
    return f"has {extra[0]!r} besides" if extra else None
