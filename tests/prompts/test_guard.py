"""An alias that moves only when an evaluation says so."""

from typing import Any

import pytest

import genaiops
from genaiops.errors import ConflictError, NotFoundError, PromptError
from genaiops.prompts.guard import check_condition
from tests.query import seeding


@pytest.fixture
def two() -> str:
    """A prompt with two versions; the first one is in production."""
    genaiops.register_prompt("qa", "one {{q}}")
    genaiops.register_prompt("qa", "two {{q}}")
    genaiops.set_prompt_alias("qa", "production", 1)
    return "qa"


def evaluated(version: int, numbers: list[float], *, run_id: str, number: int, **more: Any) -> str:
    """An evaluation of a version with the interval 0.1 wide on either side."""
    seeding.run(run_id, number=number)
    for row, value in enumerate(numbers):
        used = {"prompt_name": "qa", "prompt_version": version}
        trace_id = seeding.trace(100 * number + row, call=used)
        seeding.verdict(run_id, f"row-{row}", value, trace_id=trace_id)
    mean = sum(numbers) / len(numbers)
    for key, value in (("good", mean), ("good.low", mean - 0.1), ("good.high", mean + 0.1)):
        seeding.event("metric", run_id=run_id, key=key, value=value, step=0, ts_ns=number)
    return run_id


def means(alias: str = "production") -> int:
    return genaiops.load_prompt(f"qa@{alias}", max_age_s=0).version


def test_the_lower_bound_of_the_newest_evaluation_must_hold(two: str):
    evaluated(2, [0.5, 0.7], run_id="old-run", number=1)
    evaluated(2, [0.9, 0.9, 1.0, 1.0], run_id="new-run", number=2)

    with pytest.raises(ConflictError) as caught:
        genaiops.set_prompt_alias(two, "production", 2, if_eval="good >= 0.9")
    assert str(caught.value) == (
        "'qa/2' falls short of good >= 0.9: good of version 2 is 0.950 [0.850, 1.050] on 4 rows, "
        "and the lower bound is 0.850 (run new-run)"
    )
    assert means() == 1

    genaiops.set_prompt_alias(two, "production", 2, if_eval="good >= 0.8", reason="better")

    assert means() == 2
    assert genaiops.prompt_history(two)[0].reason == (
        "better; good of version 2 is 0.950 [0.850, 1.050] on 4 rows, good >= 0.8 holds "
        "(run new-run)"
    )


def test_a_deleted_evaluation_counts_no_more(two: str):
    evaluated(2, [0.9, 0.9], run_id="good-run", number=1)
    evaluated(2, [0.1, 0.1], run_id="wrong-run", number=2)

    genaiops.delete_run("wrong-run")
    genaiops.set_prompt_alias(two, "production", 2, if_eval="good >= 0.7")

    assert means() == 2
    with pytest.raises(ConflictError, match="no finished evaluation"):
        genaiops.set_prompt_alias(two, "staging", 2, if_eval="wrong-run")


def test_several_conditions_must_hold_and_upper_bounds_count_too(two: str):
    evaluated(2, [0.5, 0.5], run_id="the-run", number=1)

    genaiops.set_prompt_alias(two, "staging", 2, if_eval="good > 0.3 AND good <= 0.6")
    with pytest.raises(ConflictError, match=r"the upper bound is 0\.600"):
        genaiops.set_prompt_alias(two, "production", 2, if_eval="good > 0.3 and good < 0.6")


def test_without_an_evaluation_or_the_score_there_is_no_move(two: str):
    with pytest.raises(ConflictError, match="'qa/2' has no finished evaluation"):
        genaiops.set_prompt_alias(two, "production", 2, if_eval="good >= 0")
    evaluated(2, [1.0], run_id="the-run", number=1)
    with pytest.raises(ConflictError, match="has no score 'other': its scores are good"):
        genaiops.set_prompt_alias(two, "production", 2, if_eval="other >= 0")
    assert means() == 1


def test_an_evaluation_of_two_versions_counts_for_neither(two: str):
    evaluated(2, [1.0], run_id="the-run", number=1)
    trace_id = seeding.trace(500, call={"prompt_name": "qa", "prompt_version": 1})
    seeding.verdict("the-run", "other-row", 1.0, trace_id=trace_id)

    with pytest.raises(ConflictError, match="no finished evaluation"):
        genaiops.set_prompt_alias(two, "production", 2, if_eval="good >= 0")
    with pytest.raises(ConflictError, match="it used version 1, 2"):
        genaiops.set_prompt_alias(two, "production", 2, if_eval="the-run")


