"""Retention: what is old goes, with what only it named."""

import json
import os
import time
from typing import Any

import pytest

from genaiops.errors import ConfigError
from genaiops.store import LocalStore, proc_id, retain as module
from genaiops.store.events import encode
from genaiops.store.retain import Retention, retain
from tests.store.making import compacted, numbers, rows, span

DAY_NS = 86_400 * 10**9


def trace(store: LocalStore, number: int, *, days_ago: float, **fields: Any) -> None:
    """A trace of two spans that ended so long ago, with an assessment."""
    end = time.time_ns() - int(days_ago * DAY_NS)
    for at in (number * 5, number * 5 + 1):
        store.append("spans", span(at, start_ns=end - 10**9, end_ns=end, **fields))
    store.append(
        "events", encode("assessment", id=f"a{number}", trace_id=f"{number * 5:032x}", key="ok")
    )


def aged(store: LocalStore, value: bytes) -> str:
    """A large value that was stored long ago."""
    digest = store.put_blob(value)
    os.utime(store.folder / "artifacts" / "blobs" / digest[:2] / digest, (1, 1))
    return digest


def kept(store: LocalStore) -> set[str]:
    return {path.name for path in store.folder.glob("artifacts/blobs/??/*")}


def test_old_traces_go_with_spans_and_assessments(store: LocalStore) -> None:
    trace(store, 0, days_ago=40)
    trace(store, 1, days_ago=3)
    store.seal()

    done = retain(store, Retention(days=30))

    assert (done.traces, done.spans, done.assessments, done.dry_run) == (1, 2, 1, False)
    assert numbers(store) == [5, 6]
    assert rows(store, "SELECT assessment_id FROM assessments") == [("a1",)]
    assert rows(store, "SELECT count(*) FROM traces") == [(1,)]
    assert retain(store, Retention(days=30)).traces == 0


def test_a_dry_run_only_counts(store: LocalStore) -> None:
    digest = aged(store, b"x" * 100)
    trace(store, 0, days_ago=40, inputs={"$blob": digest})
    compacted(store)

    would = retain(store, Retention(days=30), dry_run=True)

    assert numbers(store) == [0, 1]
    assert kept(store) == {digest}
    done = retain(store, Retention(days=30))
    assert (would.traces, would.spans, would.blobs, would.blob_bytes) == (1, 2, 1, 100)
    assert (done.traces, done.spans, done.blobs, done.blob_bytes) == (1, 2, 1, 100)
    assert kept(store) == set()


def test_only_the_named_experiment_is_looked_at(store: LocalStore) -> None:
    trace(store, 0, days_ago=40, experiment="a")
    trace(store, 1, days_ago=40, experiment="b")
    store.seal()

    assert retain(store, Retention(days=30, experiment="b")).traces == 1
    assert numbers(store) == [0, 1]


def test_the_oldest_go_until_the_rest_fits(store: LocalStore) -> None:
    for number in range(40):
        trace(store, number, days_ago=40 - number, inputs=os.urandom(4_000).hex())
    compacted(store)
    size = (store.folder / "genaiops.duckdb").stat().st_size

    done = retain(store, Retention(max_bytes=size // 2))

    assert 10 <= done.traces <= 30
    assert numbers(store)[0] == done.traces * 5, "the oldest went"
    again = retain(store, Retention(max_bytes=size // 2))
    assert again.traces <= 4, "the space that the first left behind does not count again"


def test_a_trace_that_still_runs_stays(store: LocalStore) -> None:
    old = time.time_ns() - 40 * DAY_NS
    store.append(
        "spans",
        span(0, k="start", status="running", start_ns=old, end_ns=None, proc=proc_id())
        + span(1, start_ns=old, end_ns=old + 5),
    )
    compacted(store)

    assert retain(store, Retention(days=1)).traces == 0
    assert numbers(store) == [0, 1]


def test_a_value_stays_while_anything_names_it(store: LocalStore) -> None:
    named = [aged(store, bytes([number]) * 100) for number in range(6)]
    marker = {"$blob": named[0], "bytes": 100, "head": "", "tail": ""}
    trace(store, 0, days_ago=1, inputs={"deep": [marker]})
    trace(store, 1, days_ago=1, attributes={"a.b": {"$json_blob": named[1]}})
    store.append("events", encode("answer", id="k", data={"response": {"$blob": named[2]}}))
    compacted(store)
    with store.txn() as txn:
        template = json.dumps({"text": json.dumps({"$blob": named[3]})})
        txn.execute(
            "INSERT INTO data.prompt_versions (name, version, template) VALUES ('p', 1, ?)",
            [template],
        )
    trace(store, 2, days_ago=1, outputs={"$blob": named[4]})
    fresh = store.put_blob(b"written just now")

    done = retain(store, Retention(days=30))

    assert done.blobs == 1
    assert kept(store) == {*named[:5], fresh}


def test_values_of_a_store_without_a_file(store: LocalStore) -> None:
    used, unused = aged(store, b"a" * 100), aged(store, b"b" * 100)
    trace(store, 0, days_ago=40, inputs={"$blob": used})

    assert retain(store, Retention(days=30)).blobs == 1
    assert kept(store) == {used}, f"{unused} went"


def test_a_crash_before_the_commit_changes_nothing(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = aged(store, b"x" * 100)
    trace(store, 0, days_ago=40, inputs={"$blob": digest})
    compacted(store)

    def stop(point: str) -> None:
        if point == "retain-delete":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "reached", stop)
        with pytest.raises(KeyboardInterrupt):
            retain(store, Retention(days=30))

    assert numbers(store) == [0, 1]
    assert store.get_blob(digest)


@pytest.mark.parametrize("policy", [Retention(), Retention(experiment="a"), Retention(days=-1)])
def test_a_policy_without_sense_is_refused(store: LocalStore, policy: Retention) -> None:
    with pytest.raises(ConfigError, match="the retention"):
        retain(store, policy)


def test_a_store_that_does_not_exist_is_not_created(store: LocalStore) -> None:
    assert retain(store, Retention(days=1)).traces == 0
    assert not store.folder.exists()
