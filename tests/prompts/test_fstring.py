"""Templates written for str.format become {{name}}."""

import pytest
from hypothesis import given, strategies as st

import genaiops
from genaiops.errors import PromptError
from genaiops.prompts.fstring import from_fstring
from genaiops.prompts.template import compile_template

LITERALS = st.text("ab {}", max_size=12)
NAMES = st.sampled_from(["a", "b_1", "question"])


def test_an_fstring_is_registered_as_mustache():
    prompt = genaiops.register_prompt(
        "qa", [{"role": "user", "content": 'As {{"a": {value}}}: {q}'}], syntax="f-string"
    )

    assert prompt.stored.syntax == "mustache"
    assert prompt.template == [{"role": "user", "content": 'As {"a": {{value}}}: {{q}}'}]
    assert prompt.format(value=1, q="?") == [{"role": "user", "content": 'As {"a": 1}: ?'}]


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{a.b}", "more than a name"),
        ("{a[0]}", "more than a name"),
        ("{a!r}", "more than a name"),
        ("{a:>10}", "more than a name"),
        ("{}", "more than a name"),
        ("{0}", "more than a name"),
        ("{a", "cannot be read"),
        ("a}", "cannot be read"),
        ("{{{{a}}}}", "would read as a variable"),
        ("{{{{> a}}}}", "would read as a variable"),
    ],
)
def test_what_mustache_cannot_say_is_refused(template: str, why: str):
    with pytest.raises(PromptError, match=why):
        from_fstring(template)


@given(st.lists(st.tuples(LITERALS, NAMES), max_size=5), LITERALS)
def test_both_syntaxes_say_the_same(pieces: list[tuple[str, str]], end: str):
    template = "".join(
        text.replace("{", "{{").replace("}", "}}") + f"{{{name}}}" for text, name in pieces
    ) + end.replace("{", "{{").replace("}", "}}")
    values = {name: f"<{name}>" for _, name in pieces}

    try:
        imported = from_fstring(template)
    except PromptError:
        return

    assert compile_template(imported).render(values) == template.format(**values)
