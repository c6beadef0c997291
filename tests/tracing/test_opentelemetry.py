"""Joining OpenTelemetry: each case is a program of its own, since its provider is set once a process."""

import json

import pytest
from opentelemetry import trace as otel

import genaiops
from genaiops.tracing.provider import GenaiopsSpanProcessor, drain, join, look

SETUP = """
import json, genaiops
from opentelemetry import trace as otel
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter = InMemorySpanExporter()
provider = TracerProvider()

@genaiops.trace
def leaf(question):
    return question

def rows():
    names = {}
    found = genaiops.sql("SELECT name, span_id, parent_span_id, trace_id FROM spans ORDER BY start_ns").rows
    names = {row[1]: row[0] for row in found}
    return [(row[0], names.get(row[2])) for row in found], len({row[3] for row in found})
"""


def test_importing_and_tracing_load_no_sdk_and_set_no_provider(program):
    out = program("""
        import sys, genaiops
        genaiops.trace(lambda: 1)()
        sdk = [name for name in sys.modules if name.startswith("opentelemetry.sdk")]
        from opentelemetry import trace
        print(sdk, trace._TRACER_PROVIDER)
        """)

    assert out == "[] None\n"


@pytest.mark.parametrize(
    ("early", "late"),
    [
        ("otel.set_tracer_provider(provider)", ""),
        ("", "otel.set_tracer_provider(provider)"),
        ("from opentelemetry.trace import set_tracer_provider as unseen", "unseen(provider)"),
    ],
    ids=["before", "after", "by a name taken earlier"],
)
def test_spans_of_other_libraries_nest_with_ours_whenever_the_provider_is_set(program, early, late):
    first = f"""
from opentelemetry import trace as otel
from opentelemetry.sdk.trace import TracerProvider
provider = TracerProvider()
{early}
"""
    out = program(
        first
        + SETUP.replace("provider = TracerProvider()\n", "")
        + late
        + """
with genaiops.start_span("ours"):
    with otel.get_tracer("lib").start_as_current_span("theirs"):
        leaf("q")
print(json.dumps(rows()))
"""
    )

    assert json.loads(out) == [[["ours", None], ["theirs", "ours"], ["leaf", "theirs"]], 1]


def test_ours_under_theirs_and_the_users_provider_stays(program):
    out = program(
        SETUP
        + """
provider.add_span_processor(SimpleSpanProcessor(exporter))
otel.set_tracer_provider(provider)
with otel.get_tracer("lib").start_as_current_span("theirs") as theirs:
    leaf("q")
    genaiops.update_current_trace(session_id="s", tags={"a": "b"})
    genaiops.get_current_active_span().set_outputs({"x": 1})
assert genaiops.flush()
assert otel.get_tracer_provider() is provider
names = [span.name for span in exporter.get_finished_spans()]
trace = genaiops.sql("SELECT name, session_id, tags, outputs_preview FROM traces").rows
print(json.dumps([rows(), sorted(names), trace]))
"""
    )

    assert json.loads(out) == [
        [[["theirs", None], ["leaf", "theirs"]], 1],
        ["leaf", "theirs"],
        [["theirs", "s", {"a": "b"}, '{"x":1}']],
    ]


def test_our_spans_reach_the_users_exporter_whole(program):
    out = program(
        SETUP
        + """
provider.add_span_processor(SimpleSpanProcessor(exporter))
otel.set_tracer_provider(provider)

@genaiops.trace(span_type="llm", attributes={"a": [1, 2], "b": {"c": 1}})
def fail(question):
    genaiops.get_current_active_span().add_event("note", {"x": 1})
    raise ValueError("why")

with genaiops.start_span("root") as root:
    try:
        fail("q")
    except ValueError:
        pass
assert genaiops.flush()
child, parent = exporter.get_finished_spans()
assert f"{parent.context.span_id:016x}" == root.span_id and parent.parent is None
assert child.parent.span_id == parent.context.span_id
assert child.context.trace_id == parent.context.trace_id
assert child.start_time >= parent.start_time and child.end_time <= parent.end_time
json.loads(child.to_json())
print(json.dumps([child.name, child.kind.name, child.status.status_code.name, child.status.description,
    dict(child.attributes) | {"a": list(child.attributes["a"])}, [event.name for event in child.events]]))
"""
    )

    assert json.loads(out) == [
        "fail", "CLIENT", "ERROR", "why",
        {
            "gen_ai.operation.name": "chat", "a": [1, 2], "b": '{"c":1}', "error.type": "ValueError",
            "genaiops.span_type": "llm", "genaiops.inputs": '{"question":"q"}',
        },
        ["note", "exception"],
    ]  # fmt: skip


