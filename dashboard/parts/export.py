"""Tables as CSV that a spreadsheet may open: no cell of it is ever run as a formula."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import streamlit as st

__all__ = ["csv_button", "csv_text", "harmless"]

_STARTERS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
_BOM = "\ufeff"


def harmless(cell: Any) -> Any:  # a value of a table
    """The cell as a spreadsheet takes it: text that would begin a formula gets an apostrophe.

    Numbers stay numbers, also negative ones.
    """
    if cell is None or isinstance(cell, bool | int | float):
        return cell
    text = str(cell).replace("\0", "")
    return f"'{text}" if text.lstrip(" \ufeff").startswith(_STARTERS) else text


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """CSV with a head and a byte order mark, so that spreadsheets read it as UTF-8."""
    made = io.StringIO()
    made.write(_BOM)
    writer = csv.writer(made, lineterminator="\r\n")
    writer.writerow([harmless(name) for name in columns])
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return made.getvalue()


def csv_button(
    name: str,
    columns: Sequence[str],
    rows: Callable[[], Iterable[Sequence[Any]]],
    *,
    key: str,
    disabled: bool = False,
) -> None:
    """A button that downloads a table; the rows are made when it is pressed."""
    st.download_button(
        "CSV",
        lambda: csv_text(columns, rows()),
        file_name=f"{name}.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
        disabled=disabled,
        key=key,
    )
