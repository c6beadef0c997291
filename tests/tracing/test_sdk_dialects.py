"""Spans that other libraries make inside a traced program go through the same dialect table."""

import json

import pytest
from opentelemetry.sdk.trace import TracerProvider

import genaiops
from genaiops.tracing.provider import GenaiopsSpanProcessor


@pytest.fixture
def tracer():
    provider = TracerProvider()
    provider.add_span_processor(GenaiopsSpanProcessor())
    yield provider.get_tracer("lib")
    provider.shutdown()


def row(columns="*"):
    (found,) = genaiops.sql(f"SELECT {columns} FROM spans").dicts()
    return found


def test_openinference_attributes_fill_the_columns_and_stay(tracer):
    attributes = {
        "openinference.span.kind": "LLM", "llm.model_name": "gpt-5", "llm.system": "openai",
        "llm.token_count.prompt": 7, "session.id": "s",
        "llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": "hi",
    }  # fmt: skip

    with tracer.start_as_current_span("chat", attributes=attributes):
        pass

    found = row()
    assert (found["span_type"], found["provider"], found["request_model"]) == (
        "llm",
        "openai",
        "gpt-5",
    )
    assert (found["input_tokens"], found["session_id"], found["operation"]) == (7, "s", "chat")
    messages = [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]
    assert json.loads(found["inputs"]) == {"messages": messages}
    assert attributes.items() <= found["attributes"].items()


def test_evaluation_events_become_assessments_and_pending_spans_no_rows(tracer):
    with tracer.start_as_current_span("notice", attributes={"logfire.span_type": "pending_span"}):
        pass
    with tracer.start_as_current_span("judged") as span:
        span.add_event(
            "gen_ai.evaluation.result",
            {"gen_ai.evaluation.name": "ok", "gen_ai.evaluation.score.value": 1.0},
        )

    assert row("name") == {"name": "judged"}
    assert genaiops.sql("SELECT name, number FROM assessments").rows == [("ok", 1.0)]


def test_capture_off_holds_for_what_is_read_from_attributes(tracer):
    genaiops.configure(capture="off")

    with tracer.start_as_current_span("step", attributes={"input.value": '{"q": 1}'}):
        pass

    assert row("inputs") == {"inputs": None}


def test_tags_said_by_the_program_beat_those_of_a_library(tracer):
    with tracer.start_as_current_span(
        "root", attributes={"langfuse.trace.tags": ["theirs"], "langfuse.trace.name": "t"}
    ):
        genaiops.update_current_trace(tags={"ours": "yes"})

    (found,) = genaiops.sql("SELECT name, tags FROM traces").rows
    assert found == ("t", {"ours": "yes"})
