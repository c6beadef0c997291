"""`optimize_prompt` against a loopback model whose answers depend on the prompt."""

import json
import sys

import pytest
from click.testing import CliRunner

import genaiops
from genaiops.cli.main import cli
from genaiops.eval.judges import ExactMatch
from genaiops.query import prompt_evals

ROWS = [{"inputs": {"question": f"What is {n}?"}, "expected": str(n)} for n in range(40)]
FEW = ROWS[:20]
BETTER = "Answer with the number alone: {{question}}"


def answers(proposal):
    def answer(request, number):
        text = request["messages"][-1]["content"]
        if text.startswith("Improve an instruction"):
            return f"```\n{proposal}\n```"
        right = text.split()[-1].rstrip("?")
        return right if text.startswith("Answer with the number alone") else f"It is {right}."

    return answer


def optimize(name="qa/answer", rows=ROWS, **options):
    options = {"max_calls": 90, "model": "openai/small"} | options
    return genaiops.optimize_prompt(name, rows, [ExactMatch()], **options)


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
    assert found.calls <= 90
    assert genaiops.get_prompt("qa/answer").aliases == ()


def test_a_second_time_pays_for_nothing_and_registers_nothing(model, base):
    first = optimize()
    asked = len(model.requests)

    again = genaiops.optimize_prompt(
        "qa/answer/1", ROWS, [ExactMatch()], model="openai/small", max_calls=90
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


def test_the_texts_of_chat_messages_are_improved_one_by_one(model, workdir):
    model.answers = lambda request, number: (
        "```\nBe brief.\n```"
        if request["messages"][0]["content"].startswith("Improve an instruction")
        else answers("")(request, number)
        if request["messages"][0]["content"] != "Be brief."
        else request["messages"][-1]["content"].split()[-1].rstrip("?")
    )
    genaiops.register_prompt(
        "qa/answer",
        [
            {"role": "system", "content": "Be kind."},
            {"role": "placeholder", "content": "{{history}}"},
            {"role": "user", "content": "Say: {{question}}"},
        ],
    )
    rows = [row | {"inputs": row["inputs"] | {"history": []}} for row in FEW]

    found = optimize(rows=rows, max_calls=90)

    system, history, user = (message["content"] for message in found.prompt.template)
    assert (system, history, user) == ("Be brief.", "{{history}}", "Say: {{question}}")
    asked = [request["messages"][0]["content"] for request in model.requests]
    kept = {text.split("no others: ")[1].split(".")[0] for text in asked if "no others: " in text}
    assert kept <= {"none", "{{question}}"}


def test_included_prompts_may_stay_and_their_variables_count(model, workdir):
    model.answers = answers("")
    genaiops.register_prompt("tone", "in a {{tone}} tone")
    genaiops.register_prompt("qa/answer", "Speak {{> tone}}: {{question}}")
    rows = [row | {"inputs": row["inputs"] | {"tone": "low"}} for row in FEW]
    texts = [
        "Answer with the number alone {{> tone/1}}: {{question}}",
        "Answer with the number alone: {{question}}",
        "Answer with the number alone {{> other}}: {{question}}",
    ]

    proposed = [{"template": text} for text in texts]
    found = optimize(rows=rows, optimizer=lambda tried: proposed if len(tried) == 1 else [])

    assert (found.prompt.template, found.improved, found.n_refused) == (texts[0], True, 2)


def test_a_model_is_asked_with_everything_that_belongs_to_the_version(model, workdir):
    model.answers = answers("")
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    genaiops.register_prompt(
        "qa/answer",
        "Say: {{question}}",
        response_format=schema,
        model_config={"model": "openai/small", "temperature": 0.5},
    )

    optimize(rows=FEW, model=None, optimizer=lambda tried: [])

    request = model.requests[0]
    assert (request["model"], request["temperature"]) == ("small", 0.5)
    assert request["response_format"]["json_schema"]["schema"] == schema


def test_a_version_that_differs_in_more_than_its_text_is_no_candidate(model, base):
    genaiops.register_prompt("qa/answer", BETTER, model_config={"temperature": 2})

    found = optimize(name="qa/answer/1", rows=FEW, optimizer=lambda tried: [{"template": BETTER}])

    assert (found.prompt.version, found.prompt.model_config) == (3, None)


def test_another_model_is_asked_itself_after_a_search_that_was_killed(model, base, monkeypatch):
    monkeypatch.setattr("genaiops.eval.optimize._report", lambda *_: None)
    optimize(rows=FEW, optimizer=lambda tried: [])
    runs = genaiops.sql("SELECT run_id FROM runs WHERE name = 'optimize qa/answer v1'").rows
    genaiops.Client().set_terminated(runs[0][0], "KILLED")

    optimize(rows=FEW, model="openai/large", optimizer=lambda tried: [])

    assert [r["model"] for r in model.requests] == ["small"] * 10 + ["large"] * 10


def test_rows_with_a_question_are_taken_as_they_are(model, base):
    rows = [{"question": row["inputs"]["question"], "expected": row["expected"]} for row in FEW]

    assert optimize(rows=rows, optimizer=lambda tried: [{"template": BETTER}]).improved


def test_a_reflection_model_that_fails_ends_the_search_with_its_error(model, base):
    usual = model.answers
    model.answers = lambda request, number: (
        403 if request["model"] == "big" else usual(request, number)
    )

    with pytest.raises(genaiops.ProviderError, match="did not accept the key"):
        optimize(rows=FEW, reflection_model="openai/big")


def test_a_model_that_answers_nothing_ends_the_search_at_once(model, base):
    model.answers = lambda request, number: 403

    with pytest.raises(genaiops.EvalError, match=r"no answer to .* can be scored"):
        optimize()
    assert len(model.requests) == 20


@pytest.mark.parametrize(
    ("proposed", "says"),
    [(["Say it"], "the optimizer gave 'Say it'"), ([{"0": "x"}], "'template'")],
)
def test_an_optimizer_that_gives_no_texts_by_name_is_told(model, base, proposed, says):
    with pytest.raises(genaiops.EvalError, match=says):
        optimize(optimizer=lambda tried: proposed)


def test_a_row_without_a_variable_and_a_prompt_without_text_cost_nothing(model, base):
    genaiops.register_prompt("qa/two", "Say: {{question}} {{more}}")
    parts = [{"role": "user", "content": [{"type": "text", "text": "{{question}}"}]}]
    genaiops.register_prompt("qa/parts", parts)

    with pytest.raises(genaiops.EvalError, match="row 1: .* missing 'more'"):
        optimize(name="qa/two")
    with pytest.raises(genaiops.EvalError, match="no message that is text"):
        optimize(name="qa/parts")
    assert model.requests == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"model": None}, "names no model"),
        ({"max_calls": 10}, "max_calls is 10"),
        ({"optimizer": "x"}, "use 'gepa' or a function"),
        ({"max_calls": "many"}, "max_calls is 'many'"),
        ({"budget_usd": 0}, "budget_usd is 0: use an amount above 0"),
        ({"seed": -1}, "seed is -1"),
        ({"model": 3}, "model is 3"),
        ({"cluster": "document"}, "row 1 has no 'document'"),
        ({"cluster": lambda row: "one"}, "40 rows in 1 clusters are too few"),
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
    with pytest.raises(genaiops.ConfigError, match=r"not installed: pip install 'genaiops\[optim"):
        optimize()


