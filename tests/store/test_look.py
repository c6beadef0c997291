"""Reads that share one opening of the store."""

import threading
from pathlib import Path

import pytest

from genaiops.errors import StoreError
from genaiops.store import LocalStore, Reader
from tests.store.making import spans

COUNT = "SELECT count(*) FROM spans"


@pytest.fixture(params=[True, False], ids=["warm", "cold"])
def store(store_dir: Path, request: pytest.FixtureRequest) -> LocalStore:
    made = LocalStore(store_dir)
    if request.param:
        made.keep_warm()
    made.append("spans", spans(0, 10))
    return made


def reader_of(store: LocalStore) -> Reader:
    with store.read() as reader:
        return reader


def count(store: LocalStore) -> int:
    with store.read() as reader:
        return int(reader.query(COUNT).rows[0][0])


def add_prompt(store: LocalStore, name: str) -> None:
    with store.txn(timeout_s=2.0) as txn:
        txn.execute("INSERT INTO data.prompts VALUES (?, 'text', NULL, 1)", [name])


def test_reads_inside_share_a_reader_and_a_moment(store: LocalStore) -> None:
    with store.look():
        first = reader_of(store)
        seen = [count(store)]
        store.append("spans", spans(10, 20))
        with store.look():
            seen.append(count(store))
            assert reader_of(store) is first
        assert reader_of(store) is first
    seen.append(count(store))

    assert seen == [10, 10, 20]
    assert reader_of(store) is not first


def test_it_opens_nothing_until_something_is_read(store: LocalStore) -> None:
    with store.look():
        add_prompt(LocalStore(store.folder), "of another")
        assert count(store) == 10


def test_a_transaction_of_the_thread_ends_the_moment_and_is_seen(store: LocalStore) -> None:
    with store.look():
        assert count(store) == 10
        add_prompt(store, "p")
        with store.read() as reader:
            assert reader.query("SELECT name FROM prompts").rows == [("p",)]
        store.seal()
        assert store.compact().segments == 1
        assert count(store) == 10


def test_another_thread_has_its_own_reads(store: LocalStore) -> None:
    seen: list[int] = []
    with store.look():
        seen.append(count(store))
        store.append("spans", spans(10, 20))
        other = threading.Thread(target=lambda: seen.append(count(store)))
        other.start()
        other.join()
        seen.append(count(store))

    assert seen == [10, 20, 10]


def look_and_fail(store: LocalStore, error: type[BaseException]) -> None:
    with store.look():
        count(store)
        raise error


def test_the_store_is_free_afterwards_whatever_was_raised(store: LocalStore) -> None:
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error):
            look_and_fail(store, error)
        add_prompt(LocalStore(store.folder), error.__name__)

    with store.look():
        with pytest.raises(StoreError), store.read() as reader:
            reader.query("SELECT nothing FROM spans")
        assert count(store) == 10


def test_an_opening_that_failed_is_tried_again(store: LocalStore) -> None:
    store.seal()
    store.compact()
    file = store.folder / "genaiops.duckdb"
    whole = file.read_bytes()
    with store.look():
        file.write_bytes(b"nothing of DuckDB")
        with pytest.raises(StoreError):
            count(store)
        file.write_bytes(whole)
        assert count(store) == 10
