"""Plain tables for the terminal."""

from collections.abc import Sequence

__all__ = ["cells", "number", "one_line", "table"]

_SHOWN = 300  # characters of a text that somebody else wrote


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, two spaces between."""
    every = [head, *lines]
    widths = [max(len(line[at]) for line in every) for at in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in every
    )


def number(value: float | None) -> str:
    """Three decimals, a dash for unknown."""
    return "–" if value is None else f"{value:.3f}"


def one_line(text: str) -> str:
    """The beginning of a text, its line breaks as spaces."""
    line = " ".join(text[: 4 * _SHOWN].split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def cells(low: float | None, high: float | None, *, signed: bool = False) -> str:
    """An interval."""
    if low is None or high is None:
        return "–"
    return f"{low:+.3f} to {high:+.3f}" if signed else f"{low:.3f} to {high:.3f}"
