"""Tables as files of a run, and inputs of a run by digest and schema."""

import json
from typing import Any

import pandas as pd
import pytest

import genaiops

ROWS = [{"id": "1", "inputs": "a", "n": 1}, {"id": "2", "inputs": "b", "n": None}]


@pytest.mark.parametrize(
    "data",
    [
        {"q": ["a", "b"], "n": [1, 2]},
        [{"q": "a", "n": 1}, {"q": "b", "n": 2}],
        pd.DataFrame({"q": ["a", "b"], "n": [1, 2]}),
    ],
)
def test_a_table_is_kept_by_columns_and_rows(data: Any):
    with genaiops.start_run() as run:
        genaiops.log_table(data, "t.json")

    kept = json.loads(genaiops.load_text(f"runs:/{run.info.run_id}/t.json"))
    assert kept == {"columns": ["q", "n"], "data": [["a", 1], ["b", 2]]}


def test_what_is_no_table_is_refused():
    with genaiops.start_run():
        with pytest.raises(genaiops.ConfigError, match="different lengths"):
            genaiops.log_table({"a": [1], "b": []}, "t.json")
        for column in (5, "xyz", None):
            with pytest.raises(genaiops.ConfigError, match="give a list of values"):
                genaiops.log_table({"a": column}, "t.json")
        with pytest.raises(genaiops.EvalError, match="data of type int"):
            genaiops.log_table(5, "t.json")
        with pytest.raises(genaiops.ConfigError, match=r"name it \.json"):
            genaiops.log_table({"a": [1]}, "t.parquet")


def inputs_of(run_id: str) -> list[dict[str, Any]]:
    tags = genaiops.get_run(run_id).data.tags
    return [json.loads(tags[key]) for key in tags if key.startswith("genaiops.input.")]


def test_an_input_is_recorded_by_digest_and_schema():
    dataset = genaiops.create_dataset("qa", ROWS)
    with genaiops.start_run() as run:
        genaiops.log_input(dataset, "training")
        genaiops.log_input(ROWS)

    named, plain = sorted(inputs_of(run.info.run_id), key=lambda item: "name" not in item)
    assert (named["name"], named["version"], named["digest"]) == ("qa", 1, dataset.digest)
    assert (named["context"], named["rows"]) == ("training", 2)
    assert plain["schema"] == {"id": "str", "inputs": "str", "n": "int | null"}
    assert len(plain["digest"]) == 64


def test_other_rows_have_another_digest():
    with genaiops.start_run() as run:
        genaiops.log_input(ROWS)
        genaiops.log_input(list(map(dict, ROWS)))
        genaiops.log_input(ROWS[:1])

    assert len(inputs_of(run.info.run_id)) == 2
