"""Any Python value as plain, bounded data; never runs code of the value that could hang or lie.

`describe` answers for one object that the JSON encoder does not know. `snapshot` walks a whole
value, for those that the encoder refuses: cycles, deep nesting, lone surrogates, odd keys.
"""

import collections
import dataclasses
import enum
import functools
import inspect
import itertools
import pathlib
import re
import types
from collections.abc import Callable, Iterable
from typing import Any, cast

import msgspec

__all__ = ["describe", "plain_text", "snapshot"]

DEPTH = 8
ITEMS = 200
STRING_CHARS = 16_000_000
REPR_CHARS = 200
FIELDS = 20

_SEQUENCES: Any = (list, tuple, set, frozenset)  # whose own methods are called, not a subclass's
_SCALARS = (str, int, float, bool, types.NoneType)
_NAMED = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodWrapperType,
    types.WrapperDescriptorType,
)
_SHOWN = (range, slice, complex, re.Pattern, types.EllipsisType, types.GenericAlias)
"""Types of the language whose repr runs no code of an application."""

_encode = msgspec.json.Encoder().encode


def plain_text(text: str) -> str:
    """The text with lone surrogates replaced by U+FFFD, so that it is valid UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def describe(value: Any) -> Any:  # any object in, plain data out
    """Plain data for an object that the JSON encoder does not know.

    Its own ``__repr__``, ``__str__``, ``__iter__`` and properties are not called, since they could
    raise, hang or load something. Data inside the answer may again need describing.
    """
    kind = cast("type[Any]", type(value))
    for base, convert in _SUBCLASSES:
        if issubclass(kind, base):
            return convert(value)
    library = kind.__module__.partition(".")[0]
    if library in _LIBRARIES:
        return _LIBRARIES[library](value)
    if "__pydantic_serializer__" in kind.__dict__:
        return (
            value.model_dump(mode="json", warnings=False)
            if hasattr(kind, "model_dump")
            else name_of(kind)
        )
    return _object(value)


def name_of(value: Any) -> str:  # any class, function or module
    """``module.QualifiedName``."""
    if isinstance(value, functools.partial):
        return f"partial({name_of(cast('Any', value).func)})"
    module = getattr(value, "__module__", None)
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if not isinstance(name, str):
        return f"<{type(value).__name__}>"
    return f"{module}.{name}" if isinstance(module, str) and module != "builtins" else name


def _exception(error: BaseException) -> dict[str, str]:
    try:
        message = str(error)
    except Exception:  # noqa: BLE001  a broken __str__ of somebody's exception
        message = "<its text cannot be shown>"
    return {"type": name_of(type(error)), "message": message}


def _object(value: object) -> object:
    """The public plain attributes of an object, read past its own attribute access."""
    name = name_of(type(value))
    try:
        held = object.__getattribute__(value, "__dict__")
    except (AttributeError, TypeError):
        return f"<{name}>"
    if type(held) is not dict:
        return f"<{name}>"
    fields = cast("dict[str, object]", held)
    shown = {
        key: item
        for key, item in itertools.islice(fields.items(), 100)
        if type(key) is str and not key.startswith("_") and _plain(item)
    }
    if not shown or len(shown) > FIELDS:
        return f"<{name}>"
    return {"type": name} | shown


def _plain(value: object) -> bool:
    """Scalars, and small dicts and lists of scalars."""
    kind: Any = type(value)
    if kind in _SCALARS:
        return True
    if kind is dict:
        table = cast("dict[object, object]", value)
        return len(table) <= FIELDS and all(
            type(key) is str and type(item) in _SCALARS for key, item in table.items()
        )
    if kind is list or kind is tuple:
        items = cast("list[object]", value)
        return len(items) <= ITEMS and all(type(item) in _SCALARS for item in items)
    return False


def _numpy(value: Any) -> Any:  # numpy is not imported here
    if hasattr(value, "dtype") and hasattr(value, "ravel") and getattr(value, "ndim", 0) == 0:
        return value.item()
    if type(value).__name__ != "ndarray":
        return f"<{name_of(type(value))}>"
    head: list[Any] = value.ravel()[:8].tolist() if value.dtype.kind in "biufSU" else []
    return {"type": "ndarray", "shape": list(value.shape), "dtype": str(value.dtype), "head": head}


def _frame(value: Any) -> Any:  # pandas and polars are not imported here
    kind = type(value).__name__
    if kind not in ("DataFrame", "Series"):
        return value.isoformat() if kind == "Timestamp" else f"<{name_of(type(value))}>"
    text = value.head(5).to_dict()
    columns = [str(column) for column in getattr(value, "columns", [])]
    dtypes = [str(value.dtype)] if kind == "Series" else [str(dtype) for dtype in value.dtypes]
    rows = {str(key): str(item)[:REPR_CHARS] for key, item in itertools.islice(text.items(), ITEMS)}
    return {
        "type": kind,
        "shape": list(value.shape),
        "columns": columns,
        "dtypes": dtypes,
        "head": rows,
    }


def _arrow(value: Any) -> Any:  # pyarrow is not imported here
    if type(value).__name__ not in ("Table", "RecordBatch"):
        return f"<{name_of(type(value))}>"
    return {
        "type": type(value).__name__,
        "shape": list(value.shape),
        "columns": list(value.schema.names),
        "dtypes": [str(dtype) for dtype in value.schema.types],
    }


def _first_of_deque(value: Any) -> list[Any]:  # a deque of anything
    plain: Any = collections.deque  # its own method, not that of a subclass
    items: Any = plain.__iter__(value)
    return list(itertools.islice(items, ITEMS))


_SUBCLASSES: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (types.NoneType, lambda _: "null"),  # as the key of a dict
    (bool, lambda value: "true" if value else "false"),  # as the key of a dict
    (enum.Enum, lambda value: name_of(type(value)) + "." + value._name_),
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    (pathlib.PurePath, lambda value: str(value)),
    (BaseException, _exception),
    (collections.deque, _first_of_deque),
    (types.MappingProxyType, lambda value: dict(value)),
    (type, name_of),
    (types.ModuleType, name_of),
    (_NAMED, name_of),
    (functools.partial, name_of),
    (_SHOWN, lambda value: repr(value)[:REPR_CHARS]),
    (tuple, lambda value: _encode(snapshot(value)).decode()),  # as the key of a dict
)
_LIBRARIES: dict[str, Callable[[Any], Any]] = {
    "numpy": _numpy,
    "pandas": _frame,
    "polars": _frame,
    "pyarrow": _arrow,
}


def snapshot(value: Any, *, depth: int = DEPTH) -> Any:  # any object in, plain data out
    """The value as plain data: at most 8 levels deep and 200 items a container, cycles marked."""
    return _Walk().visit(value, depth)


class _Walk:
    """One walk over a value; remembers the containers above, to see cycles."""

    def __init__(self) -> None:
        self._above: set[int] = set()

    def visit(self, value: Any, depth: int) -> Any:  # any object in, plain data out
        kind = cast("type[Any]", type(value))
        if kind is str:
            return plain_text(value[:STRING_CHARS])
        if kind is int:
            return value if value.bit_length() < 10_000 else f"<int of {value.bit_length()} bits>"
        if kind in _SCALARS:
            return value
        if id(value) in self._above:
            return "<cycle>"
        self._above.add(id(value))
        try:
            return self._inside(value, depth)
        except Exception:  # noqa: BLE001  whatever a strange object does
            return f"<{name_of(kind)}>"
        finally:
            self._above.discard(id(value))

    def _inside(self, value: Any, depth: int) -> Any:  # any object in, plain data out
        if isinstance(value, dict):
            plain: Any = dict  # its own methods, not those of a subclass
            return self._table(plain.items(value), plain.__len__(value), depth)
        for base in _SEQUENCES:
            if isinstance(value, base):
                return self._list(base.__iter__(value), base.__len__(value), depth)
        fields = _fields(value)
        if fields is not None:
            pairs = [(name, object.__getattribute__(value, name)) for name in fields]
            return self._table(pairs, len(pairs), depth)
        try:
            return msgspec.Raw(_encode(value))
        except (TypeError, ValueError, RecursionError):
            described = describe(value)
        return self.visit(described, depth - 1) if depth > 0 else f"<{name_of(type(value))}>"

    def _table(self, pairs: Iterable[tuple[Any, Any]], n: int, depth: int) -> Any:
        if depth <= 0:
            return {"truncated": True, "items": n}
        table = {
            self._key(key): self.visit(item, depth - 1)
            for key, item in itertools.islice(pairs, ITEMS)
        }
        return table if n <= ITEMS else table | {"truncated": True, "items": n}

    def _list(self, items: Iterable[Any], n: int, depth: int) -> Any:
        if depth <= 0:
            return {"truncated": True, "items": n}
        values = [self.visit(item, depth - 1) for item in itertools.islice(items, ITEMS)]
        return values if n <= ITEMS else [*values, {"truncated": True, "items": n}]

    def _key(self, key: object) -> str:
        if type(key) is str:
            return plain_text(key[:STRING_CHARS])
        plain = self.visit(key, 1)
        if isinstance(plain, msgspec.Raw):
            return bytes(plain).decode().strip('"')
        return plain if isinstance(plain, str) else _encode(plain).decode()


def _fields(value: object) -> list[str] | None:
    """Names of the fields of a dataclass or attrs object."""
    kind: Any = type(value)
    if dataclasses.is_dataclass(kind):
        return [field.name for field in dataclasses.fields(kind)]
    described = inspect.getattr_static(kind, "__attrs_attrs__", None)
    if isinstance(described, tuple):
        return [str(cast("Any", field).name) for field in cast("tuple[object, ...]", described)]
    return None
