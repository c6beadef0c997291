"""Listings of the command line: a table, one JSON array, or CSV; messages go to stderr."""

import json
import math
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, cast, get_args

import click

from genaiops.cli.text import compact_json, one_line, pad, width

__all__ = ["Format", "emit", "emit_key", "format_option", "json_text", "message", "plain"]

Format = Literal["table", "json", "csv"]
Row = Mapping[str, Any] | Sequence[Any]  # cells of any type

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_CSV_SPECIAL = re.compile('[",\r\n]')
_CELL_CHARS = 120
_STEERING = re.compile("[\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def format_option(function: Callable[..., Any]) -> Callable[..., Any]:  # any command
    """The option ``--format table|json|csv``, given to the command as ``format``."""
    option = click.option(
        "--format",
        type=click.Choice(get_args(Format)),
        default="table",
        show_default=True,
        help="Table for people, JSON or CSV for programs.",
    )
    return option(function)


def emit(rows: Iterable[Row], columns: Sequence[str], format: Format | str = "table") -> None:  # noqa: A002  the option is called --format
    """Prints a listing on stdout.

    Args:
        rows: Mappings by column, or sequences in the order of the columns.
        columns: Names, in the order to print.
        format: ``table``, ``json`` (one array of objects) or ``csv``.
    """
    cells = [_cells(row, columns) for row in rows]
    if format == "json":
        text = _json([dict(zip(columns, row, strict=True)) for row in cells])
    elif format == "csv":
        text = _csv(cells, columns)
    else:
        text = _table(cells, columns)
    click.echo(text, nl=False)


def emit_key(name: str, key: str, format: Format | str) -> None:  # noqa: A002  the option is called --format
    """Prints a new key on stdout, the only time it is shown; as JSON one object."""
    if format == "json":
        click.echo(json.dumps({"name": name, "key": key}))
    else:
        emit([(name, key)], ("name", "key"), format)
    message("keep it now: only its digest is stored")


def message(text: str) -> None:
    """A line on stderr: what is not data."""
    click.echo(text, err=True)


def json_text(value: Any, *, indent: int | None = None) -> str:  # any value in
    """The value as JSON whose letters stand as they are, except those that steer a terminal."""
    text = json.dumps(plain(value), ensure_ascii=False, indent=indent)
    return _STEERING.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def plain(value: Any) -> Any:  # any value in, JSON out
    """The value as JSON can say it: NaN and infinity are null, what JSON lacks is text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Mapping):
        table = cast("Mapping[Any, Any]", value)
        return {str(name): plain(item) for name, item in table.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in cast("Iterable[Any]", value)]
    if isinstance(value, bytes | bytearray):
        return value.hex()
    return str(value)


def _cells(row: Row, columns: Sequence[str]) -> list[Any]:
    if isinstance(row, Mapping):
        return [row.get(name) for name in columns]
    return list(row)


def _json(rows: list[dict[str, Any]]) -> str:
    """One object a line inside one array: readable, and still one JSON value."""
    return "[\n" + ",\n".join(map(json_text, rows)) + "\n]\n" if rows else "[]\n"


def _csv(rows: list[list[Any]], columns: Sequence[str]) -> str:
    lines = [[_csv_cell(cell) for cell in line] for line in (columns, *rows)]
    return "".join(",".join(map(_csv_quoted, line)) + "\n" for line in lines)


def _csv_quoted(text: str) -> str:
    """The cell as RFC 4180 has it; the module csv leaves a lone carriage return bare."""
    return '"' + text.replace('"', '""') + '"' if _CSV_SPECIAL.search(text) else text


def _csv_cell(value: Any) -> str:  # a cell of any type
    """The cell as text; what a spreadsheet would take for a formula gets an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = compact_json(plain(value)).replace("\x00", "")
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def _table(rows: list[list[Any]], columns: Sequence[str]) -> str:
    """Columns under their names, numbers to the right; cut to the width of a terminal."""
    texts = [[_table_cell(cell) for cell in row] for row in rows]
    right = [
        bool(rows)
        and all(row[at] is None or _is_number(row[at]) for row in rows)
        and any(_is_number(row[at]) for row in rows)
        for at in range(len(columns))
    ]
    widths = [
        max([width(name), *(width(row[at]) for row in texts)]) for at, name in enumerate(columns)
    ]
    lines = [[name.upper() for name in columns], *texts]
    shown = [
        "  ".join(
            pad(cell, size, right=way) for cell, size, way in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in lines
    ]
    if sys.stdout.isatty():
        room = shutil.get_terminal_size().columns
        shown = [line if width(line) <= room else f"{line[: room - 1]}…" for line in shown]
    return "".join(f"{line}\n" for line in shown)


def _table_cell(value: Any) -> str:  # a cell of any type
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return one_line(compact_json(plain(value)), _CELL_CHARS)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
