"""Labels by people: read, used, kept, and what to label next."""

import json
import random

import pytest

import genaiops
from genaiops.eval import load_result
from genaiops.eval.judges import ExactMatch, TokenF1

ROWS = [
    {"id": f"r{n}", "question": f"q{n}", "answer": "a" if n % 3 else "b", "expected": "a"}
    for n in range(120)
]
PICKED = random.Random(4).sample(range(120), 40)
LABELS = {f"r{n}": {"exact_match": bool(n % 3) ^ (n % 19 == 0)} for n in PICKED}


@genaiops.judge(scale=(0.0, 1.0))
def good(outputs):
    return outputs == "a"


def test_a_score_with_labels_is_about_people_and_says_what_the_judge_is_worth():
    alone = genaiops.evaluate(ROWS, judges=[ExactMatch()])
    result = genaiops.evaluate(ROWS, judges=[ExactMatch()], labels=LABELS)

    score = result["exact_match"]
    assert (alone["exact_match"].about, score.about) == ("code", "people")
    assert score.method == "PPI++, 40 labels"
    assert (score.n_labels, score.raw) == (40, alone["exact_match"].estimate)
    assert score.label_gain > 1.5
    assert score.phi > 0.7
    assert score.kappa > 0.7
    assert "what people say, from 40 labels; a label is worth" in str(result)
    assert result.agreement("exact_match").n == 40


def test_labels_are_kept_with_the_run_and_on_its_traces():
    result = genaiops.evaluate(ROWS, judges=[ExactMatch()], labels=LABELS)

    again = load_result(result.run_id)

    assert again["exact_match"] == result["exact_match"]
    said = genaiops.sql("SELECT count(*) FROM assessments WHERE source_type = 'human'").rows
    assert said == [(40,)]


def test_labels_come_as_rows_as_a_file_or_later(workdir):
    rows = [
        {"id": row_id, "judge": "exact_match", "value": "yes" if said["exact_match"] else "no"}
        for row_id, said in LABELS.items()
    ]
    (workdir / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    first = genaiops.evaluate(ROWS, judges=[ExactMatch()], labels=LABELS)["exact_match"]

    later = genaiops.evaluate(ROWS, judges=[ExactMatch()]).with_labels(rows)
    from_file = genaiops.evaluate(ROWS, judges=[ExactMatch()], labels=workdir / "labels.jsonl")

    assert (later["exact_match"].low, from_file["exact_match"].low) == (first.low, first.low)


def test_what_people_said_about_the_traces_is_used_when_asked_for():
    result = genaiops.evaluate(ROWS, judges=[good])
    for row in result.rows[:24]:
        genaiops.log_feedback(row.trace_id, "good", row.value, source="ann")
        genaiops.log_feedback(row.trace_id, "good", not row.value, source="bob")
    genaiops.flush()

    assert load_result(result.run_id)["good"].n_labels == 0
    score = load_result(result.run_id, labels="human")["good"]
    assert (score.n_labels, score.estimate) == (24, 0.5)
    assert score.method.startswith("labels only")


def test_several_people_count_with_their_mean_and_the_last_form_wins():
    rows = [{"id": "r1", "judge": "good", "value": value} for value in (True, False, "1")]

    result = genaiops.evaluate(ROWS, judges=[good], labels=rows)

    assert result.labels.of("good", "r1", None) == pytest.approx(2 / 3)


def test_a_judge_that_failed_on_some_rows_does_not_move_what_people_say():
    @genaiops.judge(scale=(0.0, 1.0))
    def moody(outputs, row_id):
        return genaiops.eval.Verdict(error="no mood") if row_id.endswith("7") else outputs == "a"

    labels = {row_id: {"moody": said["exact_match"]} for row_id, said in LABELS.items()}
    score = genaiops.evaluate(ROWS, judges=[moody], labels=labels)["moody"]

    assert score.n_failed == 12
    assert score.n_labels == 40
    assert score.worst_low < score.low < score.estimate < score.high < score.worst_high


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"r1": True}, "labels of row 'r1' are True: write"),
        ({"r1": {"exact_match": "maybe"}}, r"label 1 \('exact_match' of 'r1'\) is 'maybe'"),
        ({"r1": {"exact_match": 3}}, "is 3: use a number from 0 to 1"),
        ({"r1": {"exact_match": []}}, "is list: use a bool, a number or text"),
        ({"r1": {"other": True}}, "no label is for one of the judges exact_match, but for other"),
        (
            {"x": {"exact_match": True}},
            "no label is for a row of the data: the first names row 'x'",
        ),
        ([{"id": "r1", "value": True}], r"it needs id \(or trace_id\), judge and value"),
        (7, "labels are int: give"),
    ],
)
def test_labels_that_cannot_be_used_are_refused_before_anything_runs(labels, message):
    with pytest.raises(genaiops.EvalError, match=message):
        genaiops.evaluate(ROWS, judges=[ExactMatch()], labels=labels)
    assert genaiops.sql("SELECT count(*) FROM runs").rows == [(0,)]


