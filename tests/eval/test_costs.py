"""What an evaluation cost: of judges and of the function, counted once, whoever names the price."""

import openai
import pytest

import genaiops
from genaiops.judges import Correctness, Cost, ExactMatch
from tests.eval.test_bad_input import ROWS

MINI_USD = 10 * 0.15e-6 + 5 * 0.6e-6  # the tokens of the scripted model at the price of gpt-4o-mini


@pytest.fixture
def ask(model):
    """A function that asks through OpenAI's own client, which is traced."""
    genaiops.openai.autolog()
    client = openai.OpenAI(max_retries=0)

    def asking(name):
        def answer(question):
            messages = [{"role": "user", "content": question}]
            said = client.chat.completions.create(model=name, messages=messages)
            return said.choices[0].message.content

        return answer

    yield asking
    genaiops.openai.autolog(disable=True)


def test_a_judge_costs_its_tokens_at_the_prices_of_the_store(model):
    result = genaiops.evaluate(
        ROWS, lambda question: "Paris", judges=[Correctness(model="openai/gpt-4o-mini")]
    )

    assert result["correctness"].cost_usd == pytest.approx(len(ROWS) * MINI_USD)
    assert "<0.0001" in str(result)


def test_a_model_that_nobody_has_a_price_of_costs_an_unknown_amount(model):
    result = genaiops.evaluate(
        ROWS, lambda question: "Paris", judges=[Correctness(model="openai/judge")]
    )

    assert result["correctness"].cost_usd is None
    assert "unknown" in str(result)


def test_an_answer_costs_what_the_traced_calls_of_the_function_cost(ask):
    asked = ask("gpt-4o-mini")

    def twice(question):
        return asked(question) + asked(question)

    result = genaiops.evaluate(ROWS, twice, judges=[Cost()])

    assert result["cost_usd"].estimate == pytest.approx(2 * MINI_USD)
    assert "9e-06" in str(result)


def test_a_call_that_two_layers_report_is_paid_once(ask):
    asked = ask("gpt-4o-mini")

    @genaiops.trace(span_type="chain")
    def framework(question):
        with genaiops.start_span("chat", span_type="llm") as span:
            with genaiops.start_span("inner"):
                said = asked(question)
            span.set_attributes(
                {"gen_ai.usage.input_tokens": 10, "gen_ai.response.model": "gpt-4o-mini"}
            )
        return said

    result = genaiops.evaluate(ROWS, framework, judges=[Cost()])

    assert result["cost_usd"].estimate == pytest.approx(MINI_USD)


def test_a_call_that_reports_no_tokens_leaves_the_cost_unknown(model):
    @genaiops.trace(span_type="llm")
    def silent(question):
        return "Paris"

    result = genaiops.evaluate(ROWS, silent, judges=[Cost()])

    assert result["cost_usd"].n_failed == len(ROWS)
    assert "the cost of this answer is not known" in result.failures()[0].error


def test_a_budget_counts_what_the_function_pays(ask, workdir):
    genaiops.evaluate(ROWS[:1], ask("gpt-4o-mini"), judges=[ExactMatch()], budget_usd=1)
    own = '[[price]]\nmodel = "dear"\ninput = 10000\noutput = 10000\n'  # 15 tokens: 0.15 USD
    (genaiops.store.current_store().folder / "prices.toml").write_text(own)

    result = genaiops.evaluate(
        ROWS, ask("dear"), judges=[ExactMatch()], budget_usd=0.35, concurrency=1
    )

    assert result["exact_match"].n_ok == 2
    assert "0.3000 of the budget of 0.35 USD are spent" in result.failures()[0].error


def test_a_budget_is_not_kept_where_the_function_asks_a_model_without_a_price(ask):
    result = genaiops.evaluate(
        ROWS, ask("own-model"), judges=[ExactMatch()], budget_usd=1, concurrency=1
    )

    assert result["exact_match"].n_ok == 1
    assert "no price of the model 'own-model' is known" in result.failures()[0].error
