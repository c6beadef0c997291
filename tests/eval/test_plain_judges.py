"""Judges without a model: tool calls, JSON schemas, personal data, time and money."""

import importlib
import json
import time
from pathlib import Path

import pytest

import genaiops
from genaiops.eval.case import Case, ToolCall
from genaiops.eval.judges import PII, Cost, JSONSchema, Latency, ToolCallCorrectness

A = {"name": "weather", "arguments": {"city": "Paris", "days": 1}}
B = {"name": "clock", "arguments": {}}
OPENAI = {
    "type": "function",
    "function": {"name": "weather", "arguments": json.dumps(A["arguments"])},
}


@pytest.mark.parametrize(
    ("mode", "expected", "made", "ok"),
    [
        ("strict", [A, B], [OPENAI, B], True),
        ("strict", [A, B], [B, A], False),
        ("unordered", [A, B], [B, A], True),
        ("unordered", [A, A], [A], False),
        ("subset", [A, B], [A], True),
        ("subset", [A], [A, B], False),
        ("superset", [A], [B, A], True),
        ("superset", [A, B], [A], False),
        ("strict", [], [], True),
        ("strict", ["clock"], [{"name": "clock", "args": "{}"}], True),
    ],
)
def test_tool_calls_are_compared_by_name_arguments_and_order(mode, expected, made, ok):
    judge = ToolCallCorrectness(mode=mode)

    verdict = judge.score(Case(expected={"tool_calls": expected}, outputs={"tool_calls": made}))

    assert verdict.value is ok
    assert ok or verdict.rationale


def test_arguments_can_be_left_out_and_broken_ones_are_wrong():
    other = {"name": "weather", "arguments": {"city": "Rome"}}
    case = Case(expected=[A], outputs=[other])
    broken = Case(expected=[A], outputs=[{"name": "weather", "arguments": "{city"}])

    assert ToolCallCorrectness(arguments=False).score(case).value
    assert "missing: weather" in ToolCallCorrectness().score(case).rationale
    assert ToolCallCorrectness().score(broken).value is False
    assert "give a list" in ToolCallCorrectness().score(Case(expected=[1], outputs=[])).error
    with pytest.raises(genaiops.EvalError, match="mode is 'exact'"):
        ToolCallCorrectness(mode="exact")


def test_tool_calls_are_taken_from_the_trace_where_the_answer_has_none():
    @genaiops.trace(span_type="tool")
    def weather(city):
        return "rain"

    def agent(question):
        return weather("Paris")

    rows = [{"question": "q", "expected": [{"name": "weather", "arguments": {"city": "Paris"}}]}]

    result = genaiops.evaluate(rows, agent, judges=[ToolCallCorrectness()])

    assert result["tool_call_correctness"].estimate == 1.0
    assert result.rows[0].case.tool_calls == (
        ToolCall(name="weather", arguments={"city": "Paris"}),
    )


SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "pattern": "^[A-Z]"},
        "age": {"type": "integer", "minimum": 0, "exclusiveMaximum": 150},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "uniqueItems": True},
        "child": {"$ref": "#"},
        "size": {"anyOf": [{"type": "null"}, {"type": "number", "multipleOf": 0.1}]},
    },
    "required": ["name"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ('{"name": "Ann", "age": 3, "tags": ["a"], "child": {"name": "Bo"}, "size": 0.3}', None),
        ('```json\n{"name": "Ann", "size": null}\n```', None),
        ({"name": "Ann", "age": 3.0}, None),
        ("Ann", "not JSON"),
        ("[]", '$: [] does not fit type "object"'),
        ({}, "$: 'name' is missing"),
        ({"name": "ann"}, '$.name: "ann" does not fit pattern'),
        ({"name": "Ann", "age": True}, '$.age: true does not fit type "integer"'),
        ({"name": "Ann", "age": 150}, "exclusiveMaximum"),
        ({"name": "Ann", "tags": ["a", "a"]}, "uniqueItems"),
        ({"name": "Ann", "tags": ["c"]}, '$.tags[0]: "c" does not fit enum'),
        ({"name": "Ann", "child": {"name": ""}}, "$.child.name"),
        ({"name": "Ann", "size": 0.25}, "fits none of anyOf"),
        ({"name": "Ann", "more": 1}, "'more' is not allowed"),
    ],
)
def test_an_answer_fits_a_schema_or_the_first_problem_is_named(answer, problem):
    verdict = JSONSchema(SCHEMA).score(Case(outputs=answer))

    assert verdict.value is (problem is None)
    assert problem is None or problem in verdict.rationale


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"oneOf": [{"type": "number"}, {"const": 1}]}, 2, 1),
        ({"allOf": [{"minimum": 1}, {"maximum": 2}]}, 1, 3),
        ({"not": {"type": "string"}}, 1, "x"),
        ({"prefixItems": [{"type": "string"}], "items": {"type": "number"}}, ["a", 1], [1]),
        ({"minItems": 1, "maxItems": 2}, [1], []),
        ({"minProperties": 1, "maxProperties": 1}, {"a": 1}, {}),
        ({"maxLength": 1, "exclusiveMinimum": 0}, 1, 0),
        ({"properties": {"a": False}}, {"b": 1}, {"a": 1}),
        ({"const": True}, True, 1),
    ],
)
def test_keywords_of_json_schema_mean_what_they_say(schema, good, bad):
    assert JSONSchema(schema).score(Case(outputs=good)).value is True
    assert JSONSchema(schema).score(Case(outputs=bad)).value is False


def test_a_keyword_that_is_not_known_is_refused_and_never_skipped():
    with pytest.raises(genaiops.EvalError, match="'dependentRequired'"):
        JSONSchema({"properties": {"a": {"items": {"dependentRequired": {}}}}})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Write to ann@example.org", "email"),
        ("Pay with 4111 1111 1111 1111", "credit_card"),
        ("Pay with 4111 1111 1111 1112", None),
        ("DE89 3704 0044 0532 0130 00", "iban"),
        ("Ann lives in Paris since 2019", None),
    ],
)
def test_personal_data_is_found_by_pattern_and_checksum(text, found):
    verdict = PII(kinds=("email", "credit_card", "iban")).score(Case(outputs=text))

    assert verdict.value is (found is None)
    assert found is None or found in verdict.rationale
    with pytest.raises(genaiops.EvalError, match="a kind of PII is 'shoe_size'"):
        PII(kinds=("shoe_size",))


def test_time_is_measured_and_money_is_counted(model):
    def answer(question):
        time.sleep(0.002)
        genaiops.gateway.complete(model="openai/gpt", messages=question)
        return "x"

    def free(question):
        return "x"

    rows, judges = [{"question": "q"}], [Latency(), Latency(below_ms=60_000), Cost(), Cost(0.5)]
    model.cost = 0.25
    paid = genaiops.evaluate(rows, answer, judges=judges)
    unpaid = genaiops.evaluate(rows, free, judges=[Cost()])
    model.cost = None
    unknown = genaiops.evaluate(rows, answer, judges=[Cost()], name="again")
    nobody = genaiops.evaluate([{"question": "q", "answer": "x"}], judges=[Latency(), Cost()])

    assert paid["latency_ms"].estimate > 2
    assert paid["latency"].estimate == 1.0
    assert (paid["cost_usd"].estimate, paid["cost"].estimate) == (0.25, 1.0)
    assert unpaid["cost_usd"].estimate == 0.0
    assert "not known" in unknown.failures()[0].error
    assert [row.error is None for row in nobody.rows] == [False, False]


def test_judges_are_one_module_however_they_are_imported():
    imported = importlib.import_module("genaiops.judges")

    assert imported is genaiops.judges
    assert imported.Latency is Latency


def test_every_judge_is_documented():
    page = (Path(__file__).parents[2] / "docs/judges.md").read_text("utf-8")
    plain = {"Case", "Claim", "ToolCall", "Verdict"}
    made = {name for name in genaiops.judges.__all__ if name[0].isupper()} - plain

    assert [name for name in sorted(made) if "Judge" not in name and f"`{name}(" not in page] == []
