"""Evaluations: scores with intervals and costs, rows, several runs side by side."""

import pytest

from genaiops.errors import NotFoundError
from genaiops.query import evals
from genaiops.query.eval_grid import details, grid
from tests.query.seeding import event, run, trace, verdict


def seed() -> None:
    for number, (run_id, verdicts) in enumerate(
        {"aaaa0000": [0.0, 1.0, 1.0, None], "bbbb0000": [1.0, 1.0, 0.0, 1.0]}.items()
    ):
        run(run_id, name=f"v{number}", number=number)
        for row, value in enumerate(verdicts):
            answered = trace(number * 10 + row, outputs=f"answer {number}.{row}")
            failed = {"data": {"error": "no answer"}} if value is None else {}
            verdict(run_id, f"row{row}", value, trace_id=answered, **failed)


def test_scores_are_the_logged_estimates_with_their_intervals() -> None:
    seed()
    for name, value in (("good", 0.6), ("good.low", 0.2), ("good.high", 0.9)):
        event("metric", run_id="aaaa0000", key=name, value=value, step=0)

    (score,) = evals.scores("aaaa")

    assert (score.estimate, score.low, score.high) == (0.6, 0.2, 0.9)
    assert (score.n, score.n_failed) == (4, 1)


def test_an_unfinished_evaluation_shows_the_mean_so_far() -> None:
    seed()

    (score,) = evals.get("aaaa").scores

    assert score.estimate == pytest.approx(2 / 3)
    assert score.low is None


def test_evaluations_are_runs_with_verdicts_newest_first() -> None:
    seed()
    run("cccc0000", number=5)

    assert [(found.name, found.n_rows) for found in evals.runs()] == [("v1", 4), ("v0", 4)]
    assert evals.runs(experiment="other") == []
    assert len(evals.runs(limit=1)) == 1


def test_evaluations_are_joined_on_the_row() -> None:
    seed()
    verdict("bbbb0000", "row9", 1.0)

    found = grid(["aaaa", "bbbb"])

    assert found.row_ids == ["row0", "row1", "row2", "row3", "row9"]
    assert [found.outcome("good", 1, row) for row in range(5)] == [
        "win",
        "tie",
        "loss",
        "unknown",
        "unknown",
    ]
    tally = found.tally("good", 1)
    assert (tally.win, tally.tie, tally.loss, tally.unknown) == (1, 1, 1, 2)
    assert [found.gain("good", 1, row) for row in range(5)] == [1.0, 0.0, -1.0, None, None]


def test_less_is_better_where_the_judge_says_so() -> None:
    seed()
    event(
        "tag", run_id="bbbb0000", key="eval.judges", value='{"good": {"higher_is_better": false}}'
    )

    found = grid(["aaaa", "bbbb"])

    assert [found.outcome("good", 1, row) for row in range(3)] == ["loss", "tie", "win"]
    assert found.gain("good", 1, 0) == -1.0


def test_rows_in_full_are_those_asked_for_in_every_run() -> None:
    seed()
    verdict("bbbb0000", "row9", 1.0)

    found = details(["aaaa", "bbbb"], ["row0", "row3", "row9"])

    assert list(found) == ["row0", "row3", "row9"]
    first, second = found["row0"]
    assert first is not None
    assert second is not None
    assert (first.outputs, second.outputs) == ('"answer 0.0"', '"answer 1.0"')
    failed, lacking = found["row3"][0], found["row9"][0]
    assert failed is not None
    assert failed.verdicts["good"].error == "no answer"
    assert lacking is None


def test_an_evaluation_costs_what_its_answers_and_its_judges_cost() -> None:
    run("aaaa0000")
    for row in range(2):
        verdict("aaaa0000", f"row{row}", 1.0, trace_id=trace(row), data={"cost_usd": 0.01})
        verdict("aaaa0000", f"row{row}", 1.0, trace_id=trace(row), key="kind")

    found = evals.get("aaaa")

    assert found.answers_usd == pytest.approx(0.5)
    assert found.judges_usd == pytest.approx(0.02)
    assert found.cost_usd == pytest.approx(0.52)


def test_repeats_of_a_row_are_averaged() -> None:
    run("aaaa0000")
    for repeat, value in enumerate((0.0, 1.0)):
        verdict("aaaa0000", "row0", value, step=repeat, data={"rationale": f"try {repeat}"})

    (row,) = evals.rows("aaaa")

    assert row.verdicts["good"].number == 0.5
    assert row.verdicts["good"].rationale == "try 0"


def test_an_unknown_evaluation_is_named_in_the_error() -> None:
    with pytest.raises(NotFoundError, match="no run 'nope'"):
        evals.get("nope")
