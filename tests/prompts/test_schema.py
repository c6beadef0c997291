"""Response formats: JSON schemas that answers are checked against."""

import pytest

from genaiops.errors import PromptError
from genaiops.prompts.schema import check_schema, schema_of, violations

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "pattern": "^[A-Z]"},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2, "uniqueItems": True},
        "mood": {"enum": ["good", "bad", None]},
        "friend": {"$ref": "#"},
        "height": {"anyOf": [{"type": "number", "multipleOf": 0.5}, {"type": "null"}]},
    },
    "required": ["name"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "value",
    [
        {"name": "Ada"},
        {"name": "Ada", "age": 36, "tags": ["a", "b"], "mood": None, "height": 1.5},
        {"name": "Ada", "age": 36.0, "friend": {"name": "Bob", "friend": {"name": "Cy"}}},
        {"name": "Ada", "height": None},
    ],
)
def test_a_value_that_fits_breaks_nothing(value: object):
    assert list(violations(value, PERSON)) == []


@pytest.mark.parametrize(
    ("value", "broken"),
    [
        ([], "$ is [], not object"),
        ({}, "$ lacks 'name'"),
        ({"name": ""}, "$.name is '', which breaks minLength 1"),
        ({"name": "ada"}, "$.name is 'ada', which breaks pattern '^[A-Z]'"),
        ({"name": "A", "age": -1}, "$.age is -1, which breaks minimum 0"),
        ({"name": "A", "age": 1.5}, "$.age is 1.5, not integer"),
        ({"name": "A", "age": True}, "$.age is True, not integer"),
        ({"name": "A", "tags": ["a", 1]}, "$.tags[1] is 1, not string"),
        ({"name": "A", "tags": ["a", "a"]}, "$.tags holds an item twice"),
        ({"name": "A", "tags": ["a", "b", "c"]}, "['a', 'b', 'c'], which breaks maxItems 2"),
        ({"name": "A", "mood": "ok"}, "$.mood is 'ok', not one of ['good', 'bad', None]"),
        ({"name": "A", "friend": {"name": 1}}, "$.friend.name is 1, not string"),
        ({"name": "A", "height": 0.3}, "$.height is 0.3, which fits 0 of anyOf"),
        ({"name": "A", "height": 1e400}, "fits 0 of anyOf"),
        ({"name": "A", "x": 1}, "$ has 'x', which is not allowed"),
    ],
)
def test_a_value_that_does_not_fit_says_where(value: object, broken: str):
    assert any(broken in text for text in violations(value, PERSON))


def test_the_other_keywords_are_checked_too():
    schema = {
        "type": ["array", "null"],
        "prefixItems": [{"const": 1}, {"not": {"type": "string"}}],
        "items": {"allOf": [{"exclusiveMinimum": 0}, {"exclusiveMaximum": 9}]},
        "minItems": 1,
    }

    assert list(violations(None, schema)) == []
    assert list(violations([1, 2, 3], schema)) == []
    assert list(violations([], schema)) == ["$ is [], which breaks minItems 1"]
    assert list(violations([True], schema)) == ["$[0] is True, not 1"]
    assert list(violations([1, "x", 9], schema)) == [
        "$[1] is 'x', which is excluded",
        "$[2] is 9, which breaks exclusiveMaximum 9",
    ]


def test_one_of_allows_exactly_one():
    schema = {"oneOf": [{"type": "integer"}, {"type": "number", "multipleOf": 2}]}

    assert list(violations(3, schema)) == []
    assert list(violations(4, schema)) == ["$ is 4, which fits 2 of oneOf"]


def test_additional_properties_can_have_a_schema():
    schema = {"type": "object", "additionalProperties": {"type": "integer"}}

    assert list(violations({"a": 1}, schema)) == []
    assert list(violations({"a": "b"}, schema)) == ["$.a is 'b', not integer"]


def test_definitions_are_found_by_reference():
    schema = {"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "string"}}}

    assert list(violations("x", schema)) == []
    assert list(violations(1, schema)) == ["$ is 1, not string"]


@pytest.mark.parametrize("reference", ["#/$defs/none", "https://example.org/schema", "#"])
def test_a_reference_that_leads_nowhere_is_an_error(reference: str):
    with pytest.raises(PromptError, match="refers to"):
        list(violations(1, {"$ref": reference}))


def test_openais_wrapping_is_taken_off():
    wrapped = {"type": "json_schema", "json_schema": {"name": "p", "schema": PERSON}}

    assert schema_of(wrapped) == PERSON
    assert schema_of(PERSON) == PERSON
    check_schema(wrapped, "response_format")


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({}, "none of type"),
        ({"title": "no schema"}, "none of type"),
        ({"type": "json_schema", "json_schema": {"name": "p"}}, "none of type"),
        ({"type": "text"}, "'text'"),
        ({"properties": ["a"]}, r"\$\.properties is no dict"),
        ({"type": "object", "properties": {"a": 1}}, r"\$\.a is 1"),
        ({"type": "array", "items": {"type": "strnig"}}, "strnig"),
        ({"anyOf": {"type": "string"}}, "anyOf is no list"),
        ({"type": "string", "pattern": "("}, "no regular expression"),
        ({"type": "string", "minLength": "1"}, "minLength"),
        ({"type": "number", "multipleOf": 0}, "multipleOf is 0"),
        ({"allOf": [{"type": "nope"}]}, "nope"),
    ],
)
def test_what_is_no_schema_is_refused(schema: dict[str, object], why: str):
    with pytest.raises(PromptError, match=why):
        check_schema(schema, "response_format")


def test_a_pattern_takes_no_longer_for_a_text_made_to_be_slow() -> None:
    hostile = "a" * 50_000 + "!"  # with backtracking more steps than there is time
    for pattern in ("^(a+)+$", "^(a|aa)+$", "(a*)*b"):
        assert list(violations(hostile, {"type": "string", "pattern": pattern}))
        assert not list(violations("aaab", {"type": "string", "pattern": pattern[:-1]}))


def test_a_pattern_that_only_python_reads_is_matched_too() -> None:
    for pattern in ("^(?=.*b)a", r"^(a)b\1$"):
        check_schema({"type": "string", "pattern": pattern}, "the format")
        assert not list(violations("aba", {"type": "string", "pattern": pattern}))
        assert list(violations("caa", {"type": "string", "pattern": pattern}))
