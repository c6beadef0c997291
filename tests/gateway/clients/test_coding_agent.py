"""The two-turn tool loop of a coding agent that speaks Anthropic's dialect, in bare HTTP.

The request has the shape that Claude Code sends; the model behind it speaks OpenAI's.
"""

import http.client
import json
import time

from genaiops.gateway.sse import events_of
from genaiops.store import open_store

BETAS = "claude-code-20250219,context-management-2025-06-27,effort-2025-11-24,new-2099-01-01"
TOOLS = [
    {
        "name": "weather" if number == 0 else f"Tool{number}",
        "description": "Does something. " * 20,
        "input_schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "additionalProperties": False,
        },
    }
    for number in range(24)
]
USAGE = {
    "input_tokens": 20,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "output_tokens": 5,
}


def ask(served, messages):
    """The events of one streamed turn."""
    body = {
        "model": "openai/gpt-x",
        "messages": messages,
        "system": [
            {"type": "text", "text": "You are an agent."},
            {"type": "text", "text": "Rules.", "cache_control": {"type": "ephemeral"}},
        ],
        "tools": TOOLS,
        "metadata": {"user_id": "user_1"},
        "max_tokens": 64000,
        "thinking": {"type": "adaptive"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "output_config": {"effort": "high"},
        "stream": True,
    }
    headers = {
        "content-type": "application/json",
        "anthropic-version": "2023-06-01",
        "anthropic-beta": BETAS,
        "authorization": "Bearer unused",
    }
    connection = http.client.HTTPConnection("127.0.0.1", served[0].port, timeout=30)
    connection.request("POST", "/v1/messages?beta=true", json.dumps(body), headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    assert answer.status == 200, data
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [(event.name, json.loads(event.data)) for event in events_of(data)]
    assert all(name == event["type"] for name, event in events)
    return answer.headers["x-genaiops-trace-id"], [event for _, event in events]


def test_an_agent_runs_a_tool_loop_on_a_provider_of_openais_dialect(served, asked):
    asked.clear()
    question = {"role": "user", "content": [{"type": "text", "text": "Weather?"}]}

    trace_id, events = ask(served, [question])

    kinds = [event["type"] for event in events]
    block = ["content_block_start", *["content_block_delta"] * 3, "content_block_stop"]
    assert kinds == ["message_start", "ping", *block, *block, "message_delta", "message_stop"]
    message = events[0]["message"]
    assert message["usage"].keys() == USAGE.keys()
    assert (message["content"], message["stop_reason"]) == ([], None)
    starts = [event for event in events if event["type"] == "content_block_start"]
    assert [event["index"] for event in starts] == [0, 1]
    assert [event["content_block"] for event in starts] == [
        {"type": "tool_use", "id": f"call_{n}", "name": "weather", "input": {}} for n in (1, 2)
    ]
    assert events[-2]["delta"] == {"stop_reason": "tool_use", "stop_sequence": None}
    assert events[-2]["usage"] == USAGE

    uses = []
    for index in (0, 1):
        pieces = [
            event["delta"]["partial_json"]
            for event in events
            if event["type"] == "content_block_delta" and event["index"] == index
        ]
        uses.append(starts[index]["content_block"] | {"input": json.loads("".join(pieces))})
    assert [use["input"] for use in uses] == [{"city": "Oslo"}, {"city": "Rome"}]
    results = [
        {"type": "tool_result", "tool_use_id": use["id"], "content": use["input"]["city"]}
        for use in uses
    ]
    turn = [{"role": "assistant", "content": uses}, {"role": "user", "content": results}]

    _, events = ask(served, [question, *turn])

    text = "".join(e["delta"]["text"] for e in events if e["type"] == "content_block_delta")
    assert text == "It is Oslo and Rome."
    assert events[-2]["delta"]["stop_reason"] == "end_turn"
    path, headers, body = asked[-1]
    assert path == "/v1/chat/completions"
    assert not [name for name in headers if name.lower().startswith("anthropic")]
    assert len(body["tools"]) == 24
    assert (body["reasoning_effort"], body["max_completion_tokens"]) == ("high", 64000)
    roles = [message["role"] for message in body["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "tool"]
    assert dropped(served[0].folder, trace_id) == [
        "anthropic-beta",
        "cache_control",
        "context_management",
    ]


def dropped(folder, trace_id):
    """What the trace says did not cross."""
    store = open_store(str(folder / ".genaiops"))
    query = "SELECT attributes FROM spans WHERE trace_id = ? AND status <> 'running'"
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with store.read() as reader:
            found = reader.query(query, [trace_id]).dicts()
        if found:
            return found[0]["attributes"]["genaiops.gateway.dropped_parameters"]
        time.sleep(0.02)
    raise AssertionError("the span was never written")


def test_an_anthropic_provider_gets_the_request_as_it_is(served, asked):
    asked.clear()
    body = b'{"model":"anthropic/claude-x","max_tokens":7,"new":[1.50],"messages":[{"role":"user","content":"Hi"}]}'
    headers = {"content-type": "application/json", "anthropic-beta": BETAS}
    connection = http.client.HTTPConnection("127.0.0.1", served[0].port, timeout=30)
    connection.request("POST", "/v1/messages?beta=true", body, headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()

    path, sent, received = asked[-1]
    assert path == "/v1/messages?beta=true"
    assert {name.lower(): value for name, value in sent.items()}["anthropic-beta"] == BETAS
    assert received["new"] == [1.5]
    assert answer["content"] == [{"type": "text", "text": "Hello you!"}]
