"""The dialect table: row by row, and library by library."""

import json

import pytest

from genaiops.model import semconv
from genaiops.tracing.dialects import chat, read, values
from genaiops.tracing.dialects.table import ROWS

MESSAGES = [{"role": "user", "content": "hi"}]
OTEL_IN = [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]
OTEL_OUT = [{"role": "assistant", "parts": [{"type": "text", "content": "yo"}]}]
CONVERSATION = [*MESSAGES, {"role": "assistant", "content": "yo"}]
START_NS = 1_700_000_000_000_000_000

SAMPLES = {
    values.text: ("some-text", "some-text"),
    values.kind: ("TOOL", "tool"),
    values.operation: ("completion", "text_completion"),
    values.provider: ("OpenAI", "openai"),
    values.provider_of_format: ("OpenAI", "openai"),
    values.reasons: ("stop", ["stop"]),
    values.count: (12, 12),
    values.version: (3, 3),
    values.money: (0.25, 0.25),
    values.seconds: (0.5, 500.0),
    values.millis: (250, 250.0),
    values.tags: (["beta"], {"beta": "true"}),
    values.content: ({"a": 1}, {"a": 1}),
    values.instant_ns: ("2023-11-14T22:13:21+00:00", START_NS + 10**9),
    chat.received: (MESSAGES, OTEL_IN),
    chat.given: ([{"role": "assistant", "content": "yo"}], OTEL_OUT),
    chat.asked: (CONVERSATION, OTEL_IN),
    chat.answered: (CONVERSATION, OTEL_OUT),
    chat.system: ("be brief", [{"type": "text", "content": "be brief"}]),
}
CASES = [(row, name) for row in ROWS for name in row.names]


def attribute(row, name, sample=None):
    """The attribute of that name, with the sample at its path of JSON text."""
    raw = SAMPLES[row.convert][0] if sample is None else sample
    key, hash_mark, path = name.partition("#")
    for step in reversed(path.split(".") if path else []):
        raw = [raw] if step == "0" else {step: raw}
    if hash_mark or isinstance(raw, dict):
        raw = json.dumps(raw)
    return {
        key: json.dumps(raw) if isinstance(raw, list) and raw and isinstance(raw[0], dict) else raw
    }


@pytest.mark.parametrize(("row", "name"), CASES, ids=[f"{r.column}-{n}" for r, n in CASES])
def test_each_name_of_the_table_fills_its_column(row, name):
    expected = SAMPLES[row.convert][1]
    given_attributes = attribute(row, name)

    reading = read(given_attributes, start_ns=START_NS)

    if row.column in ("messages_in", "messages_out", "documents", "system"):
        wanted = {
            "messages_in": semconv.INPUT_MESSAGES,
            "messages_out": semconv.OUTPUT_MESSAGES,
            "documents": semconv.RETRIEVAL_DOCUMENTS,
            "system": semconv.SYSTEM_INSTRUCTIONS,
        }[row.column]
        if name != wanted:
            assert reading.attributes[wanted] == expected
        elif row.column != "system":
            side = "inputs" if row.column == "messages_in" else "outputs"
            assert reading.columns[side] == (
                {"messages": expected} if side == "inputs" else expected
            )
    elif row.column == "first_chunk_ns":
        assert reading.columns["ttft_ms"] == 1000.0
    elif row.column == "model":
        assert reading.columns["request_model"] == expected
    elif row.column != "usage":
        assert reading.columns[row.column] == expected


PLAIN = {
    column: [(row, name) for row in ROWS if row.column == column for name in row.names]
    for column in sorted({row.column for row in ROWS if row.convert in (values.text, values.count)})
    if column != "span_type"
}


@pytest.mark.parametrize("column", PLAIN)
def test_the_first_name_of_a_column_wins_in_whatever_order_attributes_come(column):
    attributes = {}
    for number, (row, name) in enumerate(PLAIN[column]):
        if name.partition("#")[0] not in attributes:
            attributes |= attribute(row, name, number + 1)
    first = "1" if PLAIN[column][0][0].convert is values.text else 1

    filled = "request_model" if column == "model" else column
    for order in (attributes, dict(reversed(attributes.items()))):
        assert read(order).columns[filled] == first


