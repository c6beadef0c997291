"""Aliases: moved, rolled back, deleted, and every move kept."""

import pytest

import genaiops
from genaiops.errors import ConflictError, NotFoundError, PromptError
from genaiops.store import current_store


@pytest.fixture
def three() -> str:
    """A prompt with three versions."""
    for template in ("one", "two", "three"):
        genaiops.register_prompt("qa", template)
    return "qa"


def means(alias: str) -> int:
    return genaiops.load_prompt(f"qa@{alias}").version


def test_a_move_is_seen_at_once_by_the_process_that_made_it(three: str):
    genaiops.set_prompt_alias(three, "production", 1)
    assert means("production") == 1

    genaiops.set_prompt_alias(three, "production", 2)

    assert means("production") == 2


def test_rollback_undoes_one_move_after_the_other(three: str):
    for version in (1, 2, 3):
        genaiops.set_prompt_alias(three, "production", version)

    undone = [genaiops.rollback_prompt_alias(three, "production") for _ in range(2)]

    assert undone == [2, 1]
    assert means("production") == 1
    with pytest.raises(ConflictError, match="no earlier version than 1"):
        genaiops.rollback_prompt_alias(three, "production")


def test_a_move_after_a_rollback_can_be_rolled_back_too(three: str):
    for version in (1, 2):
        genaiops.set_prompt_alias(three, "production", version)
    genaiops.rollback_prompt_alias(three, "production")
    genaiops.set_prompt_alias(three, "production", 3)

    assert genaiops.rollback_prompt_alias(three, "production") == 1


def test_a_deleted_alias_is_gone_until_it_is_rolled_back(three: str):
    genaiops.set_prompt_alias(three, "production", 2)

    genaiops.delete_prompt_alias(three, "production", reason="retired")

    with pytest.raises(NotFoundError, match="its aliases: none yet"):
        means("production")
    with pytest.raises(NotFoundError, match="no alias 'production'"):
        genaiops.delete_prompt_alias(three, "production")
    assert genaiops.rollback_prompt_alias(three, "production") == 2
    assert means("production") == 2


def test_every_move_is_kept_with_who_and_why(three: str):
    genaiops.set_prompt_alias(three, "production", 1, reason="first")
    genaiops.set_prompt_alias(three, "production", 1, reason="the same")
    genaiops.set_prompt_alias(three, "production", 3, reason="better")
    genaiops.rollback_prompt_alias(three, "production")
    genaiops.delete_prompt_alias(three, "production", reason="done")

    moves = [event for event in genaiops.prompt_history(three) if event.kind == "alias"]

    assert [(move.version, move.reason) for move in moves] == [
        (None, "done"),
        (1, "rollback from 3"),
        (3, "better"),
        (1, "first"),
    ]
    assert all(move.author and move.at_ns > 1.7e18 for move in moves)


def test_an_alias_can_be_moved_to_and_fro(three: str):
    for version in (1, 2, 1, 2, 1):
        genaiops.set_prompt_alias(three, "production", version)

    assert means("production") == 1
    with current_store().read() as reader:
        assert reader.query("SELECT name, alias, version, weight FROM prompt_aliases").rows == [
            ("qa", "production", 1, 1.0)
        ]


def test_an_alias_needs_a_version_that_is_there(three: str):
    with pytest.raises(NotFoundError, match="no version 9: its versions are 1 to 3"):
        genaiops.set_prompt_alias(three, "production", 9)
    with pytest.raises(NotFoundError, match="no prompt 'other'"):
        genaiops.set_prompt_alias("other", "production", 1)
    with pytest.raises(NotFoundError, match="no prompt 'other'"):
        genaiops.delete_prompt_alias("other", "production")
    with pytest.raises(NotFoundError, match="never had an alias 'production'"):
        genaiops.rollback_prompt_alias(three, "production")
    for version in ("3", True, None):
        with pytest.raises(PromptError, match="use the number"):
            genaiops.set_prompt_alias(three, "production", version)  # pyright: ignore


def test_latest_cannot_be_moved(three: str):
    with pytest.raises(PromptError, match="always the newest"):
        genaiops.set_prompt_alias(three, "latest", 1)


def test_a_move_guarded_by_an_evaluation_is_refused_until_that_is_built(three: str):
    with pytest.raises(PromptError, match="not built yet"):
        genaiops.set_prompt_alias(three, "production", 1, if_eval="groundedness >= 0.8")
