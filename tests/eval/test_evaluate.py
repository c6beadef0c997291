"""`evaluate` end to end, with a scripted judge model on loopback."""

import asyncio
import json
import sys

import pytest

import genaiops
from genaiops.eval.judges import PII, ContextOverlap, ExactMatch, Groundedness, RecallAtK, TokenF1

ROWS = [
    {"id": f"r{n}", "inputs": {"question": f"What is {n}?"}, "expected": str(n)} for n in range(6)
]


def good():
    return genaiops.make_judge("good", "Is {{outputs}} right for {{inputs}}?", model="openai/judge")


def answer(question):
    return question.split()[-1].rstrip("?")


def test_an_evaluation_gives_estimates_with_intervals_and_keeps_them_in_the_store():
    result = genaiops.evaluate(ROWS, answer, judges=[ExactMatch(), TokenF1()], name="first")

    score = result["exact_match"]
    assert (score.estimate, score.n, score.n_ok, score.n_failed) == (1.0, 6, 6, 0)
    assert 0.5 < score.low < 1.0 == score.high
    assert "Wilson" in score.method
    run = genaiops.get_run(result.run_id)
    assert run.info.run_name == "first"
    assert run.data.metrics["exact_match"] == 1.0
    assert run.data.metrics["exact_match.low"] == pytest.approx(score.low)
    kept = genaiops.sql("SELECT count(*), count(DISTINCT trace_id) FROM eval_rows").rows
    assert kept == [(12, 6)]
    assert "exact_match" in str(result)


def test_every_row_is_a_trace_of_the_run_with_the_verdicts_on_it():
    result = genaiops.evaluate(ROWS[:1], answer, judges=[ExactMatch()])

    trace = genaiops.get_trace(result.rows[0].trace_id)

    assert trace.root.run_id == result.run_id
    assert trace.root.inputs == {"question": "What is 0?"}
    assert [(said.name, said.value) for said in trace.assessments] == [("exact_match", True)]


def test_what_the_function_does_not_return_comes_from_its_retriever_spans():
    @genaiops.trace(span_type="retriever")
    def retrieve(question):
        return [{"id": "d1", "text": "Zero is 0."}, {"id": "d2", "text": "One."}]

    def rag(question):
        retrieve(question)
        return "Zero is 0."

    rows = [{"inputs": {"question": "q"}, "relevant_ids": ["d1"]}]
    result = genaiops.evaluate(rows, rag, judges=[RecallAtK(1), ContextOverlap()])

    assert result["recall_at_1"].estimate == 1.0
    assert result["context_overlap"].estimate == 1.0


def test_an_error_of_the_function_is_a_value_of_its_row_and_the_others_go_on():
    def sometimes(question):
        if "3" in question:
            raise ValueError("no three")
        return answer(question)

    result = genaiops.evaluate(ROWS, sometimes, judges=[ExactMatch()])

    score = result["exact_match"]
    assert (score.n_ok, score.n_failed) == (5, 1)
    assert score.worst_low < score.low
    failure = result.failures()[0]
    assert failure.row_id == "r3"
    assert "no three" in failure.verdict.error


def test_an_async_function_keeps_the_order_of_the_rows():
    async def slow_first(question):
        await asyncio.sleep(0.05 if "0" in question else 0)
        return answer(question)

    result = genaiops.evaluate(ROWS, slow_first, judges=[ExactMatch()], concurrency=6)

    assert [item.row_id for item in result.rows] == [row["id"] for row in ROWS]


def test_evaluate_works_where_a_loop_is_running_already():
    async def notebook():
        return genaiops.evaluate(ROWS, answer, judges=[ExactMatch()])

    assert asyncio.run(notebook())["exact_match"].estimate == 1.0


def test_the_same_question_is_never_paid_for_twice(model):
    first = genaiops.evaluate(ROWS, answer, judges=[good()])
    asked = len(model.requests)
    second = genaiops.evaluate(ROWS, answer, judges=[good()])

    assert (first["good"].estimate, second["good"].estimate) == (1.0, 1.0)
    assert asked == 6
    assert len(model.requests) == 6
    assert all(item.verdict.cached for item in second.rows)


