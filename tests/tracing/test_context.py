import asyncio
import contextvars
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from opentelemetry import baggage, context as otel_context

import genaiops


@genaiops.trace
def leaf(x=None):
    return x


def test_a_thread_pool_inside_a_traced_function_stays_in_the_trace(tree):
    @genaiops.trace
    def outer():
        with ThreadPoolExecutor(2) as pool:
            return [*pool.map(leaf, "ab"), pool.submit(leaf, "c").result()]

    assert outer() == ["a", "b", "c"]
    assert tree() == [("outer", None), *[("leaf", "outer")] * 3]


def test_a_thread_started_inside_a_traced_function_stays_in_the_trace(tree):
    class Own(threading.Thread):
        def run(self):
            leaf("own")

    @genaiops.trace
    def outer():
        for thread in (threading.Thread(target=leaf, args=("x",)), Own()):
            thread.start()
            thread.join()
            assert "run" not in vars(thread)

    outer()

    assert tree() == [("outer", None), ("leaf", "outer"), ("leaf", "outer")]


def test_a_pools_worker_does_not_stay_in_the_trace_that_started_it(tree):
    with ThreadPoolExecutor(1) as pool:
        with genaiops.start_span("first"):
            pool.submit(leaf).result()
        pool.submit(leaf).result()
        with genaiops.start_span("second"):
            pool.submit(leaf).result()

    assert tree() == [
        ("first", None),
        ("leaf", "first"),
        ("leaf", None),
        ("second", None),
        ("leaf", "second"),
    ]


def test_threads_carry_nothing_when_switched_off(tree):
    genaiops.configure(trace_threads=False)

    with genaiops.start_span("outer"), ThreadPoolExecutor(1) as pool:
        pool.submit(leaf).result()
        thread = threading.Thread(target=leaf)
        thread.start()
        thread.join()

    assert tree() == [("outer", None), ("leaf", None), ("leaf", None)]


