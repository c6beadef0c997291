"""Looking through the registry."""

from pathlib import Path

import pytest

import genaiops
from genaiops.errors import FilterError, NotFoundError


@pytest.fixture(scope="module")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with three prompts, which no test changes; one has two versions and an alias."""
    folder = tmp_path_factory.mktemp("library") / "store"
    genaiops.configure(tracking_uri=folder)
    genaiops.register_prompt("qa/answer", "one", tags={"team": "a"}, commit_message="start")
    genaiops.register_prompt("qa/answer", "two", tags={"team": "b"})
    genaiops.register_prompt("qa/judge", [{"role": "user", "content": "x"}])
    genaiops.register_prompt("summary", "x", tags={"team": "a"})
    genaiops.set_prompt_alias("qa/answer", "production", 1)
    return folder


@pytest.fixture
def library(workdir: Path, shelves: Path) -> None:
    """That store is the one of the test."""
    genaiops.configure(tracking_uri=shelves)


def test_a_prompt_is_described_without_its_versions(library: None):
    found = genaiops.get_prompt("qa/answer")

    assert (found.name, found.folder, found.kind) == ("qa/answer", "qa", "text")
    assert (found.n_versions, found.latest_version) == (2, 2)
    assert [(alias.alias, alias.version) for alias in found.aliases] == [("production", 1)]


@pytest.mark.parametrize("name", ["qa", "qa/answer2", "none"])
def test_a_prompt_that_is_not_there_is_an_error(library: None, name: str):
    with pytest.raises(NotFoundError):
        genaiops.get_prompt(name)
    with pytest.raises(NotFoundError):
        genaiops.prompt_history(name)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (None, ["qa/answer", "qa/judge", "summary"]),
        (" ", ["qa/answer", "qa/judge", "summary"]),
        ("name LIKE 'qa/%'", ["qa/answer", "qa/judge"]),
        ("kind = 'chat'", ["qa/judge"]),
        ("tags.team = 'a'", ["summary"]),
        ("alias = 'production' AND version > 1", ["qa/answer"]),
        ("commit_message IS NOT NULL", []),
    ],
)
def test_prompts_are_found_by_what_their_newest_version_says(
    library: None, text: str | None, names: list[str]
):
    assert [prompt.name for prompt in genaiops.search_prompts(text)] == names


def test_a_filter_that_cannot_be_read_is_an_error(library: None):
    with pytest.raises(FilterError, match="unknown field"):
        genaiops.search_prompts("colour = 'red'")


def test_a_registry_without_prompts_is_empty():
    assert genaiops.search_prompts() == []


def test_the_history_tells_registrations_and_moves_newest_first(library: None):
    events = genaiops.prompt_history("qa/answer")

    assert [(event.kind, event.version, event.alias, event.reason) for event in events] == [
        ("alias", 1, "production", None),
        ("version", 2, None, None),
        ("version", 1, None, "start"),
    ]
