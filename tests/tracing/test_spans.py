import asyncio

import pytest
from opentelemetry import trace as otel

import genaiops


def test_a_block_is_a_span_with_what_is_set_on_it(spans):
    with genaiops.start_span("rerank", span_type="reranker", attributes={"a": 1}) as span:
        span.set_inputs({"q": "x"})
        span.set_outputs([1])
        span.set_attribute("b", "two")
        span.set_attributes({"c": [1.5], "d": {"e": None}})
        span.add_event("note", {"x": 1})
        assert genaiops.get_current_active_span() is span

    (row,) = spans()
    assert (row["name"], row["span_type"], row["status"]) == ("rerank", "reranker", "ok")
    assert (row["trace_id"], row["span_id"]) == (span.trace_id, span.span_id)
    assert (row["inputs"], row["outputs"]) == ({"q": "x"}, [1])
    assert row["attributes"] == {"a": 1, "b": "two", "c": [1.5], "d": {"e": None}}
    assert row["events"][0]["name"] == "note"
    assert row["events"][0]["attributes"] == {"x": 1}


def test_an_async_block_is_a_span_too(tree):
    @genaiops.trace
    async def leaf():
        return 1

    async def main():
        async with genaiops.start_span("outer"):
            await leaf()

    asyncio.run(main())

    assert tree() == [("outer", None), ("leaf", "outer")]


def test_an_exception_in_a_block_passes_and_marks_the_span(spans):
    with pytest.raises(KeyError), genaiops.start_span("block"):
        raise KeyError("gone")

    assert (spans()[0]["status"], spans()[0]["status_message"]) == ("error", "'gone'")


def test_a_status_set_by_hand_stays(spans):
    with genaiops.start_span("a") as span:
        span.set_status("error", "why")
    with genaiops.start_span("b") as span:
        span.set_status(otel.Status(otel.StatusCode.ERROR, "otel"))
    with genaiops.start_span("c") as span:
        span.set_status(otel.StatusCode.OK)

    assert [(s["status"], s["status_message"]) for s in spans()] == [
        ("error", "why"), ("error", "otel"), ("ok", None),
    ]  # fmt: skip


def test_outside_a_trace_the_current_span_takes_everything_and_records_nothing(spans):
    span = genaiops.get_current_active_span()

    span.set_inputs(1)
    span.set_outputs(1)
    span.set_attribute("a", 1)
    span.set_attributes({})
    span.add_event("e")
    span.set_status("error")
    span.record_exception(ValueError())
    span.update_name("x")
    span.link_prompt("x")
    span.end()
    genaiops.update_current_trace(name="nothing")

    assert (span.trace_id, span.span_id, span.name) == ("0" * 32, "0" * 16, "")
    assert not span.is_recording()
    with genaiops.start_span("real"):
        pass
    assert [s["name"] for s in spans()] == ["real"]


def test_the_span_is_an_opentelemetry_span():
    with genaiops.start_span("block") as span:
        assert isinstance(span, otel.Span)
        assert otel.get_current_span() is span
        context = span.get_span_context()
        assert f"{context.trace_id:032x}" == span.trace_id
        assert context.is_valid
        assert context.trace_flags.sampled
    assert otel.get_current_span() is otel.INVALID_SPAN
    assert not span.is_recording()


def test_a_child_outlives_its_parent(tree):
    parent = genaiops.start_span("parent")
    with parent:
        child = genaiops.start_span("child")
        parent.update_name("renamed")

    child.end()

    assert tree() == [("renamed", None), ("child", "renamed")]


def test_ending_twice_writes_once(spans):
    with genaiops.start_span("block") as span:
        span.end()

    assert len(spans()) == 1


def test_links_point_to_other_traces(spans):
    with genaiops.start_span("first") as first:
        pass
    with genaiops.start_span("second") as second:
        second.add_link(first.get_span_context(), {"why": "retry"})

    assert spans()[1]["links"] == [
        {"trace_id": first.trace_id, "span_id": first.span_id, "attributes": {"why": "retry"}}
    ]