def test_only_the_comparison_counts_as_an_evaluation_of_a_version(model, base):
    found = optimize(optimizer=lambda tried: [{"template": BETTER}])

    evaluated = prompt_evals.newest("qa/answer").newest
    assert {version: run.n_rows for version, run in evaluated.items()} == {1: 20, 2: 20}
    assert evaluated[2].run_id == found.comparison.run_id
    genaiops.set_prompt_alias("qa/answer", "production", 1)
    genaiops.set_prompt_alias("qa/answer", "production", 2, if_eval="exact_match >= 0.8")

    nothing = optimize("qa/answer/2", optimizer=lambda tried: [])  # only tries the version itself
    again = optimize("qa/answer/1", optimizer=lambda tried: [{"template": BETTER}])
    evaluated = prompt_evals.newest("qa/answer").newest
    assert (nothing.comparison, again.n_paid) == (None, 0)
    assert evaluated[2].run_id == again.comparison.run_id  # linked without a call


def test_a_budget_ends_the_search_and_leaves_money_for_the_comparison(model, base):
    model.cost = 0.01
    proposals = (f"Tell me {n}: {{{{question}}}}" for n in range(99))

    def propose(tried):
        return [{"template": BETTER if len(tried) == 1 else next(proposals)}]

    found = optimize(optimizer=propose, max_calls=10_000, budget_usd=1.05)

    assert (found.prompt.template, found.improved) == (BETTER, True)
    assert found.comparison["exact_match"].n == 20
    assert len(model.requests) == 100  # of 105: one candidate more would cost 20
    assert found.cost_usd == pytest.approx(1.0)


