"""`judge.agreement(labels)` and `judge.align(labels)`."""

import json

import pytest

import genaiops
from genaiops.eval.judges import ExactMatch, TokenF1

WORDS = ["a", "b", "c", "d", "e", "f"]


def graded(n):
    """Answers with one to six right words; people want at least four."""
    rows = []
    for place in range(n):
        right = place % 6 + 1
        answer = " ".join(WORDS[:right] + ["x"] * (6 - right))
        rows.append(
            {
                "id": f"r{place}",
                "question": f"q{place}",
                "answer": answer,
                "expected": " ".join(WORDS),
                "label": "yes" if right >= 4 else "no",
            }
        )
    return rows


def test_agreement_judges_the_rows_and_compares():
    found = ExactMatch().agreement(graded(36))

    assert found.n == 36
    assert (found.sensitivity.estimate, found.specificity.estimate) == (
        pytest.approx(1 / 3),
        1.0,
    )
    assert found.kappa == pytest.approx(1 / 3)


def test_a_threshold_is_learned_on_one_half_and_reported_on_the_other():
    found = TokenF1().align(graded(60))

    assert found.after.n == found.n_train == 30
    assert found.after.kappa == 1.0 > found.before.kappa
    assert len(found.changed) == 1
    assert "yes from" in str(found)
    assert found.judge.agreement(graded(12)).kappa == 1.0
    assert genaiops.evaluate(graded(6), judges=[found.judge])["token_f1"].estimate == 0.5


def test_nothing_changes_where_nothing_is_better():
    rows = [
        {"question": f"q{n}", "answer": "ab"[n % 2], "expected": "a", "label": n % 2 == 0}
        for n in range(24)
    ]
    judge = ExactMatch()

    found = judge.align(rows)

    assert found.judge is judge
    assert found.changed == ()
    assert found.before is found.after
    assert "nothing was better" in str(found)


def test_examples_are_taken_from_what_the_judge_got_wrong(model):
    judge = genaiops.make_judge("fine", "Is {{outputs}} fine?", model="openai/judge")
    rows = [
        {"question": f"q{n}", "answer": f"{'good' if n % 2 else 'bad'} {n}", "label": n % 2 == 1}
        for n in range(40)
    ]

    def answer(request, number):
        text = request["messages"][-1]["content"]
        taught, asked = "Examples judged by people" in text, text.split("</outputs>")[0]
        return json.dumps(
            {"rationale": "r", "verdict": "no" if taught and "bad" in asked else "yes"}
        )

    model.answers = answer
    found = judge.align(rows, shots=2)

    assert found.changed == ("2 examples",)
    assert (found.before.specificity.estimate, found.after.specificity.estimate) == (0.0, 1.0)
    assert [shot["verdict"] for shot in found.judge.few_shot] == ["no", "yes"]
    assert not {shot["outputs"] for shot in found.judge.few_shot} - {r["answer"] for r in rows}


def test_too_few_labels_and_labels_that_cannot_be_read_are_refused():
    with pytest.raises(genaiops.EvalError, match="12 labelled rows are too few to align: give 20"):
        TokenF1().align(graded(12))
    with pytest.raises(genaiops.EvalError, match="label of row 1 is NoneType"):
        TokenF1().agreement([{"question": "q", "answer": "a", "expected": "a"}])


def test_a_judge_model_that_gives_numbers_is_cut_without_asking_it_again(model):
    judge = genaiops.make_judge("quality", "Rate {{outputs}}", values=float, model="openai/judge")
    rows = [
        {"question": f"q{n}", "answer": f"answer {n % 10} of {n}", "label": n % 10 >= 7}
        for n in range(40)
    ]

    def answer(request, number):
        text = request["messages"][-1]["content"]
        grade = int(text.split("answer ")[1].split()[0])
        return json.dumps({"rationale": "r", "verdict": 0.5 + grade / 20})

    model.answers = answer
    found = judge.align(rows, shots=0)
    asked = len(model.requests)
    result = genaiops.evaluate(
        [{key: row[key] for key in ("question", "answer")} for row in rows], judges=[found.judge]
    )

    assert (found.before.kappa, found.after.kappa) == (0.0, 1.0)
    assert (result["quality"].estimate, result["quality"].method) == (0.3, "Wilson")
    assert len(model.requests) == asked == 40


def test_an_async_judge_is_cut_too():
    @genaiops.judge(scale=(0.0, 1.0))
    async def share(outputs):
        return len(outputs) / 10

    rows = [
        {"question": f"q{n}", "answer": "x" * (n % 10 + 1), "label": n % 10 > 5} for n in range(40)
    ]

    found = share.align(rows)

    assert found.after.kappa > found.before.kappa
    assert found.judge.agreement(rows).sensitivity.estimate == 1.0
