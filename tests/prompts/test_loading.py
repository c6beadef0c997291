"""Loading prompts: from the store, from memory, from a fallback."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

import genaiops
from genaiops.errors import NotFoundError, PromptError, StoreError
from genaiops.store import LocalStore, current_store


@contextmanager
def counted_reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Counts how often the store is opened for reading."""
    opened: list[float] = []
    read = LocalStore.read

    def counting(self: LocalStore, *, timeout_s: float = 10.0):
        opened.append(timeout_s)
        return read(self, timeout_s=timeout_s)

    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "read", counting)
        yield opened


def test_what_is_not_there_is_said_with_what_is():
    with pytest.raises(NotFoundError, match="no prompt 'qa'"):
        genaiops.load_prompt("qa")
    genaiops.register_prompt("qa", "x")
    genaiops.set_prompt_alias("qa", "staging", 1)

    with pytest.raises(NotFoundError, match="no version 7: its versions are 1 to 1"):
        genaiops.load_prompt("qa/7")
    with pytest.raises(NotFoundError, match=r"no alias 'production' \(its aliases: 'staging'\)"):
        genaiops.load_prompt("qa@production")
    for reference in ("other/1", "other@production"):
        with pytest.raises(NotFoundError, match="no prompt 'other'"):
            genaiops.load_prompt(reference)


def test_a_fallback_answers_for_what_is_not_there(caplog: pytest.LogCaptureFixture):
    prompt = genaiops.load_prompt("qa@production", fallback="Answer {{question}}")

    assert prompt.format(question="Why?") == "Answer Why?"
    assert (prompt.version, prompt.name, prompt.uri) == (0, "qa", "prompts:/qa")
    assert "answered with its fallback" in caplog.text


def test_a_fallback_answers_when_the_store_cannot_be_read(store_dir: Path):
    genaiops.register_prompt("qa", "x")
    genaiops.set_tracking_uri(store_dir.parent / "other")
    (store_dir.parent / "other").mkdir()
    (store_dir.parent / "other" / "genaiops.duckdb").write_bytes(b"no database" * 1000)

    assert genaiops.load_prompt("qa", fallback="y").format() == "y"
    with pytest.raises(StoreError):
        genaiops.load_prompt("qa")


@pytest.mark.parametrize("fallback", ["", 5, [], "{{> other}}"])
def test_a_fallback_that_cannot_be_used_is_said_while_all_is_well(fallback: object):
    genaiops.register_prompt("qa", "Hello")

    with pytest.raises(PromptError, match="the fallback of 'qa@latest' cannot be used"):
        genaiops.load_prompt("qa", fallback=fallback)  # pyright: ignore


@pytest.mark.parametrize("age", ["5", None, True, -1, float("nan")])
def test_an_age_that_is_no_number_of_seconds_is_refused(age: object):
    genaiops.register_prompt("qa", "Hello")

    with pytest.raises(PromptError, match="max_age_s is"):
        genaiops.load_prompt("qa", max_age_s=age)  # pyright: ignore


def test_versions_and_fresh_aliases_are_answered_from_memory(monkeypatch: pytest.MonkeyPatch):
    genaiops.register_prompt("qa", "x")
    genaiops.set_prompt_alias("qa", "production", 1)

    with counted_reads(monkeypatch) as reads:
        for _ in range(10):
            genaiops.load_prompt("qa/1")
            genaiops.load_prompt("qa@production")
            genaiops.load_prompt("qa", max_age_s=600)

    assert len(reads) == 2


def test_a_hundred_callers_cause_one_read(monkeypatch: pytest.MonkeyPatch):
    genaiops.register_prompt("qa", "x")
    ready = threading.Barrier(100)

    def load(_: int) -> int:
        ready.wait()
        return genaiops.load_prompt("qa").version

    with counted_reads(monkeypatch) as reads, ThreadPoolExecutor(100) as pool:
        versions = list(pool.map(load, range(100)))

    assert versions == [1] * 100
    assert len(reads) == 1


def test_an_alias_older_than_asked_for_is_read_again(monkeypatch: pytest.MonkeyPatch):
    genaiops.register_prompt("qa", "x")

    with counted_reads(monkeypatch) as reads:
        genaiops.load_prompt("qa", max_age_s=0)
        genaiops.load_prompt("qa", max_age_s=0)

    assert len(reads) == 2


def test_a_new_version_is_the_latest_at_once():
    genaiops.register_prompt("qa", "x")
    assert genaiops.load_prompt("qa").version == 1

    genaiops.register_prompt("qa", "y")

    assert genaiops.load_prompt("qa").version == 2


def test_while_the_store_cannot_be_read_the_last_answer_stands(
    store_dir: Path, caplog: pytest.LogCaptureFixture
):
    genaiops.register_prompt("qa", "x")
    genaiops.load_prompt("qa")
    (store_dir / "genaiops.duckdb").write_bytes(b"no database" * 1000)

    assert genaiops.load_prompt("qa", max_age_s=0).format() == "x"
    assert genaiops.load_prompt("qa", max_age_s=0).format() == "x"
    assert caplog.text.count("answered from memory, version 1") == 1


def test_each_store_has_its_own_prompts(workdir: Path):
    genaiops.register_prompt("qa", "here")
    genaiops.load_prompt("qa")

    genaiops.set_tracking_uri(workdir / "other")

    with pytest.raises(NotFoundError):
        genaiops.load_prompt("qa")


def test_a_prompt_loaded_inside_a_span_marks_the_span():
    genaiops.register_prompt("qa", "x")
    genaiops.set_prompt_alias("qa", "production", 1)

    with genaiops.start_span("answer") as span:
        prompt = genaiops.load_prompt("qa@production")

    with current_store().read() as reader:
        found = reader.query(
            "SELECT prompt_name, prompt_version, attributes FROM spans WHERE span_id = ?",
            [span.span_id],
        ).dicts()[0]
    assert (found["prompt_name"], found["prompt_version"]) == ("qa", 1)
    assert found["attributes"]["genaiops.prompt.hash"] == prompt.hash
    assert found["attributes"]["genaiops.prompt.alias"] == "production"
