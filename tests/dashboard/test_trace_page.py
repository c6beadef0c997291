"""One trace: every view of a span, its links, and what can be done with it."""

from pathlib import Path

import pytest

import genaiops
from genaiops.model.span import Trace
from genaiops.query import datasets, traces
from tests.dashboard import seed
from tests.dashboard.conftest import Screen, Shown


@pytest.fixture
def trace(tmp_path: Path) -> Trace:
    """One trace in a store of its own."""
    store = seed.use(tmp_path / "store")
    return traces.get(seed.rag_trace(store, 0, 1_800_000_000 * seed.NS))


@pytest.fixture
def call(trace: Trace) -> str:
    """Its model call."""
    return next(span.span_id for span in trace.spans if span.span_type == "llm")


def test_the_whole_record_is_shown_as_json(
    shown: Shown, tmp_path: Path, trace: Trace, call: str
) -> None:
    screen = shown("trace", tmp_path / "store", id=trace.trace_id, span=call, view="JSON")

    record = screen.data["genaiops.value_view"]["value"]
    assert record["span_id"] == call
    assert record["prompt_name"] == "docs/answer"
    assert record["events"][0]["attributes"] == {"n": 1}
    assert "status_message" not in record


def test_a_call_opens_in_the_playground_with_its_prompt_and_messages(
    shown: Shown, tmp_path: Path, trace: Trace, call: str
) -> None:
    app = shown("trace", tmp_path / "store", id=trace.trace_id, span=call).app

    next(button for button in app.button if button.label == "Open in playground").click().run()

    assert not app.exception
    assert {name: str(text) for name, text in app.query_params.items()} == {
        "name": "docs/answer", "v": "1", "view": "Playground", "trace": trace.trace_id, "span": call,
    }  # fmt: skip


def test_only_calls_of_models_can_be_played_again(
    shown: Shown, tmp_path: Path, trace: Trace
) -> None:
    assert trace.root is not None
    app = shown("trace", tmp_path / "store", id=trace.trace_id, span=trace.root.span_id).app

    assert "Open in playground" not in [button.label for button in app.button]


def test_a_trace_is_kept_as_an_example(shown: Shown, tmp_path: Path, trace: Trace) -> None:
    genaiops.create_dataset("failures", [{"inputs": {"question": "1"}, "expected": "1"}])
    app = shown("trace", tmp_path / "store", id=trace.trace_id).app

    app.selectbox(key="example dataset").set_value("failures")
    app.button(key="add example").click().run()

    assert not app.exception
    assert "added to failures, version 2" in Screen(app).texts
    assert datasets.rows("failures", 2).items[1].trace_id == trace.trace_id
