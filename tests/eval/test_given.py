"""What a caller gets wrong is told in one sentence, at the place where it was written."""

import inspect
import math

import pytest

import genaiops
from genaiops.eval import Verdict, judges, load_result
from genaiops.eval.judges import Groundedness

ROWS = [{"id": str(n), "question": str(n), "expected": str(n)} for n in range(3)]
CODE = judges.ExactMatch()


def echo(question):
    return question


def one_sentence(error, says):
    text = str(error.value)
    assert says in text
    assert "\n" not in text
    assert len(text) < 600


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: judges.RecallAtK("5"), "k is '5': use a number of documents"),
        (lambda: judges.RecallAtK(True), "k is True"),
        (lambda: judges.PrecisionAtK(2.5), "k is 2.5"),
        (lambda: judges.NDCG(None), "k is None"),
        (lambda: judges.Guidelines(3), "Guidelines: text is 3"),
        (lambda: judges.Guidelines(["be kind", ""]), "Guidelines: text is ['be kind', '']"),
        (lambda: judges.Guidelines([1]), "Guidelines: text is [1]"),
        (lambda: judges.Guidelines("be kind", name=3), "the name of a Guidelines is 3"),
        (lambda: judges.Latency(below_ms="x"), "Latency: below_ms is 'x'"),
        (lambda: judges.Latency(below_ms=-1), "Latency: below_ms is -1"),
        (lambda: judges.Cost(below_usd=math.nan), "Cost: below_usd is nan"),
        (lambda: judges.Contains(3), "Contains: text is 3"),
        (lambda: judges.Contains(""), "Contains: text is ''"),
        (lambda: judges.Contains([]), "Contains: text is []"),
        (lambda: judges.Contains("a", mode="some"), "Contains: mode is 'some'"),
        (lambda: judges.Contains("a", mode=["any"]), "Contains: mode is ['any']"),
        (lambda: judges.RegexMatch(3), "RegexMatch: pattern is 3"),
        (lambda: judges.RegexMatch("("), "is not a regular expression"),
        (lambda: judges.ExactMatch(ignore_case="no"), "ExactMatch: ignore_case is 'no'"),
        (lambda: judges.PII("email"), "PII: kinds is 'email': use a tuple, ('email',)"),
        (lambda: judges.PII(()), "PII: kinds is ()"),
        (lambda: judges.PII(("shoe size",)), "a kind of PII is 'shoe size': use some of email"),
        (lambda: judges.ToolCallCorrectness(mode="loose"), "ToolCallCorrectness: mode is 'loose'"),
        (lambda: judges.ToolCallCorrectness(mode={}), "ToolCallCorrectness: mode is {}"),
        (lambda: judges.ToolCallCorrectness(arguments=1), "arguments is 1: use True or False"),
        (lambda: judges.Groundedness(3), "model of Groundedness 'groundedness' is 3"),
        (lambda: judges.Groundedness(name=""), "the name of a Groundedness is ''"),
        (lambda: judges.Correctness(model=["a/b"]), "model of Correctness 'correctness' is"),
        (lambda: judges.Pairwise(against="run"), "Pairwise: against is 'run'"),
        (lambda: judges.Pairwise(criteria=3), "Pairwise: criteria is 3"),
        (lambda: judges.Pairwise(swap="yes"), "Pairwise: swap is 'yes'"),
        (lambda: judges.Panel(3), "Panel: members is 3"),
        (lambda: judges.Panel([Groundedness("a/b")] * 2, how="best"), "Panel: how is 'best'"),
        (lambda: judges.Panel([CODE, CODE]), "asks no model"),
        (lambda: judges.JSONSchema("x"), "JSONSchema: schema is 'x'"),
        (lambda: judges.JSONSchema({"type": "strin"}), "'type' is \"strin\": use one of object"),
        (lambda: judges.JSONSchema({"pattern": "("}), "'pattern' is \"(\": use a regular"),
        (lambda: judges.JSONSchema({"items": {"$ref": "#/x"}}), "'$ref' is \"#/x\""),
        (lambda: judges.JSONSchema({"properties": []}), "'properties' is []"),
        (lambda: judges.JSONSchema({"properties": {"a": 3}}), "3 is no schema"),
        (lambda: judges.JSONSchema({"minLength": "3"}), "'minLength' is \"3\": use a number"),
        (lambda: judges.JSONSchema({"minLenght": 3}), "'minLenght' is not known"),
        (lambda: genaiops.make_judge(3, "text"), "the name of a judge is 3"),
        (lambda: genaiops.make_judge("a", 3), "instructions of judge 'a' is 3"),
        (lambda: genaiops.make_judge("a", "  "), "instructions of judge 'a' is '  '"),
        (lambda: genaiops.make_judge("a", "b", values=3), "values of judge 'a' is 3"),
        (
            lambda: genaiops.make_judge("a", "b", values=dict),
            "values of judge 'a' is <class 'dict'",
        ),
        (lambda: genaiops.make_judge("a", "b", values={"x": "y", "z": 1}), "texts to numbers"),
        (lambda: genaiops.make_judge("a", "b", values=["x", None]), "use texts or numbers"),
        (lambda: genaiops.make_judge("a", "b", values={"x": 1, "y": 1}), "scale of MadeJudge 'a'"),
        (lambda: genaiops.make_judge("a", "b", model=3), "model of MadeJudge 'a' is 3"),
        (lambda: genaiops.make_judge("a", "b", few_shot=3), "few_shot of judge 'a' is 3"),
        (lambda: genaiops.make_judge("a", "b", few_shot=[{"x": 1}]), "each with 'verdict'"),
        (lambda: genaiops.judge(3), "what @judge decorates is 3"),
        (lambda: genaiops.judge(name=3), "name of a judge is 3"),
        (lambda: genaiops.judge(scale=(1, 0)), "scale of a judge is (1, 0)"),
        (lambda: genaiops.judge(scale="01"), "scale of a judge is '01'"),
        (lambda: genaiops.judge(values=5)(lambda outputs: "a"), "values of judge '<lambda>' is 5"),
    ],
)
def test_a_judge_that_cannot_be_made_says_so(made, says):
    with pytest.raises(genaiops.EvalError) as error:
        made()

    one_sentence(error, says)


