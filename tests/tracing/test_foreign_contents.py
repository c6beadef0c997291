"""Where contents may not be recorded, none of other libraries is, whatever name carries it."""

import json
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider

import genaiops
from genaiops.tracing.capture import encode
from genaiops.tracing.dialects.table import EVENT_FAMILIES, FAMILIES, ROWS
from genaiops.tracing.otlp import Batch, Receiver, from_protobuf
from genaiops.tracing.provider import GenaiopsSpanProcessor
from genaiops.tracing.redact import Masker
from tests.tracing.otlp_messages import request, span

MARK = "the patient said"
CONTENTS = {"inputs", "outputs", "messages_in", "messages_out", "system", "documents"}
NAMES = sorted(
    {name.partition("#")[0] for row in ROWS if row.column in CONTENTS for name in row.names}
    | {f"{family}0.message.content" for family, column in FAMILIES.items() if column in CONTENTS}
    | {"gen_ai.tool.definitions", "gen_ai.prompt.variable.name", "llm.tools.0.tool.json_schema"}
    | {"llm.prompt_template.variables", "llm.invocation_parameters"}
)
FACTS = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 7, "my.own": "kept"}


def journal() -> str:
    return "".join(p.read_text() for p in Path(".genaiops/journal").iterdir())


def row():
    (found,) = genaiops.sql("SELECT * FROM spans").dicts()
    return found


@pytest.mark.parametrize("mode", ["metadata", "off"])
def test_contents_of_spans_in_the_process_stay_out(mode):
    genaiops.configure(capture=mode)
    provider = TracerProvider()
    provider.add_span_processor(GenaiopsSpanProcessor())
    theirs = [name for name in NAMES if not name.startswith("genaiops.")]  # ours are described
    contents = dict.fromkeys(theirs, json.dumps([{"role": "user", "content": MARK}]))

    with provider.get_tracer("lib").start_as_current_span("chat", attributes=contents | FACTS) as s:
        for name in EVENT_FAMILIES:
            s.add_event(name, {"content": MARK})
        s.add_event("retry", {"attempt": 2})

    assert MARK not in journal()
    found = row()
    assert found["input_tokens"] == 7
    assert FACTS.items() <= found["attributes"].items()
    assert [event["name"] for event in found["events"]] == ["retry"]
    assert ("sha256" in (found["inputs"] or "")) == (mode == "metadata")
    provider.shutdown()


@pytest.mark.parametrize("mode", ["metadata", "off"])
def test_contents_of_received_spans_stay_out(mode):
    contents = dict.fromkeys(NAMES, json.dumps([{"role": "user", "content": MARK}]))
    message = from_protobuf(request(span(contents | FACTS)).SerializeToString())
    receiver = Receiver(
        experiment="Default", masker=Masker((), encode), put_blob=lambda _: "", capture=mode
    )

    (line,) = receiver.lines(message, Batch())

    assert MARK.encode() not in line
    table = json.loads(line)
    assert table["input_tokens"] == 7
    assert FACTS.items() <= table["attributes"].items()
    assert ("sha256" in json.dumps(table.get("inputs"))) == (mode == "metadata")
