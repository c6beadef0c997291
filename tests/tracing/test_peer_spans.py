"""Spans that other libraries wrote over six calls of OpenAI become the rows that ours become.

The folder beside this file has what each library sent when `benchmarks/bench_peer_spans.py --record`
made the calls on a loopback of our own; an interpreter with these libraries makes them anew.
"""

import json
from pathlib import Path

import pytest

import genaiops
from genaiops.store import current_store
from tests.tracing.otlp_messages import lines

FOLDER = Path(__file__).parent / "peer_spans"
MESSAGES = ("gen_ai.input.messages", "gen_ai.output.messages")
COLUMNS = (
    "span_type, status, operation, provider, request_model, response_model, response_id, "
    "finish_reasons, input_tokens, output_tokens, cache_read_tokens, reasoning_tokens"
)


def text(role, said):
    return {"role": role, "parts": [{"type": "text", "content": said}]}


CALL = {"type": "tool_call", "id": "call_1", "name": "weather", "arguments": {"city": "Bern"}}
ASKED = {
    "span_type": "llm", "status": "ok", "operation": "chat", "provider": "openai",
    "request_model": "gpt-5-mini", MESSAGES[0]: [text("system", "Be brief."), text("user", "How is Zürich?")],
}  # fmt: skip
ANSWERED = ASKED | {
    "response_model": "gpt-5-mini-2026-01-01", "response_id": "chatcmpl-1", "finish_reasons": ["stop"],
    "input_tokens": 120, "output_tokens": 3, "cache_read_tokens": 0, "reasoning_tokens": 0,
    MESSAGES[1]: [text("assistant", "It rains.")],
}  # fmt: skip
CACHED = ANSWERED | {"output_tokens": 30, "cache_read_tokens": 96, "reasoning_tokens": 20}
TOOL = ANSWERED | {
    "output_tokens": 9, "finish_reasons": ["tool_calls"],
    MESSAGES[1]: [{"role": "assistant", "parts": [CALL]}],
}  # fmt: skip
REFUSED = dict.fromkeys(ANSWERED) | ASKED | {"status": "error"}
CALLS = {
    "plain": ANSWERED, "cached": CACHED, "tool": TOOL, "stream": CACHED, "tool stream": TOOL,
    "refused": REFUSED,
}  # fmt: skip

UNSET = {"status": "unset"}  # nothing failed, and nobody said that it went well
NO_REASONING = {"reasoning_tokens": None}
BY_LANGFUSE = UNSET | {
    "provider": None, "response_model": None, "response_id": None, "finish_reasons": None,
    "request_model": "gpt-5-mini-2026-01-01",  # the only model it sends
}  # fmt: skip
LEFT_OUT = {
    "openinference": {},
    "traceloop": {
        **dict.fromkeys(("plain", "cached", "tool"), UNSET),
        **dict.fromkeys(("stream", "tool stream"), NO_REASONING),
    },
    "mlflow": {
        "tool stream": {
            "finish_reasons": ["stop"],
            MESSAGES[1]: [{"role": "assistant", "parts": []}],
        }
    },
    "langfuse": dict.fromkeys(CALLS, BY_LANGFUSE) | {"refused": {"provider": None}},
    "logfire": {
        **dict.fromkeys(("plain", "cached", "tool", "stream", "tool stream"), UNSET),
        "refused": {"response_model": "gpt-5-mini"},
    },
}
"""What a library does not send, or sends otherwise than the provider said it."""


def messages(attributes, name):
    value = attributes.get(name)
    value = json.loads(value) if isinstance(value, str) else value
    if value is None:
        return None
    empty = {"type": "text", "content": ""}
    return [
        {"role": one["role"], "parts": [part for part in one["parts"] if part != empty]}
        for one in value
    ]


def rows():
    """The model calls by start; of Logfire's two spans of a stream, the one that has the answer."""
    found = genaiops.sql(
        f"SELECT {COLUMNS}, attributes FROM spans WHERE span_type = 'llm' ORDER BY start_ns"
    ).dicts()
    for row in [row for row in found if row["attributes"].get("logfire.span_type") == "log"]:
        del found[found.index(row) - 1]
    for row in found:
        attributes = row.pop("attributes")
        row |= {name: messages(attributes, name) for name in MESSAGES}
    return found


@pytest.mark.parametrize("library", LEFT_OUT)
def test_every_column_that_a_library_sends_is_as_ours(library):
    store = current_store()

    for line in lines((FOLDER / f"{library}.json").read_bytes()):
        assert store.append("spans", line)

    expected = {call: wanted | LEFT_OUT[library].get(call, {}) for call, wanted in CALLS.items()}
    assert dict(zip(CALLS, rows(), strict=True)) == expected


def test_the_two_spans_of_a_stream_by_logfire_count_once():
    store = current_store()

    for line in lines((FOLDER / "logfire.json").read_bytes()):
        assert store.append("spans", line)

    (found,) = genaiops.sql("SELECT sum(input_tokens), sum(output_tokens) FROM spans").rows
    assert found == (5 * 120, 3 + 30 + 9 + 30 + 9)
