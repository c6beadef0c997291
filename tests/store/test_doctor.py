"""The doctor: says how a store is, and mends it without deleting anything."""

import os
import random
import shutil
import signal
from pathlib import Path

import pytest

from genaiops.errors import GenaiopsError, StoreVersionError
from genaiops.store import LocalStore, journal, migrate
from genaiops.store.backup import backup
from genaiops.store.doctor import examine, repair
from tests.store.making import compacted, numbers, rows, running, span, spans

FILE = "genaiops.duckdb"


@pytest.fixture
def filled(store: LocalStore) -> LocalStore:
    """100 spans in the file, two prompts in its log, 5 spans in the journal."""
    store.append("spans", spans(0, 100))
    compacted(store)
    for name in ("first", "second"):
        with store.txn() as txn:
            txn.execute("INSERT INTO data.prompts (name, kind) VALUES (?, 'text')", [name])
    store.append("spans", spans(100, 105))
    return store


def prompts(store: LocalStore) -> list[str]:
    return [name for (name,) in rows(store, "SELECT name FROM prompts ORDER BY 1")]


def flip(path: Path, at: int) -> None:
    """Turns over one bit."""
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)


def overwrite(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def test_a_healthy_store_has_facts_and_no_problems(filled: LocalStore) -> None:
    filled.put_blob(b"x" * 100)

    health = examine(filled, deep=True)

    assert health.ok
    assert health.problems == []
    facts = dict(health.facts)
    assert facts.pop("folder") == str(filled.folder)
    assert len(facts.pop("uuid")) == 36
    assert facts.pop("file_bytes") > 0
    assert facts.pop("wal_bytes") > 0
    assert facts.pop("free_disk_bytes") > 0
    assert facts == {
        "backups": 0,
        "journal_segments": 1,
        "journal_bytes": len(spans(100, 105)),
        "open_segments": 1,
        "backlog_bytes": 0,
        "backlog_age_s": 0.0,
        "living_processes": 1,
        "maintainer": None,
        "schema_version": migrate.built_in()[-1].number,
        "spans": 105,
        "traces": 21,
        "runs": 0,
        "blobs": 1,
        "blob_bytes": 100,
        "quarantine_files": 0,
        "quarantine_lines": 0,
        "dropped_lines": 0,
    }


def test_a_store_that_does_not_exist_is_not_created(store: LocalStore) -> None:
    assert examine(store).ok
    assert repair(store).kept_in is None
    assert not store.folder.exists()


def test_each_problem_names_the_command_that_mends_it(
    filled: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.folder.chmod(0o755)
    digest = filled.put_blob(b"x" * 100)
    (filled.folder / "artifacts" / "blobs" / digest[:2] / digest).write_bytes(b"y")
    filled.append("spans", b"broken\n")
    compacted(filled)
    monkeypatch.setattr(journal, "PENDING_BYTES", 0)

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        filled.append("spans", span(200))
    usage = shutil.disk_usage(filled.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1_000_000))

    health = examine(filled, deep=True)

    assert not health.ok
    assert list(health.problems) == [
        f"other users can read the store: run `chmod -R go= {filled.folder}`",
        (
            "1 MB are free where the store is: make room, or run `genaiops store retain` and "
            "`genaiops store vacuum`"
        ),
        f"the value {digest} was altered on disk: run `genaiops store doctor --fix`",
        (
            "1 damaged lines of the journal were put aside: look at "
            f"{str(filled.folder / 'quarantine')!r} and delete the files when they are of no use"
        ),
        "1 lines of this process could not be written: make room on the disk",
    ]


def test_a_journal_that_nobody_works_on_is_a_problem(
    filled: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from genaiops.store import doctor

    monkeypatch.setattr(doctor, "WAITING_BYTES", 100)
    filled.seal()

    (problem,) = examine(filled).problems

    assert problem.endswith("nobody works on them: run `genaiops store compact`")


def test_a_stopped_process_that_holds_the_store_is_named(filled: LocalStore) -> None:
    with running("holder", filled.folder, "exclusive") as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        os.kill(holder.pid, signal.SIGSTOP)

        problems = examine(filled).problems

    assert any(f"run `kill -CONT {holder.pid}`, or end it" in problem for problem in problems)


def test_a_newer_schema_is_told_and_never_repaired(filled: LocalStore) -> None:
    with filled.txn() as txn:
        txn.execute("INSERT INTO data.schema_versions VALUES (77, 'future', 1)")
    before = (filled.folder / FILE).read_bytes()

    health = examine(filled, deep=True)

    assert health.facts["schema_version"] == 77
    assert [text for text in health.problems if "upgrade genaiops" in text] == list(health.problems)
    with pytest.raises(StoreVersionError):
        repair(filled)
    assert (filled.folder / FILE).read_bytes() == before


def test_nothing_is_done_to_a_healthy_store(filled: LocalStore) -> None:
    done = repair(filled)

    assert (done.done, done.lost, done.kept_in) == ([], [], None)
    assert numbers(filled) == list(range(105))
    assert prompts(filled) == ["first", "second"]


def test_a_damaged_block_costs_what_is_in_it(filled: LocalStore) -> None:
    seen: set[int] = set()
    generator = random.Random(3)
    original = (filled.folder / FILE).read_bytes()
    for _ in range(6):
        (filled.folder / FILE).write_bytes(original)
        overwrite(filled.folder / FILE, generator.randrange(20_000, len(original)), b"!" * 64)
        problems = examine(filled, deep=True).problems

        done = repair(filled)

        assert bool(problems) == bool(done.done)
        assert all(text.endswith("run `genaiops store doctor --fix`") for text in problems)
        assert examine(filled, deep=True).problems == []
        assert set(range(100, 105)) <= set(numbers(filled)), "the journal is there in any case"
        assert compacted(filled) in (0, 5)
        assert repair(filled).done == []
        if done.kept_in:
            kept = Path(done.kept_in)
            assert (kept / FILE).exists()
        seen.add(len(numbers(filled)))
        shutil.rmtree(filled.folder / "damaged", ignore_errors=True)
        filled.append("spans", spans(100, 105))
    assert 105 in seen, "some damage touches no span"


def test_a_reader_of_a_damaged_file_gets_one_sentence(filled: LocalStore) -> None:
    path = filled.folder / FILE
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(GenaiopsError, match="run `genaiops store doctor`") as raised:
        numbers(filled)

    assert "\n" not in str(raised.value)
    assert filled.append("spans", span(105)), "the application does not notice"
    repair(filled)
    assert set(range(100, 106)) <= set(numbers(filled))


@pytest.mark.parametrize("damage", ["cut to nothing", "cut in the header", "garbage", "a text"])
def test_a_file_that_cannot_be_opened_is_kept_and_the_journal_goes_on(
    filled: LocalStore, damage: str
) -> None:
    path = filled.folder / FILE
    contents = {
        "cut to nothing": path.read_bytes()[:8],
        "cut in the header": path.read_bytes()[:5_000],
        "garbage": random.Random(1).randbytes(50_000),
        "a text": b"this is no database\n" * 100,
    }
    path.write_bytes(contents[damage])
    with pytest.raises(GenaiopsError, match="run `genaiops store doctor`"):
        numbers(filled)

    done = repair(filled)

    assert done.kept_in is not None
    assert (Path(done.kept_in) / FILE).read_bytes() == contents[damage]
    assert "everything that was compacted" in done.lost[-1]
    assert numbers(filled) == list(range(100, 105))
    assert examine(filled, deep=True).ok
    assert compacted(filled) == 5
    assert numbers(filled) == list(range(100, 105))


def test_the_newest_backup_that_opens_takes_the_place_of_a_broken_file(
    filled: LocalStore,
) -> None:
    backup(filled, filled.folder / "backups" / "good")
    backup(filled, filled.folder / "backups" / "broken")
    (filled.folder / "backups" / "broken" / FILE).write_bytes(b"broken")
    os.utime(filled.folder / "backups" / "good" / FILE, (1, 1))
    filled.append("spans", spans(105, 110))
    compacted(filled)
    filled.append("spans", spans(110, 112))
    (filled.folder / FILE).write_bytes(b"broken too")

    done = repair(filled)

    assert "was replaced by the backup" in done.done[-1]
    assert "what was compacted after" in done.lost[-1]
    assert numbers(filled) == [*range(105), 110, 111]
    assert prompts(filled) == ["first", "second"]
    compacted(filled)
    assert numbers(filled) == [*range(105), 110, 111]


def test_a_damaged_log_is_cut_where_the_damage_begins(filled: LocalStore) -> None:
    log = filled.folder / f"{FILE}.wal"
    size = log.stat().st_size
    flip(log, size - 40)

    with pytest.raises(GenaiopsError, match="run `genaiops store doctor`"):
        numbers(filled)
    done = repair(filled)

    assert prompts(filled) == ["first"], "the second was in the damaged part"
    assert numbers(filled) == list(range(105))
    assert f"of {size} bytes" in done.done[0]
    assert "prompts, aliases and keys" in done.lost[0]
    assert done.kept_in is not None
    assert (Path(done.kept_in) / f"{FILE}.wal").stat().st_size == size
    with filled.txn() as txn:
        txn.execute("INSERT INTO data.prompts (name, kind) VALUES ('third', 'text')")
    assert prompts(filled) == ["first", "third"]


def test_a_log_cut_at_any_place_opens_with_what_is_whole(filled: LocalStore) -> None:
    log = filled.folder / f"{FILE}.wal"
    whole = log.read_bytes()
    answers: list[int] = []
    for size in range(0, len(whole), max(len(whole) // 12, 1)):
        log.write_bytes(whole[:size])
        try:
            answers.append(len(prompts(filled)))
        except GenaiopsError:
            repair(filled)
            answers.append(len(prompts(filled)))
            assert examine(filled, deep=True).ok

    assert answers == sorted(answers)
    assert numbers(filled) == list(range(105))


def test_a_log_without_its_file_is_put_aside(filled: LocalStore) -> None:
    (filled.folder / FILE).unlink()

    done = repair(filled)

    assert done.kept_in is not None
    assert [path.name for path in Path(done.kept_in).iterdir()] == [f"{FILE}.wal"]
    assert numbers(filled) == list(range(100, 105))
    assert compacted(filled) == 5


def test_a_damaged_store_json_is_written_anew(filled: LocalStore) -> None:
    (filled.folder / "store.json").write_bytes(b"\0\0")

    (problem,) = examine(filled).problems
    done = repair(filled)

    assert problem.endswith("run `genaiops store doctor --fix`")
    assert done.done == ["store.json was written anew"]
    assert examine(filled).ok


def test_an_altered_value_is_put_aside(filled: LocalStore) -> None:
    digest = filled.put_blob(b"x" * 100)
    (filled.folder / "artifacts" / "blobs" / digest[:2] / digest).write_bytes(b"y")

    done = repair(filled)

    assert digest in done.lost[0]
    assert examine(filled, deep=True).ok
    assert filled.put_blob(b"x" * 100) == digest


def test_what_a_killed_program_left_half_made_is_removed(filled: LocalStore) -> None:
    left = [filled.folder / "journal" / ".x.spans.jsonl.new", filled.folder / ".store-a.new"]
    for path in left:
        path.touch()

    done = repair(filled)

    assert done.done == ["2 files that a killed program left half made were removed"]
    assert not any(path.exists() for path in left)


def test_a_file_of_somebody_else_is_not_called_damaged(
    filled: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    import duckdb

    from genaiops.store import engine

    for text, advice in (
        ("IO Error: Cannot open file: Permission denied", "check who owns the store"),
        ("IO Error: Could not set lock: Conflicting lock is held in PID 7", "close it"),
        ("IO Error: Could not write: No space left on device", "make room"),
    ):
        error = engine._open_failed(filled.folder / FILE, duckdb.IOException(text))
        assert advice in str(error)
        assert "damaged" not in str(error)
