"""What goes wrong has a stated outcome, and the run goes on."""

import asyncio
import threading
import time

import pytest

import genaiops
from genaiops.eval.judges import Correctness, ExactMatch

ROWS = [{"id": f"r{n}", "question": f"What is {n}?", "expected": str(n)} for n in range(4)]
YES, NO = '{"rationale": "r", "verdict": "yes"}', '{"rationale": "r", "verdict": "no"}'


def answer(question):
    return question.split()[-1].rstrip("?")


def correct(**options):
    return genaiops.evaluate(
        ROWS, answer, judges=[Correctness(model="openai/judge")], concurrency=4, **options
    )["correctness"]


def about(number, said, otherwise=YES):
    """A model that says something about one row, whoever asks how often, and yes about others."""

    def answers(request, _number):
        question = request["messages"][1]["content"]
        return said if f"What is {number}?" in question else otherwise

    return answers


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("", "the answer is empty"),
        ("   \n", "the answer is empty"),
        ("I would rather think it over.", "no JSON object"),
        ("Ich kann das nicht beurteilen.", "no JSON object"),
        ("I'm sorry, but I can't help with that.", "no JSON object"),
        (("", "content_filter"), "withheld"),
        ('{"rationale": "r", "verdict": "vielleicht"}', "'vielleicht', not"),
        ('{"rationale": "r", "verdict": NaN}', "no JSON object"),
        ('{"rationale": "r", "verdict": 7}', "'7', not"),
        ('{"rationale": "r"}', '"verdict" is missing'),
        ('{"rationale": "r", "verd', "cut off"),
        (("yes, because", "length"), "cut off"),
        ("x" * 1_000_000, "no JSON object"),
        ("{" * 100_000, "no JSON object"),
        ("[" * 100_000, "no JSON object"),
    ],
)
def test_an_answer_of_the_judge_that_cannot_be_read_is_an_error_of_its_row(model, said, error):
    model.answers = about(2, said)

    score = correct()
    row = genaiops.sql("SELECT row_id, error FROM eval_rows WHERE error IS NOT NULL").rows

    assert (score.n_ok, score.n_failed, score.estimate) == (3, 1, 1.0)
    assert row[0][0] == "r2"
    assert error in row[0][1]
    assert len(row[0][1]) < 1000


@pytest.mark.parametrize(
    "said",
    [
        f"{YES} No, wait. {NO}",
        f"Let me see.\n```json\n{NO}\n```\nThat is it.",
        "Reasons first.\n\n**Verdict:** no",
        '{"verdict": false}',
        '{"rationale": "' + "x" * 1_000_000 + '", "verdict": "no"}',
        '{"rationale": "Nein, weil …", "verdict": " NO "}',
    ],
)
def test_an_answer_that_is_odd_and_clear_is_read(model, said):
    model.answers = about(2, said)

    score = correct()

    assert (score.n_failed, score.estimate) == (0, 0.75)


def test_a_good_verdict_beside_fields_that_make_no_sense_is_kept(model):
    odd = [
        {"service_tier": {"a": 1}},
        {"usage": {"prompt_tokens": -5, "completion_tokens": "ten"}, "id": 5},
        {"usage": {"cost": "much", "prompt_tokens_details": [1]}, "model": None},
        {"usage": "a lot", "model": ["x"]},
    ]
    model.answers = lambda request, number: odd[number - 1]

    score = correct()

    assert (score.n_ok, score.n_failed, score.cost_usd, len(model.requests)) == (4, 0, None, 4)


@pytest.mark.parametrize("said", ["7", "-1", "1.5", "NaN", "1e999", "null", '"five"', "true"])
def test_a_number_out_of_range_is_asked_for_again_and_then_an_error(model, said):
    model.answers = lambda request, number: f'{{"rationale": "r", "verdict": {said}}}'
    judge = genaiops.make_judge("style", "Grade {{outputs}}", values=int, model="openai/judge")

    result = genaiops.evaluate(ROWS[:1], answer, judges=[judge])

    assert result["style"].estimate is None
    assert result.failures()[0].verdict.attempts == len(model.requests) == 2


