"""Reading: what was compacted and what still waits in the journal are one set of views."""

import math
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from genaiops.errors import StoreError
from genaiops.store import LocalStore, proc_id
from genaiops.store.events import encode, experiment_id
from tests.store.making import START_NS, compacted, numbers, rows, span, spans

HOURS = 3_600 * 10**9


def both(store: LocalStore, sql: str) -> list[tuple[Any, ...]]:
    """The answer from the journal, which must be the answer from the file."""
    waiting = rows(store, sql)
    compacted(store)
    assert rows(store, sql) == waiting
    return waiting


def test_file_and_journal_are_one_view(store: LocalStore) -> None:
    store.append("spans", spans(0, 7))
    compacted(store)
    store.append("spans", spans(7, 12))

    assert numbers(store) == list(range(12))
    assert both(store, "SELECT n_spans FROM traces ORDER BY trace_id") == [(5,), (5,), (2,)]


def test_a_trace_knows_its_root_its_errors_and_its_sums(store: LocalStore) -> None:
    store.append("spans", span(0, inputs={"q": "why"}, outputs="so", user_id="u", tags={"a": "b"}))
    store.append("spans", span(1, status="error", input_tokens=3, output_tokens=4, cost_usd=0.5))
    store.append("spans", span(2, request_model="m/b", input_tokens=1, session_id="s"))
    store.append("spans", span(3, request_model="m/a"))

    assert both(
        store,
        "SELECT name, status, n_spans, n_errors, input_tokens, output_tokens, cost_usd, models, "
        "user_id, session_id, tags, inputs_preview, outputs_preview, duration_ms FROM traces",
    ) == [
        ("step 0", "ok", 4, 1, 4, 4, 0.5, ["m/a", "m/b"], "u", "s", {"a": "b"}, '{"q":"why"}')
        + ('"so"', 3.5)
    ]


def test_usage_that_an_inner_span_reports_again_counts_once(store: LocalStore) -> None:
    store.append("spans", span(0, input_tokens=10) + span(1, input_tokens=10))
    store.append("spans", span(2, input_tokens=5))

    assert both(store, "SELECT input_tokens FROM traces") == [(15,)]


def test_json_columns_arrive_decoded_and_payloads_as_text(store: LocalStore) -> None:
    store.append("spans", span(0, attributes={"a.b": [1, None, "ü"]}, inputs={"x": 1}))

    assert both(store, "SELECT attributes, inputs, events FROM spans") == [
        ({"a.b": [1, None, "ü"]}, '{"x":1}', None)
    ]


def test_a_run_is_merged_from_its_events_newest_first(store: LocalStore) -> None:
    def say(ts: int, **data: Any) -> None:
        store.append("events", encode("run", run_id="r", experiment="e", ts_ns=ts, data=data))

    say(1, name="first", status="RUNNING", start_ns=START_NS, proc=proc_id())
    compacted(store)
    say(3, status="FINISHED", end_ns=START_NS + HOURS)
    say(2, status="FAILED", name="renamed")

    assert both(store, "SELECT experiment_id, name, status, start_ns, end_ns FROM runs") == [
        (experiment_id("e"), "renamed", "FINISHED", START_NS, START_NS + HOURS)
    ]
    assert both(store, "SELECT name, state FROM experiments") == [("e", "active")]


def test_a_run_of_a_dead_process_was_interrupted(store: LocalStore) -> None:
    for name, proc in (("a", proc_id()), ("b", "1-dead"), ("c", None)):
        store.append("events", encode("run", run_id=name, data={"status": "RUNNING", "proc": proc}))

    assert both(store, "SELECT run_id, status FROM runs ORDER BY 1") == [
        ("a", "RUNNING"),
        ("b", "INTERRUPTED"),
        ("c", "RUNNING"),
    ]


def test_the_first_parameter_and_the_newest_tag_win(store: LocalStore) -> None:
    for ts, value in enumerate(("one", "two", "three")):
        store.append("events", encode("param", run_id="r", key="k", value=value, ts_ns=ts))
        store.append("events", encode("tag", run_id="r", key="k", value=value, ts_ns=ts))
        compacted(store)
    store.append("events", encode("tag", run_id="r", key="gone", value="x", ts_ns=1))
    store.append("events", encode("tag", run_id="r", key="gone", value=None, ts_ns=2))

    assert both(store, "SELECT value FROM params") == [("one",)]
    assert both(store, "SELECT key, value FROM run_tags") == [("k", "three")]


def test_the_latest_metric_is_that_of_the_highest_step(store: LocalStore) -> None:
    for step, value in ((1, 5.0), (3, 2.0), (2, 9.0)):
        store.append(
            "events", encode("metric", run_id="r", key="m", value=value, step=step, ts_ns=9)
        )
        if step == 3:
            compacted(store)

    assert both(store, "SELECT value, step, min, max, n FROM metrics_latest") == [
        (2.0, 3, 2.0, 9.0, 3)
    ]
    assert both(store, "SELECT count(*) FROM metrics") == [(3,)]


