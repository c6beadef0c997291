"""Registered datasets, and traces as data."""

import pandas as pd
import pytest

import genaiops
from genaiops.eval.judges import ContextOverlap, ExactMatch, RecallAtK, ToolCallCorrectness

ROWS = [
    {
        "id": "b",
        "question": "What is b?",
        "answer": "B",
        "expected": "B",
        "contexts": ["B is b."],
        "retrieved_ids": ["d2", "d1"],
        "relevant_ids": {"d1": 2},
        "tags": {"topic": "letters"},
    },
    {"question": "What is a?", "answer": "A", "expected": ["A", "a"]},
]


def test_a_dataset_comes_back_as_it_was_in_the_order_it_was():
    made = genaiops.create_dataset("qa/letters", ROWS)
    found = genaiops.get_dataset("qa/letters")

    assert found == made
    assert (found.version, len(found), found.rows[0]["id"]) == (1, 2, "b")
    assert found.rows[0]["relevant_ids"] == {"d1": 2.0}
    assert found.rows[1]["expected"] == ["A", "a"]
    assert genaiops.sql("SELECT n_rows FROM datasets").rows == [(2,)]


def test_a_dataset_is_data_for_an_evaluation():
    dataset = genaiops.create_dataset("letters", ROWS[:1])

    result = genaiops.evaluate(dataset, judges=[ExactMatch(), RecallAtK(2)])

    assert result["exact_match"].estimate == result["recall_at_2"].estimate == 1.0


def test_the_same_rows_make_no_new_version_and_other_rows_do():
    first = genaiops.create_dataset("letters", ROWS)
    same = genaiops.create_dataset("letters", pd.DataFrame(ROWS))
    other = genaiops.create_dataset("letters", ROWS[:1])

    assert (first.version, same.version, other.version) == (1, 1, 2)
    assert first.digest == same.digest != other.digest
    assert len(genaiops.get_dataset("letters", 1)) == 2


def test_rows_are_added_and_a_row_with_a_known_id_takes_its_place():
    genaiops.create_dataset("letters", ROWS)

    added = genaiops.add_to_dataset("letters", [{"id": "b", "question": "b?"}, {"question": "c?"}])

    assert (added.version, len(added)) == (2, 3)
    assert added.rows[0] == {"id": "b", "inputs": {"question": "b?"}}
    assert genaiops.add_to_dataset("letters", [{"question": "c?"}]).version == 2


@pytest.mark.parametrize(
    ("name", "rows", "says"),
    [
        ("a b", ROWS, "dataset name 'a b'"),
        ("x", [{"answer": "A"}], "row 1 has no 'inputs'"),
        ("x", [ROWS[0], ROWS[0]], "row 2 has the same 'id' as row 1"),
        ("x", [{"question": "q", "contexts": 3}], "row 1: 'contexts' is a int"),
        ("x", [], "no rows"),
    ],
)
def test_wrong_rows_are_refused_by_row_and_column(name, rows, says):
    with pytest.raises(genaiops.EvalError, match=says):
        genaiops.create_dataset(name, rows)


def test_what_is_not_there_is_said():
    genaiops.create_dataset("letters", ROWS)

    with pytest.raises(genaiops.NotFoundError, match="no dataset 'other'"):
        genaiops.get_dataset("other")
    with pytest.raises(genaiops.NotFoundError, match="no version 7: it has 1"):
        genaiops.get_dataset("letters", 7)
    with pytest.raises(genaiops.NotFoundError, match="no dataset 'other'"):
        genaiops.add_to_dataset("other", ROWS)


@genaiops.trace(span_type="retriever")
def retrieve(question):
    return [{"id": "d1", "text": "Zero is 0."}]


@genaiops.trace(span_type="tool")
def lookup(word):
    return word


@genaiops.trace(name="rag")
def production(question):
    retrieve(question)
    lookup("zero")
    return "Zero is 0."


def test_traces_are_scored_for_what_production_said_and_carry_the_verdicts():
    for n in range(3):
        production(f"What is {n}?")
    traces = genaiops.search_traces("name = 'rag'")
    trace_id = traces[0].trace_id
    genaiops.log_expectation(
        trace_id, "expected", [{"name": "lookup", "arguments": {"word": "zero"}}]
    )
    genaiops.log_expectation(trace_id, "relevant_ids", ["d1"])

    result = genaiops.evaluate(traces, judges=[ContextOverlap()])
    one = genaiops.evaluate(
        [genaiops.get_trace(trace_id)], judges=[RecallAtK(1), ToolCallCorrectness()]
    )

    assert result["context_overlap"].estimate == 1.0
    assert (one["recall_at_1"].estimate, one["tool_call_correctness"].estimate) == (1.0, 1.0)
    assert {row.trace_id for row in result.rows} == {item.trace_id for item in traces}
    assert genaiops.sql("SELECT count(*) FROM traces").rows == [(3,)]
    said = {item.name for item in genaiops.get_trace(trace_id).assessments}
    assert {"context_overlap", "recall_at_1"} <= said


def test_traces_go_into_a_dataset_and_keep_their_trace():
    production("What is 1?")
    (trace,) = genaiops.search_traces("name = 'rag'")
    genaiops.create_dataset("letters", ROWS)

    dataset = genaiops.add_to_dataset("letters", [trace])

    assert len(dataset) == 3
    assert genaiops.get_dataset("letters").rows[2]["trace_id"] == trace.trace_id
    with pytest.raises(genaiops.EvalError, match="row 1 is no trace"):
        genaiops.add_to_dataset("letters", [ROWS[0], trace])
    with pytest.raises(genaiops.EvalError, match="no rows"):
        genaiops.evaluate(genaiops.search_traces("name = 'nobody'"), judges=[ExactMatch()])