def test_spans_of_both_reach_an_exporter_before_the_program_ends(program):
    out = program(
        SETUP
        + """
from opentelemetry.sdk.trace.export import ConsoleSpanExporter
provider.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter(formatter=lambda span: span.name + "\\n")))
otel.set_tracer_provider(provider)
leaf("q")
"""
    )

    assert out.split() == ["leaf"]


def test_a_broken_processor_harms_nobody(program):
    out = program(
        SETUP
        + """
import logging
logging.disable()
from opentelemetry.sdk.trace import SpanProcessor
class Broken(SpanProcessor):
    def on_end(self, span):
        raise RuntimeError("broken")
provider.add_span_processor(Broken())
otel.set_tracer_provider(provider)
print(json.dumps([leaf("q"), genaiops.flush(), rows()]))
"""
    )

    assert json.loads(out) == ["q", True, [[["leaf", None]], 1]]


def test_a_dropped_trace_drops_spans_of_other_libraries(program):
    out = program(
        SETUP
        + """
otel.set_tracer_provider(provider)
genaiops.configure(sample=0.0)
with genaiops.start_span("ours"):
    with otel.get_tracer("lib").start_as_current_span("theirs") as theirs:
        recording = theirs.is_recording()
        leaf("q")
genaiops.configure(sample=1.0)
leaf("kept")
print(json.dumps([recording, rows()]))
"""
    )

    assert json.loads(out) == [False, [[["leaf", None]], 1]]


def test_a_forked_child_hands_its_spans_to_the_exporter_too(program):
    out = program(
        SETUP
        + """
import os, warnings
warnings.simplefilter("ignore", DeprecationWarning)
provider.add_span_processor(SimpleSpanProcessor(exporter))
otel.set_tracer_provider(provider)
leaf("parent")
assert genaiops.flush()
pid = os.fork()
if pid == 0:
    leaf("child")
    ok = genaiops.flush() and len(exporter.get_finished_spans()) == 2
    os._exit(0 if ok else 1)
print(os.waitpid(pid, 0)[1])
"""
    )

    assert out.strip() == "0"


def test_a_running_span_of_another_library_is_visible(program):
    out = program(
        SETUP
        + """
import time
otel.set_tracer_provider(provider)
genaiops.trace(lambda: 1)()
with otel.get_tracer("lib").start_as_current_span("theirs"):
    for _ in range(200):
        seen = genaiops.sql("SELECT status FROM spans WHERE name = 'theirs'").rows
        if seen:
            break
        time.sleep(0.02)
print(seen, genaiops.sql("SELECT status FROM spans WHERE name = 'theirs'").rows)
"""
    )

    assert out == "[('running',)] [('unset',)]\n"


def test_our_processor_can_be_put_on_any_provider_and_is_never_put_there_twice(spans):
    from opentelemetry.sdk.trace import TracerProvider

    provider = TracerProvider()
    provider.add_span_processor(GenaiopsSpanProcessor())
    assert join(provider)
    tracer = provider.get_tracer("lib")

    with tracer.start_as_current_span("chat gpt") as span:
        span.set_attribute("gen_ai.operation.name", "chat")
        span.set_attribute("gen_ai.request.model", "gpt-5")
        span.set_attribute("genaiops.inputs", '{"q": 1}')
        span.set_attribute("genaiops.outputs", "no json")
        span.add_link(otel.SpanContext(1, 2, False))
        span.record_exception(ValueError("sk-abcdefghijklmnopqrstuvwx"))
    with tracer.start_as_current_span("chain", attributes={"openinference.span.kind": "CHAIN"}):
        pass

    first, second = spans(
        "name, span_type, request_model, inputs, outputs, attributes, events, links"
    )
    assert (first["span_type"], first["request_model"], first["inputs"]) == (
        "llm",
        "gpt-5",
        {"q": 1},
    )
    assert first["links"][0]["span_id"] == "0" * 15 + "2"
    assert first["events"][0]["attributes"]["exception.message"] == "[REDACTED]"
    assert second["span_type"] == "chain"
    assert drain(1.0)
    look()


def test_a_provider_of_another_kind_is_left_alone():
    assert not join(otel.NoOpTracerProvider())
    with pytest.raises(AttributeError):
        genaiops.tracing.provider.Unknown  # noqa: B018
