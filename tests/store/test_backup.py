"""Backups: a second store with everything acknowledged so far."""

import shutil
import stat
import threading
from pathlib import Path

import pytest

from genaiops.errors import ConflictError, StoreError
from genaiops.store import LocalStore
from genaiops.store.backup import backup
from genaiops.store.doctor import examine
from tests.store.making import compacted, numbers, rows, span, spans


@pytest.fixture
def filled(store: LocalStore) -> LocalStore:
    """Rows in the file, in its log and in the journal, and a large value."""
    store.append("spans", spans(0, 10))
    compacted(store)
    with store.txn() as txn:
        txn.execute("INSERT INTO data.prompts (name, kind) VALUES ('p', 'text')")
    store.append("spans", spans(10, 15))
    store.put_blob(b"x" * 100)
    return store


def test_a_backup_is_a_store_with_everything(filled: LocalStore, tmp_path: Path) -> None:
    done = backup(filled, tmp_path / "copy")

    copy = LocalStore(tmp_path / "copy")
    assert (done.path, done.spans, done.traces, done.runs) == (str(tmp_path / "copy"), 15, 3, 0)
    assert done.bytes > 0
    assert numbers(copy) == list(range(15))
    assert rows(copy, "SELECT name FROM prompts") == [("p",)]
    assert examine(copy, deep=True).problems == []
    (value,) = (tmp_path / "copy").glob("artifacts/blobs/??/*")
    assert copy.get_blob(value.name) == b"x" * 100
    assert compacted(copy) == 5


def test_files_of_runs_come_along_and_what_is_half_written_does_not(
    filled: LocalStore, tmp_path: Path
) -> None:
    filled.put_artifact("run", ".hydra/config.yaml", b"lr: 0.1")
    (filled.folder / "artifacts" / "blobs" / ".0123456789abcdef.new").write_bytes(b"half")

    backup(filled, tmp_path / "copy")

    kept = tmp_path / "copy" / "artifacts"
    assert (kept / "runs" / "run" / ".hydra" / "config.yaml").read_bytes() == b"lr: 0.1"
    assert not list(kept.rglob(".*.new"))


def test_a_backup_put_in_the_place_of_its_store_goes_on(filled: LocalStore, tmp_path: Path) -> None:
    backup(filled, tmp_path / "copy")
    filled.append("spans", span(99))
    filled.seal()
    shutil.rmtree(filled.folder)
    shutil.copytree(tmp_path / "copy", filled.folder)

    restored = LocalStore(filled.folder)
    restored.append("spans", span(15))

    assert numbers(restored) == list(range(16))


def test_without_a_path_it_lies_in_the_store(filled: LocalStore) -> None:
    done = backup(filled)

    assert Path(done.path).parent == filled.folder / "backups"
    assert examine(filled).facts["backups"] == 1


def test_a_backup_is_its_owners_only(filled: LocalStore, tmp_path: Path) -> None:
    backup(filled, tmp_path / "copy")

    every = [tmp_path / "copy", *(tmp_path / "copy").rglob("*")]
    assert {path for path in every if stat.S_IMODE(path.stat().st_mode) & 0o077} == set()


def test_a_folder_that_is_there_is_never_overwritten(filled: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()

    with pytest.raises(ConflictError, match="is there already: name a new folder"):
        backup(filled, tmp_path / "copy")


def test_a_store_that_does_not_exist_is_an_error(store: LocalStore, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store"):
        backup(store, tmp_path / "copy")


def test_a_place_that_cannot_be_written_is_an_error_and_leaves_nothing(
    filled: LocalStore, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreError, match="cannot be written"):
        backup(filled, tmp_path / "file" / "copy")

    assert {path.name for path in tmp_path.iterdir()} == {"file", "store"}


def test_a_backup_made_while_programs_write_is_whole(filled: LocalStore, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        number = 15
        while not stop.is_set():
            filled.append("spans", span(number, inputs="y" * 5_000))
            number += 1
            if number % 50 == 0:
                compacted(filled)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        counts = [backup(filled, tmp_path / f"copy{number}").spans for number in range(3)]
    finally:
        stop.set()
        writer.join()

    for at, count in enumerate(counts):
        copy = LocalStore(tmp_path / f"copy{at}")
        assert numbers(copy) == list(range(count))
        assert examine(copy, deep=True).facts["quarantine_lines"] == 0
    assert sorted(counts) == counts
