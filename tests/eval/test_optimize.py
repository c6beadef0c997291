"""`optimize_prompt` against a loopback model whose answers depend on the prompt."""

import sys

import pytest

import genaiops
from genaiops.eval.judges import ExactMatch

ROWS = [{"inputs": {"question": f"What is {n}?"}, "expected": str(n)} for n in range(40)]
BETTER = "Answer with the number alone: {{question}}"


def answers(proposal):
    def answer(request, number):
        text = request["messages"][-1]["content"]
        if text.startswith("Improve an instruction"):
            return f"```\n{proposal}\n```"
        right = text.split()[-1].rstrip("?")
        return right if text.startswith("Answer with the number alone") else f"It is {right}."

    return answer


def optimize(**options):
    options = {"max_calls": 200, "model": "openai/small"} | options
    return genaiops.optimize_prompt("qa/answer", ROWS, [ExactMatch()], **options)


@pytest.fixture
def base(model):
    model.answers = answers(BETTER)
    return genaiops.register_prompt("qa/answer", "Say: {{question}}")


def test_gepa_finds_the_better_text_and_reports_it_on_rows_it_was_not_chosen_by(model, base):
    found = optimize()

    assert (found.prompt.template, found.improved) == (BETTER, True)
    change = found.comparison["exact_match"]
    assert (change.n, change.verdict) == (20, "better")
    assert found.prompt.tags == {"optimization": "v1"}
    assert found.calls <= 200
    assert genaiops.get_prompt("qa/answer").aliases == ()


def test_a_second_time_pays_for_nothing_and_registers_nothing(model, base):
    first = optimize()
    asked = len(model.requests)

    again = genaiops.optimize_prompt(
        "qa/answer/1", ROWS, [ExactMatch()], model="openai/small", max_calls=200
    )

    assert (again.n_paid, len(model.requests)) == (0, asked)
    assert again.prompt.version == first.prompt.version == 2


def test_where_no_candidate_is_better_it_says_so(model, base):
    model.answers = answers("Tell me: {{question}}")

    found = optimize()

    assert (found.prompt.version, found.comparison, found.improved) == (1, None, False)
    assert "no candidate is better" in str(found)


def test_a_candidate_that_loses_a_variable_is_refused_and_counted(model, base):
    found = optimize(optimizer=lambda tried: [{"template": "Answer with the number alone"}])

    assert (found.n_refused, found.prompt.version) == (1, 1)
    assert genaiops.get_prompt("qa/answer").latest_version == 1


def test_a_function_may_propose_the_texts(model, base):
    found = optimize(optimizer=lambda tried: [{"template": BETTER}])

    assert (found.prompt.template, found.improved) == (BETTER, True)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"model": None}, "names no model"),
        ({"max_calls": 10}, "max_calls is 10"),
        ({"optimizer": "x"}, "use 'gepa' or a function"),
    ],
)
def test_what_cannot_work_is_one_sentence(model, base, options, says):
    with pytest.raises(genaiops.GenaiopsError, match=says):
        optimize(**options)
    assert model.requests == []


def test_too_few_rows_a_missing_prompt_and_a_missing_extra_are_named(model, base, monkeypatch):
    with pytest.raises(genaiops.EvalError, match="9 rows are too few"):
        genaiops.optimize_prompt("qa/answer", ROWS[:9], [ExactMatch()], model="openai/small")
    with pytest.raises(genaiops.NotFoundError):
        genaiops.optimize_prompt("qa/other", ROWS, [ExactMatch()], model="openai/small")
    monkeypatch.setitem(sys.modules, "gepa", None)
    with pytest.raises(genaiops.ConfigError, match=r"genaiops\[optimize\]"):
        optimize()