def test_an_answer_cut_off_once_is_asked_for_again(model):
    model.answers = lambda request, number: (YES[:20], "length") if number < 4 else YES

    result = genaiops.evaluate(
        ROWS[:1], answer, judges=[Correctness(model="openai/judge")], concurrency=1
    )

    assert result["correctness"].estimate == 1.0
    assert result.rows[0].verdict.attempts == 4


@pytest.mark.parametrize("status", [429, 500, 502, 503, 529])
def test_a_provider_that_refuses_or_fails_for_a_while_loses_nothing(model, status):
    model.answers = lambda request, number: status if number <= 6 else YES

    score = correct()

    assert (score.n_ok, score.n_failed) == (4, 0)


def test_a_provider_that_comes_back_is_waited_for(model, monkeypatch):
    address = model.server_address
    model.shutdown()
    model.server_close()
    back = []

    def return_later():
        time.sleep(0.5)
        server = type(model)(lambda request, number: YES, port=address[1])
        back.append(server)

    thread = threading.Thread(target=return_later)
    thread.start()
    score = correct()
    thread.join()
    back[0].shutdown()
    back[0].server_close()

    assert (score.n_ok, score.n_failed) == (4, 0)


def test_an_unknown_model_is_an_error_of_every_row_that_says_so(model):
    model.answers = lambda request, number: 404

    score = correct()
    (error,) = genaiops.sql("SELECT DISTINCT error FROM eval_rows").rows[0]

    assert (score.estimate, score.n_failed, len(model.requests)) == (None, 4, 4)
    assert "'openai/judge' refused the request (404" in error


@pytest.mark.parametrize(
    ("name", "says"), [("nobody/x", "unknown provider 'nobody'"), ("gpt-5", "name its provider")]
)
def test_an_unknown_provider_is_found_before_anything_runs(name, says):
    with pytest.raises(genaiops.ConfigError, match=says):
        genaiops.evaluate(ROWS, answer, judges=[Correctness(model=name)])
    assert genaiops.sql("SELECT count(*) FROM runs").rows == [(0,)]


def test_a_missing_key_is_found_before_anything_runs():
    with pytest.raises(genaiops.ConfigError, match="set OPENAI_API_KEY"):
        genaiops.evaluate(ROWS, answer, judges=[Correctness(model="openai/judge")])
    assert genaiops.sql("SELECT count(*) FROM runs").rows == [(0,)]


def test_a_wrong_key_is_an_error_at_once_and_does_not_show_it(model):
    model.answers = lambda request, number: 401

    score = correct()
    (error,) = genaiops.sql("SELECT DISTINCT error FROM eval_rows").rows[0]

    assert (score.n_failed, len(model.requests)) == (4, 4)
    assert "check OPENAI_API_KEY" in error
    assert "test-key" not in error


def raises(question):
    raise KeyError(question)


def exits(question):
    raise SystemExit(3)


def hangs(question):
    threading.Event().wait()


async def hangs_async(question):
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("fails", "error"),
    [
        (raises, "predict_fn raised KeyError"),
        (exits, "SystemExit: 3"),
        (hangs, "took longer than 0.2 s"),
        (hangs_async, "took longer than 0.2 s"),
    ],
)
def test_a_function_that_fails_on_some_rows_fails_on_these_only(fails, error):
    if asyncio.iscoroutinefunction(fails):

        async def sometimes(question):
            return await fails(question) if "2" in question else answer(question)
    else:

        def sometimes(question):
            return fails(question) if "2" in question else answer(question)

    result = genaiops.evaluate(ROWS, sometimes, judges=[ExactMatch()], timeout_s=0.2)

    assert (result["exact_match"].n_ok, result["exact_match"].n_failed) == (3, 1)
    assert result.failures()[0].row_id == "r2"
    assert error in result.failures()[0].error


def test_an_answer_of_none_is_missing_and_not_wrong():
    result = genaiops.evaluate(
        ROWS, lambda question: None if "2" in question else answer(question), judges=[ExactMatch()]
    )

    assert (result["exact_match"].estimate, result["exact_match"].n_failed) == (1.0, 1)
    assert "outputs missing" in result.failures()[0].error