def test_a_budget_counts_what_judges_cost(model, base):
    model.cost = 0.01
    usual = model.answers

    def answer(request, number):
        asked = request["messages"][-1]["content"]
        judging = "verdict" in str(request.get("response_format"))
        return '{"rationale": "so", "verdict": "yes"}' if judging else usual(request, len(asked))

    model.answers = answer
    polite = genaiops.make_judge("polite", "Is {{outputs}} polite?", values=["yes", "no"])

    found = genaiops.optimize_prompt(
        "qa/answer",
        FEW,
        [polite],
        model="openai/small",
        judge_model="openai/judge",
        optimizer=lambda tried: [],
        budget_usd=5,
    )

    assert found.cost_usd == pytest.approx(0.01 * len(model.requests))
    assert {request["model"] for request in model.requests} == {"small", "judge"}


def test_a_budget_that_does_not_last_for_the_first_version_is_said(model, base):
    model.cost = 0.01

    with pytest.raises(genaiops.EvalError, match=r"rows to choose by: .* of the budget of 0.05"):
        optimize(budget_usd=0.05)
    assert len(model.requests) < 20


def test_a_budget_is_not_kept_by_guessing_a_price(model, base):
    with pytest.raises(genaiops.EvalError, match="no price of the model 'small' is known"):
        optimize(budget_usd=1, optimizer=lambda tried: [])


def test_rows_that_belong_together_stay_in_one_half(model, base):
    rows = [row | {"document": str(n // 2)} for n, row in enumerate(ROWS)]
    halves = []

    def propose(tried):
        halves.append({request["messages"][-1]["content"] for request in model.requests})
        return [{"template": BETTER}]

    found = optimize(rows=rows, cluster="document", optimizer=propose)

    numbers = {int(text.split()[-1].rstrip("?")) for text in halves[0]}
    assert len(numbers) == 20
    assert {n // 2 for n in numbers}.isdisjoint({n // 2 for n in range(40) if n not in numbers})
    assert found.improved
    assert "cluster" in found.comparison["exact_match"].method


def test_the_command_says_what_was_found_and_how_to_use_it(model, base, workdir):
    (workdir / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))
    asked = ["prompts", "optimize", "qa/answer/1", "rows.jsonl", "--judge", "exact_match"]
    asked += ["--model", "openai/small", "--max-calls", "90"]

    said = CliRunner().invoke(cli, asked)
    facts = json.loads(CliRunner().invoke(cli, [*asked, "--format", "json"]).stdout)
    wrong = CliRunner().invoke(cli, [*asked, "--judge", "nobody"])

    assert said.stdout.startswith("prompts:/qa/answer/2 is better than prompts:/qa/answer/1")
    assert "genaiops prompts alias qa/answer production 2 --if-eval" in said.stderr
    assert (facts["version"], facts["improved"], facts["n_paid"]) == (2, True, 0)
    assert facts["comparison"]["exact_match"]["verdict"] == "better"
    assert (wrong.exit_code, "no judge 'nobody'" in wrong.stderr) == (1, True)
