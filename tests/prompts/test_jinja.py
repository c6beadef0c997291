"""Jinja: a part of the language, in bounded time and size, and nothing that escapes."""

import pytest

import genaiops
from genaiops.errors import PromptError
from genaiops.prompts.jinja import JinjaText

VALUES = {"x": "abc", "y": "a" * 5000, "d": {"a": 1}, "many": list(range(1000))}


def render(source: str, **values: object) -> str:
    text = JinjaText.of(source)
    return text.render(values or {name: VALUES[name] for name in text.names if name in VALUES})


def test_loops_conditions_filters_and_tests_work():
    prompt = genaiops.register_prompt(
        "qa",
        "{% for doc in docs %}{{ loop.index }}. {{ doc.title | upper }}\n{% endfor %}"
        "{% if tone is defined %}Be {{ tone }}. {% endif %}{{ limit | default(3) }} {{ q ~ '!' }}",
        syntax="jinja2",
    )

    loaded = genaiops.load_prompt("qa")
    assert loaded.variables == prompt.variables == ("docs", "tone", "limit", "q")
    assert loaded.format(docs=[{"title": "a"}], q="{{ tone }}") == "1. A\n3 {{ tone }}!"
    assert loaded.format(docs=[], q="?", tone="kind", limit=1) == "Be kind. 1 ?!"
    assert loaded.format(docs=[], q="?").prompt.variables == {"docs": "[]", "q": "?"}


def test_missing_and_unknown_variables_are_listed():
    prompt = genaiops.register_prompt("qa", "{{ a }}{{ b | default('') }}", syntax="jinja2")

    with pytest.raises(PromptError, match="missing 'a'; unknown 'c': it takes 'a', 'b'"):
        prompt.format(c=1)


def test_chat_messages_are_jinja_too_and_literal_braces_stay():
    prompt = genaiops.register_prompt(
        "qa",
        [
            {"role": "placeholder", "content": "{{history}}"},
            {"role": "user", "content": '{"a": {{ a | tojson }}}'},
        ],
        syntax="jinja2",
    )

    assert prompt.format(history=[{"role": "user", "content": "{{ a }}"}], a=["é", "<"]) == [
        {"role": "user", "content": "{{ a }}"},
        {"role": "user", "content": '{"a": ["é", "<"]}'},
    ]


def test_a_value_that_is_no_plain_data_is_refused():
    prompt = genaiops.register_prompt("qa", "{{ a }}", syntax="jinja2")

    for value in (object(), {1, 2}, print, "x" * 0 or type):
        with pytest.raises(PromptError, match="no JSON"):
            prompt.format(a=value)


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__ }}",
        "{{ x['__class__'] }}",
        "{{ x['__cl' ~ 'ass__'] }}",
        "{{ x|attr('__class__') }}",
        "{{ x|map(attribute='__class__')|list }}",
        "{{ x.format(1) }}",
        "{{ x.split }}",
        "{{ (x|string).__class__.__mro__ }}",
        "{{ range.__class__ }}",
        "{{ loop }}",
        "{{ self }}",
        "{{ self.__init__.__globals__ }}",
        "{{ lipsum() }}",
        "{{ cycler.__init__ }}",
        "{{ namespace() }}",
        "{% set n = namespace(a=1) %}",
        "{% set a, b = x, x %}",
        "{{ [x, x] }}",
        "{% macro f() %}{% endmacro %}",
        "{% call x() %}{% endcall %}",
        "{% filter upper %}x{% endfilter %}",
        "{% block a %}{% endblock %}",
        "{% include 'a' %}",
        "{% import 'a' as b %}",
        "{% extends 'a' %}",
        "{% for i in x recursive %}{% endfor %}",
        "{{ x(*y) }}",
        "{{ d.update({'a': 2}) }}",
        "{{ d.pop('a') }}",
        "{{ x is callable }}",
        "{{ many|map('attr', 'real')|list }}",
        "{{ x|pprint }}",
        "{{ nothing }}",
        "{{ d.nothing.more }}",
        "{{ x",
        "{% for %}",
        "{{" * 3000,
        "{{ " + "(" * 3000 + "x" + ")" * 3000 + " }}",
        "x" * 100_001 + "{{ x }}",
    ],
)
def test_what_is_not_on_the_list_is_refused(source: str):
    with pytest.raises(PromptError):
        render(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ range(10**9) }}",
        "{{ range(1000000000)|list }}",
        "{{ 'a' * 10000000000 }}",
        "{{ 9**9**9 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 1|round(1000000000, 'ceil') }}",
        "{{ x|center(1000000000) }}",
        "{{ y|replace('a', y) }}",
        "{{ many|join(y) }}",
        "{{ many|tojson(indent=1000000) }}",
        "{{ many|tojson(indent=y) }}",
        "{% set a = y %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
        "{% set a = y %}" + "{% set a = a + a %}" * 40 + "{{ a }}",
        "{% set a = 10 %}" + "{% set a = a * a %}" * 40 + "{{ a }}",
        "{% for i in range(99999) %}{{ y }}{% endfor %}",
    ],
)
def test_what_would_grow_too_large_is_stopped(source: str):
    assert render("{{ many[:1]|tojson(indent=2) }}").startswith("[\n  ")
    with pytest.raises(PromptError):
        render(source)


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in range(99999) %}{% if many|map('string')|list %}{% endif %}{% endfor %}",
    ],
)
def test_what_would_take_too_long_is_stopped(source: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("genaiops.prompts.jinja.MOST_SECONDS", 0.05)

    with pytest.raises(PromptError, match="took longer"):
        render(source)


def test_jinja_is_only_rendered_when_asked_for():
    prompt = genaiops.register_prompt("qa", "{% for a in b %}{{ a }}{% endfor %}")

    assert prompt.format(a="1") == "{% for a in b %}1{% endfor %}"
