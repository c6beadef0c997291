"""`evaluate` end to end, with a scripted judge model on loopback."""

import asyncio
import json
import threading

import pytest

import genaiops
from genaiops.eval.judges import ContextOverlap, ExactMatch, Groundedness, RecallAtK, TokenF1

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
        ({"judges": [ExactMatch()], "budget_usd": 5}, "budget_usd="),
        ({"judges": [ExactMatch()], "repeats": 0}, "repeats"),
        ({"judges": [ExactMatch()], "cache": "sometimes"}, "cache"),
        ({"judges": [ExactMatch()], "confidence": 1.5}, "confidence is 1.5"),
        ({"judges": [ExactMatch()], "concurrency": 0}, "concurrency is 0"),
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


def test_a_function_returns_outputs_with_contexts_and_ids():
    def rag(question):
        return {"outputs": "b", "contexts": ["a", {"content": "b"}], "retrieved_ids": [7]}

    rows = [{"question": "q", "relevant_ids": [7]}]
    result = genaiops.evaluate(rows, rag, judges=[RecallAtK(1), ContextOverlap()])

    assert [row.number for row in result.rows] == [1.0, 1.0]
    assert result.rows[0].case.contexts == ("a", "b")


def test_a_dict_that_is_not_of_that_shape_is_the_answer_itself():
    result = genaiops.evaluate(
        [{"question": "q", "expected": {"city": "Rome"}}],
        lambda question: {"city": "Rome"},
        judges=[ExactMatch()],
    )

    assert result.rows[0].case.outputs == {"city": "Rome"}
    assert result["exact_match"].estimate == 1.0


def test_a_row_is_a_trace_of_its_own_even_inside_a_traced_function():
    @genaiops.trace
    def outer():
        return genaiops.evaluate(ROWS[:2], answer, judges=[ExactMatch()])

    result = outer()

    assert len({row.trace_id for row in result.rows}) == 2
    assert all(genaiops.get_trace(row.trace_id).root.parent_span_id is None for row in result.rows)


def test_inside_a_run_an_evaluation_is_its_child():
    with genaiops.start_run("outer") as outer:
        result = genaiops.evaluate(ROWS[:1], answer, judges=[ExactMatch()])

    assert genaiops.get_run(result.run_id).info.parent_run_id == outer.info.run_id
    assert genaiops.active_run() is None


def test_progress_is_told_to_a_function():
    seen = []

    genaiops.evaluate(
        ROWS, answer, judges=[ExactMatch()], progress=lambda done, total: seen.append((done, total))
    )

    assert seen == [(done, 6) for done in range(1, 7)]


def test_disabled_it_scores_and_keeps_nothing(store_dir):
    genaiops.configure(disabled=True)

    result = genaiops.evaluate(ROWS, answer, judges=[ExactMatch()])

    assert result["exact_match"].estimate == 1.0
    assert not store_dir.exists()


def test_a_stored_result_can_be_loaded_with_the_same_scores():
    from genaiops.eval import load_result

    rows = [{**row, "topic": str(n % 2)} for n, row in enumerate(ROWS)]
    result = genaiops.evaluate(rows, answer, judges=[TokenF1(), ExactMatch()], cluster="topic")

    loaded = load_result(result.run_id[:12])

    assert loaded.scores == result.scores
    assert "G=2" in loaded["exact_match"].method


def test_replay_calls_neither_the_function_nor_the_judge_model(model):
    calls = []

    def counted(question):
        calls.append(question)
        return answer(question)

    first = genaiops.evaluate(ROWS, counted, judges=[good()])
    replayed = genaiops.evaluate(ROWS, counted, judges=[good()], cache="replay")

    assert (len(calls), len(model.requests)) == (6, 6)
    assert replayed["good"].estimate == first["good"].estimate == 1.0
    assert replayed.run_id != first.run_id
    assert replayed["good"].cost_usd == 0.0


def test_replay_of_what_was_never_asked_fails_row_by_row(model):
    genaiops.evaluate(ROWS, answer, judges=[ExactMatch()])

    judged = genaiops.evaluate(ROWS, answer, judges=[good()], cache="replay")
    unknown = genaiops.evaluate(ROWS[:1], answer, judges=[good()], cache="replay")

    assert model.requests == []
    assert "asks nobody" in judged.failures()[0].error
    assert "no prediction of this row is stored" in unknown.failures()[0].error


def test_a_finished_evaluation_is_not_resumed():
    calls = []

    def counted(question):
        calls.append(question)
        return answer(question)

    first = genaiops.evaluate(ROWS, counted, judges=[ExactMatch()])
    second = genaiops.evaluate(ROWS, counted, judges=[ExactMatch()])

    assert len(calls) == 12
    assert first.run_id != second.run_id