class Strange:
    """Looks like a judge from afar."""

    name, needs, scale = "strange", frozenset(), (0.0, 1.0)

    def __init__(self, **changed):
        self.__dict__.update(changed)

    def score(self, case):
        return Verdict(value=True, number=1.0)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"judges": CODE}, "judges is ExactMatch(ignore_case=False): use a list of judges"),
        ({"judges": "exact_match"}, "judges is 'exact_match'"),
        ({"judges": [Strange(name=3)]}, "the name of a Strange is 3"),
        ({"judges": [Strange(scale=(1, 1))]}, "scale of Strange 'strange' is (1, 1)"),
        ({"judges": [Strange(needs={"output"})]}, "needs of Strange 'strange' is {'output'}"),
        ({"judges": [Strange(needs=None)]}, "needs of Strange 'strange' is None"),
        ({"predict_fn": 3}, "predict_fn is 3: use a function"),
        ({"predict_fn": "echo"}, "predict_fn is 'echo': use a function"),
        ({"name": 3}, "name is 3"),
        ({"name": " "}, "name is ' '"),
        ({"name": "\ud800"}, "name is '\\ud800'"),
        ({"judge_model": 3}, "judge_model is 3"),
        ({"cluster": 3}, "cluster is 3"),
        ({"repeats": "2"}, "repeats is '2'"),
        ({"repeats": True}, "repeats is True"),
        ({"concurrency": "many"}, "concurrency is 'many'"),
        ({"timeout_s": math.inf}, "timeout_s is inf"),
        ({"budget_usd": -1}, "budget_usd is -1"),
        ({"cache": "on"}, "cache is 'on'"),
        ({"cache": []}, "cache is []"),
        ({"resume": "yes"}, "resume is 'yes'"),
        ({"seed": "x"}, "seed is 'x'"),
        ({"seed": -1}, "seed is -1"),
        ({"confidence": "95%"}, "confidence is '95%'"),
        ({"confidence": 95}, "confidence is 95"),
        ({"progress": "bar"}, "progress is 'bar'"),
        ({"stop": 0}, "stop is 0"),
        ({"stop": [3]}, "stop is [3]"),
        ({"labels": 3}, "labels are int"),
        ({"labels": b"x"}, "labels are bytes"),
        ({"labels": {"0": 1}}, "labels of row '0' are 1"),
        ({"executor": 3}, "executor is 3"),
    ],
)
def test_an_argument_that_cannot_be_used_is_told_before_anything_runs(options, says):
    given = {"predict_fn": echo, "judges": [CODE]} | options

    with pytest.raises(genaiops.EvalError) as error:
        genaiops.evaluate(ROWS, given.pop("predict_fn"), **given)

    one_sentence(error, says)
    assert genaiops.sql("SELECT count(*) FROM runs").rows == [(0,)]


