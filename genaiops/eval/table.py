"""Plain tables for the terminal."""

from collections.abc import Sequence

__all__ = ["cells", "money", "number", "one_line", "table"]

_SHOWN = 300  # characters of a text that somebody else wrote


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, two spaces between."""
    every = [head, *lines]
    widths = [max(len(line[at]) for line in every) for at in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in every
    )


def number(value: float | None, *, sign: str = "") -> str:
    """Three decimals, of a small number three digits; a dash for unknown."""
    if value is None:
        return "–"
    return f"{value:{sign}.3g}" if 0.0 < abs(value) < 0.01 else f"{value:{sign}.3f}"


def money(value: float | None) -> str:
    """USD with four decimals; what is less is said to be less, and not to be nothing."""
    if value is None:
        return "unknown"
    return "<0.0001" if 0.0 < value < 0.0001 else f"{value:.4f}"


def one_line(text: str) -> str:
    """The beginning of a text, its line breaks as spaces, without what steers a terminal."""
    line = " ".join(text[: 4 * _SHOWN].split())
    line = "".join(character if character.isprintable() else "\ufffd" for character in line)
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def cells(low: float | None, high: float | None, *, signed: bool = False) -> str:
    """An interval."""
    if low is None or high is None:
        return "–"
    sign = "+" if signed else ""
    return f"{number(low, sign=sign)} to {number(high, sign=sign)}"
