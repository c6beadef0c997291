"""Prompts with what their versions cost and how they do."""

import pytest

import genaiops
from genaiops.errors import NotFoundError
from genaiops.query import prompts
from tests.query.seeding import trace


def test_versions_say_how_their_calls_went() -> None:
    genaiops.register_prompt("support/answer", "Answer {{question}}")
    genaiops.register_prompt("support/answer", "Answer briefly: {{question}}")
    genaiops.set_prompt_alias("support/answer", "production", 1, reason="first")
    used = {"prompt_name": "support/answer", "prompt_version": 1}
    trace(1, call=used)
    trace(2, call=used | {"status": "error"})

    newest, oldest = prompts.versions("support/answer")

    assert (newest.version.version, newest.calls, newest.error_rate) == (2, 0, None)
    assert (oldest.version.version, oldest.calls, oldest.error_rate) == (1, 2, 0.5)
    assert oldest.cost_per_call_usd == 0.25
    assert [alias.alias for alias in oldest.aliases] == ["production"]
    assert oldest.version.template == "Answer {{question}}"


def test_names_carry_their_folder_and_aliases() -> None:
    genaiops.register_prompt("support/answer", "Answer {{question}}")
    genaiops.register_prompt("top", "Hello")
    genaiops.set_prompt_alias("support/answer", "production", 1)

    nested, top = prompts.names()

    assert (nested.name, nested.folder, nested.latest_version) == ("support/answer", "support", 1)
    assert [alias.version for alias in nested.aliases] == [1]
    assert (top.folder, top.n_versions, list(top.aliases)) == ("", 1, [])
    assert [found.name for found in prompts.names("sup")] == ["support/answer"]


def test_moves_of_an_alias_are_remembered_newest_first() -> None:
    genaiops.register_prompt("qa", "one")
    genaiops.register_prompt("qa", "two")
    genaiops.set_prompt_alias("qa", "production", 1, reason="start")
    genaiops.set_prompt_alias("qa", "production", 2, reason="better")

    moves = prompts.alias_history("qa", alias="production")

    assert [(move.version, move.reason) for move in moves] == [(2, "better"), (1, "start")]
    assert prompts.alias_history("qa", alias="other") == []
    assert [name for name, _ in prompts.recent_moves(since_ns=0)] == ["qa", "qa"]


def test_an_unknown_prompt_is_named_in_the_error() -> None:
    with pytest.raises(NotFoundError, match="no prompt 'nope'"):
        prompts.versions("nope")