def test_attributes_of_the_conventions_fill_the_typed_columns(spans):
    with genaiops.start_span("chat", span_type="llm") as span:
        span.set_attributes(
            {
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "gpt-5-mini",
                "gen_ai.response.model": "gpt-5-mini-2026",
                "gen_ai.response.id": "r1",
                "gen_ai.response.finish_reasons": ["stop"],
                "gen_ai.usage.input_tokens": 10,
                "gen_ai.usage.output_tokens": 2.0,
                "gen_ai.usage.cache_read.input_tokens": "no number",
                "genaiops.cost.total": 0.25,
                "gen_ai.response.time_to_first_chunk": 0.5,
                "gen_ai.prompt.name": "qa",
                "gen_ai.prompt.version": 3,
                "session.id": "s",
                "user.id": 7,
            }
        )

    (row,) = spans(
        "operation, provider, request_model, response_model, response_id, finish_reasons, "
        "input_tokens, output_tokens, cache_read_tokens, cost_usd, ttft_ms, prompt_name, "
        "prompt_version, session_id, user_id"
    )
    assert row == {
        "operation": "chat",
        "provider": "openai",
        "request_model": "gpt-5-mini",
        "response_model": "gpt-5-mini-2026",
        "response_id": "r1",
        "finish_reasons": ["stop"],
        "input_tokens": 10,
        "output_tokens": 2,
        "cache_read_tokens": None,
        "cost_usd": 0.25,
        "ttft_ms": 500.0,
        "prompt_name": "qa",
        "prompt_version": 3,
        "session_id": "s",
        "user_id": "7",
    }


def test_a_trace_gets_name_session_user_tags_and_metadata_from_anywhere_inside(spans):
    @genaiops.trace
    def before():
        return None

    @genaiops.trace
    def inside():
        genaiops.update_current_trace(tags={"b": 2}, metadata={"n": [1]})

    @genaiops.trace
    def root():
        before()
        genaiops.update_current_trace(name="job", session_id="s1", user_id="u1", tags={"a": "1"})
        inside()

    root()

    (trace,) = genaiops.sql("SELECT name, session_id, user_id, tags, metadata FROM traces").rows
    assert trace == ("job", "s1", "u1", {"a": "1", "b": "2"}, {"n": [1]})
    assert [s["session_id"] for s in spans("name, session_id")] == ["s1", None, "s1"]

    before()
    assert spans("session_id")[-1]["session_id"] is None, "the next trace knows nothing of it"


def test_the_last_trace_is_remembered():
    @genaiops.trace
    def call():
        return genaiops.get_current_active_span().trace_id

    assert genaiops.get_last_active_trace_id() != (trace_id := call())
    assert genaiops.get_last_active_trace_id() == trace_id
    assert genaiops.get_trace(trace_id).root.name == "call"


def test_feedback_and_expectations_stand_beside_the_trace():
    with genaiops.start_span("call") as span:
        pass

    genaiops.log_feedback(span.trace_id, "helpful", True, rationale="it was", source="ann")
    genaiops.log_feedback(span.trace_id, "score", 0.5, span_id=span.span_id, source="llm")
    genaiops.log_expectation(span.trace_id, "answer", {"text": "42"})

    rows = genaiops.sql(
        "SELECT name, kind, value, number, source_type, source_id, rationale, span_id "
        "FROM assessments WHERE trace_id = ? ORDER BY created_ns",
        [span.trace_id],
    ).rows
    assert rows == [
        ("helpful", "feedback", True, 1.0, "human", "ann", "it was", None),
        ("score", "feedback", 0.5, 0.5, "llm", None, None, span.span_id),
        ("answer", "expectation", {"text": "42"}, None, "human", None, None, None),
    ]


def test_spans_carry_the_active_run_and_experiment(spans):
    from genaiops.tracing.context import active_experiment, active_run

    run, experiment = active_run.set("r1"), active_experiment.set("other")
    with genaiops.start_span("inside"):
        pass
    active_run.reset(run)
    active_experiment.reset(experiment)
    with genaiops.start_span("outside"):
        pass

    assert [(s["run_id"], s["experiment"]) for s in spans("run_id, experiment")] == [
        ("r1", "other"), (None, "Default"),
    ]  # fmt: skip


def test_a_formatted_prompt_is_linked_to_its_version(spans):
    from genaiops.model.prompt import FormattedText, PromptRef

    ref = PromptRef(name="qa", version=3, hash="h", alias="production", variables={"q": "why"})
    with genaiops.start_span("chat", span_type="llm") as span:
        span.link_prompt({"messages": [{"role": "user", "content": FormattedText("why?", ref)}]})

    (row,) = spans("prompt_name, prompt_version, attributes")
    assert (row["prompt_name"], row["prompt_version"]) == ("qa", 3)
    assert row["attributes"]["gen_ai.prompt.variable.q"] == "why"
    assert row["attributes"]["genaiops.prompt.alias"] == "production"


def test_of_a_fallback_prompt_only_the_name_is_linked(spans):
    prompt = genaiops.load_prompt("qa@production", fallback="Answer {{question}}")
    with genaiops.start_span("chat", span_type="llm") as span:
        span.link_prompt(prompt.format(question="Why?"))

    (row,) = spans("prompt_name, prompt_version, attributes")
    assert (row["prompt_name"], row["prompt_version"]) == ("qa", None)
    assert row["attributes"] == {"gen_ai.operation.name": "chat", "gen_ai.prompt.name": "qa"}
