"""Comparing two runs: verdicts, margins, failures, and gates on bounds."""

import pytest

import genaiops
from genaiops.eval import RowResult, Verdict
from genaiops.eval.report import result_of


def result(run_id, numbers, judge="j", scale=(0.0, 1.0)):
    rows = [
        RowResult(
            row_id=f"r{n}",
            judge=judge,
            verdict=Verdict(error="broken")
            if number is None
            else Verdict(value=number, number=number),
        )
        for n, number in enumerate(numbers)
    ]
    return result_of(run_id, rows, scales={judge: scale}, models={}, confidence=0.95)


@pytest.mark.parametrize(
    ("mine", "theirs", "margin", "verdict", "not_worse"),
    [
        ([1.0] * 20, [0.0] * 15 + [1.0] * 5, 0.0, "better", True),
        ([0.0] * 15 + [1.0] * 5, [1.0] * 20, 0.0, "worse", False),
        ([1.0, 0.0] * 10, [0.0, 1.0] * 10, 0.0, "unclear", False),
        ([1.0] * 200, [1.0] * 200, 0.05, "same", True),
        ([1.0] * 5, [1.0] * 5, 0.05, "unclear", False),
        ([1.0], [0.0], 0.0, "unclear", False),
    ],
)
def test_the_verdict_follows_from_the_interval_and_the_margin(
    mine, theirs, margin, verdict, not_worse
):
    change = result("a", mine).compare(result("b", theirs), margin)["j"]

    assert (change.verdict, change.not_worse) == (verdict, not_worse)


def test_rows_that_failed_on_one_side_are_left_out_and_counted():
    change = result("a", [1.0, None, 1.0]).compare(result("b", [0.0, 1.0, 1.0, 1.0]))["j"]

    assert (change.n, change.n_unpaired, change.wins, change.ties) == (2, 2, 1, 1)


def test_runs_with_nothing_in_common_cannot_be_compared():
    with pytest.raises(genaiops.EvalError, match="no row in common"):
        result("a", [1.0]).compare(result("b", [1.0], judge="other"))
    with pytest.raises(genaiops.EvalError, match="margin is -1"):
        result("a", [1.0]).compare(result("b", [1.0]), margin=-1)


def test_the_comparison_prints_its_table():
    shown = str(result("a", [1.0] * 9).compare(result("b", [0.0] * 9), 0.01))

    assert "better" in shown
    assert "+1.000" in shown
    assert "run a minus b, margin 0.01" in shown


def test_gates_test_the_bound_that_speaks_against_them():
    judged = result("a", [1.0] * 18 + [0.0] * 2)
    score = judged["j"]

    assert judged.gate(f"j >= {score.low - 0.01:.3f}")
    assert not judged.gate(f"j >= {score.estimate}")
    assert judged.gate(f"j <= {score.high + 0.01:.3f}")
    assert not judged.gate(f"j < {score.estimate}")
    assert "the bound is" in str(judged.gate("j > 0.5"))
    for wrong in ("j", "j == 1", "j >= high", ">= 1"):
        with pytest.raises(genaiops.EvalError, match="cannot be read"):
            judged.gate(wrong)
    with pytest.raises(genaiops.NotFoundError, match="no score 'k'"):
        judged.gate("k > 1")


def test_a_gate_names_any_score_and_takes_any_number():
    @genaiops.judge(name="my score, v-2")
    def odd(outputs):
        return True

    judged = genaiops.evaluate([{"question": "q", "outputs": "x"}], judges=[odd])

    assert judged.gate("my score, v-2 >= 1e-3")
    assert judged.gate(" my score, v-2 <= 1.0E+0 ").score.name == "my score, v-2"


def test_one_failure_in_a_hundred_is_shown_and_more_count_as_worst_and_best():
    few, many = result("a", [1.0] * 99 + [None]), result("b", [1.0] * 97 + [None] * 3)

    assert (few["j"].n_failed, few["j"].worst_low) == (1, None)
    assert few["j"].lower == few["j"].low
    assert many["j"].worst_low < many["j"].low
    assert many.gate("j > 0.95").bound == many["j"].worst_low
    assert "3 of 100 rows failed" in str(many)


def test_failures_of_an_unknown_scale_count_as_the_extremes_seen():
    judged = result("a", [5.0, 6.0] * 9 + [1.0, 9.0, None, None], scale=None)["j"]

    assert judged.worst_low < judged.low


def latency(run_id, numbers):
    """Milliseconds, of which fewer are better."""
    made = result(run_id, numbers, judge="latency_ms", scale=None)
    return result_of(
        run_id, made.rows, scales={}, models={}, confidence=0.95, falling={"latency_ms"}
    )


def test_less_time_is_better_and_the_rows_that_got_slower_are_the_regressions():
    slow = latency("a", [200.0 + n for n in range(20)])
    fast = latency("b", [100.0 + n for n in range(19)] + [500.0])

    change = latency("c", [100.0 + n for n in range(20)]).compare(slow)["latency_ms"]
    other = fast.compare(slow)["latency_ms"]

    assert (change.verdict, change.not_worse, change.estimate) == ("better", True, -100.0)
    assert slow.compare(latency("c", [100.0 + n for n in range(20)]))["latency_ms"].verdict == (
        "worse"
    )
    assert (other.wins, other.losses, other.regressions) == (19, 1, ("r19",))
    assert [row.row_id for row in fast.worst(2)] == ["r19", "r18"]


def test_the_direction_of_a_judge_is_stored_and_known_to_the_comparison_of_stored_runs(workdir):
    from genaiops.query.eval_grid import grid

    @genaiops.judge(higher_is_better=False)
    def errors(outputs):
        return float(outputs)

    rows = [{"id": f"r{n}", "question": "?"} for n in range(12)]
    few = genaiops.evaluate([row | {"answer": 1} for row in rows], judges=[errors])
    many = genaiops.evaluate([row | {"answer": 3} for row in rows], judges=[errors])

    stored = genaiops.eval.load_result(few.run_id).compare(many.run_id)["errors"]

    assert (stored.verdict, stored.wins, stored.higher_is_better) == ("better", 12, False)
    assert grid([many.run_id, few.run_id]).tally("errors", 1).win == 12
