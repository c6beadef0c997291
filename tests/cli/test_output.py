"""Listings: tables for people, JSON and CSV for programs."""

import csv
import io
import json
import math
from decimal import Decimal

import pytest

from genaiops.cli.output import emit, message
from genaiops.cli.text import clock, money, one_line, pad, printable, width


def test_a_table_has_its_columns_under_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    emit([{"name": "a", "n": 10}, {"name": "日本", "n": None}], ("name", "n"))

    assert capsys.readouterr().out == "NAME   N\na     10\n日本\n"


def test_json_is_one_array_of_objects(capsys: pytest.CaptureFixture[str]) -> None:
    emit([["x", {"k": [1, None]}], ["y", math.nan]], ("a", "b"), "json")

    assert json.loads(capsys.readouterr().out) == [
        {"a": "x", "b": {"k": [1, None]}},
        {"a": "y", "b": None},
    ]


def test_json_of_nothing_is_an_empty_array(capsys: pytest.CaptureFixture[str]) -> None:
    emit([], ("a",), "json")

    assert json.loads(capsys.readouterr().out) == []


def test_values_that_json_lacks_become_text(capsys: pytest.CaptureFixture[str]) -> None:
    emit([[b"\x01\xff", Decimal("1.5"), {3}, 2**70, "\x9b31m\ud800"]], "abcde", "json")

    (row,) = json.loads(capsys.readouterr().out)
    assert row == {"a": "01ff", "b": "1.5", "c": [3], "d": 2**70, "e": "\x9b31m\ud800"}


@pytest.mark.parametrize("text", ["=1+1", "+a", "-a", "@x", "\tx", "\rx"])
def test_a_csv_cell_never_becomes_a_formula(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    emit([[text]], ("a",), "csv")

    rows = list(csv.reader(io.StringIO(capsys.readouterr().out, newline="")))
    assert rows == [["a"], [f"'{text}"]]


def test_csv_keeps_numbers_and_leaves_unknown_cells_empty(
    capsys: pytest.CaptureFixture[str],
) -> None:
    emit([[-1.5, None, True, "-2e3", {"k": 1}]], "abcde", "csv")

    assert capsys.readouterr().out == 'a,b,c,d,e\n-1.5,,true,-2e3,"{""k"": 1}"\n'


def test_messages_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    message("hello")

    assert capsys.readouterr() == ("", "hello\n")


def test_data_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    emit([["\x1b[2J\x07\u202eabc\x9b\ud800"]], ("a",))

    assert capsys.readouterr().out == "A\n\\x1b[2J\\x07\\u202eabc\\x9b\\ud800\n"


def test_text_for_a_terminal() -> None:
    assert printable("a\n\tb\r\x00") == "a\n\tb\\x0d\\x00"
    assert one_line("a\n  b", 10) == "a b"
    assert one_line("abcdef", 4) == "abc…"
    assert one_line(" " * 100, 4) == "…"
    assert width("日本e\u0301") == 5
    assert pad("7", 3, right=True) == "  7"
    assert clock(None) == ""
    assert clock(1_760_000_000_123_000_000).endswith(".123")


@pytest.mark.parametrize(
    ("usd", "said"),
    [(None, ""), (0.0, "$0.00"), (1234.5, "$1,234.50"), (0.0012, "$0.00120"), (0.5, "$0.500")],
)
def test_small_amounts_are_told_from_zero(usd: float | None, said: str) -> None:
    assert money(usd) == said