@pytest.mark.parametrize("strange", [math.nan, math.inf, -math.inf])
def test_a_metric_may_be_no_number(store: LocalStore, strange: float) -> None:
    for step, value in enumerate((1.0, 3.0, strange)):
        store.append("events", encode("metric", run_id="r", key="m", value=value, step=step))
        compacted(store)

    ((value, low, high),) = rows(store, "SELECT value, min, max FROM metrics_latest")
    stored = [item for (item,) in rows(store, "SELECT value FROM metrics ORDER BY step")]

    assert repr(value) == repr(strange)
    assert repr(stored) == repr([1.0, 3.0, strange])
    assert low == (strange if strange == -math.inf else 1.0)
    assert high == (strange if strange == math.inf else 3.0), "NaN is neither low nor high"


def test_an_assessment_keeps_its_first_time_and_its_newest_value(store: LocalStore) -> None:
    for ts, number in ((1, 0.25), (2, 0.75)):
        store.append(
            "events",
            encode("assessment", id="a", trace_id="t", key="ok", ts_ns=ts, data={"number": number}),
        )
        if ts == 1:
            compacted(store)

    assert both(store, "SELECT name, number, created_ns FROM assessments") == [("ok", 0.75, 1)]


def test_a_verdict_is_replaced_whole(store: LocalStore) -> None:
    def say(ts: int, **data: Any) -> None:
        store.append("events", encode("eval_row", run_id="r", id="1", key="j", ts_ns=ts, data=data))

    say(1, error="no answer", attempts=3)
    compacted(store)
    say(2, number=1.0, label="yes", value=True)

    assert both(store, "SELECT number, label, value, error FROM eval_rows") == [
        (1.0, "yes", True, None)
    ]


def test_a_judges_answer_is_found_by_its_key(store: LocalStore) -> None:
    store.append("events", encode("answer", id="k", data={"kind": "judge", "response": {"a": [1]}}))

    assert both(store, "SELECT key, kind, response FROM answers") == [("k", "judge", {"a": [1]})]


def test_control_tables_are_read_beside_the_journal(store: LocalStore) -> None:
    store.append("spans", span(0))
    with store.txn() as txn:
        txn.execute("INSERT INTO data.prompts VALUES ('p', 'text', ?, 1)", ['{"a":1}'])
        assert txn.query("SELECT name FROM prompts").rows == [("p",)]

    assert both(store, "SELECT name, tags FROM prompts") == [("p", {"a": 1})]
    assert numbers(store) == [0]


def test_a_control_transaction_that_fails_changes_nothing(store: LocalStore) -> None:
    insert = "INSERT INTO data.prompts VALUES ('p', 'text', NULL, 1)"
    with store.txn() as txn:
        txn.execute(insert)

    def forget_and_fail() -> None:
        with store.txn() as txn:
            txn.execute("DELETE FROM data.prompts")
            raise ZeroDivisionError

    def change_and_break_a_rule() -> None:
        with store.txn() as txn:
            txn.execute("UPDATE data.prompts SET kind = 'chat'")
            txn.execute(insert)

    with pytest.raises(ZeroDivisionError):
        forget_and_fail()
    with pytest.raises(StoreError, match="Constraint"):
        change_and_break_a_rule()

    assert rows(store, "SELECT name, kind FROM prompts") == [("p", "text")]


def test_a_reader_sees_one_moment(store: LocalStore) -> None:
    store.append("spans", span(0))
    with store.read() as reader:
        store.append("spans", span(1))
        counts = {reader.query("SELECT count(*) FROM spans").rows[0][0] for _ in range(3)}

    assert counts == {1}
    assert numbers(store) == [0, 1]


def test_importing_the_store_loads_no_database() -> None:
    code = (
        "import sys, genaiops.store; print([m for m in ('duckdb', 'pandas') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
CLEAN = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@CLEAN
@given(values=st.lists(st.floats(), min_size=1, max_size=6), key=TEXT)
def test_every_float_arrives_as_it_was(store: LocalStore, values: list[float], key: str) -> None:
    lines = [
        encode("metric", run_id=f"r{hash(key)}", key="m" + key, value=value, step=step, ts_ns=1)
        for step, value in enumerate(values)
    ]
    fresh = LocalStore(store.folder / str(abs(hash((key, repr(values))))))
    fresh.append("events", b"".join(lines))

    for _ in range(2):
        stored = rows(fresh, "SELECT key, value FROM metrics ORDER BY step")
        assert repr([value for _, value in stored]) == repr(values)
        assert {name for name, _ in stored} == {"m" + key}
        compacted(fresh)


@CLEAN
@given(key=TEXT, value=JSON, tag=TEXT)
def test_any_parameter_and_tag_arrives_as_it_was(
    store: LocalStore, key: str, value: Any, tag: str
) -> None:
    fresh = LocalStore(store.folder / str(abs(hash((key, repr(value), tag)))))
    fresh.append("events", encode("param", run_id="r", key="k" + key, value=value))
    fresh.append("events", encode("tag", run_id="r", key="k" + key, value=tag))

    for _ in range(2):
        assert rows(fresh, "SELECT key, value FROM params") == [("k" + key, value)]
        assert rows(fresh, "SELECT key, value FROM run_tags") == [("k" + key, tag)]
        compacted(fresh)


def test_lone_surrogates_are_replaced(store: LocalStore) -> None:
    store.append("events", encode("param", run_id="r", key="a\ud800b", value="x\udfffy"))
    store.append("events", encode("tag", run_id="r", key="\ud800", value="\udfff"))

    assert both(store, "SELECT key, value FROM params") == [("a\ufffdb", "x\ufffdy")]
    assert both(store, "SELECT key, value FROM run_tags") == [("\ufffd", "\ufffd")]
