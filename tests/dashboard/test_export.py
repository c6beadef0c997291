"""CSV that no spreadsheet runs."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given, strategies as st

from dashboard.parts.export import csv_text, harmless


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\ufeff=1", "|calc", "%x",
     "=HYPERLINK(\"http://evil.example\")", "-2+3+cmd|' /C calc'!A0"],
)  # fmt: skip
def test_text_that_would_be_a_formula_gets_an_apostrophe(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", [None, True, -3, -0.5, 7, "plain", "a = b", "5-3", ""])
def test_other_cells_stay_as_they_are(cell: Any) -> None:
    assert harmless(cell) == cell


def test_a_table_comes_back_from_a_reader_of_csv() -> None:
    text = csv_text(["name", "=cost"], [['say "hi",\nyou', -0.5], ["שלום", None]])

    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))

    assert rows == [["name", "'=cost"], ['say "hi",\nyou', "-0.5"], ["שלום", ""]]


@given(st.text())
def test_no_text_begins_a_formula(text: str) -> None:
    (_, (cell,)) = csv.reader(io.StringIO(csv_text(["c"], [[text or "-"]])[1:], newline=""))

    assert cell.lstrip(" \ufeff")[:1] not in {"=", "+", "-", "@", "\t", "\r", "\n", "|", "%"}