def test_an_applications_own_context_variables_behave_as_always():
    own = contextvars.ContextVar("own", default="default")
    own.set("set in the main thread")
    with genaiops.start_span("outer"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(own.get).result() == "default"


def test_patching_threads_twice_changes_nothing_and_keeps_pickling():
    from genaiops.tracing import threads

    submit, start = ThreadPoolExecutor.submit, threading.Thread.start
    threads.install()

    assert (ThreadPoolExecutor.submit, threading.Thread.start) == (submit, start)
    assert pickle.loads(pickle.dumps(ThreadPoolExecutor)) is ThreadPoolExecutor


def test_asyncio_carries_the_context_into_tasks_and_threads(tree):
    @genaiops.trace
    async def outer():
        await asyncio.gather(asyncio.to_thread(leaf, 1), asyncio.create_task(inner()))

    @genaiops.trace
    async def inner():
        return 1

    asyncio.run(outer())

    assert sorted(tree(), key=str) == [("inner", "outer"), ("leaf", "outer"), ("outer", None)]


def test_another_process_continues_a_trace_by_headers(spans):
    with genaiops.start_span("caller") as caller:
        token = otel_context.attach(baggage.set_baggage("tenant", "a"))
        headers = genaiops.inject({"content-type": "x"})
        otel_context.detach(token)
    assert headers["traceparent"] == f"00-{caller.trace_id}-{caller.span_id}-01"
    assert headers["baggage"] == "tenant=a"

    with genaiops.extract(headers):
        assert baggage.get_baggage("tenant") == "a"
        with genaiops.start_span("callee") as callee:
            pass

    assert callee.trace_id == caller.trace_id
    assert [span["parent_span_id"] for span in spans()] == [None, caller.span_id]
    assert baggage.get_baggage("tenant") is None


@pytest.mark.parametrize(
    "wrap",
    [
        lambda name, value: {name.upper(): value},
        lambda name, value: [(name.encode(), value.encode())],
        lambda name, value: {name: [value]},
    ],
)
def test_headers_are_understood_as_servers_hand_them_over(wrap):
    sent = wrap("traceparent", "00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    with genaiops.extract(sent), genaiops.start_span("callee") as callee:
        pass

    assert callee.trace_id == "a" * 32


@pytest.mark.parametrize("value", ["", "00-xyz", "00-" + "0" * 32 + "-" + "b" * 16 + "-01"])
def test_broken_headers_begin_a_trace_of_their_own(value, spans):
    with genaiops.extract({"traceparent": value}), genaiops.start_span("callee"):
        pass

    assert spans()[0]["parent_span_id"] is None


def test_without_a_trace_nothing_is_injected():
    assert genaiops.inject() == {}


def test_a_callers_decision_not_to_sample_is_kept(spans):
    with genaiops.extract({"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-00"}):
        assert leaf(1) == 1
    leaf(2)

    assert [span["inputs"] for span in spans()] == [{"x": 2}]


def test_no_trace_is_kept_at_sample_0_and_everything_below_is_dropped(spans):
    genaiops.configure(sample=0.0)

    @genaiops.trace
    def outer():
        span = genaiops.get_current_active_span()
        return leaf(span.is_recording()), genaiops.inject()

    recording, headers = outer()
    with genaiops.start_span("block") as span, ThreadPoolExecutor(1) as pool:
        span.set_inputs(1)
        pool.submit(leaf).result()
    items = genaiops.trace(lambda: (leaf(i) for i in range(2)))()
    with pytest.raises(ZeroDivisionError):
        genaiops.trace(lambda: 1 / 0)()

    assert recording is False
    assert list(items) == [0, 1]
    assert headers["traceparent"].endswith("-00")
    genaiops.configure(sample=1.0)
    leaf("kept")
    assert [span["inputs"] for span in spans()] == [{"x": "kept"}]


def test_a_share_of_traces_is_kept_whole_and_by_their_ids():
    genaiops.configure(sample=0.5)

    @genaiops.trace
    def outer():
        leaf()
        return leaf()

    for _ in range(200):
        outer()

    traces = genaiops.sql("SELECT trace_id, count(*) FROM spans GROUP BY trace_id").rows
    assert 60 < len(traces) < 140
    assert {n for _, n in traces} == {3}
    assert all(int(trace_id, 16) & (1 << 64) - 1 < 1 << 63 for trace_id, _ in traces)


def test_a_dropped_stream_drops_what_its_body_calls(spans):
    genaiops.configure(sample=0.0)

    @genaiops.trace
    def stream():
        for i in range(2):
            yield leaf(i)

    assert list(stream()) == [0, 1]
    genaiops.configure(sample=1.0)
    leaf("kept")
    assert len(spans()) == 1


def test_a_running_span_is_visible_within_a_second_and_ends_as_one_row(spans):
    with genaiops.start_span("slow") as span:
        span.set_inputs("q")
        seen = _until(lambda: genaiops.sql("SELECT status, inputs, end_ns FROM spans").rows)
        assert seen == [("running", '"q"', None)]
        genaiops.update_current_trace(name="renamed")
        assert genaiops.sql("SELECT status FROM traces").rows == [("running",)]

    assert [s["status"] for s in spans()] == ["ok"]
    assert genaiops.sql("SELECT name, status, n_spans FROM traces").rows == [("renamed", "ok", 1)]


def test_the_ticker_parks_when_nothing_is_open_and_wakes_again(monkeypatch):
    from genaiops.tracing import ticker

    monkeypatch.setattr(ticker, "IDLE_ROUNDS", 0)
    monkeypatch.setattr(ticker, "EVERY_S", 0.01)
    leaf()
    assert _until(lambda: ticker.state.parked)

    with genaiops.start_span("slow"):
        assert _until(lambda: genaiops.sql("SELECT 1 FROM spans WHERE status = 'running'").rows)


def _until(check, timeout_s=10.0):
    import time

    end = time.monotonic() + timeout_s
    while not (found := check()) and time.monotonic() < end:
        time.sleep(0.02)
    return found
