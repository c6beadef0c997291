"""Reading a judge model's answer: a ladder of pure functions that never guesses.

The steps are strict JSON, the last balanced JSON object, a labelled verdict (``Verdict: yes``).
An answer that was cut off is not read at all.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

__all__ = [
    "CutOffError",
    "UnreadableError",
    "labelled",
    "last_object",
    "number_in",
    "read_answer",
    "strict_object",
]

T = TypeVar("T")
Labels = Callable[[str], Mapping[str, Any] | None]

_FENCE = re.compile(r"\A\s*```[\w-]*\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL)
_OPENING = re.compile(r'\{(?=\s*["}])')
_MARK = re.compile(r'["{}]|\\.', re.DOTALL)
_CUT_OFF = ("length", "max_tokens", "max_output_tokens", "model_length")
_WITHHELD = ("content_filter", "refusal")
_KEPT = 200  # characters of an answer quoted in an error


class UnreadableError(ValueError):
    """An answer that cannot be read; the message is quoted to the model when it is asked again."""


class CutOffError(UnreadableError):
    """An answer that ends before its verdict is complete."""


def read_answer(
    text: str | None,
    finish_reason: str | None,
    *,
    read: Callable[[Mapping[str, Any]], T],
    labels: Labels | None = None,
) -> tuple[T, str]:
    """What an answer says, and the step of the ladder that read it.

    Args:
        text: The model's text.
        finish_reason: As the provider gave it; ``length`` and its kin mean cut off.
        read: Turns an object into the value, UnreadableError when it is not right.
        labels: Finds a labelled verdict in prose.

    Returns: The value and ``json``, ``object`` or ``label``.
    Raises: UnreadableError that says what is wrong with the answer.
    """
    if finish_reason in _CUT_OFF:
        raise CutOffError(f"the answer was cut off (finish reason {finish_reason!r})")
    if finish_reason in _WITHHELD:
        raise UnreadableError(f"the provider withheld the answer ({finish_reason!r})")
    if text is None or not text.strip():
        raise UnreadableError("the answer is empty")
    found = strict_object(text)
    if found is not None:
        return read(found), "json"
    found = last_object(text)
    if found is not None:
        return read(found), "object"
    found = labels(text) if labels is not None else None
    if found is not None:
        return read(found), "label"
    raise UnreadableError(f"the answer holds no JSON object: {_head(text)!r}")


def strict_object(text: str) -> Mapping[str, Any] | None:
    """The whole text as one JSON object, a code fence around it removed; None when it is not."""
    fenced = _FENCE.match(text)
    return _decoded(fenced.group(1) if fenced else text.strip())


def last_object(text: str) -> Mapping[str, Any] | None:
    """The last balanced JSON object that stands in the text on its own, not inside another.

    Raises: UnreadableError when an object is opened and never closed: the answer was cut off,
        and what stands before or inside the cut is not its verdict.
    """
    last: Mapping[str, Any] | None = None
    position = 0
    while (opening := _OPENING.search(text, position)) is not None:
        end = _closing(text, opening.start())
        if end is None:
            raise CutOffError("the answer was cut off inside a JSON object")
        last = _decoded(text[opening.start() : end]) or last
        position = end
    return last


def labelled(names: Sequence[str], values: Sequence[str]) -> Labels:
    """A finder of ``Name: value`` on a line of its own.

    Args:
        names: What may stand before the colon, such as ``verdict``; case is ignored.
        values: What may stand after it; empty for a number.

    Returns: A function from text to ``{"verdict": value}``, or None when there is no such line
        or when several lines disagree.
    """
    heads = "|".join(re.escape(name) for name in names)
    tails = "|".join(re.escape(value) for value in values) or r"[-+]?\d+(?:\.\d+)?"
    line = re.compile(
        rf"^[\s*_#>`]*(?:{heads})[\s*_`]*[:=][\s*_`\"']*({tails})[\s*_`\"'.]*$",
        re.IGNORECASE | re.MULTILINE,
    )

    def find(text: str) -> Mapping[str, Any] | None:
        said = {match.casefold() for match in line.findall(text)}
        return {"verdict": said.pop()} if len(said) == 1 else None

    return find


def number_in(value: object, low: float, high: float, *, whole: bool = False) -> float:
    """A number that a model gave, as float.

    Raises: UnreadableError when it is no number, not finite, outside [low, high] or not whole.
    """
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise UnreadableError(f"{_head(value)!r} is not a number") from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnreadableError(f"{_head(repr(value))} is not a number")
    if not low <= value <= high:  # NaN fails this too
        raise UnreadableError(f"{value!r} is outside {low:g} to {high:g}")
    if whole and value != int(value):
        raise UnreadableError(f"{value!r} is not a whole number")
    return float(value)


def _decoded(text: str) -> Mapping[str, Any] | None:
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _closing(text: str, start: int) -> int | None:
    """Where the object that opens at `start` ends, None when it never does."""
    depth, quoted = 0, False
    for mark in _MARK.finditer(text, start):
        character = mark.group()
        if character == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return mark.end()
    return None


def _head(text: str) -> str:
    return text if len(text) <= _KEPT else text[:_KEPT] + "…"