def test_a_function_that_yields_is_told_before_it_runs():
    def words(question):
        yield question

    async def later(question):
        yield question

    for fn in (words, later):
        with pytest.raises(genaiops.EvalError, match="yields its answer: return it whole"):
            genaiops.evaluate(ROWS, fn, judges=[CODE])


@pytest.fixture
def result():
    return genaiops.evaluate(ROWS, echo, judges=[CODE])


@pytest.mark.parametrize(
    ("use", "says"),
    [
        (lambda r: r.gate(3), "the gate 3 cannot be read"),
        (lambda r: r.gate("exact_match"), "the gate 'exact_match' cannot be read"),
        (lambda r: r.gate("exact_match >= high"), "cannot be read"),
        (lambda r: r.gate("other >= 0.5"), "there is no score 'other'"),
        (lambda r: r[3], "there is no score 3"),
        (lambda r: r.compare(3), "other is 3: use a result of evaluate()"),
        (lambda r: r.compare(None), "other is None"),
        (lambda r: r.compare("nothing"), "nothing"),
        (lambda r: r.compare(r, "x"), "margin is 'x'"),
        (lambda r: r.compare(r, math.nan), "margin is nan"),
        (lambda r: r.compare(r, -0.1), "margin is -0.1"),
        (lambda r: r.power("x"), "detect is 'x'"),
        (lambda r: r.power(0), "detect is 0"),
        (lambda r: r.power(0.1, other=3), "other is 3"),
        (lambda r: r.power(0.1, correlation="x"), "correlation is 'x'"),
        (lambda r: r.power(0.1, power=1), "power is 1"),
        (lambda r: r.worst("x"), "n is 'x'"),
        (lambda r: r.worst(-1), "n is -1"),
        (lambda r: r.to_label(0), "n is 0"),
        (lambda r: r.disagreements(2.5), "n is 2.5"),
        (lambda r: r.with_labels(3), "labels are int"),
        (lambda r: r.with_labels({"0": {"exact_match": 7}}), "is 7: use a number from 0 to 1"),
        (lambda r: r.agreement(3), "there is no score 3"),
        (lambda r: r.agreement("exact_match"), "no row has a label"),
        (lambda r: r.html(3), "path is 3"),
        (lambda r: r.html("no/such/folder/x.html"), "cannot be written to 'no/such/folder/x.html'"),
        (lambda r: r.html("x.html", dashboard=3), "dashboard is 3"),
        (lambda r: r.html("x.html", against=3), "other is 3"),
        (lambda r: load_result(3), "run_id is 3"),
        (lambda r: load_result(r.run_id, confidence=3), "confidence is 3"),
        (lambda r: CODE.agreement(3), "data of type int"),
        (lambda r: CODE.align(ROWS, shots="x"), "shots is 'x'"),
        (lambda r: CODE.align(ROWS, seed="x"), "seed is 'x'"),
    ],
)
def test_a_result_that_is_used_wrongly_says_so(result, use, says):
    with pytest.raises(genaiops.GenaiopsError) as error:
        use(result)

    one_sentence(error, says)


def test_labels_may_come_as_a_data_frame_or_in_numbers_of_numpy(result):
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame({"id": ["0", "1"], "judge": "exact_match", "value": [True, False]})
    numbers = {"0": {"exact_match": np.int64(1)}, "1": {"exact_match": np.bool_(False)}}

    assert result.with_labels(frame)["exact_match"].estimate == 0.5
    assert result.with_labels(numbers)["exact_match"].estimate == 0.5


def test_every_argument_of_evaluate_is_tried_here():
    tried = test_an_argument_that_cannot_be_used_is_told_before_anything_runs.pytestmark[0].args[1]

    names = set(inspect.signature(genaiops.evaluate).parameters) - {"data"}
    assert names == {name for options, _ in tried for name in options}