def test_without_the_cache_everything_is_asked_again(model):
    for _ in range(2):
        genaiops.evaluate(ROWS[:2], answer, judges=[good()], cache=False)

    assert len(model.requests) == 4


def test_an_answer_that_cannot_be_read_is_asked_for_once_more(model):
    model.answers = lambda request, number: (
        "I think so" if number == 1 else '{"rationale": "r", "verdict": "no"}'
    )

    result = genaiops.evaluate(ROWS[:1], answer, judges=[good()])

    assert result["good"].estimate == 0.0
    assert result.rows[0].verdict.attempts == 2
    assert "could not be used" in model.requests[1]["messages"][-1]["content"]


def test_an_answer_that_stays_unreadable_is_an_error_and_never_a_zero(model):
    model.answers = lambda request, number: "no idea"

    result = genaiops.evaluate(ROWS[:2], answer, judges=[good()])

    assert result["good"].estimate is None
    assert (result["good"].n_failed, result["good"].method) == (2, "none: all rows failed")
    assert "no JSON object" in result.failures()[0].verdict.error


def test_groundedness_counts_only_claims_whose_quote_stands_in_the_contexts(model):
    claims = [
        {"claim": "a", "reason": "r", "quote": "Water is wet.", "supported": "yes"},
        {"claim": "b", "reason": "r", "quote": "Fire is wet.", "supported": "yes"},
    ]
    model.answers = lambda request, number: json.dumps({"claims": claims})
    rows = [{"inputs": "q", "outputs": "a b", "contexts": ["Water is wet. Fire is hot."]}]

    result = genaiops.evaluate(rows, judges=[Groundedness(model="openai/judge")])

    assert result["groundedness"].estimate == 0.5
    assert result.failures() == []


def test_a_judge_without_a_model_says_how_to_name_one_before_anything_runs():
    with pytest.raises(genaiops.ConfigError, match="GENAIOPS_JUDGE_MODEL"):
        genaiops.evaluate(ROWS, answer, judges=[Groundedness()])

    assert genaiops.sql("SELECT count(*) FROM runs").rows == [(0,)]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"judges": []}, "no judge"),
        ({"judges": ["groundedness"]}, "is no judge"),
        ({"judges": [ExactMatch(), ExactMatch()]}, "two judges"),
        ({"judges": [ExactMatch()], "budget_usd": 0}, "budget_usd is 0"),
        ({"judges": [ExactMatch()], "repeats": 0}, "repeats"),
        ({"judges": [ExactMatch()], "cache": "sometimes"}, "cache"),
        ({"judges": [ExactMatch()], "confidence": 1.5}, "confidence is 1.5"),
        ({"judges": [ExactMatch()], "confidence": None}, "confidence is None"),
        ({"judges": [ExactMatch()], "confidence": "x"}, "confidence is 'x'"),
        ({"judges": [ExactMatch()], "timeout_s": None}, "timeout_s is None"),
        ({"judges": [ExactMatch()], "timeout_s": "5"}, "timeout_s is '5'"),
        ({"judges": [ExactMatch()], "timeout_s": float("nan")}, "timeout_s is nan"),
        ({"judges": [ExactMatch()], "budget_usd": "2"}, "budget_usd is '2'"),
        ({"judges": [ExactMatch()], "concurrency": 0}, "concurrency is 0"),
        ({"judges": [ExactMatch()], "cluster": lambda row: [1]}, "row 1: cluster= gave no cluster"),
        ({"judges": [ExactMatch()], "cluster": lambda row: row["?"]}, "row 1: .* KeyError"),
        ({"judges": [ExactMatch()], "cluster": "topic"}, "has no 'topic'"),
    ],
)
def test_wrong_options_are_refused_in_one_sentence(options, says):
    with pytest.raises(genaiops.GenaiopsError, match=says):
        genaiops.evaluate(ROWS, answer, **options)