@pytest.mark.parametrize(
    "asked",
    [
        {"llm.invocation_parameters": '{"model": "gpt-5"}', "llm.model_name": "gpt-5-2026"},
        {"input.value": '{"model": "gpt-5", "messages": []}', "llm.model_name": "gpt-5-2026"},
        {"mlflow.spanInputs": '{"model": "gpt-5"}', "mlflow.llm.model": '"gpt-5-2026"'},
    ],
)
def test_the_model_of_a_request_is_the_one_that_was_asked_for(asked):
    columns = read({"gen_ai.operation.name": "chat"} | asked).columns

    assert columns["request_model"] == "gpt-5"


@pytest.mark.parametrize(
    ("attributes", "column", "expected"),
    [
        ({"mlflow.message.format": '"langchain"'}, "provider", None),
        ({"mlflow.message.format": '"gemini"'}, "provider", "gcp.gemini"),
        ({"gen_ai.response.finish_reasons": ["tool_call"]}, "finish_reasons", ["tool_calls"]),
        ({"gen_ai.response.finish_reasons": '["tool_use"]'}, "finish_reasons", ["tool_use"]),
    ],
)
def test_names_that_only_a_library_has_are_read_as_those_of_the_provider(
    attributes, column, expected
):
    assert read(attributes).columns.get(column) == expected


USAGE = {
    "prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 2},
    "completion_tokens_details": {"reasoning_tokens": 1},
}  # fmt: skip
COUNTS = {"input_tokens": 9, "output_tokens": 4, "cache_read_tokens": 2, "reasoning_tokens": 1}


@pytest.mark.parametrize("name", [n for row in ROWS if row.column == "usage" for n in row.names])
def test_raw_usage_of_a_provider_fills_what_has_no_name_of_its_own(name):
    key, _, path = name.partition("#")
    raw = json.dumps({path: USAGE} if path else USAGE)

    columns = read({semconv.OPERATION_NAME: "chat", key: raw}).columns

    assert {column: columns[column] for column in COUNTS} == COUNTS


def test_usage_of_anthropic_leaves_the_cache_out_of_its_input_and_ours_does_not():
    usage = {
        "input_tokens": 5,
        "output_tokens": 7,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 10,
    }
    outputs = {"id": "msg_1", "model": "claude", "role": "assistant", "stop_reason": "end_turn",
               "content": [{"type": "text", "text": "yo"}], "usage": usage}  # fmt: skip

    columns = read({"openinference.span.kind": "LLM", "output.value": json.dumps(outputs)}).columns

    assert (columns["input_tokens"], columns["output_tokens"]) == (115, 7)
    assert (columns["cache_read_tokens"], columns["cache_write_tokens"]) == (100, 10)
    assert (columns["response_id"], columns["response_model"]) == ("msg_1", "claude")
    assert columns["finish_reasons"] == ["end_turn"]


CALL = {"type": "tool_call", "id": "c1", "name": "add", "arguments": {"a": 1}}
RESULT = {"type": "tool_call_response", "id": "c1", "result": "2"}
TOOL_TURN = [
    {"role": "user", "parts": [{"type": "text", "content": "1+1?"}]},
    {"role": "assistant", "parts": [CALL]},
    {"role": "tool", "parts": [RESULT]},
]
ANSWER = [
    {"role": "assistant", "parts": [{"type": "text", "content": "2"}], "finish_reason": "stop"}
]
OPENAI_CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
OPENAI_TURN = [
    {"role": "user", "content": "1+1?"},
    {"role": "assistant", "content": None, "tool_calls": [OPENAI_CALL]},
    {"role": "tool", "tool_call_id": "c1", "content": "2"},
]
OPENAI_ANSWER = {
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "2"}}
    ]
}