def test_a_run_must_not_be_worse_than_the_version_that_the_alias_means(two: str):
    evaluated(1, [0.5, 0.7, 0.6], run_id="run-of-1", number=1)
    evaluated(2, [0.4, 0.7, 0.5], run_id="run-of-2", number=2)

    with pytest.raises(ConflictError) as caught:
        genaiops.set_prompt_alias(two, "production", 2, if_eval="run-of-2")

    assert str(caught.value) == (
        "'qa/2' is worse than version 1: good -0.067 [-0.210, +0.077] on 3 rows "
        "(run run-of-2 minus run-of-1, margin 0)"
    )
    assert means() == 1


def test_a_run_that_is_as_good_lets_the_alias_move(two: str):
    evaluated(1, [0.5, 0.7], run_id="run-of-1", number=1)
    evaluated(2, [0.5, 0.7], run_id="run-of-2", number=2)

    genaiops.set_prompt_alias(two, "production", 2, if_eval="run-of-2")

    assert means() == 2
    assert "good +0.000 [+0.000, +0.000] on 2 rows" in str(genaiops.prompt_history(two)[0].reason)


def test_a_score_that_is_better_when_it_is_lower_is_read_so(two: str):
    judges = '{"good": {"higher_is_better": false}}'
    for version, numbers in ((1, [0.5, 0.7]), (2, [0.4, 0.6]), (2, [0.6, 0.8])):
        run_id = evaluated(
            version, numbers, run_id=f"run-{numbers[0]}", number=int(numbers[0] * 10)
        )
        seeding.event("tag", run_id=run_id, key="eval.judges", value=judges)

    with pytest.raises(ConflictError, match=r"is worse than version 1: good \+0\.100"):
        genaiops.set_prompt_alias(two, "production", 2, if_eval="run-0.6")
    genaiops.set_prompt_alias(two, "production", 2, if_eval="run-0.4")

    assert means() == 2


def test_a_run_says_nothing_without_a_counterpart(two: str):
    evaluated(2, [1.0], run_id="run-of-2", number=2)

    with pytest.raises(ConflictError, match="'qa/1' has no finished evaluation"):
        genaiops.set_prompt_alias(two, "production", 2, if_eval="run-of-2")
    with pytest.raises(ConflictError, match="no finished evaluation of 'qa/1' alone"):
        genaiops.set_prompt_alias(two, "production", 1, if_eval="run-of-2")
    with pytest.raises(NotFoundError, match="no run 'nowhere'"):
        genaiops.set_prompt_alias(two, "production", 2, if_eval="nowhere")
    genaiops.set_prompt_alias(two, "staging", 2, if_eval="run-of-2")
    assert means("staging") == 2
    seeding.run("run-of-1", number=1)
    trace_id = seeding.trace(900, call={"prompt_name": "qa", "prompt_version": 1})
    seeding.verdict("run-of-1", "another", 1.0, trace_id=trace_id)
    with pytest.raises(ConflictError, match="judged no row in common"):
        genaiops.set_prompt_alias(two, "production", 2, if_eval="run-of-2")


def test_a_standing_condition_guards_every_move_but_not_the_way_back(two: str):
    genaiops.protect_prompt_alias(two, "production", if_eval="good >= 0.8")
    evaluated(2, [0.8], run_id="run-of-2", number=2)

    with pytest.raises(ConflictError, match="falls short of good >= 0.8"):
        genaiops.set_prompt_alias(two, "production", 2)
    with pytest.raises(ConflictError, match="falls short of good >= 0.8"):
        genaiops.set_prompt_alias(two, "production", 2, if_eval="good >= 0")
    with pytest.raises(ConflictError, match="moves only if good >= 0.8"):
        genaiops.delete_prompt_alias(two, "production")
    evaluated(2, [0.95], run_id="run-of-3", number=3)
    genaiops.set_prompt_alias(two, "production", 2)

    assert genaiops.rollback_prompt_alias(two, "production") == 1


@pytest.mark.parametrize(
    "text",
    ["", "good", "good >=", "good = 1", ">= 1", "good >= x", "good >= 1 or b > 1", "a" * 999],
)
def test_a_condition_that_cannot_be_read_is_refused(text: str):
    with pytest.raises(PromptError, match="write it as 'groundedness >= 0.8'"):
        check_condition(text)


def test_judges_may_have_any_name_and_limits_any_notation():
    assert check_condition(" no-harm >= 1e-3 and Tone: formal<.5") == [
        ("no-harm", ">=", 0.001),
        ("Tone: formal", "<", 0.5),
    ]


def test_a_split_cannot_be_guarded_by_one_run(two: str):
    with pytest.raises(PromptError, match="guard a split by a condition"):
        genaiops.split_prompt_alias(two, "production", {1: 1, 2: 1}, if_eval="run-of-2")


@pytest.mark.parametrize(
    ("df", "expected"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (10, 2.228), (1000, 1.962)],
)
def test_the_interval_is_students(df: int, expected: float):
    from genaiops.prompts.guard import _t_quantile

    assert _t_quantile(df) == pytest.approx(expected, rel=0.005)
