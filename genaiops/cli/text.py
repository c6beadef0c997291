"""Data on its way to a terminal: control characters made harmless, widths, times, numbers."""

import json
import math
import re
import unicodedata
from datetime import datetime
from typing import Any

__all__ = ["clock", "compact_json", "money", "one_line", "pad", "printable", "width"]

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    """The text with everything that could steer a terminal as an escape; line breaks stay."""
    return _CONTROL.sub(_escape, text)


def one_line(text: str, limit: int) -> str:
    """The text on one line, cut with an ellipsis where it is longer than `limit` characters."""
    beginning = text[: limit * 4]  # enough, even where white space is dropped
    line = printable(" ".join(beginning.split()))
    return line if len(line) <= limit and len(beginning) == len(text) else f"{line[: limit - 1]}…"


def compact_json(value: Any) -> str:  # any JSON value, and what DuckDB returns
    """A value as text: text as it is, everything else as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def clock(ns: int | None) -> str:
    """Nanoseconds UTC as local time with milliseconds; empty when unknown."""
    if ns is None:
        return ""
    moment = datetime.fromtimestamp(ns / 1e9).astimezone()
    return f"{moment:%Y-%m-%d %H:%M:%S}.{ns // 1_000_000 % 1000:03d}"


def money(usd: float | None) -> str:
    """USD with enough digits to be told from zero; empty when unknown."""
    if usd is None:
        return ""
    digits = 2 if usd == 0 or abs(usd) >= 1 else min(8, 2 - math.floor(math.log10(abs(usd))))
    return f"${usd:,.{digits}f}"


def width(text: str) -> int:
    """Columns that the text takes in a terminal."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) != 0 for char in text)


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """The text filled up with spaces to so many columns."""
    space = " " * (columns - width(text))
    return space + text if right else text + space


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
