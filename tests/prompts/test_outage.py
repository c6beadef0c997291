"""Prompts answer while the registry does not: from memory, from disk, from the fallback."""

import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import genaiops
from genaiops.errors import NotFoundError, StoreError
from genaiops.prompts import cache
from genaiops.prompts.disk import DiskCopies
from genaiops.prompts.names import parse_reference
from genaiops.store import LocalStore

BROKEN = b"no database" * 1000


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(cache, "monotonic", made)
    return made


@pytest.fixture
def prompt(store_dir: Path) -> Path:
    """The database file of a store with a prompt in production."""
    genaiops.register_prompt("rules", "Be brief.")
    genaiops.register_prompt("qa", "{{> rules}} {{q}}")
    genaiops.set_prompt_alias("qa", "production", 1)
    return store_dir / "genaiops.duckdb"


def restarted(*, fallback: str | None = None) -> "subprocess.CompletedProcess[str]":
    """The prompt as a new process loads it."""
    program = (
        "import genaiops, sys\n"
        f"p = genaiops.load_prompt('qa@production', fallback={fallback!r})\n"
        "print(p.version, p.alias, p.format(q='?'))"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The threads that open the store for reading."""
    readers: list[str] = []
    read = LocalStore.read

    def counting(self: LocalStore, *, timeout_s: float = 10.0):
        readers.append(threading.current_thread().name)
        return read(self, timeout_s=timeout_s)

    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "read", counting)
        yield readers


def refreshed() -> None:
    """Waits for what goes on in the background."""
    for thread in threading.enumerate():
        if thread.name == "genaiops-prompts":
            thread.join()


def test_an_alias_past_half_of_its_time_is_read_again_in_the_background(
    prompt: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    genaiops.load_prompt("qa@production")
    other = "import genaiops; genaiops.register_prompt('qa', 'new {{q}}'); genaiops.set_prompt_alias('qa', 'production', 2)"
    subprocess.run(
        [sys.executable, "-c", other],
        check=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )

    with counted(monkeypatch) as readers:
        clock.now += 29
        assert genaiops.load_prompt("qa@production").version == 1
        clock.now += 2
        assert genaiops.load_prompt("qa@production").version == 1
        refreshed()
        assert genaiops.load_prompt("qa@production").version == 2

    assert readers == ["genaiops-prompts"]


def test_an_alias_past_its_time_is_read_before_it_is_answered(prompt: Path, clock: Clock):
    genaiops.load_prompt("qa@production")
    _move_elsewhere()

    clock.now += 60

    assert genaiops.load_prompt("qa@production").version == 2


def _move_elsewhere() -> None:
    """Another process moves the alias: this one's memory does not hear of it."""
    genaiops.register_prompt("qa", "new {{q}}")
    known = dict(cache.cache_of(genaiops.store.current_store())._entries)  # pyright: ignore
    genaiops.set_prompt_alias("qa", "production", 2)
    cache.cache_of(genaiops.store.current_store())._entries.update(known)  # pyright: ignore


def test_versions_are_never_read_again(prompt: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch):
    genaiops.load_prompt("qa/1")

    with counted(monkeypatch) as readers:
        clock.now += 1e9
        genaiops.load_prompt("qa/1", max_age_s=0)

    assert readers == []


def test_ten_minutes_without_a_store_are_answered_with_one_warning_a_minute(
    prompt: Path, clock: Clock, caplog: pytest.LogCaptureFixture
):
    genaiops.load_prompt("qa@production")
    prompt.write_bytes(BROKEN)

    for _ in range(100):
        clock.now += 6
        assert genaiops.load_prompt("qa@production", max_age_s=5).format(q="?") == "Be brief. ?"
        refreshed()

    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 10
    assert "answered from memory, version 1, because" in caplog.text


def test_a_store_that_is_back_is_asked_again(prompt: Path, clock: Clock):
    genaiops.load_prompt("qa@production")
    intact = prompt.read_bytes()
    prompt.write_bytes(BROKEN)
    clock.now += 100
    genaiops.load_prompt("qa@production")
    prompt.write_bytes(intact)
    genaiops.register_prompt("qa", "new {{q}}")
    genaiops.set_prompt_alias("qa", "production", 2)

    assert genaiops.load_prompt("qa@production").version == 2


def test_a_process_that_starts_without_the_store_answers_from_disk(prompt: Path):
    genaiops.load_prompt("qa@production")
    prompt.write_bytes(BROKEN)

    told = restarted(fallback="fallback {{q}}")

    assert told.stdout == "1 production Be brief. ?\n"
    assert told.stderr.count("answered from disk, version 1, because") == 1


def test_a_store_that_is_gone_is_an_outage_too(prompt: Path, workdir: Path):
    genaiops.load_prompt("qa@production")
    shutil.rmtree(prompt.parent)

    assert restarted().stdout == "1 production Be brief. ?\n"


def test_a_store_that_lost_its_database_is_an_outage_too(prompt: Path):
    assert restarted().stdout == "1 production Be brief. ?\n"

    for left in prompt.parent.glob("genaiops.duckdb*"):
        left.unlink()

    assert restarted(fallback="Sorry").stdout == "1 production Be brief. ?\n"


def test_a_store_that_goes_while_it_is_read_is_an_outage_too(
    prompt: Path, monkeypatch: pytest.MonkeyPatch
):
    genaiops.load_prompt("qa@production")
    read = LocalStore.read

    def going(self: LocalStore, *, timeout_s: float = 10.0):
        shutil.rmtree(prompt.parent)
        return read(self, timeout_s=timeout_s)

    monkeypatch.setattr(LocalStore, "read", going)

    assert genaiops.load_prompt("qa@production", max_age_s=0).format(q="?") == "Be brief. ?"


def test_without_a_copy_the_fallback_answers_and_without_that_nothing(
    prompt: Path, caplog: pytest.LogCaptureFixture
):
    prompt.write_bytes(BROKEN)

    for _ in range(3):
        assert genaiops.load_prompt("qa@staging", fallback="fallback").format() == "fallback"
    with pytest.raises(StoreError):
        genaiops.load_prompt("qa@staging")
    assert caplog.text.count("answered with its fallback") == 1


def test_a_copy_that_was_changed_is_not_believed(prompt: Path):
    genaiops.load_prompt("qa@production")
    (copy,) = [
        path
        for path in Path(os.environ["XDG_CACHE_HOME"]).rglob("*.json")
        if str(prompt.parent) in path.read_text("utf-8")
        and "@production" in path.read_text("utf-8")
    ]
    assert copy.stat().st_mode & 0o777 == 0o600
    assert copy.parent.stat().st_mode & 0o777 == 0o700
    prompt.write_bytes(BROKEN)
    kept = copy.read_text("utf-8")

    for damaged in (
        "[]",
        kept.replace("{{q}}", "{{evil}}"),
        kept.replace("Be brief.", "Be evil."),
        kept.replace('"version": 1', '"version": 2'),
        kept[: kept.index("[{")] + "[]}",
        kept[:-20],
    ):
        copy.write_text(damaged, "utf-8")
        assert damaged != kept
        assert DiskCopies(str(prompt.parent)).get(parse_reference("qa@production")) is None
    assert restarted(fallback="fallback {{q}}").stdout == "0 None fallback ?\n"
    copy.write_text(kept, "utf-8")
    assert restarted().stdout == "1 production Be brief. ?\n"


def test_without_a_place_for_copies_everything_else_works(
    prompt: Path, monkeypatch: pytest.MonkeyPatch, workdir: Path
):
    (workdir / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(workdir / "file"))

    assert genaiops.load_prompt("qa@production").version == 1


def test_an_alias_that_was_deleted_does_not_come_back_from_disk(prompt: Path, clock: Clock):
    genaiops.load_prompt("qa@production")
    genaiops.delete_prompt_alias("qa", "production")
    with pytest.raises(NotFoundError):
        genaiops.load_prompt("qa@production")
    prompt.write_bytes(BROKEN)

    with pytest.raises(StoreError):
        genaiops.load_prompt("qa@production")


def test_a_hundred_callers_without_a_store_ask_it_once(
    prompt: Path, monkeypatch: pytest.MonkeyPatch
):
    prompt.write_bytes(BROKEN)
    answers: list[str] = []

    def load() -> None:
        answers.append(str(genaiops.load_prompt("qa", fallback="fallback").format()))

    with counted(monkeypatch) as readers:
        callers = [threading.Thread(target=load) for _ in range(100)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()

    assert answers == ["fallback"] * 100
    assert len(readers) == 1
