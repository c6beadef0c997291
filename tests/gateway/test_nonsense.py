"""Nonsense in any field of a request: one answer, in the caller's dialect."""

import json

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from tests.gateway.fake import refusal
from tests.gateway.test_app import post

CACHE = {"cache_control": {"type": "ephemeral"}}
PNG, PDF = "data:image/png;base64,aa", "data:application/pdf;base64,aa"
SCHEMA = {"type": "object"}
SAMPLING = {"temperature": 1, "top_p": 1, "top_k": 3, "service_tier": "auto", "stream": False}
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 3000}}
TEXT = {"type": "text", "text": "hi"}
FUNCTION = {"name": "f", "description": "d", "parameters": SCHEMA, "strict": True}
FORMAT = {"name": "n", "schema": SCHEMA, "strict": True}

CHAT = {
    **SAMPLING, **THINKING,
    "messages": [
        {"role": "system", "content": [TEXT | CACHE]},
        {"role": "user", "content": [
            TEXT, {"type": "image_url", "image_url": {"url": PNG}},
            {"type": "file", "file": {"file_data": PDF, "filename": "f"}},
        ]},
        {
            "role": "assistant", "content": "x", "refusal": "no", "reasoning_content": "r",
            "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
            ],
            "thinking_blocks": [
                {"type": "thinking", "thinking": "t", "signature": "s"},
                {"type": "redacted_thinking", "data": "d"},
            ],
        },
        {"role": "tool", "tool_call_id": "a", "content": "r", "is_error": True, **CACHE},
    ],
    "tools": [{"type": "function", "function": FUNCTION}],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "parallel_tool_calls": False, "max_tokens": 5, "max_completion_tokens": 5, "stop": ["a"],
    "user": "u", "safety_identifier": "s", "metadata": {"user_id": "u"}, "n": 1, "seed": 1,
    "reasoning_effort": "low", "stream_options": {"include_usage": True},
    "response_format": {"type": "json_schema", "json_schema": FORMAT},
}  # fmt: skip
MESSAGES = {
    **SAMPLING, **THINKING, **CACHE,
    "max_tokens": 5, "system": [TEXT | CACHE], "stop_sequences": ["a"],
    "messages": [
        {"role": "user", "content": [
            TEXT,
            {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
            {"type": "document", "source": {"type": "text", "data": "aa"}, "title": "t"},
        ]},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "t", "signature": "s"},
            {"type": "redacted_thinking", "data": "d"},
            {"type": "tool_use", "id": "a", "name": "f", "input": {"a": 1}},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "a", "content": [TEXT], "is_error": True, **CACHE}
        ]},
    ],
    "tools": [{"name": "f", "description": "d", "input_schema": SCHEMA, "strict": True, **CACHE}],
    "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": True},
    "metadata": {"user_id": "u"}, "output_format": {"schema": {}},
    "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": SCHEMA}},
}  # fmt: skip
RESPONSES = {
    **SAMPLING,
    "instructions": "i", "max_output_tokens": 5, "user": "u", "store": False, "include": [],
    "input": [
        {"role": "developer", "content": "s"},
        {"role": "user", "content": [
            {"type": "input_text", "text": "hi"}, {"type": "input_image", "image_url": PNG},
            {"type": "input_file", "file_data": PDF, "filename": "f"},
        ]},
        {
            "type": "reasoning", "id": "r", "encrypted_content": "s",
            "summary": [{"type": "summary_text", "text": "t"}],
        },
        {"type": "message", "role": "assistant", "content": [
            {"type": "output_text", "text": "t"}, {"type": "refusal", "refusal": "r"}
        ]},
        {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
        {
            "type": "function_call_output", "call_id": "a",
            "output": [{"type": "input_text", "text": "r"}],
        },
    ],
    "tools": [{"type": "function", **FUNCTION}], "tool_choice": {"type": "function", "name": "f"},
    "parallel_tool_calls": False, "reasoning": {"effort": "low"}, "previous_response_id": None,
    "text": {"format": {"type": "json_schema", **FORMAT}},
}  # fmt: skip
BODIES = {
    "/v1/chat/completions": CHAT,
    "/v1/messages": MESSAGES,
    "/v1/messages/count_tokens": MESSAGES,
    "/v1/responses": RESPONSES,
}
MODELS = ["openai/x", "anthropic/x", "offline/extractive"]
HERE = ("/v1/messages/count_tokens", "offline/extractive")

words = st.sampled_from(["", "type", "text", "user", "tool", "data:", "low", "none", "x"])
nonsense = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)


def places(value, at=()):
    """The path of everything in a JSON value."""
    yield at
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, dict | list):
            yield from places(inner, (*at, key))
        else:
            yield (*at, key)


def put(value, at, new):
    """The value with something else at that path."""
    if not at:
        return new
    copy = value.copy()
    copy[at[0]] = put(value[at[0]], at[1:], new)
    return copy


def is_error_of(path, body):
    """Whether it is an error in the dialect that is spoken there."""
    said = json.loads(body)
    return bool(said["error"]["message"]) and ("type" in said) == path.startswith("/v1/messages")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("path", BODIES)
@settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.generate],  # shrinking asks a gateway that failed over and over
)
@given(data=st.data())
def test_nonsense_in_any_field_gets_one_answer_in_the_dialect_of_the_caller(
    gateway, asked, path, model, data
):
    whole = BODIES[path] | {"model": model}
    at = data.draw(st.sampled_from(list(places(whole))))
    stream = data.draw(st.booleans())
    body = put(whole | {"stream": stream}, at, data.draw(nonsense))
    if model.startswith("anthropic/"):
        said = {"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}
        asked.script[:] = [refusal(400, "no")]
        asked.script[0].pieces = [json.dumps(said).encode()]
    else:
        asked.script[:] = [refusal(400, "no")]

    status, _, answer = post(gateway, body, path)

    answers = model == HERE[1] or (path == HERE[0] and model != "anthropic/x")
    assert status in ((200, 400) if answers else (400,)) or (status == 404 and at == ("model",))
    assert status == 200 or is_error_of(path, answer)


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("field", ["api_base", "base_url", "api_key"])
@pytest.mark.parametrize("value", ["http://127.0.0.1:1", None, {}])
def test_a_client_never_chooses_where_the_gateway_connects(gateway, asked, path, field, value):
    body = BODIES[path] | {"model": "openai/x", field: value}

    status, _, answer = post(gateway, body, path)

    assert (status, is_error_of(path, answer)) == (400, True)
    assert field in json.loads(answer)["error"]["message"]
    assert asked.requests == []


@pytest.mark.parametrize("path", BODIES)
def test_a_request_that_is_nested_without_end_is_refused(gateway, asked, path):
    for depth in (100, 400, 900, 10_000):
        asked.script[:] = [refusal(400, "no")]
        block = b'{"type":"tool_result","tool_use_id":"a","content":[' * depth + b"]}" * depth
        field = b"input" if path == "/v1/responses" else b"messages"
        message = b'[{"role":"user","content":[' + block + b"]}]"
        body = b'{"model":"openai/x","' + field + b'":' + message + b"}"

        status, _, answer = post(gateway, body, path)

        assert status in (200, 400)
        assert status == 200 or is_error_of(path, answer)
