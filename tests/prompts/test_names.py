"""What prompts may be called, and how a version is referred to."""

import pytest

from genaiops.errors import PromptError
from genaiops.prompts.names import Reference, check_alias, check_name, parse_reference


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("qa/answer", Reference("qa/answer", alias="latest")),
        ("qa/answer@latest", Reference("qa/answer", alias="latest")),
        ("qa/answer@production", Reference("qa/answer", alias="production")),
        ("qa/answer/3", Reference("qa/answer", version=3)),
        ("prompts:/qa/answer/3", Reference("qa/answer", version=3)),
        ("prompts:/qa/answer@production", Reference("qa/answer", alias="production")),
        ("answer", Reference("answer", alias="latest")),
        ("Übung-v2.1", Reference("Übung-v2.1", alias="latest")),
    ],
)
def test_a_reference_is_read(text: str, meant: Reference):
    assert parse_reference(text) == meant
    assert parse_reference(str(meant)) == meant


@pytest.mark.parametrize(
    "name",
    [
        "",
        "qa@answer",
        "qa/answer/3",
        "42",
        "qa/²",
        "a\nb",
        "a\x00b",
        "a\u202eb",
        "x" * 201,
        "x" * 300,
        "/qa",
        "qa/",
        "qa//answer",
        "../secrets",
        "qa/./answer",
        " qa",
        "qa/ answer",
        "qa answer",
        "qa/an\u00a0swer",
        "prompts:/qa",
        "{{qa}}",
        "cafe\u0301",
    ],
)
def test_a_name_that_would_confuse_is_refused(name: str):
    with pytest.raises(PromptError, match="choose another"):
        check_name(name)


def test_a_name_of_200_characters_is_fine():
    assert check_name("x" * 200)


@pytest.mark.parametrize("reference", ["qa/0", "qa/00", f"qa/{'9' * 5000}", "qa@", "qa@a@b", "@x"])
def test_a_reference_to_nothing_possible_is_refused(reference: str):
    with pytest.raises(PromptError):
        parse_reference(reference)


@pytest.mark.parametrize("alias", ["", "latest", "7", "a b", "a/b", "a@b", "x" * 101, "a\n"])
def test_an_alias_that_would_confuse_is_refused(alias: str):
    with pytest.raises(PromptError, match="alias"):
        check_alias(alias)


@pytest.mark.parametrize("alias", ["production", "v2", "team-a.canary", "été"])
def test_an_ordinary_alias_is_taken(alias: str):
    assert check_alias(alias) == alias