def test_an_answer_of_ten_megabytes_is_judged_and_kept(model):
    def long(question):
        return "x" * 10_000_000 if "2" in question else answer(question)

    result = genaiops.evaluate(
        ROWS, long, judges=[ExactMatch(), Correctness(model="openai/judge")], timeout_s=30
    )

    assert result["exact_match"].estimate == 0.75
    assert [row.error for row in result.failures()] == []


def test_replay_asks_nobody_and_says_what_is_missing(model):
    options = {"judges": [Correctness(model="openai/judge")], "name": "same"}
    first = genaiops.evaluate(ROWS, answer, **options)
    again = genaiops.evaluate(ROWS, answer, cache="replay", **options)
    other = genaiops.evaluate(ROWS, lambda question: "?", cache="replay", **options)

    assert first["correctness"].estimate == again["correctness"].estimate == 1.0
    assert len(model.requests) == 4
    assert "no prediction of this row is stored" in other.failures()[0].error


class SilentError(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class OwnError(BaseException):
    pass


class Unshown:
    def __repr__(self):
        raise RuntimeError("no repr")


def odd_error(question):
    raise SilentError


def long_error(question):
    raise ValueError("\n".join(["x" * 100] * 100))


def base_error(question):
    raise OwnError("own")


@pytest.mark.parametrize(
    ("gives", "error"),
    [
        (odd_error, "predict_fn raised SilentError"),
        (long_error, "predict_fn raised ValueError: xxx"),
        (base_error, "OwnError: own"),
        (exits, "SystemExit: 3"),
        (lambda question: (part for part in "abc"), "a generator is no answer"),
        (lambda question: Unshown(), "RuntimeError: no repr"),
        (lambda question: {"outputs": "2", "contexts": [Unshown()]}, "RuntimeError: no repr"),
    ],
)
@pytest.mark.parametrize("later", [False, True])
def test_a_function_that_gives_something_odd_fails_on_its_row_only(gives, error, later):
    def sometimes(question):
        return gives(question) if "2" in question else answer(question)

    async def sometimes_later(question):
        return sometimes(question)

    fn = sometimes_later if later else sometimes
    result = genaiops.evaluate(ROWS, fn, judges=[ExactMatch()])

    assert (result["exact_match"].n_ok, result["exact_match"].n_failed) == (3, 1)
    assert error in result.failures()[0].error
    assert max(map(len, str(result).splitlines())) < 400


def test_a_verdict_beyond_the_scale_of_its_judge_is_an_error_of_its_row():
    @genaiops.judge(scale=(0, 1))
    def length(outputs, row_id):
        return 7 if row_id == "r2" else 1

    result = genaiops.evaluate(ROWS, answer, judges=[length])

    assert (result["length"].estimate, result["length"].n_failed) == (1.0, 1)
    assert "gave 7, which is outside its scale of 0 to 1" in result.failures()[0].error


@pytest.mark.parametrize("number", [1e308, -1e200, float("inf"), float("nan")])
def test_a_number_that_cannot_be_counted_with_is_an_error_of_its_row(number):
    @genaiops.judge
    def size(outputs, row_id):
        return number if row_id == "r2" else 1.0

    result = genaiops.evaluate(ROWS, answer, judges=[size], confidence=0.995)

    assert (result["size"].estimate, result["size"].n_failed) == (1.0, 1)
    assert "99.5% interval" in str(result)


def test_failures_of_a_yes_or_no_judge_count_as_no_in_the_worst_case():
    @genaiops.judge
    def polite(outputs, row_id):
        if row_id == "r2":
            raise ValueError("no")
        return True

    score = genaiops.evaluate(ROWS, answer, judges=[polite])["polite"]

    assert score.worst_low < score.low - 0.1


def test_a_judge_that_returns_no_verdict_is_an_error_of_its_row():
    class Odd:
        name, needs, scale = "odd", frozenset(), None

        def score(self, case):
            return "yes"

    result = genaiops.evaluate(ROWS, answer, judges=[Odd()])

    assert result["odd"].estimate is None
    assert result.failures()[0].error == "odd returned str: return a Verdict"
