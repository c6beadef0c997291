"""Rows from what users have, checked before anything runs."""

import dataclasses
import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from genaiops import EvalError
from genaiops.runs.rows import load_rows

ROWS = [
    {"question": "a", "answer": "x", "contexts": ["c"], "relevant_ids": ["1"], "tags": {"t": "u"}},
    {"question": "b", "answer": None, "contexts": None, "relevant_ids": ["2"], "tags": None},
]


def essence(rows):
    return [(r.row_id, r.inputs, r.outputs, r.contexts, r.relevant_ids) for r in rows]


def test_every_form_of_the_same_data_gives_the_same_rows(tmp_path):
    jsonl, parquet = tmp_path / "d.jsonl", tmp_path / "d.parquet"
    jsonl.write_text("\n".join(map(json.dumps, ROWS)) + "\n\n")
    rows = [{name: row[name] for name in row if name != "tags"} for row in ROWS]
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, parquet)

    expected = essence(load_rows(ROWS))

    assert expected[0][1:] == ({"question": "a"}, "x", ("c",), {"1": 1.0})
    for data in (jsonl, str(jsonl), pd.DataFrame(ROWS), iter(ROWS), table, parquet):
        assert essence(load_rows(data)) == expected


def test_a_csv_holds_lists_as_json(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text('question,answer,contexts,relevant_ids\na,x,"[""c""]","[""1""]"\nb,,,"[2]"\n')

    assert essence(load_rows(path)) == essence(load_rows(ROWS))


def test_the_id_is_a_hash_of_the_inputs_however_they_are_written():
    ids = [
        load_rows([row])[0].row_id
        for row in ({"question": "a"}, {"inputs": "a"}, {"inputs": {"question": "a"}})
    ]

    assert len(set(ids)) == 1
    assert load_rows([{"question": "a", "id": 7}])[0].row_id == "7"


def test_objects_become_plain_values():
    @dataclasses.dataclass
    class Thing:
        name: str

    row = load_rows([{"inputs": {"thing": Thing("n")}, "expected": {1}, "outputs": object}])[0]

    assert row.inputs == {"thing": {"name": "n"}}
    assert row.expected == [1]
    assert isinstance(row.outputs, str)


def nested(depth):
    value = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([], "no rows"),
        (3, "data of type int"),
        (["a"], "row 1 is a str"),
        ([{"question": "a"}, {"answer": "b"}], "row 2 has no 'inputs'"),
        ([{"question": "a", "inputs": "b"}], "row 1 has both 'inputs' and 'question'"),
        (
            [{"question": "a", "context": ["c"]}],
            "unknown column 'context': did you mean 'contexts'",
        ),
        ([{"question": "a", "contexts": "c"}], "row 1: 'contexts' is a str: give a list"),
        ([{"question": "a", "contexts": [{"x": 1}]}], "item 1 of 'contexts' is a dict"),
        ([{"question": "a", "retrieved_ids": [{}]}], "item 1 of 'retrieved_ids' is a dict"),
        ([{"question": "a", "relevant_ids": {"x": -1}}], "gain -1 of 'x'"),
        ([{"question": "a"}, {"question": "a"}], "row 2 has the same 'inputs' as row 1"),
        ([{"question": "a", "id": 1}, {"question": "b", "id": 1}], "row 2 has the same 'id'"),
        ([{"question": "a\ud800"}], r"row 1 holds '\\ud800', half of a surrogate pair"),
        ([{"question": "a", "answer": "\ud800", "id": "x"}], "row 1 holds"),
        ([{"inputs": {"question": nested(100_000)}}], "row 1 is nested too deeply"),
    ],
)
def test_what_is_wrong_is_named_by_row_and_column(data, says):
    with pytest.raises(EvalError, match=says):
        load_rows(data)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("d.jsonl", '{"question": "a"}\n{bad\n', "line 2 is not JSON"),
        ("d.csv", "question,contexts\na,[bad\n", "'contexts' is not JSON"),
        ("d.csv", "question,answer\na\n", "row 1 has another number of cells"),
        ("d.jsonl", '{"question": ' + "[" * 100_000, "line 1 is nested too deeply"),
        ("d.csv", "question,contexts\na," + "[" * 100_000, "'contexts' is nested too deeply"),
        ("d.parquet", "a", "cannot be read as Parquet"),
        ("d.txt", "a", "use a .jsonl, .csv, .parquet file"),
        ("d.jsonl", None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path, name, text, says):
    path = tmp_path / name
    if text is not None:
        path.write_text(text)

    with pytest.raises(EvalError, match=says):
        load_rows(path)


def test_columns_of_ones_own_are_kept_for_clusters():
    assert load_rows([{"question": "a", "topic": "t"}])[0].raw["topic"] == "t"


def test_a_line_is_what_ends_in_a_line_feed_whatever_else_stands_in_its_text(tmp_path):
    text = "one\u2028two\x85three"
    path = tmp_path / "d.jsonl"
    path.write_text("\ufeff" + json.dumps({"question": text}, ensure_ascii=False) + "\r\n")

    (row,) = load_rows(path)

    assert row.inputs == {"question": text}
