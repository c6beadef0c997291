"""Compaction: every line becomes a row once, whatever stands between the good ones."""

import json
import os
import random
import shutil
from pathlib import Path

import pytest

from genaiops.errors import StoreError
from genaiops.store import LocalStore, compact, proc_id, segments
from genaiops.store.engine import SPILLED
from genaiops.store.events import encode
from tests.store.making import START_NS, compacted, numbers, rows, span, spans

GOOD = spans(0, 10)


class Crash(Exception):  # noqa: N818  it is no error: it stands for the end of the process
    """Stands for the end of the process at that point."""


def put(store: LocalStore, lines: bytes, name: str = "0000000000000000001-1-aa") -> None:
    """A sealed segment with exactly these bytes, as a dead writer leaves it."""
    store.append("events", encode("tag", run_id="r", key="a", value="b"))
    (store.folder / "journal" / f"{name}.spans.jsonl").write_bytes(lines)


def crash(monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    def reached(point: str) -> None:
        if point == at:
            raise Crash(point)

    monkeypatch.setattr(compact, "reached", reached)


def test_rows_move_and_the_segments_go(store: LocalStore) -> None:
    store.append("spans", spans(0, 12))

    assert compacted(store) == 12

    assert segments.found(store.folder) == []
    assert numbers(store) == list(range(12))


def test_views_are_the_same_before_and_after(store: LocalStore) -> None:
    store.append("spans", spans(0, 12))
    store.append("spans", span(12, status="error", inputs={"q": [1, "ä"]}, attributes={"a.b": 1.5}))
    every = "SELECT * FROM spans ORDER BY span_id"
    traces = "SELECT * FROM traces ORDER BY trace_id"

    before = rows(store, every), rows(store, traces)
    compacted(store)

    assert (rows(store, every), rows(store, traces)) == before


def test_a_round_takes_no_more_than_its_budget(store: LocalStore) -> None:
    for number in range(4):
        store.append("spans", spans(number * 10, number * 10 + 10))
        store.seal()

    stats = store.compact(budget_bytes=len(spans(0, 10)) * 2)

    assert (stats.segments, stats.remaining) == (2, 2)
    assert numbers(store) == list(range(40))


def test_a_segment_in_use_stays(store: LocalStore) -> None:
    store.append("spans", span(1))

    assert store.compact().segments == 0
    assert numbers(store) == [1]


def test_a_span_that_comes_twice_is_stored_once_and_the_later_end_wins(store: LocalStore) -> None:
    store.append("spans", span(0) + span(0, end_ns=START_NS + 9, name="later"))
    compacted(store)
    store.append("spans", span(0, end_ns=START_NS + 99, name="last"))

    live = rows(store, "SELECT name FROM spans")
    compacted(store)

    assert live == rows(store, "SELECT name FROM spans") == [("last",)]
    assert rows(store, "SELECT n_spans FROM traces") == [(1,)]


def test_a_trace_whose_spans_come_in_several_batches_is_rolled_up_whole(store: LocalStore) -> None:
    for number in range(4, -1, -1):
        store.append("spans", span(number, input_tokens=10 if number else None))
        if number % 2:
            compacted(store)

    assert rows(store, "SELECT name, n_spans, input_tokens FROM traces") == [("step 0", 5, 40)]
    compacted(store)
    assert rows(store, "SELECT name, n_spans, input_tokens FROM traces") == [("step 0", 5, 40)]


def test_a_second_maintainer_does_nothing(store: LocalStore) -> None:
    from genaiops.store import gate

    store.append("spans", span(1))
    store.seal()

    with gate.try_lock(store.folder / "maintainer.lock"):
        stats = store.compact()

    assert (stats.segments, stats.remaining) == (0, 1)


@pytest.mark.parametrize("point", ["insert", "commit", "checkpoint", "unlink"])
def test_a_crash_at_any_point_neither_loses_nor_doubles(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    store.append("spans", spans(0, 20))
    store.append("events", encode("metric", run_id="r", key="loss", value=0.5, step=1))
    store.seal()

    with monkeypatch.context() as patch:
        crash(patch, point)
        with pytest.raises(Crash):
            store.compact()
    store.append("spans", spans(20, 25))

    for _ in range(2):
        assert numbers(store) == list(range(25))
        assert rows(store, "SELECT value FROM metrics") == [(0.5,)]
        compacted(store)
    assert segments.found(store.folder) == []


@pytest.mark.parametrize("point", ["checkpoint", "unlink"])
def test_a_log_that_is_lost_after_a_crash_costs_nothing(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    store.append("spans", spans(0, 20))
    store.seal()
    with monkeypatch.context() as patch:
        crash(patch, point)
        with pytest.raises(Crash):
            store.compact()

    (store.folder / "genaiops.duckdb.wal").unlink(missing_ok=True)

    assert numbers(store) == list(range(20))
    compacted(store)
    assert numbers(store) == list(range(20))


def test_stored_and_new_segments_in_one_batch(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append("spans", spans(0, 10))
    store.seal()
    with monkeypatch.context() as patch:
        crash(patch, "unlink")
        with pytest.raises(Crash):
            store.compact()
    store.append("spans", spans(10, 15))
    store.seal()

    stats = store.compact()

    assert (stats.segments, stats.rows) == (2, 5)
    assert numbers(store) == list(range(15))
    assert segments.found(store.folder) == []


BAD = {
    "text": b"no json at all",
    "half a line": span(99)[:60],
    "zero bytes": b"\0" * 300,
    "random bytes": random.Random(1).randbytes(400).replace(b"\n", b"?"),
    "broken UTF-8": b'{"k":"span","trace_id":"t","span_id":"s","name":"\xff\xfe"}',
    "a raw surrogate": b'{"k":"span","trace_id":"t","span_id":"s","name":"\xed\xa0\x80"}',
    "an escaped surrogate": b'{"k":"span","trace_id":"t","span_id":"s","name":"\\ud800"}',
    "an array": b"[1, 2]",
    "null": b"null",
    "no ids": b'{"k":"span","name":"nobody"}',
    "an empty id": b'{"k":"span","trace_id":"","span_id":"s"}',
    "a control character": b'{"k":"span","trace_id":"t","span_id":"s","name":"a\x01b"}',
    "a byte order mark": b'\xef\xbb\xbf{"k":"span","trace_id":"t","span_id":"s"}',
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_damaged_line_costs_that_line(store: LocalStore, bad: bytes) -> None:
    put(store, spans(0, 5) + bad + b"\n" + spans(5, 10))

    assert numbers(store) == list(range(10))
    store.seal()
    stats = store.compact()

    assert stats.bad_lines == 1
    assert numbers(store) == list(range(10))
    (aside,) = (store.folder / "quarantine").iterdir()
    reason, _, line = aside.read_bytes().partition(b"\n")
    assert json.loads(reason)["lines"] == [6]
    assert line == bad + b"\n"


def test_an_unfinished_last_line_is_put_aside(store: LocalStore) -> None:
    put(store, GOOD + span(10)[:50])

    assert numbers(store) == list(range(10))
    store.seal()

    assert store.compact().bad_lines == 1
    assert numbers(store) == list(range(10))


def test_blank_lines_and_carriage_returns_do_no_harm(store: LocalStore) -> None:
    put(store, b"\n\n" + GOOD.replace(b"\n", b"\r\n") + b"\n")
    store.seal()

    assert store.compact().bad_lines == 0
    assert numbers(store) == list(range(10))


def test_what_duckdb_refuses_as_a_whole_costs_its_line_too(store: LocalStore) -> None:
    put(store, GOOD + b"\0" * 40_000_000)
    put(store, spans(10, 20), "0000000000000000002-1-aa")

    assert numbers(store) == list(range(20))
    store.seal()

    assert store.compact().bad_lines == 1
    assert numbers(store) == list(range(20))


def test_a_damaged_segment_does_not_hold_up_the_others(store: LocalStore) -> None:
    put(store, random.Random(2).randbytes(5_000), "0000000000000000001-1-aa")
    put(store, GOOD, "0000000000000000002-1-aa")
    put(store, b"", "0000000000000000003-1-aa")
    store.seal()

    stats = store.compact()

    assert stats.segments == 4
    assert stats.bad_lines > 0
    assert numbers(store) == list(range(10))


ODD = {
    "times beyond 64 bits": {"start_ns": 2**64 - 1, "end_ns": 10**30},
    "the largest time": {"start_ns": -(2**63), "end_ns": 2**63 - 1},
    "a time in words": {"start_ns": "yesterday", "end_ns": True},
    "tokens beyond sense": {"input_tokens": 2**63 - 1, "output_tokens": -5},
    "a cost that is no number": {"cost_usd": "free", "ttft_ms": [1]},
    "a number as name": {"name": 17, "status": {"code": 2}},
    "attributes that are none": {"attributes": "text", "events": 5, "links": "x"},
    "numbers too large": {"attributes": {"a": 10**60, "b": -(10**400)}},
    "NUL": {"name": "a\0b", "attributes": {"a\0": "\0"}, "inputs": "\0"},
    "tags that are none": {"tags": [1], "metadata": "x"},
    "text for a list": {"finish_reasons": "stop"},
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_an_odd_value_never_costs_a_span(store: LocalStore, odd: dict[str, object]) -> None:
    store.append("spans", spans(0, 5) + span(5, **odd) + span(6, **odd) + spans(7, 10))

    for _ in range(2):
        assert numbers(store) == list(range(10))
        assert len(rows(store, "SELECT * FROM spans")) == 10
        assert len(rows(store, "SELECT * FROM traces")) == 2
        compacted(store)


@pytest.mark.parametrize("column", ["attributes", "events", "links", "inputs", "tags"])
@pytest.mark.parametrize("bracket", ["[]", "{}"])
def test_deep_nesting_does_not_crash_the_database(
    store: LocalStore, column: str, bracket: str
) -> None:
    opened, closed = ("[", "]") if bracket == "[]" else ('{"a":', "}")
    value = (opened * 100_000 + "1" + closed * 100_000).encode()
    store.append(
        "spans", spans(0, 5) + span(5)[:-2] + b', "%s": ' % column.encode() + value + b"}\n"
    )

    assert numbers(store) == list(range(6))
    compacted(store)
    assert numbers(store) == list(range(6))


def test_an_open_span_runs_while_its_process_lives_and_is_interrupted_after(
    store: LocalStore,
) -> None:
    begun = span(0, k="start", status="running", end_ns=None, proc=proc_id())
    dead = span(5, k="start", status="running", end_ns=None, proc="1-dead")
    store.append("spans", begun + dead)

    def seen() -> list[tuple[object, ...]]:
        return rows(store, "SELECT span_id, status, end_ns FROM spans ORDER BY 1")

    for _ in range(3):
        assert seen() == [(f"{0:016x}", "running", None), (f"{5:016x}", "interrupted", None)]
        assert rows(store, "SELECT status FROM traces ORDER BY trace_id") == [
            ("running",),
            ("interrupted",),
        ]
        compacted(store)
    store.append("spans", span(0))
    assert seen()[0][1] == "ok"
    compacted(store)
    assert seen()[0][1] == "ok"
    assert numbers(store) == [0, 5]


def test_the_end_of_an_interrupted_span_still_counts(store: LocalStore) -> None:
    store.append("spans", span(0, k="start", status="running", end_ns=None, proc="1-dead"))
    compacted(store)

    store.append("spans", span(0))

    assert rows(store, "SELECT status FROM spans") == [("ok",)]
    compacted(store)
    assert rows(store, "SELECT status FROM spans") == [("ok",)]


def test_a_full_disk_while_quarantining_is_an_error_of_one_sentence(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, GOOD + b"broken\n")
    store.seal()

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(StoreError, match="No space left on device: the journal keeps"):
            store.compact()

    assert compacted(store) == 11


def test_the_ledger_forgets_after_a_week(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    store.append("spans", span(0))
    compacted(store)
    (row,) = rows(store, "SELECT count(*) FROM g.data.segments")
    later = time.time_ns() + 8 * 86_400 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: later)
    store.append("spans", span(1))
    compacted(store)

    assert row == (1,)
    assert rows(store, "SELECT count(*) FROM g.data.segments") == [(1,)]


def test_old_hidden_files_are_swept(store: LocalStore) -> None:
    store.append("spans", span(0))
    store.put_blob(b"x" * 100)
    (blobs,) = (store.folder / "artifacts" / "blobs").iterdir()
    left = [store.folder / "journal" / ".1-2.spans.jsonl.new", blobs / ".abc-1.new"]
    left.append(store.folder / SPILLED / "duckdb_temp_1_0_storage_DEFAULT-0.tmp")
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.touch()
        os.utime(path, (1, 1))
    fresh = store.folder / "alive" / ".1-2.new"
    fresh.touch()

    compacted(store)

    assert [path.exists() for path in (*left, fresh)] == [False, False, False, True]


def test_a_store_that_was_copied_while_it_was_written_is_whole(
    store: LocalStore, tmp_path: Path
) -> None:
    store.append("spans", spans(0, 10))
    compacted(store)
    store.append("spans", spans(10, 15))

    shutil.copytree(store.folder, tmp_path / "copy")

    copy = LocalStore(tmp_path / "copy")
    assert numbers(copy) == list(range(15))
    assert compacted(copy) == 5
    assert numbers(copy) == list(range(15))
