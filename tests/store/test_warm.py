"""Reads of a program that keeps DuckDB loaded."""

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from genaiops.errors import StoreError
from genaiops.store import LocalStore, proc_id
from tests.store.making import START_NS, rows, span, spans

ROOT = Path(__file__).resolve().parents[2]
COUNT = "SELECT count(*) FROM spans"
TRACES = "SELECT * FROM traces ORDER BY trace_id"
SPANS = "SELECT * FROM spans ORDER BY trace_id, span_id"


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


def test_a_warm_reader_sees_what_a_fresh_one_sees(store: LocalStore) -> None:
    """Whatever was added, begun, ended, sent twice, damaged or compacted between two reads."""
    generator = random.Random(7)
    torn = b'{"k":"span","trace_id":"'
    compared = 0
    for step in range(25):
        first = generator.randrange(0, 200)
        choice = generator.randrange(0, 6)
        if choice == 0:
            opened = span(first, k="start", status="running", end_ns=None, proc=proc_id())
            store.append("spans", opened)
        elif choice == 1:
            store.seal()
            store.compact(budget_bytes=generator.choice([1, 10_000]))
        elif choice == 2:
            store.append("spans", b"no record\n\xff\xfe\n" + span(first, input_tokens=step))
        elif choice == 3:
            store.append("spans", b"\n")
            newest = max((store.folder / "journal").iterdir())
            with newest.open("ab") as file:  # as a writer that is cut off in its line
                file.write(torn)
            rows(store, TRACES)
            with newest.open("ab") as file:
                file.write(
                    f'{step:032x}","span_id":"{step:016x}","start_ns":{START_NS}}}\n'.encode()
                )
        else:
            store.append("spans", spans(first, first + generator.randrange(1, 9)))
        for sql in (TRACES, SPANS):
            expected = rows(LocalStore(store.folder), sql)
            assert rows(store, sql) == expected
            compared += len(expected)
    assert compared > 300


def test_spans_written_after_the_look_began_are_not_in_it(store: LocalStore) -> None:
    store.append("spans", span(0) + span(1, k="start", status="running", end_ns=None, proc="dead"))
    with store.read() as reader:
        store.append("spans", span(1) + span(2))

        assert reader.query("SELECT n_spans FROM traces").rows == [(2,)]
        assert reader.query("SELECT span_id, status FROM Spans ORDER BY 1").rows == [
            (f"{0:016x}", "ok"),
            (f"{1:016x}", "interrupted"),
        ]
    assert rows(store, "SELECT n_spans FROM traces") == [(3,)]


def test_a_segment_that_became_shorter_is_read_anew(store: LocalStore) -> None:
    store.append("spans", spans(0, 5))
    assert rows(store, "SELECT n_spans FROM traces") == [(5,)]

    (segment,) = (store.folder / "journal").iterdir()
    segment.write_bytes(span(0))  # as the doctor does with a damaged one

    assert rows(store, "SELECT n_spans FROM traces") == [(1,)]


def test_many_small_segments_are_taken_in_and_forgotten_together(store: LocalStore) -> None:
    for first in range(0, 300, 5):
        store.append("spans", spans(first, first + 5))
        store.seal()
    seen = [len(rows(store, TRACES))]
    for _ in range(3):
        store.compact(budget_bytes=10_000)
        store.append("spans", spans(300, 301))
        seen.append(len(rows(store, TRACES)))
        assert rows(store, TRACES) == rows(LocalStore(store.folder), TRACES)

    assert seen == [60, 61, 61, 61]
