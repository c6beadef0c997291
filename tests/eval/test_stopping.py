"""`stop=`: ends early, in a random order, with intervals that hold."""

import pytest

import genaiops
from genaiops.eval import load_result
from genaiops.eval.judges import ExactMatch

ROWS = [
    {"id": f"r{n}", "question": f"q{n}", "answer": "a" if n % 10 else "b", "expected": "a", "doc": n // 4}
    for n in range(400)
]  # fmt: skip


def test_an_evaluation_ends_as_soon_as_its_gate_is_decided():
    result = genaiops.evaluate(ROWS, judges=[ExactMatch()], stop="exact_match >= 0.6")

    score = result["exact_match"]
    assert 20 <= score.n <= 120
    assert score.method == "betting, holds at every look"
    assert score.low > 0.6
    assert result.gate("exact_match >= 0.6")
    assert "stopped early: exact_match >= 0.6: decided after" in str(result)
    assert [row.row_id for row in result.rows] == sorted(
        (row.row_id for row in result.rows), key=lambda row_id: int(row_id[1:])
    )


def test_the_order_is_random_and_comes_from_the_seed():
    first = genaiops.evaluate(ROWS, judges=[ExactMatch()], stop=["exact_match >= 0.6"])
    again = genaiops.evaluate(ROWS, judges=[ExactMatch()], stop=["exact_match >= 0.6"], name="b")
    other = genaiops.evaluate(ROWS, judges=[ExactMatch()], stop="exact_match >= 0.6", seed=1)

    ids = [{row.row_id for row in result.rows} for result in (first, again, other)]
    assert max(int(row_id[1:]) for row_id in ids[0]) > 200
    assert len(ids[0] & ids[1]) > 0.6 * len(ids[0])
    assert ids[0] != ids[2]


def test_a_stopped_run_reads_back_as_it_was():
    result = genaiops.evaluate(ROWS, judges=[ExactMatch()], stop=0.2, cluster="doc")

    again = load_result(result.run_id)

    assert again["exact_match"] == result["exact_match"]
    assert again.ending == result.ending
    assert result["exact_match"].high - result["exact_match"].low <= 0.4


def test_a_run_that_is_never_decided_goes_through_all_rows():
    result = genaiops.evaluate(ROWS[:60], judges=[ExactMatch()], stop="exact_match >= 0.9")

    assert result["exact_match"].n == 60
    assert result.ending.reason is None
    assert "stopped early" not in str(result)


@pytest.mark.parametrize("by_id", [True, False])
def test_a_run_stops_when_it_is_surely_worse_than_another(by_id):
    before = genaiops.evaluate(ROWS, judges=[ExactMatch()], name="before")
    worse = [row | {"answer": "b" if n % 2 else row["answer"]} for n, row in enumerate(ROWS)]

    result = genaiops.evaluate(
        worse, judges=[ExactMatch()], stop=before.run_id if by_id else before
    )

    assert result["exact_match"].n < 200
    change = result.compare(before)["exact_match"]
    assert (change.verdict, change.method) == ("worse", "betting, holds at every look")
    assert change.low < -0.4 < change.high


def test_repeats_count_with_their_mean_when_the_last_is_there():
    result = genaiops.evaluate(ROWS, judges=[ExactMatch()], stop="exact_match >= 0.6", repeats=2)

    assert result["exact_match"].n <= 120
    assert {row.repeat for row in result.rows} == {0, 1}


@pytest.mark.parametrize(
    ("stop", "message"),
    [
        ("exact_match > 1 is good", "cannot be read"),
        ("other >= 0.5", "stop= names 'other': use one of exact_match"),
        (-0.1, "stop is -0.1: use a condition"),
        (float("inf"), "stop is inf: use a condition"),
        (True, "stop is True: use a condition"),
        ([], r"stop is \[\]: use a condition"),
    ],
)
def test_a_rule_that_cannot_be_read_is_refused_before_anything_runs(stop, message):
    with pytest.raises(genaiops.EvalError, match=message):
        genaiops.evaluate(ROWS, judges=[ExactMatch()], stop=stop)
    assert genaiops.sql("SELECT count(*) FROM runs").rows == [(0,)]


def test_stop_goes_with_neither_labels_nor_a_judge_without_a_scale():
    @genaiops.judge
    def long(outputs):
        return len(outputs)

    with pytest.raises(genaiops.EvalError, match="labels= and stop= cannot be used together"):
        genaiops.evaluate(ROWS, judges=[ExactMatch()], stop=0.1, labels={"r1": {"exact_match": 1}})
    with pytest.raises(genaiops.EvalError, match="how far judge 'long' can go"):
        genaiops.evaluate(ROWS, judges=[long], stop=0.1)
    stopped = genaiops.evaluate(ROWS, judges=[ExactMatch()], stop=0.3)
    with pytest.raises(genaiops.EvalError, match="run it whole"):
        stopped.with_labels({"r1": {"exact_match": 1}})
