"""The SQL page: a question in the URL, its answer as a table, a chart and CSV; nothing is written."""

import datetime
import time
from decimal import Decimal
from pathlib import Path

import pytest

from dashboard.parts.jobs import Job
from dashboard.parts.sql_result import cell_text
from genaiops.query import schema, sql
from tests.dashboard.conftest import Screen, Shown


def answered(shown: Shown, store: Path, query: str, **params: str) -> Screen:
    """The page with the answer to a query."""
    screen = shown("sql", store, sql=query, **params)
    while not screen.app.session_state["job sql query"].ended:
        time.sleep(0.02)
    return Screen(screen.app.run())


def test_the_query_of_the_url_is_answered_and_its_traces_can_be_opened(
    shown: Shown, filled: Path
) -> None:
    screen = answered(shown, filled, "SELECT trace_id, span_id, duration_ms, inputs FROM spans ORDER BY start_ns LIMIT 3")  # fmt: skip

    assert not screen.app.exception
    tables = [data for name, data in screen.all if name == "genaiops.table_view"]
    result = tables[0]
    assert [column["label"] for column in result["columns"]] == ["trace_id", "span_id", "duration_ms", "inputs"]  # fmt: skip
    assert [column["kind"] for column in result["columns"]][2] == "num"
    assert len(result["rows"]) == 3
    cells = result["rows"][0]["cells"]
    assert result["rows"][0]["href"] == f"trace?id={cells['0']}&span={cells['1']}"


def test_the_answer_is_drawn_with_the_columns_of_the_url(shown: Shown, filled: Path) -> None:
    screen = answered(
        shown, filled, "SELECT name, count(*) AS n, 2 AS two FROM spans GROUP BY name ORDER BY n", view="Chart", x="name", y="n"
    )  # fmt: skip

    plot = screen.data["genaiops.plot_view"]
    assert (plot["x"], plot["y"], plot["kind"]) == ("name", "n", "bar")
    assert plot["points"][0][0] == "cite_sources"
    assert all(n > 0 for _, n in plot["points"])


def test_times_become_a_line(shown: Shown, filled: Path) -> None:
    screen = answered(shown, filled, "SELECT DATE '2026-01-01' + i::INT AS day, i AS n FROM range(4) AS r(i)", view="Chart")  # fmt: skip

    plot = screen.data["genaiops.plot_view"]
    assert (plot["kind"], plot["times"], plot["points"][0]) == (
        "line",
        True,
        [1767225600000.0, 0.0],
    )


def test_a_query_that_takes_long_is_cancelled_at_once(shown: Shown, filled: Path) -> None:
    screen = shown("sql", filled, sql="SELECT count(*) FROM range(100000000000), range(1000)")
    job: Job = screen.app.session_state["job sql query"]
    assert "Asking the store · " in screen.texts
    assert not job.ended

    next(button for button in screen.app.button if button.label == "Cancel").click()
    screen.app.run()
    while not job.ended:
        time.sleep(0.02)
    screen = Screen(screen.app.run())

    assert "the query was cancelled" in screen.texts
    assert not screen.app.exception


def test_another_question_stops_the_one_under_way(shown: Shown, filled: Path) -> None:
    screen = shown("sql", filled, sql="SELECT count(*) FROM range(100000000000), range(1000)")
    job: Job = screen.app.session_state["job sql query"]

    screen.app.text_area(key="sql").input("SELECT 7 AS seven")
    screen.app.run()
    while not (job.ended and screen.app.session_state["job sql query"].ended):
        time.sleep(0.02)

    assert job.said == "the query was cancelled"
    assert "seven" in Screen(screen.app.run()).texts


def test_an_answer_of_large_values_is_cut_and_says_so(shown: Shown, filled: Path) -> None:
    screen = answered(shown, filled, "SELECT repeat('x', 20000000) AS x FROM range(4)")

    assert "2 rows or more: the first are kept" in screen.texts
    assert len(screen.texts) < 100_000


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELEC 1", "syntax error"),
        ("SELECT * FROM nowhere", "nowhere does not exist"),
        ("COPY traces TO '/tmp/stolen.csv'", "disabled"),
        ("DELETE FROM data.spans", "cannot"),
        ("SELECT * FROM read_csv('/etc/passwd')", "disabled"),
    ],
)
def test_a_query_that_is_wrong_or_would_write_is_refused_with_a_sentence(
    query: str, said: str, shown: Shown, filled: Path
) -> None:
    screen = answered(shown, filled, query)

    assert not screen.app.exception
    assert said in screen.texts


def test_an_answer_of_many_rows_is_cut_and_says_so(shown: Shown, filled: Path) -> None:
    screen = answered(shown, filled, "SELECT i FROM range(20000) AS r(i)")

    assert "10,000 rows or more: the first are kept, 500 shown" in screen.texts


def test_every_view_is_listed_with_its_columns(shown: Shown, filled: Path) -> None:
    assert "cache_read_tokens" in shown("sql", filled).texts
    public = {row[0] for row in sql("SELECT view_name FROM duckdb_views() WHERE NOT internal")}
    assert set(schema.VIEWS) <= public


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None), ("a\nb", "a b"), (True, "true"), (7, "7"), (0.123456789, "0.123457"),
        (Decimal("1.50"), "1.5"), (b"abc", "3 bytes"), ({"a": [1, None]}, '{"a": [1, null]}'),
        (datetime.date(2026, 1, 2), "2026-01-02"), (float("nan"), "nan"),
    ],
)  # fmt: skip
def test_values_of_any_type_are_one_line(value: object, text: str | None) -> None:
    assert cell_text(value) == text
