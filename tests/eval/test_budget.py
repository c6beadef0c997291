"""A budget in USD stops a run, and what was paid for stays."""

import pytest

import genaiops
from genaiops.eval.judges import Correctness

ROWS = [{"id": f"r{n}", "question": f"What is {n}?", "expected": str(n)} for n in range(4)]


def answer(question):
    return question.split()[-1].rstrip("?")


def test_the_budget_stops_the_run_and_a_larger_one_goes_on(model):
    model.cost = 0.1
    judges = [Correctness(model="openai/judge")]
    options = {"judges": judges, "concurrency": 1}

    short = genaiops.evaluate(ROWS, answer, budget_usd=0.25, **options)
    paid = len(model.requests)
    status = genaiops.sql("SELECT status FROM runs").rows
    full = genaiops.evaluate(ROWS, answer, budget_usd=5, **options)

    assert (paid, short["correctness"].n_ok, short["correctness"].n_failed) == (2, 2, 2)
    assert "of the budget of 0.25 USD are spent" in short.failures()[0].error
    assert status == [("KILLED",)]
    assert full.run_id == short.run_id
    assert (full["correctness"].n_failed, len(model.requests)) == (0, 4)


def test_a_budget_that_nobody_can_keep_stops_after_the_first_answer(model):
    score = genaiops.evaluate(
        ROWS, answer, judges=[Correctness(model="openai/judge")], budget_usd=1, concurrency=1
    )

    assert (score["correctness"].n_ok, len(model.requests)) == (1, 1)
    assert "no price of the model 'judge' is known" in score.failures()[0].error
    assert "prices.toml" in score.failures()[0].error


def test_a_budget_is_kept_by_the_prices_of_the_store_where_the_provider_names_none(model, workdir):
    options = {"judges": [Correctness(model="openai/gpt-4o-mini")], "concurrency": 1}
    own = '[[price]]\nmodel = "dear"\ninput = 10000\noutput = 10000\n'  # 15 tokens: 0.15 USD

    cheap = genaiops.evaluate(ROWS, answer, budget_usd=1, **options)
    (genaiops.store.current_store().folder / "prices.toml").write_text(own)
    dear = genaiops.evaluate(
        ROWS, answer, judges=[Correctness(model="openai/dear")], concurrency=1, budget_usd=0.35
    )

    assert cheap["correctness"].cost_usd == pytest.approx(4 * (10 * 0.15e-6 + 5 * 0.6e-6))
    assert dear["correctness"].n_ok == 2
    assert "of the budget of 0.35 USD are spent" in dear.failures()[0].error
