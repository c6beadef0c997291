"""Arguments as they were given: text, paths, mappings, or one sentence that says what is wrong."""

import os
import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from genaiops.errors import ConfigError

__all__ = ["mapping", "optional_text", "path", "quoted", "text", "view_type"]

_VIEWS = ("ACTIVE_ONLY", "DELETED_ONLY", "ALL")


def text(value: object, what: str) -> str:
    """The value when it is text. Raises ConfigError."""
    if isinstance(value, str):
        return value
    raise _wrong(value, what, "text")


def optional_text(value: object, what: str) -> str | None:
    """The value when it is text or None. Raises ConfigError."""
    return None if value is None else text(value, what)


def path(value: object, what: str) -> Path:
    """The value as a path of this machine. Raises ConfigError."""
    if isinstance(value, str | os.PathLike):
        place = cast("str | os.PathLike[str]", value)
        given = os.fspath(place)
        if isinstance(given, str) and "\0" not in given:  # pyright: ignore[reportUnnecessaryIsInstance]  it may be bytes
            return Path(given)
    raise _wrong(cast("object", value), what, "a path")


def mapping(value: object, what: str) -> Mapping[Any, Any]:  # its keys are checked where they go
    """The value when it is a dict or similar. Raises ConfigError."""
    if isinstance(value, Mapping):
        return cast("Mapping[Any, Any]", value)
    raise _wrong(value, what, "a dict")


def quoted(value: object) -> str:
    """The value for a sentence: cut, and its type where it has no text."""
    try:
        return reprlib.repr(value)
    except Exception:  # noqa: BLE001  an object of the user's, or more digits than Python writes
        return f"of type {type(value).__name__}"


def view_type(value: object) -> str:
    """``ACTIVE_ONLY``, ``DELETED_ONLY`` or ``ALL``, or MLflow's number of one. Raises ConfigError."""
    if value in _VIEWS:
        return cast("str", value)
    if value in (1, 2, 3):
        return _VIEWS[cast("int", value) - 1]
    raise ConfigError(f"the view type {quoted(value)} is none of {', '.join(_VIEWS)}")


def _wrong(value: object, what: str, wanted: str) -> ConfigError:
    return ConfigError(f"the {what} is {quoted(value)} ({type(value).__name__}): give {wanted}")
