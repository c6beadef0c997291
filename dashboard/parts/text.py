"""Numbers, times and money as people read them; None, the unknown, is a dash."""

import json
import re
import time
from typing import Any, cast

__all__ = [
    "DASH",
    "ago",
    "change",
    "count",
    "counted",
    "figure",
    "literal",
    "ms",
    "one_line",
    "percent",
    "preview",
    "score",
    "tokens",
    "usd",
]

DASH = "–"
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def ms(value: float | None) -> str:
    """Milliseconds as text with a fitting unit."""
    if value is None:
        return DASH
    if value < 1:
        return f"{value:.2f} ms"
    if value < 1_000:
        return f"{value:.0f} ms"
    if value < 60_000:
        return f"{value / 1_000:.2f} s"
    seconds = round(value / 1_000)
    for size, unit, small, part in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} {seconds % size // small} {part}"
    return f"{seconds // 60} min {seconds % 60} s"


def usd(value: float | None) -> str:
    """Money in USD, small amounts with the digits that matter."""
    if value is None:
        return DASH
    if value == 0:
        return "$0"
    if 0 < value < 0.0001:
        return "<$0.0001"
    return f"${value:,.4f}" if abs(value) < 0.1 else f"${value:,.2f}"


def count(value: float | None) -> str:
    """A number with thousands separated, large ones shortened."""
    if value is None:
        return DASH
    for size, unit in ((1e9, "B"), (1e6, "M")):
        if abs(value) >= size:
            return f"{value / size:.1f} {unit}"
    if abs(value) >= 1e5:
        return f"{value / 1e3:.0f} k"
    return f"{value:,.0f}"


def counted(number: int, one: str) -> str:
    """A number with the name of what it counts, given for one of it."""
    return f"{count(number)} {one if number == 1 else f'{one}s'}"


def tokens(given: int | None, made: int | None) -> str:
    """Input and output tokens in one text."""
    return DASH if given is None and made is None else f"{count(given)} → {count(made)}"


def percent(share: float | None) -> str:
    """A share of 1 as per cent."""
    if share is None:
        return DASH
    return f"{share * 100:.1f} %" if 0 < share < 0.1 else f"{share * 100:.0f} %"


def change(now: float | None, before: float | None) -> str:
    """By how much a number changed, in per cent; empty where there is nothing to compare with."""
    if now is None or not before:
        return ""
    share = now / before - 1
    if abs(share) < 0.005:
        return "± 0 %"
    sign = "+" if share > 0 else "−"
    return f"× {now / before:.0f}" if share > 10 else f"{sign}{abs(share) * 100:.0f} %"


def score(value: Any) -> str:  # any JSON value that a judge may give
    """A verdict: numbers with three digits, the rest as it is."""
    if value is None:
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and abs(value) >= 10**15:
        return one_line(str(value), 60)
    if isinstance(value, int | float):
        return f"{value:.3f}".rstrip("0").rstrip(".") if abs(value) < 1_000 else f"{value:,.0f}"
    return one_line(str(value), 60)


def figure(value: Any) -> str:  # any JSON value that a run may log
    """A parameter or metric: four digits that count, whole numbers and texts as they are."""
    if value is None:
        return DASH
    if isinstance(value, float):
        return f"{value:,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}"
    return one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), 60)


def ago(then_ns: int) -> str:
    """How long ago a time (nanoseconds UTC) was."""
    seconds = max(0.0, time.time() - then_ns / 1e9)
    for size, unit in _STEPS:
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return "just now"


def one_line(text: str | None, limit: int = 220) -> str:
    """Text without line breaks, cut at the limit."""
    if not text:
        return ""
    flat = " ".join(text[: limit * 4].split())
    return flat if len(flat) <= limit else f"{flat[: limit - 1]}…"


_MARKS = re.compile(r"([!-/:-@\[-`{-~])")  # ASCII punctuation: what Markdown may give a meaning


def literal(text: str, limit: int = 60) -> str:
    """Stored text as the label of a widget, which Streamlit reads as Markdown."""
    return _MARKS.sub(r"\\\1", one_line(text, limit))


_CUT_OBJECT = re.compile(r'^\{"[^"]{1,60}":\s*"')


def preview(text: str | None, limit: int = 220) -> str:
    """The beginning of a value's JSON, without the marks of JSON where it is one text."""
    if not text:
        return ""
    try:
        value = json.loads(text)
    except ValueError:  # cut in the middle, or not JSON
        shown = _CUT_OBJECT.sub("", text, count=1).removeprefix('"')
        return one_line(shown.replace("\\n", " ").replace('\\"', '"'), limit)
    if isinstance(value, dict):
        table = cast("dict[str, object]", value)
        texts = [item for item in table.values() if isinstance(item, str)]
        if len(texts) == 1 and len(table) <= 3:
            return one_line(texts[0], limit)
    return one_line(value if isinstance(value, str) else text, limit)
