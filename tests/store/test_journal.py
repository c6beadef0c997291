"""The journal: what is acknowledged is there, whoever reads and whatever happened in between."""

import errno
import logging
import os
import stat
import threading
from pathlib import Path

import pytest

from genaiops.store import LocalStore, journal, proc_id, segments
from tests.store.making import numbers, span, spans


def test_a_line_is_readable_as_soon_as_append_returned(store: LocalStore) -> None:
    assert store.append("spans", span(1))

    assert numbers(LocalStore(store.folder)) == [1]


def test_lines_of_many_threads_arrive_once_each(store: LocalStore) -> None:
    def write(thread: int) -> None:
        for number in range(thread * 100, thread * 100 + 100):
            store.append("spans", span(number))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert numbers(store) == list(range(800))


def test_the_folder_and_its_files_are_for_their_owner_only(store: LocalStore) -> None:
    store.append("spans", span(1))
    store.put_blob(b"x" * 100)
    with store.txn() as txn:
        txn.execute("INSERT INTO data.prompts VALUES ('a', 'text', NULL, 1)")

    assert (store.folder / "genaiops.duckdb.wal").exists()
    modes = {
        str(path.relative_to(store.folder)): stat.S_IMODE(path.stat().st_mode)
        for path in [store.folder, *store.folder.rglob("*")]
    }
    assert {path: oct(mode) for path, mode in modes.items() if mode & 0o077} == {}


def test_the_folder_is_ignored_by_git(store: LocalStore) -> None:
    store.append("spans", span(1))

    assert (store.folder / ".gitignore").read_text() == "*\n"


def test_an_open_segment_is_locked_and_a_closed_one_is_sealed(store: LocalStore) -> None:
    store.append("spans", span(1))

    every = segments.found(store.folder)

    assert [item.group for item in every] == ["spans"]
    assert segments.sealed(every) == []
    store.seal()
    assert segments.sealed(every) == every


def test_spans_and_events_have_segments_of_their_own(store: LocalStore) -> None:
    store.append("spans", span(1))
    store.append("events", b'{"k":"tag","run_id":"r","key":"a","value":"b","ts_ns":1}\n')

    assert sorted(item.group for item in segments.found(store.folder)) == ["events", "spans"]


def test_a_large_segment_is_closed_and_a_new_one_begun(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "ROLL_BYTES", 1_000)

    for number in range(20):
        store.append("spans", span(number))

    assert len(segments.found(store.folder)) > 2
    assert numbers(store) == list(range(20))


def test_the_sealing_thread_closes_old_segments(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "ROLL_S", 0.05)
    store.append("spans", span(1))
    (segment,) = segments.found(store.folder)
    patience = threading.Event()

    for _ in range(200):
        if segments.sealed([segment]):
            break
        patience.wait(0.02)

    assert segments.sealed([segment])
    assert store.append("spans", span(2))
    assert numbers(store) == [1, 2]


def test_a_forked_child_writes_to_segments_of_its_own(store: LocalStore) -> None:
    store.append("spans", span(1))
    parent = proc_id()
    pid = os.fork()
    if pid == 0:
        good = proc_id() != parent and store.append("spans", span(2))
        os._exit(0 if good else 1)
    _, status = os.waitpid(pid, 0)

    assert status == 0
    assert store.append("spans", span(3))
    assert numbers(store) == [1, 2, 3]
    assert len(segments.found(store.folder)) == 2


def test_a_forked_child_does_not_keep_its_parents_segment_open(store: LocalStore) -> None:
    store.append("spans", span(1))
    reader, writer = os.pipe()
    began, begin = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(writer)
        os.write(begin, b"!")
        os.read(reader, 1)  # lives until the parent closes the pipe
        os._exit(0)
    os.close(reader)
    os.read(began, 1)

    store.seal()
    sealed = segments.sealed(segments.found(store.folder))
    for descriptor in (writer, began, begin):
        os.close(descriptor)
    os.waitpid(pid, 0)

    assert len(sealed) == 1


def test_living_processes_are_known_and_dead_ones_forgotten(store: LocalStore) -> None:
    store.append("spans", span(1))
    pid = os.fork()
    if pid == 0:
        store.append("spans", span(2))
        os._exit(0)
    os.waitpid(pid, 0)

    assert journal.living_processes(store.folder) == {proc_id()}
    assert [path.name for path in (store.folder / "alive").iterdir()] == [proc_id()]


def test_a_write_that_fails_is_kept_and_written_later(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store.append("spans", span(1))

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING, "genaiops"):
        patch.setattr(os, "write", full)
        assert not store.append("spans", span(2))
        assert not store.append("spans", span(3))
    assert not store.dropped
    assert len(caplog.records) == 1, "one warning a minute"
    assert "No space left" in caplog.text
    assert store.append("spans", span(4))
    assert numbers(store) == [1, 2, 3, 4]


def test_a_short_write_leaves_no_half_line(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append("spans", span(1))
    write = os.write

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:40]))
        assert not store.append("spans", span(2))
    (segment,) = segments.found(store.folder)
    assert segment.path.read_bytes() == span(1)
    assert store.flush()
    assert numbers(store) == [1, 2]


def test_what_does_not_fit_in_memory_either_is_counted(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "PENDING_BYTES", len(span(1)))

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        assert not store.append("spans", span(1))
        assert not store.append("spans", spans(2, 4))
    assert store.dropped == 2
    assert store.flush()
    assert numbers(store) == [1]


def test_power_durability_forces_every_line_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forced: list[int] = []
    sync = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda descriptor: (forced.append(1), sync(descriptor)))
    store = LocalStore(tmp_path / "store", power=True)

    store.append("spans", span(1))
    store.append("spans", span(2))

    assert len(forced) == 2


def test_a_line_that_was_not_forced_to_the_disk_is_not_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LocalStore(tmp_path / "store", power=True)

    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", broken)
        assert not store.append("spans", span(1))
    store.append("spans", span(2))

    assert numbers(store) == [1, 2], "written twice is stored once"


def test_a_folder_that_was_deleted_is_made_again(store: LocalStore) -> None:
    import shutil

    store.append("spans", span(1))
    shutil.rmtree(store.folder)
    store.seal()

    assert store.append("spans", span(2))
    assert numbers(store) == [2]


def test_an_empty_store_answers_with_nothing_and_is_not_created(store: LocalStore) -> None:
    assert numbers(store) == []
    assert not store.folder.exists()
