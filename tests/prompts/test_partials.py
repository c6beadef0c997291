"""Prompts inside prompts: pinned when saved, read in one look, never in a circle."""

import pytest

import genaiops
from genaiops.errors import NotFoundError, PromptError
from genaiops.store import current_store


def test_a_partial_is_pinned_to_what_its_alias_means_when_it_is_saved():
    genaiops.register_prompt("rules", "Be brief, {{name}}.")
    genaiops.set_prompt_alias("rules", "production", 1)
    saved = genaiops.register_prompt("qa", "{{> rules@production}} Answer {{question}}")

    genaiops.register_prompt("rules", "Be kind.")
    genaiops.set_prompt_alias("rules", "production", 2)

    assert saved.template == "{{> rules/1}} Answer {{question}}"
    assert saved.variables == ("name", "question")
    assert saved.format(name="Ana", question="why") == "Be brief, Ana. Answer why"
    loaded = genaiops.load_prompt("qa")
    assert loaded.format(name="Ana", question="why") == "Be brief, Ana. Answer why"


def test_a_partial_that_means_a_new_version_makes_a_new_version():
    genaiops.register_prompt("rules", "one")
    genaiops.register_prompt("qa", "{{> rules}}")

    same = genaiops.register_prompt("qa", "{{> rules}}")
    genaiops.register_prompt("rules", "two")
    other = genaiops.register_prompt("qa", "{{> rules}}")

    assert (same.version, same.created) == (1, False)
    assert (other.version, other.created, other.format()) == (2, True, "two")


def test_partials_stand_in_partials_and_in_messages():
    genaiops.register_prompt("tone", "kindly")
    genaiops.register_prompt("rules", "Speak {{> tone}} to {{name}}.")

    chat = genaiops.register_prompt(
        "qa",
        [{"role": "system", "content": "{{> rules/1 }}"}, {"role": "user", "content": "{{q}}"}],
    )

    assert chat.format(name="Ana", q="?")[0] == {
        "role": "system",
        "content": "Speak kindly to Ana.",
    }


def test_no_variable_begins_in_a_partial_and_ends_outside():
    genaiops.register_prompt("half", "x{{")

    prompt = genaiops.register_prompt("qa", "{{> half}}a}}")

    assert prompt.variables == ()
    assert prompt.format() == "x{{a}}"


def test_a_cycle_is_refused_and_named():
    genaiops.register_prompt("a", "text")
    genaiops.register_prompt("b", "{{> a}}")
    genaiops.register_prompt("c", "{{> b}}")

    with pytest.raises(PromptError, match="cycle .a → c → b → a."):
        genaiops.register_prompt("a", "{{> c}}")
    with pytest.raises(PromptError, match="cycle .a → a."):
        genaiops.register_prompt("a", "{{> a/1}}")
    with current_store().read() as reader:
        assert reader.query("SELECT count(*) FROM prompt_versions").rows == [(3,)]


def test_many_ways_to_the_same_prompt_are_walked_once():
    genaiops.register_prompt("p0", "x")
    for number in range(1, 15):
        genaiops.register_prompt(
            f"p{number}-x", f"{{{{> p{number - 1}{'-x' * (number > 1)}}}}}" * 2
        )

    assert genaiops.load_prompt("p14-x").format() == "x" * 2**14


def test_what_includes_too_much_is_refused():
    genaiops.register_prompt("big", "x" * 900_000)

    with pytest.raises(PromptError, match="longer than 2,000,000"):
        genaiops.register_prompt("qa", "{{> big}}" * 3)


def test_only_text_prompts_that_are_there_can_be_included():
    genaiops.register_prompt("chat", [{"role": "user", "content": "x"}])

    with pytest.raises(NotFoundError, match="no prompt 'nobody'"):
        genaiops.register_prompt("qa", "{{> nobody}}")
    with pytest.raises(PromptError, match="'chat/1' is a chat prompt"):
        genaiops.register_prompt("qa", "{{> chat}}")
    with pytest.raises(PromptError, match="holds"):
        genaiops.register_prompt("qa", "{{> a b }}")


def test_a_fallback_cannot_include():
    with pytest.raises(PromptError, match="not at hand"):
        genaiops.load_prompt("qa", fallback="{{> rules}}")