def test_judge_calls_are_traces_of_their_own_linked_from_the_verdict(model):
    result = genaiops.evaluate(ROWS[:1], answer, judges=[good()])

    verdict = result.rows[0].verdict
    judged = genaiops.get_trace(verdict.judge_trace_id)
    said = genaiops.get_trace(result.rows[0].trace_id).assessments[0]

    assert verdict.judge_trace_id != result.rows[0].trace_id
    assert [span.span_type for span in judged.spans] == ["judge", "llm"]
    assert (said.source_type, said.source_id) == ("llm", "openai/judge")
    assert said.judge_trace_id == verdict.judge_trace_id
    assert "not measured here" in str(result)


def test_a_model_that_refuses_structured_output_is_asked_in_prose(model):
    def answers(request, number):
        if "response_format" in request:
            return 400
        return "It is right.\n\nVerdict: yes"

    model.answers = answers

    result = genaiops.evaluate(ROWS, answer, judges=[good()], concurrency=1)

    assert result["good"].estimate == 1.0
    assert len(model.requests) == 7
    assert {row.verdict.stage for row in result.rows} == {"label"}


def test_a_provider_that_refuses_the_key_fails_the_rows_and_not_the_run(model):
    model.answers = lambda request, number: 401

    result = genaiops.evaluate(ROWS[:2], answer, judges=[good(), ExactMatch()])

    assert result["good"].n_failed == 2
    assert result["exact_match"].n_failed == 0
    assert genaiops.get_run(result.run_id).info.status == "FINISHED"


def test_a_cut_off_answer_is_asked_for_again_and_no_score_is_lost(model):
    model.answers = lambda request, number: (
        ('{"rationale": "it is ri', "length") if number % 2 else '{"verdict": "yes"}'
    )

    result = genaiops.evaluate(ROWS, answer, judges=[good()], concurrency=1)

    assert (result["good"].n_ok, result["good"].calls) == (6, 12)
    assert "cut off" in model.requests[1]["messages"][-1]["content"]


def test_a_judge_that_hangs_is_a_failure_of_its_row(model):
    release = threading.Event()
    model.answers = lambda request, number: release.wait(10) and '{"verdict": "yes"}'

    @genaiops.judge
    def stuck(outputs):
        release.wait(10)
        return True

    result = genaiops.evaluate(ROWS[:1], answer, judges=[good(), stuck], timeout_s=0.2)
    release.set()

    assert [row.error for row in result.rows] == [
        "openai/judge did not answer within 0.2 s",
        "stuck took longer than 0.2 s",
    ]


def test_repetitions_are_questions_of_their_own_and_cached_as_such(model):
    for _ in range(2):
        genaiops.evaluate(ROWS[:1], answer, judges=[good()], repeats=3)

    assert len(model.requests) == 3


def test_predictions_of_any_type_and_size_are_values():
    class Odd:
        def __str__(self):
            return "odd"

    def strange(question):
        number = int(answer(question))
        return [None, Odd(), "x" * 200_000, {1: Odd()}, b"bytes", float("nan")][number]

    result = genaiops.evaluate(ROWS, strange, judges=[TokenF1()])

    assert [row.case.outputs for row in result.rows][:4] == [
        None,
        "odd",
        "x" * 200_000,
        {"1": "odd"},
    ]
    assert "outputs missing" in result.failures()[0].error


def test_progress_on_a_terminal_is_one_line(capsys):
    genaiops.evaluate(ROWS, answer, judges=[ExactMatch()], name="mine", progress=True)

    shown = capsys.readouterr().err
    assert "\rmine: 6 of 6 rows" in shown
    assert "\n" not in shown


def test_an_error_beside_a_running_loop_reaches_the_caller():
    def broken(done, total):
        raise RuntimeError("no room")

    async def notebook():
        genaiops.evaluate(ROWS, answer, judges=[ExactMatch()], progress=broken)

    with pytest.raises(RuntimeError, match="no room"):
        asyncio.run(notebook())
    assert genaiops.sql("SELECT status FROM runs").rows == [("FAILED",)]


def test_clusters_may_come_from_a_function():
    rows = [{**row, "n": n // 3} for n, row in enumerate(ROWS)]
    options = {"judges": [ExactMatch()], "cluster": lambda row: row["n"]}

    result = genaiops.evaluate(rows, answer, **options)
    other = genaiops.evaluate(rows, lambda question: "0", **options)

    assert "G=2" in result["exact_match"].method
    assert result.compare(other)["exact_match"].method == "paired cluster t (G=2)"


def test_the_async_twin_gives_the_same():
    result = asyncio.run(genaiops.aevaluate(ROWS, answer, judges=[ExactMatch()]))

    assert result["exact_match"].estimate == 1.0