LIBRARIES = {
    "OpenTelemetry, newest": {
        "gen_ai.operation.name": "chat",
        "gen_ai.input.messages": json.dumps(TOOL_TURN),
        "gen_ai.output.messages": json.dumps(ANSWER),
    },
    "OpenInference": {
        "openinference.span.kind": "LLM",
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.content": "1+1?",
        "llm.input_messages.1.message.role": "assistant",
        "llm.input_messages.1.message.tool_calls.0.tool_call.id": "c1",
        "llm.input_messages.1.message.tool_calls.0.tool_call.function.name": "add",
        "llm.input_messages.1.message.tool_calls.0.tool_call.function.arguments": '{"a": 1}',
        "llm.input_messages.2.message.role": "tool",
        "llm.input_messages.2.message.tool_call_id": "c1",
        "llm.input_messages.2.message.content": "2",
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.contents.0.message_content.type": "text",
        "llm.output_messages.0.message.contents.0.message_content.text": "2",
        "llm.output_messages.0.message.finish_reason": "stop",
    },
    "Traceloop": {
        "llm.request.type": "chat",
        "gen_ai.system": "OpenAI",
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": "1+1?",
        "gen_ai.prompt.1.role": "assistant",
        "gen_ai.prompt.1.tool_calls.0.id": "c1",
        "gen_ai.prompt.1.tool_calls.0.name": "add",
        "gen_ai.prompt.1.tool_calls.0.arguments": '{"a": 1}',
        "gen_ai.prompt.2.role": "tool",
        "gen_ai.prompt.2.tool_call_id": "c1",
        "gen_ai.prompt.2.content": "2",
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.content": "2",
        "gen_ai.completion.0.finish_reason": "stop",
    },
    "MLflow": {
        "mlflow.spanType": '"CHAT_MODEL"',
        "mlflow.spanInputs": json.dumps({"model": "m", "messages": OPENAI_TURN}),
        "mlflow.spanOutputs": json.dumps(OPENAI_ANSWER),
    },
    "Langfuse": {
        "langfuse.observation.type": "generation",
        "langfuse.observation.input": json.dumps(OPENAI_TURN),
        "langfuse.observation.output": json.dumps(OPENAI_ANSWER),
    },
    "Logfire": {
        "gen_ai.request.model": "m",
        "request_data": json.dumps({"messages": OPENAI_TURN, "model": "m"}),
        "response_data": json.dumps({"message": {"role": "assistant", "content": "2"}, "finish_reason": "stop"}),
    },
    "pydantic-ai": {
        "gen_ai.operation.name": "chat",
        "pydantic_ai.all_messages": json.dumps([*TOOL_TURN, *ANSWER]),
    },
    "pydantic-ai, older": {
        "gen_ai.operation.name": "chat",
        "events": json.dumps([
            {"event.name": "gen_ai.user.message", "content": "1+1?", "role": "user"},
            {"event.name": "gen_ai.assistant.message", "role": "assistant", "tool_calls": [OPENAI_CALL]},
            {"event.name": "gen_ai.tool.message", "role": "tool", "id": "c1", "content": "2"},
            {"event.name": "gen_ai.choice", "index": 0, "finish_reason": "stop",
             "message": {"role": "assistant", "content": "2"}},
        ]),
    },
    "Vercel AI SDK": {
        "ai.operationId": "ai.generateText.doGenerate",
        "ai.prompt.messages": json.dumps([
            {"role": "user", "content": [{"type": "text", "text": "1+1?"}]},
            {"role": "assistant", "content": [{"type": "tool-call", "toolCallId": "c1", "toolName": "add", "input": {"a": 1}}]},
            {"role": "tool", "content": [{"type": "tool-result", "toolCallId": "c1", "toolName": "add", "output": "2"}]},
        ]),
        "ai.response.text": "2",
        "ai.response.finishReason": "stop",
    },
    "Anthropic's own bodies": {
        "lmnr.span.type": "LLM",
        "lmnr.span.input": json.dumps({"model": "claude", "messages": [
            {"role": "user", "content": "1+1?"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "add", "input": {"a": 1}}]},
            {"role": "tool", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "2"}]},
        ]}),
        "lmnr.span.output": json.dumps({"role": "assistant", "content": [{"type": "text", "text": "2"}], "stop_reason": "stop"}),
    },
    "Google ADK": {
        "gen_ai.operation.name": "generate_content",
        "gcp.vertex.agent.llm_request": json.dumps({"contents": [
            {"role": "user", "parts": [{"text": "1+1?"}]},
            {"role": "model", "parts": [{"functionCall": {"id": "c1", "name": "add", "args": {"a": 1}}}]},
            {"role": "tool", "parts": [{"type": "tool_result", "id": "c1", "result": "2"}]},
        ]}),
        "gcp.vertex.agent.llm_response": json.dumps({"candidates": [
            {"content": {"role": "model", "parts": [{"text": "2"}]}, "finishReason": "stop"}]}),
    },
}  # fmt: skip


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_tool_calling_conversation_reads_alike_whichever_library_wrote_it(library):
    attributes = LIBRARIES[library]

    reading = read(attributes)

    found = {
        **{
            k: json.loads(v)
            for k, v in attributes.items()
            if k.startswith("gen_ai.") and "messages" in k
        },
        **reading.attributes,
    }
    assert found[semconv.INPUT_MESSAGES] == TOOL_TURN
    assert found[semconv.OUTPUT_MESSAGES] == ANSWER
    assert reading.columns["span_type"] == "llm"
    assert reading.columns["finish_reasons"] == ["stop"]
    assert reading.columns["operation"] in ("chat", "generate_content")
    assert reading.columns["inputs"]
    assert reading.columns["outputs"]


