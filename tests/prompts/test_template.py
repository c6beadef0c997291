"""The template grammar: one pass, nothing else."""

import pytest
from hypothesis import given, strategies as st

from genaiops.errors import PromptError
from genaiops.prompts.template import compile_template

NAMES = st.from_regex(r"[a-zA-Z_]\w{0,8}", fullmatch=True)
LITERALS = st.text(max_size=40).filter(lambda text: "{" not in text and "}" not in text)


def render(template: str, **values: str) -> object:
    return compile_template(template).render(values)


def test_each_variable_is_replaced_wherever_it_stands():
    assert render("{{a}} and {{ b }} and {{a}}", a="1", b="2") == "1 and 2 and 1"


def test_variables_are_listed_in_order_of_appearance():
    assert compile_template("{{b}} {{a}} {{b}}").variables == ("b", "a")


@pytest.mark.parametrize(
    "text",
    [
        'Answer as {"a": {"b": 1}}',
        "{single} {{ two words }} {{}} {{a.b}} {{a[0]}} {{a|upper}} {{1a}}",
        "{% for x in y %} {# comment #} ${shell} %s {0} {{#section}}{{/section}}",
        "\\{{ not\n closed",
    ],
)
def test_whatever_is_no_variable_stays_as_written(text: str):
    compiled = compile_template(text)

    assert compiled.variables == ()
    assert compiled.render({}) == text


def test_json_braces_next_to_a_variable_stay():
    assert render('{"answer": {{answer}}}', answer="1") == '{"answer": 1}'
    assert render("{{{answer}}}", answer="1") == "{1}"


def test_a_value_is_never_expanded_again():
    assert render("{{a}}{{b}}", a="{{b}}", b="{{a}} \\1 \\g<0>") == "{{b}}{{a}} \\1 \\g<0>"


def test_values_cannot_join_up_to_a_variable():
    assert render("{{a}}{b}}", a="{") == "{{b}}"


def test_every_text_in_a_chat_message_is_a_template_except_its_role():
    compiled = compile_template(
        [
            {"role": "system", "content": "You are {{who}}."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "{{question}}"},
                    {"type": "image_url", "image_url": {"url": "{{url}}", "detail": "low"}},
                ],
            },
            {"role": "assistant", "content": None, "tool_calls": [{"n": 1, "name": "{{who}}"}]},
        ]
    )

    messages = compiled.render({"who": "brief", "question": "Why?", "url": "data:x"})

    assert compiled.variables == ("who", "question", "url")
    assert messages == [
        {"role": "system", "content": "You are brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Why?"},
                {"type": "image_url", "image_url": {"url": "data:x", "detail": "low"}},
            ],
        },
        {"role": "assistant", "content": None, "tool_calls": [{"n": 1, "name": "brief"}]},
    ]


def test_a_variable_without_a_value_is_named():
    with pytest.raises(PromptError, match="'b'"):
        render("{{a}} {{b}}", a="1")


def test_an_included_prompt_must_be_at_hand():
    with pytest.raises(PromptError, match="'qa/rules@production', whose text is not at hand"):
        compile_template("{{> qa/rules@production}}")


@pytest.mark.parametrize("text", ["{{" * 200_000, "{{" + " " * 400_000, "{{" + "a" * 400_000])
def test_a_long_run_of_open_braces_is_read_once(text: str):
    assert compile_template(text).variables == ()


@given(st.lists(st.tuples(LITERALS, NAMES), max_size=8), st.dictionaries(NAMES, st.text()))
def test_rendering_puts_each_value_where_its_variable_stood(
    pieces: list[tuple[str, str]], values: dict[str, str]
):
    template = "".join(f"{literal}{{{{{name}}}}}" for literal, name in pieces)
    given_values = {name: values.get(name, "{{" + name + "}}") for _, name in pieces}

    rendered = compile_template(template).render(given_values)

    assert rendered == "".join(literal + given_values[name] for literal, name in pieces)
