"""What a function may return, and how an evaluation stands among runs and traces."""

import asyncio
import threading

import pytest

import genaiops
from genaiops.eval.judges import ContextOverlap, ExactMatch, RecallAtK, TokenF1
from genaiops.eval.progress import line

ROWS = [
    {"id": f"r{n}", "inputs": {"question": f"What is {n}?"}, "expected": str(n)} for n in range(6)
]


def good():
    return genaiops.make_judge("good", "Is {{outputs}} right for {{inputs}}?", model="openai/judge")


def answer(question):
    return question.split()[-1].rstrip("?")


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
    assert "2 clusters" in loaded["exact_match"].method


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
    assert "not with people" in str(result)


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


def test_the_line_of_progress_tells_rows_money_and_the_time_that_is_left():
    said = line("qa", 40, 200, took_s=16.25, spent_usd=0.0123)
    hours = line("qa", 1, 1001, took_s=3.7, spent_usd=0.0)

    assert said == "qa: 40 of 200 rows, 0.0123 USD, 1:05 left"
    assert hours == "qa: 1 of 1001 rows, 1:01:40 left"


def test_a_function_that_changes_its_inputs_changes_them_for_itself_only():
    def chat(messages):
        messages.append("answer")
        return len(messages)

    rows = [{"inputs": {"messages": ["question"]}, "expected": 2}]
    result = genaiops.evaluate(rows, chat, judges=[ExactMatch()], repeats=3)

    assert result["exact_match"].estimate == 1.0
    assert {str(row.case.inputs) for row in result.rows} == {"{'messages': ['question']}"}
    assert rows[0]["inputs"] == {"messages": ["question"]}


def test_nothing_that_a_row_says_steers_the_terminal(capsys):
    def fail(question):
        raise ValueError("\x1b[2Jgone\r\x9b31m\u202e")

    rows = [{"id": "\x1b]0;title\x07\nrow", "question": "q", "expected": "x"}]
    name = "\x1b[31m" + "long" * 50
    result = genaiops.evaluate(rows, fail, judges=[ExactMatch()], name=name, progress=True)

    lines, shown = str(result).split("\n"), capsys.readouterr().err
    assert all(line.isprintable() for line in lines)
    assert lines[2].startswith("row \ufffd]0;title\ufffd row, exact_match: predict_fn raised")
    assert shown.replace("\r\033[K", "").isprintable()
    assert max(map(len, shown.split("\r"))) < 80


def test_progress_on_a_terminal_is_one_line(capsys):
    genaiops.evaluate(ROWS, answer, judges=[ExactMatch()], name="mine", progress=True)

    shown = capsys.readouterr().err
    assert "mine: 6 of 6 rows, 0:00 left\r" in shown
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

    assert "2 clusters" in result["exact_match"].method
    assert result.compare(other)["exact_match"].method == "sign-flip permutation, 2 clusters"


def test_a_stored_run_knows_its_clusters_and_labels_whatever_became_of_its_traces():
    genaiops.configure(sample=0.0)
    rows = [{**row, "half": n % 2} for n, row in enumerate(ROWS)]
    labels = {row["id"]: {"exact_match": n % 3 > 0} for n, row in enumerate(ROWS)}
    options = {"judges": [ExactMatch()], "cluster": "half"}

    plain = genaiops.evaluate(rows, answer, **options)
    labelled = genaiops.evaluate(rows, answer, labels=labels, **options)

    assert genaiops.sql("SELECT * FROM traces").rows == []
    assert "2 clusters" in plain["exact_match"].method
    for result in (plain, labelled):
        assert genaiops.load_result(result.run_id)["exact_match"] == result["exact_match"]


def test_the_async_twin_gives_the_same():
    result = asyncio.run(genaiops.aevaluate(ROWS, answer, judges=[ExactMatch()]))

    assert result["exact_match"].estimate == 1.0
