"""Random templates and values: no value is expanded again, and what goes in comes out."""

import json

from hypothesis import given, settings, strategies as st

from genaiops.errors import PromptError
from genaiops.prompts.jinja import JinjaText
from genaiops.prompts.schema import schema_of
from genaiops.prompts.template import compile_template
from genaiops.prompts.version import make_prompt
from tests.prompts.making import version

PIECES = st.sampled_from(
    ["{{a}}", "{{ b }}", "{{", "}}", "{", "}", "{% if a %}", "x", "{{> p/1}}", "\n"]
)
TEMPLATES = st.lists(PIECES, max_size=12).map("".join)
VALUES = st.lists(PIECES | st.text(max_size=5), max_size=4).map("".join)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(TEMPLATES, VALUES, VALUES)
def test_no_value_is_expanded_again(template: str, a: str, b: str):
    compiled = compile_template(template, included={"p/1": "[{{b}}]"})

    values = {name: b if name == "b" else a for name in compiled.variables}
    marked = compiled.render({name: f"\0{name}\0" for name in values})

    assert isinstance(marked, str)
    parts = marked.split("\0")
    parts[1::2] = [values[name] for name in parts[1::2]]
    assert compiled.render(values) == "".join(parts)


@given(JSON)
def test_an_answer_in_the_format_that_was_asked_for_is_parsed(value: object):
    schema = {"type": "object", "properties": {"value": {}}, "required": ["value"]}
    prompt = make_prompt(version("Answer as JSON: {{value}}", response_format=schema))
    answer = json.dumps({"value": value})

    assert schema_of(schema) == schema
    assert prompt.parse(answer) == {"value": value}
    assert prompt.parse(f"Sure!\n```json\n{answer}\n```") == {"value": value}
    assert prompt.format(value=answer) == f"Answer as JSON: {answer}"


ATTEMPTS = st.sampled_from(
    ["__class__", "['__class__']", ".__init__", "|attr('x')", "()", "self", "x", "range", "loop", "[0]",
     ".format", "|list", "|map('upper')", "%", "*", "~", "'a'", "9", "cycler", "namespace", ".mro"]
)  # fmt: skip


@settings(max_examples=200)
@given(st.lists(ATTEMPTS, min_size=1, max_size=5).map("".join))
def test_no_expression_of_jinja_shows_what_is_not_a_value(expression: str):
    try:
        shown = JinjaText.of("{{ " + expression + " }}").render({"x": ["value"]})
    except PromptError:
        return

    assert "<" not in shown
    assert "object at" not in shown
