"""What tables, heads and chips are made of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Chip", "Column", "Json", "Marks", "Row", "Tile", "Tone", "status_tone"]

Tone = Literal["red", "green", "orange", "blue", "violet", "gray", "plain"]
Json = Any  # any JSON value
_STATUS: Mapping[str, Tone] = {
    "ok": "green",
    "finished": "green",
    "error": "red",
    "failed": "red",
    "running": "blue",
    "interrupted": "orange",
    "killed": "orange",
}


def status_tone(status: str) -> Tone:
    """The colour of a status of a span, a trace or a run."""
    return _STATUS.get(status.lower(), "gray")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A small label: a name, a value, and perhaps where a click leads (``page?query``).

    `tail` follows the value and stays whole where the value is cut.
    `at_ms` (milliseconds UTC) stands for the value: a time, shown in the reader's time zone.
    """

    value: str = ""
    label: str = ""
    tone: Tone = "gray"
    mono: bool = False
    go: str = ""
    hint: str = ""
    tail: str = ""
    at_ms: float | None = None

    def json(self) -> dict[str, Json]:
        """As the components take it."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A number with its name."""

    label: str
    value: str
    note: str = ""
    tone: Tone = "plain"
    spark: Sequence[float] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table.

    Attributes:
        kind: ``text``, ``num``, ``time`` (milliseconds UTC), ``status``, ``chips``, ``pair`` (two
            lines, and chips at the end of the first), ``bar`` (text and share), ``wrap`` (several lines).
        sort: Name the list is sorted by when the head is clicked; empty for none.
    """

    key: str
    label: str
    kind: str = "text"
    width: str = ""
    sort: str = ""
    hint: str = ""
    mono: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a table; `params` name what a click on it opens, on `page` or the table's page."""

    id: str
    cells: Mapping[str, Json]
    params: Mapping[str, str] | None = None
    page: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Rows with a mark, and who hears of a change."""

    ids: Sequence[str]
    on_change: Callable[[list[str]], None]
