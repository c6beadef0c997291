"""Evaluations: scores with intervals, rows, two runs side by side."""

import pytest

from genaiops.errors import NotFoundError
from genaiops.query import evals
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


def test_two_evaluations_are_joined_on_the_row() -> None:
    seed()
    verdict("bbbb0000", "row9", 1.0)

    found = evals.side_by_side("aaaa", "bbbb")

    assert [pair.outcomes["good"] for pair in found.pairs] == [
        "win",
        "tie",
        "loss",
        "unknown",
        "unknown",
    ]
    (tally,) = found.tallies
    assert (tally.win, tally.tie, tally.loss, tally.unknown) == (1, 1, 1, 2)
    assert tally.mean_delta == 0.0
    first = found.pairs[0]
    assert first.a is not None
    assert first.b is not None
    assert (first.a.outputs, first.b.outputs) == ('"answer 0.0"', '"answer 1.0"')
    assert found.pairs[3].a is not None
    assert found.pairs[3].a.verdicts["good"].error == "no answer"
    assert found.pairs[4].a is None


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
