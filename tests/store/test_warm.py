"""Reads of a program that keeps DuckDB loaded."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from genaiops.errors import StoreError
from genaiops.store import LocalStore
from tests.store.making import spans

ROOT = Path(__file__).resolve().parents[2]
COUNT = "SELECT count(*) FROM spans"


@pytest.fixture
def store(store_dir: Path) -> LocalStore:
    made = LocalStore(store_dir)
    made.keep_warm()
    return made


def count(store: LocalStore) -> int:
    with store.read() as reader:
        return int(reader.query(COUNT).rows[0][0])


def compacted(store: LocalStore) -> None:
    store.seal()
    while store.compact().segments:
        pass


def test_reads_see_what_was_written_between_them(store: LocalStore) -> None:
    seen = [count(store)]
    for first in (0, 10, 20):
        store.append("spans", spans(first, first + 10))
        seen.append(count(store))
        compacted(store)
        seen.append(count(store))

    assert seen == [0, 10, 10, 20, 20, 30, 30]


def test_a_control_transaction_finds_the_file_free_after_a_read(store: LocalStore) -> None:
    compacted(store)
    count(store)

    with store.txn() as txn:
        txn.execute("INSERT INTO data.prompts VALUES ('p', 'text', NULL, 1)")

    with store.read() as reader:
        assert reader.query("SELECT name FROM prompts").rows == [("p",)]


def test_another_process_can_write_after_a_read(store: LocalStore) -> None:
    store.append("spans", spans(0, 10))
    compacted(store)
    count(store)
    code = (
        "import sys; from pathlib import Path; from genaiops.store import LocalStore\n"
        "with LocalStore(Path(sys.argv[1])).txn(timeout_s=5) as txn:\n"
        "    txn.execute(\"INSERT INTO data.prompts VALUES ('q', 'text', NULL, 1)\")"
    )

    subprocess.run(
        [sys.executable, "-c", code, str(store.folder)],
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )

    with store.read() as reader:
        assert reader.query("SELECT count(*) FROM prompts").rows == [(1,)]


def test_threads_read_at_the_same_time(store: LocalStore) -> None:
    store.append("spans", spans(0, 100))
    compacted(store)
    found: list[int] = []

    def look() -> None:
        found.extend(count(store) for _ in range(5))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [100] * 20


def test_a_question_that_fails_spoils_nothing(store: LocalStore) -> None:
    store.append("spans", spans(0, 10))

    with pytest.raises(StoreError), store.read() as reader:
        reader.query("SELECT no_such_column FROM spans")

    assert count(store) == 10


def test_sql_of_a_user_locks_its_own_instance_only(store: LocalStore) -> None:
    store.append("spans", spans(0, 10))
    compacted(store)
    count(store)

    assert store.sql(COUNT).rows == [(10,)]
    assert count(store) == 10


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_reads_and_ends(store: LocalStore) -> None:
    store.append("spans", spans(0, 10))
    compacted(store)
    count(store)

    child = os.fork()
    if child == 0:
        os._exit(0 if count(store) == 10 else 1)
    deadline = time.monotonic() + 30
    pid, status = 0, 1
    while pid == 0 and time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.01)

    assert (pid, os.waitstatus_to_exitcode(status)) == (child, 0)
