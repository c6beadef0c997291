"""The filter language over real DuckDB rows."""

import contextlib

import duckdb
import pytest
from hypothesis import given, strategies as st

from genaiops.errors import FilterError
from genaiops.store.filter import Field, Fields, parse

FIELDS = Fields(
    plain={
        "name": Field(sql="name"),
        "latency_ms": Field(sql="latency", kind="number"),
        "model": Field(sql="models", kind="list"),
        "inputs": Field(sql="t.text", wrap="id IN (SELECT id FROM texts AS t WHERE {})"),
    },
    keyed={
        "tags": Field(sql="(tags->>?)", kind="any", key="json"),
        "attributes": Field(sql="attributes[?]::VARCHAR", kind="any"),
    },
)


@pytest.fixture(scope="module")
def rows():
    connection = duckdb.connect()
    connection.execute("""
        CREATE TABLE rows AS SELECT * FROM (VALUES
          (1, 'rag', 100.5, ['gpt-5', 'm'], '{"team": "a", "a b": "x"}'::JSON,
           '{"gen_ai.request.temperature": 0.2}'::JSON::VARIANT),
          (2, 'it''s', 900, ['gpt-4'], '{"team": "b", "n": "12"}'::JSON,
           '{"gen_ai.request.temperature": 0.9}'::JSON::VARIANT),
          (3, NULL, NULL, NULL, NULL, NULL::VARIANT)
        ) AS v(id, name, latency, models, tags, attributes)""")
    connection.execute("CREATE TABLE texts AS SELECT 1 AS id, 'hello 100% World' AS text")
    return connection


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("name = 'rag'", [1]),
        ("name = 'it''s'", [2]),
        ('name = "it\'s"', [2]),
        ("name != 'rag'", [2]),
        ("NOT name = 'rag'", [2, 3]),
        ("latency_ms > 100 AND latency_ms <= 900", [1, 2]),
        ("latency_ms > 1e2 AND NOT (latency_ms >= 900)", [1]),
        ("name IS NULL", [3]),
        ("name IS NOT NULL OR latency_ms = -1", [1, 2]),
        ("name IN ('rag', 'x')", [1]),
        ("name NOT IN ('rag', 'x')", [2, 3]),
        ("name LIKE 'r%' or name like 'it%'", [1, 2]),
        ("name ILIKE 'RA_'", [1]),
        ("model = 'gpt-5'", [1]),
        ("model IN ('gpt-4', 'gpt-5')", [1, 2]),
        ("model LIKE 'gpt-%' AND model != 'gpt-4'", [1]),
        ("tags.team = 'a'", [1]),
        ("tags.`a b` = 'x'", [1]),
        ("tags.n > 11", [2]),
        ("tags.team IN ('a', 'b')", [1, 2]),
        ("attributes.gen_ai.request.temperature < 0.5", [1]),
        ("attributes.`gen_ai.request.temperature` >= 0.9", [2]),
        ("contains(inputs, '100% W')", [1]),
        ("inputs ILIKE '%WORLD%' AND name = 'rag'", [1]),
        ("NOT contains(inputs, 'hello')", [2, 3]),
    ],
)
def test_a_filter_finds_the_rows_it_describes(rows, text, ids):
    compiled = parse(text, FIELDS)

    found = rows.execute(
        f"SELECT id FROM rows WHERE {compiled.where} ORDER BY id", compiled.params
    ).fetchall()

    assert [row[0] for row in found] == ids


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the filter is empty"),
        ("name", "expected an operator"),
        ("name = ", "expected a value"),
        ("name = 'open", "cannot be read at"),
        ("nmae = 'x'", "unknown field 'nmae'"),
        ("latency_ms > '5'", "is a number"),
        ("name = 5", "is text"),
        ("latency_ms LIKE '5%'", "is a number"),
        ("name = 'a' name = 'b'", "expected AND, OR or the end"),
        ("(name = 'a'", "closing parenthesis"),
        ("name IN ('a'", "a comma or a closing parenthesis"),
        ("name IN ()", "expected a number, or a text"),
        ("model > 'a'", "is a list"),
        ("name = 'x'; DROP TABLE rows", "cannot be read at"),
        ("((" * 60 + "name = 'a'" + "))" * 60, "nested deeper"),
        ("NOT " * 60 + "name = 'a'", "nested deeper"),
        ("name = '" + "x" * 11_000 + "'", "characters"),
        ("contains(latency_ms, '1')", "looks into text"),
        ("team = 'a'", "tags.KEY"),
    ],
)
def test_a_wrong_filter_says_where_and_what_was_expected(text, says):
    with pytest.raises(FilterError, match=says.replace("(", r"\(").replace(")", r"\)")):
        parse(text, FIELDS)


@given(st.text(max_size=40))
def test_any_text_is_a_filter_or_a_filter_error(text):
    with contextlib.suppress(FilterError):
        compiled = parse(text, FIELDS)

        assert compiled.where.count("?") == len(compiled.params)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_can_be_looked_for(text):
    quoted = text.replace("'", "''")

    compiled = parse(f"name = '{quoted}'", FIELDS)

    assert list(compiled.params) == [text]
    assert compiled.where == "name = ?"