@pytest.mark.parametrize("packed", [False, True], ids=["flat", "as one JSON body"])
def test_messages_in_events_of_the_older_conventions_are_read(packed):
    bodies = [
        ("gen_ai.system.message", {"content": "be brief"}),
        ("gen_ai.user.message", {"content": "1+1?"}),
        (
            "gen_ai.choice",
            {
                "index": 0,
                "finish_reason": "stop",
                "message": json.dumps({"role": "assistant", "content": "2"}),
            },
        ),
    ]
    events = [
        (name, 1, {"gen_ai.event.content": json.dumps(body)} if packed else body)
        for name, body in bodies
    ]

    reading = read({"gen_ai.system": "openai", "gen_ai.operation.name": "chat"}, events)

    assert reading.attributes[semconv.INPUT_MESSAGES] == [
        {"role": "system", "parts": [{"type": "text", "content": "be brief"}]},
        {"role": "user", "parts": [{"type": "text", "content": "1+1?"}]},
    ]
    assert reading.attributes[semconv.OUTPUT_MESSAGES] == ANSWER
    assert reading.columns["inputs"] == {"messages": reading.attributes[semconv.INPUT_MESSAGES]}


def test_an_event_may_carry_the_attributes_of_a_call_and_the_first_token():
    events = [
        ("First Token Stream Event", START_NS + 40_000_000, {}),
        ("gen_ai.client.inference.operation.details", START_NS, {"gen_ai.usage.input_tokens": 3}),
    ]

    columns = read({"openinference.span.kind": "LLM"}, events, start_ns=START_NS).columns

    assert (columns["ttft_ms"], columns["input_tokens"]) == (40.0, 3)


def test_documents_metadata_and_tags_are_put_together_from_their_families():
    reading = read({
        "openinference.span.kind": "RETRIEVER",
        "retrieval.documents.1.document.id": "b",
        "retrieval.documents.0.document.id": "a",
        "retrieval.documents.0.document.score": 0.5,
        "retrieval.documents.0.document.metadata": '{"page": 3}',
        "langfuse.trace.metadata.team": "x",
        "mlflow.traceTag.stage": "prod",
    })  # fmt: skip

    documents = [{"id": "a", "score": 0.5, "metadata": {"page": 3}}, {"id": "b"}]
    assert reading.columns["span_type"] == "retriever"
    assert reading.columns["outputs"] == documents
    assert reading.attributes[semconv.RETRIEVAL_DOCUMENTS] == documents
    assert reading.columns["metadata"] == {"team": "x"}
    assert reading.columns["tags"] == {"stage": "prod"}


def test_a_span_that_says_nothing_is_a_function_and_one_with_a_model_a_model_call():
    assert read({}).columns == {"span_type": "function"}
    assert read({"gen_ai.request.model": "m"}).columns["span_type"] == "llm"
    assert read({"gen_ai.tool.name": "add"}).columns["span_type"] == "tool"


def test_claude_code_spans_count_their_cache_as_input():
    columns = read({
        "span.type": "llm_request", "model": "claude-opus-5", "input_tokens": 5, "output_tokens": 2,
        "cache_read_tokens": 100, "cache_creation_tokens": 10,
    }).columns  # fmt: skip

    assert (columns["span_type"], columns["request_model"]) == ("llm", "claude-opus-5")
    assert (columns["input_tokens"], columns["cache_read_tokens"]) == (115, 100)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("Azure", "azure.ai.openai"), ("openai.chat", "openai"), ("amazon-bedrock", "aws.bedrock"),
     ("google.generative-ai", "gcp.gemini"), ("anthropic.messages", "anthropic"), ("My Own", "my own")],
)  # fmt: skip
def test_providers_get_the_conventions_names(value, expected):
    assert read({"gen_ai.system": value}).columns["provider"] == expected


@pytest.mark.parametrize("value", [-5, "eight", 10**30, float("nan"), True, None, [1], "", 1.5])
def test_a_token_count_that_is_none_is_unknown(value):
    assert "input_tokens" not in read({"gen_ai.usage.input_tokens": value}).columns
