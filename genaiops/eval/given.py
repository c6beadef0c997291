"""What callers hand in, looked at before anything runs: one sentence says what is wrong with it."""

import math
from collections.abc import Sequence
from typing import cast

from genaiops.errors import EvalError
from genaiops.tracing.failure import message_of

__all__ = [
    "CONFIDENCE",
    "is_confidence",
    "is_flag",
    "is_list",
    "is_number",
    "is_scale",
    "is_text",
    "is_whole",
    "require",
    "said",
    "texts",
]

CONFIDENCE = "a number from 0.5 to below 1"
_SHOWN = 200  # characters of a value in a message


def require(ok: bool, name: str, value: object, wanted: str) -> None:
    """Refuses an argument that is not right.

    Args:
        ok: Whether it is.
        name: Of the argument.
        value: What was given.
        wanted: What to give instead.

    Raises: EvalError that names all three.
    """
    if not ok:
        raise EvalError(f"{name} is {_shown(value)}: use {wanted}")


def is_flag(value: object) -> bool:
    """True or False."""
    return isinstance(value, bool)


def is_list(value: object) -> bool:
    """A list or tuple."""
    return isinstance(value, list | tuple)


def is_whole(value: object, *, least: int = 1) -> bool:
    """A whole number of at least so much; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def is_number(value: object, *, above: float = -math.inf) -> bool:
    """A number above a limit, which NaN and infinity are not; True and False are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and value > above


def is_confidence(value: object) -> bool:
    """What the confidence of an interval may be."""
    return is_number(value) and 0.5 <= cast("float", value) < 1.0


def is_text(value: object) -> bool:
    """Text that says something, in whole characters."""
    if not isinstance(value, str):
        return False
    return bool(value.strip()) and not any("\ud800" <= c <= "\udfff" for c in value)


def is_scale(value: object) -> bool:
    """A smallest and a larger largest number."""
    if not is_list(value):
        return False
    ends = cast("Sequence[object]", value)
    return (
        len(ends) == 2
        and all(map(is_number, ends))
        and cast("float", ends[0]) < cast("float", ends[1])
    )


def texts(name: str, value: object) -> list[str]:
    """One text or several, none of them empty, as a list. Raises EvalError."""
    given = cast("Sequence[object]", value if is_list(value) else [value])
    require(
        bool(given) and all(map(is_text, given)),
        name,
        value,
        "text that is not empty, or a list of such",
    )
    return [cast("str", text) for text in given]


def said(error: BaseException) -> str:
    """An exception as ``Type: message``, whatever its ``__str__`` does; it can be printed."""
    text = f"{type(error).__name__}: {message_of(error)}"
    return text.encode("utf-8", "replace").decode()


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001  of the user's own class
        text = f"a {type(value).__name__} whose repr raises {type(error).__name__}"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
