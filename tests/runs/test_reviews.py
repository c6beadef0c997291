"""Review queues: traces wait, people answer, and the answers are labels of evaluations."""

import pytest

import genaiops
from genaiops.errors import ConflictError, EvalError, NotFoundError
from genaiops.query import reviews
from genaiops.query.reviews import Choice
from tests.query.seeding import event, run, trace, verdict


def judged(trace_id: str, number: float, *, name: str = "good") -> None:
    """What the judge says about a trace, as an evaluation leaves it."""
    said = {"kind": "feedback", "value": number, "number": number, "source_type": "llm"}
    event("assessment", id=f"{trace_id[:8]}-{name}", trace_id=trace_id, key=name, data=said)


def test_a_queue_takes_the_newest_traces_of_a_filter() -> None:
    ids = [trace(number) for number in range(4)]

    made = genaiops.create_review_queue("to look at", judge="good", filter="tags.team = 'a'")

    assert (made.n, made.waiting, made.judge) == (2, 2, "good")
    assert [item.trace_id for item in reviews.items("to look at")] == [ids[2], ids[0]]


def test_traces_are_added_once_in_the_order_given() -> None:
    ids = [trace(number) for number in range(3)]
    genaiops.create_review_queue("q", judge="good")

    assert genaiops.add_to_review_queue("q", [ids[2], ids[0]]) == 2
    assert genaiops.add_to_review_queue("q", genaiops.search_traces()) == 1
    genaiops.skip_review("q", ids[2])

    assert [item.trace_id for item in reviews.items("q")] == [ids[2], ids[0], ids[1]]


def test_an_answer_is_kept_as_the_word_of_a_person_about_the_trace() -> None:
    first, second = trace(0), trace(1)
    genaiops.create_review_queue("q", judge="good")
    genaiops.add_to_review_queue("q", [first, second])

    genaiops.log_review("q", first, True, rationale="it is right", source="ada")
    genaiops.skip_review("q", second)

    done, skipped = reviews.items("q")
    assert (done.state, done.value, done.rationale, done.person) == (
        "done",
        True,
        "it is right",
        "ada",
    )
    assert skipped.state == "skipped"
    assert reviews.queue("q").waiting == 0
    (said,) = genaiops.get_trace(first).assessments
    assert (said.name, said.value, said.source_type) == ("good", True, "human")


def test_an_answer_given_elsewhere_counts() -> None:
    first = trace(0)
    genaiops.create_review_queue("q", judge="good")
    genaiops.add_to_review_queue("q", [first])

    genaiops.log_feedback(first, "good", 1.0)

    assert reviews.queue("q").done == 1


def test_an_item_says_what_was_asked_and_what_the_judge_says() -> None:
    first = trace(0)
    judged(first, 0.5)
    genaiops.create_review_queue("q", judge="good")
    genaiops.add_to_review_queue("q", [first])

    (item,) = reviews.items("q")

    assert item.asked == '{"question":"number 0?"}'
    assert (item.judged, item.value, item.state) == (0.5, None, "waiting")


def test_people_and_judge_are_paired_in_the_order_people_spoke() -> None:
    ids = [trace(number) for number in range(3)]
    for trace_id, number in zip(ids, (0.0, 1.0, 1.0), strict=True):
        judged(trace_id, number)
    genaiops.create_review_queue("q", judge="good")
    genaiops.add_to_review_queue("q", ids)
    for trace_id, value in ((ids[1], True), (ids[0], True)):
        genaiops.log_review("q", trace_id, value)

    found = reviews.said("good", "q")

    assert [(pair.trace_id, pair.person, pair.judge) for pair in found] == [
        (ids[1], 1.0, 1.0),
        (ids[0], 1.0, 0.0),
    ]


def test_answers_of_a_queue_are_labels_of_an_evaluation() -> None:
    rows = [
        {"id": f"r{n}", "question": "?", "answer": str(n % 2), "expected": "1"} for n in range(6)
    ]
    result = genaiops.evaluate(rows, judges=[genaiops.judges.ExactMatch()])
    genaiops.create_review_queue("q", judge="exact_match")
    genaiops.add_to_review_queue("q", result.rows)
    assert [item.row_id for item in reviews.items("q")] == [f"r{n}" for n in range(6)]
    for item in reviews.items("q"):
        genaiops.log_review("q", item.trace_id, True)

    labelled = genaiops.eval.load_result(result.run_id, labels="human")

    assert labelled["exact_match"].n_labels == 6
    assert labelled["exact_match"].estimate == 1.0


def test_choices_are_the_words_of_a_judge_where_it_has_few() -> None:
    run("aaaa0000")
    for row, (label, number) in enumerate((("good", 1.0), ("fair", 0.5), ("bad", 0.0))):
        verdict("aaaa0000", f"row{row}", number, data={"label": label})

    assert [choice.label for choice in reviews.choices("good")] == ["bad", "fair", "good"]


def test_choices_are_yes_and_no_for_a_judge_that_says_that_or_nothing() -> None:
    run("aaaa0000")
    verdict("aaaa0000", "row0", 1.0)

    yes_no = [Choice(label="No", value=False), Choice(label="Yes", value=True)]
    assert reviews.choices("good") == yes_no
    assert reviews.choices("nobody") == yes_no


def test_choices_are_steps_of_a_scale() -> None:
    run("aaaa0000")
    verdict("aaaa0000", "row0", 4.0)
    event("tag", run_id="aaaa0000", key="eval.judges", value='{"good": {"scale": [1, 5]}}')

    assert [choice.value for choice in reviews.choices("good")] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("tag", ["not json", "[1]", '{"good": 3}', '{"good": {"scale": "wide"}}'])
def test_choices_survive_a_tag_that_somebody_else_has_written(tag: str) -> None:
    run("aaaa0000")
    verdict("aaaa0000", "row0", 0.3)
    event("tag", run_id="aaaa0000", key="eval.judges", value=tag)

    assert [choice.value for choice in reviews.choices("good")] == [0, 0.25, 0.5, 0.75, 1]


@pytest.mark.parametrize("name", ["", " q", "<b>", "a" * 121])
def test_a_name_that_cannot_be_used_is_refused(name: str) -> None:
    with pytest.raises(EvalError, match="cannot be used"):
        genaiops.create_review_queue(name, judge="good")


def test_mistakes_are_named() -> None:
    first = trace(0)
    genaiops.create_review_queue("q", judge="good")

    with pytest.raises(ConflictError, match="already"):
        genaiops.create_review_queue("q", judge="good")
    with pytest.raises(EvalError, match="one judge"):
        genaiops.create_review_queue("r", judge=" ")
    with pytest.raises(NotFoundError, match="no review queue 'r'"):
        genaiops.add_to_review_queue("r", [first])
    with pytest.raises(NotFoundError, match="no trace"):
        genaiops.add_to_review_queue("q", ["f" * 32])
    with pytest.raises(EvalError, match="item 1"):
        genaiops.add_to_review_queue("q", [3])
    with pytest.raises(NotFoundError, match="has no trace"):
        genaiops.log_review("q", first, True)
    with pytest.raises(NotFoundError, match="no review queue"):
        reviews.items("r")
