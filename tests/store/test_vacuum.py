"""Vacuum: the same rows in a file without free space."""

import threading
from pathlib import Path

import pytest

from genaiops.errors import StoreError
from genaiops.store import LocalStore, vacuum as module
from genaiops.store.doctor import examine
from genaiops.store.events import encode
from genaiops.store.vacuum import vacuum
from tests.store.making import compacted, numbers, rows, span, spans


@pytest.fixture
def filled(store: LocalStore) -> LocalStore:
    for first in range(0, 100, 50):
        store.append("spans", spans(first, first + 50))
        store.append("events", encode("metric", run_id="r", key="m", value=first, step=first))
        compacted(store)
    with store.txn() as txn:
        txn.execute("INSERT INTO data.prompts (name, kind) VALUES ('p', 'text')")
    store.append("spans", spans(100, 105))
    return store


def everything(store: LocalStore) -> list[list[tuple[object, ...]]]:
    return [
        rows(store, f"SELECT * FROM {name} ORDER BY ALL")
        for name in ("spans", "traces", "metrics", "metrics_latest", "prompts")
    ]


def test_nothing_but_the_size_changes(filled: LocalStore) -> None:
    before = everything(filled)
    with filled.txn() as txn:
        txn.execute(
            "CREATE TABLE data.ballast AS SELECT repeat(i::VARCHAR, 50) AS a FROM range(200000) t(i)"
        )
    compacted(filled)
    with filled.txn() as txn:
        txn.execute("DROP TABLE data.ballast")

    done = vacuum(filled.folder)

    assert done.bytes_after < done.bytes_before / 2
    assert done.bytes_after == (filled.folder / "genaiops.duckdb").stat().st_size
    assert everything(filled) == before
    assert examine(filled, deep=True).problems == []
    assert not [path for path in filled.folder.glob(".vacuum*")]


def test_the_rules_of_the_tables_stay(filled: LocalStore) -> None:
    vacuum(filled.folder)

    with pytest.raises(StoreError, match="Constraint"), filled.txn() as txn:
        txn.execute("INSERT INTO data.prompts (name, kind) VALUES ('p', 'text')")
    assert compacted(filled) == 5
    assert numbers(filled) == list(range(105))


def test_what_is_committed_while_it_copies_is_kept(
    filled: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(point: str) -> None:
        if point == "vacuum-copied":
            filled.append("spans", span(105))
            with filled.txn() as txn:
                txn.execute("INSERT INTO data.prompts (name, kind) VALUES ('q', 'text')")
                txn.execute("UPDATE data.prompts SET kind = 'chat' WHERE name = 'p'")

    monkeypatch.setattr(module, "reached", meanwhile)

    vacuum(filled.folder)

    assert numbers(filled) == list(range(106))
    assert rows(filled, "SELECT name, kind FROM prompts ORDER BY 1") == [
        ("p", "chat"),
        ("q", "text"),
    ]


@pytest.mark.parametrize("at", ["vacuum-copied", "vacuum-renamed"])
def test_a_crash_leaves_a_whole_store(
    filled: LocalStore, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    before = everything(filled)

    def stop(point: str) -> None:
        if point == at:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "reached", stop)
        with pytest.raises(KeyboardInterrupt):
            vacuum(filled.folder)

    assert everything(filled) == before


def test_without_room_the_file_stays(filled: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    before = everything(filled)
    usage = shutil.disk_usage(filled.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1_000))

    with pytest.raises(StoreError, match="make room"):
        vacuum(filled.folder)

    assert everything(filled) == before


def test_readers_and_writers_go_on(filled: LocalStore) -> None:
    stop = threading.Event()
    failures: list[BaseException] = []

    def read() -> None:
        try:
            while not stop.is_set():
                assert numbers(filled)[:105] == list(range(105))
        except BaseException as error:  # noqa: BLE001  handed to the test
            failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for _ in range(3):
            vacuum(filled.folder)
    finally:
        stop.set()
        reader.join()

    assert failures == []


def test_a_store_without_a_file_has_nothing_to_do(store: LocalStore, tmp_path: Path) -> None:
    done = vacuum(tmp_path / "nothing")

    assert (done.bytes_before, done.bytes_after) == (0, 0)