def test_a_function_that_cannot_take_the_inputs_is_found_before_it_is_called():
    with pytest.raises(genaiops.EvalError, match="cannot be called with the inputs question"):
        genaiops.evaluate(ROWS, lambda text: text, judges=[ExactMatch()])


def test_a_plain_function_is_a_judge():
    @genaiops.judge
    def short(outputs):
        return len(outputs) < 2

    assert genaiops.evaluate(ROWS, answer, judges=[short])["short"].estimate == 1.0


def test_comparing_two_runs_pairs_their_rows_and_is_symmetrical():
    def half(question):
        return answer(question) if int(answer(question)) % 2 else "?"

    a = genaiops.evaluate(ROWS, answer, judges=[ExactMatch()])
    b = genaiops.evaluate(ROWS, half, judges=[ExactMatch()])

    forth, back = a.compare(b)["exact_match"], b.compare(a)["exact_match"]

    assert forth.estimate == 0.5 == -back.estimate
    assert forth.low == pytest.approx(-back.high)
    assert not b.compare(a, margin=0.1)["exact_match"].not_worse


def test_a_gate_looks_at_the_lower_bound():
    result = genaiops.evaluate(ROWS, answer, judges=[ExactMatch()])

    assert result.gate("exact_match >= 0.5")
    assert not result.gate("exact_match >= 0.9")
    with pytest.raises(genaiops.EvalError, match="cannot be read"):
        result.gate("exact_match")
    with pytest.raises(genaiops.NotFoundError, match="'nope'"):
        result.gate("nope > 0.5")


def test_the_verdicts_are_a_data_frame():
    frame = genaiops.evaluate(ROWS, answer, judges=[ExactMatch()]).to_df()

    assert list(frame["row_id"]) == [row["id"] for row in ROWS]
    assert frame["number"].mean() == 1.0


def test_without_pandas_one_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    result = genaiops.evaluate([{"question": "q", "outputs": "x"}], judges=[PII()])

    with pytest.raises(genaiops.EvalError, match="pip install pandas"):
        result.to_df()


def test_clusters_widen_the_interval():
    rows = [{"inputs": {"question": f"q{n}"}, "expected": "x" if n < 20 else "y",
             "tags": {"document": str(n // 10)}} for n in range(40)]  # fmt: skip

    plain = genaiops.evaluate(rows, lambda question: "x", judges=[ExactMatch()])
    clustered = genaiops.evaluate(
        rows, lambda question: "x", judges=[ExactMatch()], cluster="document"
    )

    width = [r["exact_match"].high - r["exact_match"].low for r in (plain, clustered)]
    assert width[1] > 1.5 * width[0]


def test_repeats_count_each_row_once_with_its_mean():
    heads = iter([0, 1] * 6)

    @genaiops.judge
    def coin(outputs):
        return next(heads)

    result = genaiops.evaluate(ROWS, answer, judges=[coin], repeats=2, concurrency=1)

    assert (len(result.rows), result["coin"].n, result["coin"].estimate) == (12, 6, 0.5)
    assert [row.repeat for row in result.rows[:4]] == [0, 1, 0, 1]


def test_a_row_that_hangs_times_out_and_the_others_go_on():
    never = asyncio.Event

    async def hangs(question):
        if "2" in question:
            await never().wait()
        return answer(question)

    result = genaiops.evaluate(ROWS, hangs, judges=[ExactMatch()], timeout_s=0.05)

    assert [row.row_id for row in result.failures()] == ["r2"]
    assert "longer than 0.05 s" in result.failures()[0].error


def test_judges_that_fail_are_values_too():
    @genaiops.judge
    def raises(outputs):
        raise KeyError(outputs)

    @genaiops.judge
    def nonsense(outputs):
        return float("nan")

    @genaiops.judge
    async def later(outputs):
        await asyncio.sleep(0)
        return "maybe" if outputs == "0" else "yes"

    result = genaiops.evaluate(ROWS, answer, judges=[raises, nonsense, later])

    assert [score.n_failed for score in result.scores.values()] == [6, 6, 1]
    assert "raises raised KeyError" in result.failures()[0].error
    assert result["raises"].estimate is None
    assert not result.gate("raises >= 0")
