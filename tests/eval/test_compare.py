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
