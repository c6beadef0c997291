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


def test_a_split_gives_each_key_its_version_and_each_version_its_share(three: str):
    genaiops.split_prompt_alias(three, "production", {2: 9, 3: 1}, reason="canary")

    chosen = {key: loaded(f"user-{key}") for key in range(2000)}

    assert chosen == {key: loaded(f"user-{key}") for key in range(2000)}
    assert 0.07 < sum(version == 3 for version in chosen.values()) / 2000 < 0.13
    assert {genaiops.load_prompt("qa@production").version for _ in range(200)} == {2, 3}
    genaiops.split_prompt_alias(three, "production", {2: 0.5, 3: 0.5})
    moved = {key for key in chosen if loaded(f"user-{key}") != chosen[key]}
    assert {chosen[key] for key in moved} == {2}


def loaded(key: str) -> int:
    return genaiops.load_prompt("qa@production", key=key).version


def test_a_key_means_nothing_where_nothing_is_split(three: str):
    assert genaiops.load_prompt(three, key="user").version == 3
    assert genaiops.load_prompt(f"{three}/1", key="user").version == 1


def test_a_split_is_one_move_that_can_be_rolled_back(three: str):
    genaiops.set_prompt_alias(three, "production", 1)
    genaiops.split_prompt_alias(three, "production", {1: 3, 2: 1}, reason="canary")
    genaiops.set_prompt_alias(three, "production", 2)

    assert genaiops.rollback_prompt_alias(three, "production") == 1

    newest, _, split, first = genaiops.prompt_history(three)[:4]
    assert (newest.shares, newest.before) == ({1: 0.75, 2: 0.25}, {2: 1.0})
    assert (split.version, split.reason, split.before) == (1, "canary", {1: 1.0})
    assert (first.shares, first.before) == ({1: 1.0}, {})
    (name,) = genaiops.search_prompts()
    assert [(one.version, one.weight) for one in name.aliases] == [(1, 0.75), (2, 0.25)]


@pytest.mark.parametrize(
    "shares",
    [
        {},
        {1: 0},
        {1: -1},
        {1: float("nan")},
        {1: float("inf")},
        {1: "x"},
        {"1": 1},
        {0: 1},
        {1: True},
    ],
)
def test_shares_that_say_nothing_are_refused(three: str, shares: dict[int, float]):
    with pytest.raises(PromptError):
        genaiops.split_prompt_alias(three, "production", shares)


def test_version_0_is_no_version(three: str):
    with pytest.raises(PromptError, match="they count from 1"):
        genaiops.set_prompt_alias(three, "production", 0)


def test_a_locked_alias_stays_where_it_is(three: str):
    genaiops.set_prompt_alias(three, "production", 1)
    genaiops.protect_prompt_alias(three, "production", reason="release")

    for change in (
        lambda: genaiops.set_prompt_alias(three, "production", 2),
        lambda: genaiops.split_prompt_alias(three, "production", {1: 1, 2: 1}),
        lambda: genaiops.delete_prompt_alias(three, "production"),
        lambda: genaiops.rollback_prompt_alias(three, "production"),
    ):
        with pytest.raises(ConflictError, match="'production' of prompt 'qa' is protected"):
            change()
    genaiops.set_prompt_alias(three, "staging", 2)

    genaiops.unprotect_prompt_alias(three, "production")
    genaiops.set_prompt_alias(three, "production", 2)

    reasons = [
        event.reason for event in genaiops.prompt_history(three) if event.alias == "production"
    ]
    assert reasons == [None, "protection lifted", "protected: locked; release", None]
    assert genaiops.rollback_prompt_alias(three, "production") == 1


def test_what_is_not_there_cannot_be_protected(three: str):
    with pytest.raises(NotFoundError, match="no alias 'production'"):
        genaiops.protect_prompt_alias(three, "production")
    with pytest.raises(NotFoundError, match="no prompt 'other'"):
        genaiops.unprotect_prompt_alias("other", "production")
    genaiops.set_prompt_alias(three, "production", 1)
    with pytest.raises(NotFoundError, match="is not protected"):
        genaiops.unprotect_prompt_alias(three, "production")
    with pytest.raises(PromptError, match="cannot be read"):
        genaiops.protect_prompt_alias(three, "production", if_eval="good")


def test_tags_can_be_set_and_taken_away_later(three: str):
    genaiops.set_prompt_tag(three, "team", "a")
    genaiops.set_prompt_version_tag(three, 2, "reviewed", "yes")
    genaiops.set_prompt_version_tag(three, 2, "by", "ana")
    genaiops.set_prompt_version_tag(three, 2, "reviewed", None)

    assert genaiops.get_prompt(three).tags == {"team": "a"}
    assert genaiops.load_prompt(f"{three}/2").tags == {"by": "ana"}
    genaiops.set_prompt_tag(three, "team", None)
    assert genaiops.get_prompt(three).tags == {}
    for wrong in (
        lambda: genaiops.set_prompt_tag(three, "genaiops.x", "1"),
        lambda: genaiops.set_prompt_tag(three, "x", 1),
        lambda: genaiops.set_prompt_version_tag(three, "2", "x", "1"),
    ):  # pyright: ignore
        with pytest.raises(PromptError):
            wrong()
    with pytest.raises(NotFoundError):
        genaiops.set_prompt_tag("other", "x", "1")
    with pytest.raises(NotFoundError, match="no version 9"):
        genaiops.set_prompt_version_tag(three, 9, "x", "1")
