"""What makes an evaluation the same one again: its name, its data, and the function as it is."""

import functools
import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import msgspec

from genaiops.eval.case import Row

__all__ = ["identity_of"]

_PLAIN = (str, int, float, bool, bytes, type(None))


def identity_of(name: str, rows: Sequence[Row], fn: Callable[..., Any] | None) -> str:
    """Digest of name, data and function; equal for a run that can be resumed.

    Of the function count its source and the plain values (text, numbers) that it uses: globals,
    variables around it, arguments of a partial, attributes of an object. A prediction of another
    model must not be taken for one of this model.
    """
    data = [(row.row_id, row.inputs, row.outputs, row.contexts, row.retrieved_ids) for row in rows]
    text = msgspec.json.encode([name, data, repr(_function(fn))], order="deterministic")
    return hashlib.sha256(text).hexdigest()


def _function(fn: object) -> object:
    if fn is None:
        return None
    if isinstance(fn, functools.partial):
        made = cast("functools.partial[Any]", fn)
        arguments = dict(enumerate(made.args)) | made.keywords
        return _function(made.func), _plain(arguments)
    inner = inspect.unwrap(cast("Callable[..., Any]", fn))
    if inspect.ismethod(inner):
        return _function(inner.__func__), _plain(_attributes(inner.__self__))
    if inspect.isroutine(inner) or isinstance(inner, type):
        return _source(inner), _plain(_used(inner))
    return _source(cast("object", type(inner))), _plain(_attributes(inner))


def _source(thing: object) -> str:
    """The source of a function or class; its name where there is none to see."""
    try:
        return inspect.getsource(cast("Any", thing))
    except (OSError, TypeError):
        name = getattr(thing, "__qualname__", type(thing).__name__)
        return f"{getattr(thing, '__module__', '')}.{name}"


def _used(function: object) -> Mapping[Any, object]:
    """Globals and variables around it that a function names."""
    try:
        found = inspect.getclosurevars(cast("Any", function))
    except (TypeError, ValueError):  # a function of C, or a variable that has no value yet
        return {}
    return {**found.globals, **found.nonlocals}


def _attributes(thing: object) -> Mapping[Any, object]:
    return getattr(thing, "__dict__", {})


def _plain(values: Mapping[Any, object]) -> list[tuple[str, object]]:
    return sorted((str(name), value) for name, value in values.items() if type(value) in _PLAIN)