def test_labels_for_rows_that_are_not_there_are_counted_and_the_run_goes_on():
    labels = {**LABELS, "gone": {"exact_match": True}, "lost": {"exact_match": True}}

    result = genaiops.evaluate(ROWS, judges=[ExactMatch()], labels=labels)

    assert result["exact_match"].n_labels == 40
    assert "2 labels are for rows that are not there" in str(result)


def test_a_judge_model_without_labels_is_said_to_speak_for_itself(model):
    judge = genaiops.make_judge("fine", "Is {{outputs}} fine?", model="openai/judge")

    result = genaiops.evaluate(ROWS[:5], judges=[judge])

    assert result["fine"].about == "judge"
    assert "fine: agreement with the judge openai/judge, not with people" in str(result)
    assert "the judge openai/judge, not people" in str(result.gate("fine >= 0.2"))


def test_the_most_doubtful_verdicts_come_first():
    rows = [
        {"id": "sure", "question": "1", "answer": "a b", "expected": "a b"},
        {"id": "half", "question": "2", "answer": "a x", "expected": "a b"},
        {"id": "wrong", "question": "3", "answer": "a b", "expected": "a b"},
    ]
    result = genaiops.evaluate(rows, judges=[TokenF1()], labels={"wrong": {"token_f1": 0.0}})

    assert [row.row_id for row in result.disagreements()] == ["wrong", "half"]
    assert sorted(result.to_label(9)) == ["half", "sure"]
    assert result.to_label(1) == result.to_label(1)


def test_power_is_planned_from_a_result_or_two():
    result = genaiops.evaluate(ROWS, judges=[ExactMatch()], cluster=lambda row: row["id"][:2])
    other = genaiops.evaluate(
        [row | {"answer": "a"} for row in ROWS], judges=[ExactMatch()], name="other"
    )

    table = result.power(0.1)

    assert table["exact_match"].n == 120
    assert 0.0 < table["exact_match"].power < 1.0
    assert "rows for 80%" in str(table)
    assert result.power(0.1, other=other)["exact_match"].deviation > 0.0
    with pytest.raises(genaiops.EvalError, match="no score varies"):
        other.power(0.1)
    with pytest.raises(genaiops.EvalError, match="detect is 0"):
        result.power(0)


def test_labels_that_come_later_are_counted_and_refused_in_the_same_way():
    result = genaiops.evaluate(ROWS, judges=[ExactMatch()])
    some = {**LABELS, "gone": {"exact_match": True}}
    traces = [
        {"trace_id": trace_id, "judge": "exact_match", "value": True}
        for trace_id in (result.rows[0].trace_id, "f" * 32)
    ]

    later, loaded = result.with_labels(some), load_result(result.run_id, labels=traces)

    assert later["exact_match"].n_labels == 40
    assert "1 labels are for rows that are not there" in str(later)
    assert loaded["exact_match"].n_labels == 1
    assert "1 labels are for rows that are not there" in str(loaded)
    with pytest.raises(genaiops.EvalError, match="no label is for a row of the data"):
        result.with_labels({"gone": {"exact_match": True}})
    with pytest.raises(genaiops.EvalError, match="the first names trace 'ffff"):
        result.with_labels(traces[1:])


def test_nobodys_word_in_the_store_is_said():
    result = genaiops.evaluate(ROWS[:5], judges=[good], labels="human")

    assert "labels='human': nobody has said anything about the traces of these rows" in str(result)


def test_what_people_said_about_any_repeat_of_a_row_counts():
    result = genaiops.evaluate(ROWS[:4], judges=[good], repeats=2)
    first, second = result.rows[0].trace_id, result.rows[1].trace_id
    third = result.rows[3].trace_id
    said = [(first, True), (second, False), (third, True)]
    rows = [{"trace_id": trace_id, "judge": "good", "value": value} for trace_id, value in said]

    labelled = result.with_labels(rows)

    assert labelled.labels.numbers("good", result.rows) == {"r0": 0.5, "r1": 1.0}
    assert sorted(labelled.to_label()) == ["r2", "r3"]
