"""Anthropic autolog where the SDK makes OpenTelemetry spans of its own: adopted, never doubled."""

import json

import anthropic
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import genaiops
from genaiops.tracing.provider import GenaiopsSpanProcessor
from tests.tracing.autolog.server import (
    ASK,
    FINAL,
    USAGE,
    message,
    serving,
    stream,
    streamed,
    text,
    text_block,
    whole,
)

ROW = (
    "name, span_type, status, status_message, operation, provider, request_model, response_model, "
    "response_id, finish_reasons, input_tokens, output_tokens, cache_read_tokens, "
    "cache_write_tokens, reasoning_tokens, inputs, outputs, attributes, ttft_ms, trace_id, "
    "span_id, parent_span_id, events, prompt_name, prompt_version"
)
REQUEST = {"model": "claude-x", "max_tokens": 9, "messages": ASK}


@pytest.fixture(scope="module")
def server():
    with serving() as made:
        yield made
        assert made.answers == []


@pytest.fixture(scope="module")
def client(server):
    with anthropic.Anthropic(base_url=server.url, api_key="k", max_retries=1) as made:
        yield made


@pytest.fixture(autouse=True)
def autologged():
    genaiops.anthropic.autolog()
    yield
    genaiops.anthropic.autolog(disable=True)


def check(span):
    assert (span["name"], span["span_type"], span["status"]) == ("chat claude-x", "llm", "ok")
    assert (span["operation"], span["provider"]) == ("chat", "anthropic")
    assert (span["request_model"], span["response_model"]) == ("claude-x", "claude-x-2026")
    assert (span["response_id"], span["finish_reasons"]) == ("m1", ["end_turn"])
    assert (span["input_tokens"], span["output_tokens"]) == (28, 9)
    assert (span["cache_read_tokens"], span["cache_write_tokens"]) == (5, 3)
    assert span["reasoning_tokens"] == 4
    assert span["attributes"]["server.address"] == "127.0.0.1"
    assert span["attributes"]["genaiops.usage"] == USAGE | FINAL
    assert span["attributes"]["anthropic.request.id"] == "req_1"


@pytest.fixture
def recorded():
    """A provider of the application with its exporter; our processor is on it, as on a global one."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    provider.add_span_processor(GenaiopsSpanProcessor())
    yield provider, exporter
    provider.shutdown()


@pytest.mark.parametrize("mode", ["metadata_only", "content"])
@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
def test_the_sdks_own_span_is_adopted_never_doubled(server, client, spans, recorded, streams, mode):
    provider, exporter = recorded
    own = client.with_options(
        open_telemetry={"tracer_provider": provider, "traces": {"content_mode": mode}}
    )
    server.answers = [streamed(stream(text_block())) if streams else whole(message(text("Zürich is fine.")))]  # fmt: skip
    server.requests.clear()

    with genaiops.start_span("app") as app:
        result = own.messages.create(**REQUEST, stream=streams)
        list(result)

    _, span = spans(ROW)
    check(span)
    (native,) = exporter.get_finished_spans()
    assert native.instrumentation_scope.name == "com.anthropic.sdk.python"
    assert f"{native.context.span_id:016x}" == span["span_id"]
    assert f"{native.context.trace_id:032x}" == span["trace_id"] == app.trace_id
    assert f"{native.parent.span_id:016x}" == span["parent_span_id"] == app.span_id
    assert native.status.status_code.name == "OK"
    assert list(native.attributes["gen_ai.response.finish_reasons"]) == ["end_turn"]
    assert ("gen_ai.input.messages" in native.attributes) == (mode == "content")
    assert span["attributes"]["http.route"] == "/v1/messages"
    assert span["outputs"]["content"] == [{"type": "text", "text": "Zürich is fine."}]
    assert span["attributes"]["gen_ai.output.messages"][0]["parts"][0]["type"] == "text"
    ((_, headers, _),) = server.requests
    assert headers["traceparent"] == f"00-{span['trace_id']}-{span['span_id']}-01"


def test_content_that_the_sdk_records_stays_out_where_ours_is_switched_off(
    server, client, spans, recorded
):
    genaiops.configure(capture="off")
    own = client.with_options(
        open_telemetry={"tracer_provider": recorded[0], "traces": {"content_mode": "content"}}
    )
    server.answers = [whole(message(text("Hello")))]

    own.messages.create(**REQUEST)

    (span,) = spans(ROW)
    assert "Hello" not in str(span)
    assert (span["inputs"], span["outputs"], span["output_tokens"]) == (None, None, 9)


def test_an_adopted_span_that_fails_is_an_error_on_both_sides(server, client, spans, recorded):
    provider, exporter = recorded
    own = client.with_options(open_telemetry={"tracer_provider": provider})
    server.answers = [
        whole({"type": "error", "error": {"type": "not_found_error", "message": "no"}}, 404),
        streamed(stream(text_block())[:3], end="silent"),
    ]

    with pytest.raises(anthropic.NotFoundError):
        own.messages.create(**REQUEST)
    list(own.messages.create(**REQUEST, stream=True))

    assert [span["status"] for span in spans(ROW)] == ["error", "error"]
    natives = exporter.get_finished_spans()
    assert [span.status.status_code.name for span in natives] == ["ERROR", "ERROR"]


def test_the_sdks_switch_for_its_own_spans_does_not_touch_ours(server, client, spans, recorded):
    own = client.with_options(open_telemetry=False)
    server.answers = [whole(message(text("Hello")))]

    own.messages.create(**REQUEST)

    (span,) = spans(ROW)
    check(span)
    assert recorded[1].get_finished_spans() == ()


def test_a_global_provider_gets_one_span_and_the_store_one_also_when_the_sdk_comes_later(program):
    out = program("""
        import json, genaiops
        from opentelemetry import trace as otel
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
        genaiops.anthropic.autolog()
        exporter, provider = InMemorySpanExporter(), TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        otel.set_tracer_provider(provider)
        import anthropic
        from tests.tracing.autolog.server import ASK, message, serving, text, whole

        with serving() as server, anthropic.Anthropic(base_url=server.url, api_key="k") as client:
            server.answers = [whole(message(text("Hello")))]
            with otel.get_tracer("app").start_as_current_span("theirs"):
                client.messages.create(model="claude-x", max_tokens=1, messages=ASK)
        genaiops.flush()
        rows = genaiops.sql(
            "SELECT name, input_tokens, parent_span_id IS NOT NULL FROM spans ORDER BY start_ns"
        ).rows
        print(json.dumps([sorted(span.name for span in exporter.get_finished_spans()), rows]))
        """)

    exported, rows = json.loads(out)
    assert exported == ["anthropic.messages.create", "theirs"]
    assert rows == [["theirs", None, False], ["chat claude-x", 28, True]]


def test_the_ids_of_our_span_are_sent_where_the_sdk_sends_those_of_a_parent(server, client, spans):
    server.answers = [whole(message(text("Hello")))] * 3
    server.requests.clear()
    with genaiops.start_span("app"):
        client.messages.create(**REQUEST)
        client.with_options(open_telemetry={"propagation": False}).messages.create(**REQUEST)
    client.messages.create(**REQUEST)

    _, span, *_ = spans(ROW)
    sent = [headers.get("traceparent") for _, headers, _ in server.requests]
    assert sent == [f"00-{span['trace_id']}-{span['span_id']}-01", None, None]
