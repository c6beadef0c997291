"""A stand-in provider on loopback that speaks one dialect and runs a weather tool loop in it.

Asked with tools it calls two of them at once; given their results it says what they said. Its
shapes are written by hand, so that no code under test makes what it is tested with.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SIGNATURE = "EqQBCgIYAhIM/signed+by=the=provider"
USAGE = {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}
CALLS = [("call_1", "weather", '{"city":"Oslo"}'), ("call_2", "weather", '{"city":"Rome"}')]


def openai_parts(body):
    """Text, tool calls, or JSON for one chat request."""
    results = [m["content"] for m in body["messages"] if m["role"] == "tool"]
    if body.get("tools") and not results:
        return "", CALLS
    if (body.get("response_format") or {}).get("type") == "json_schema":
        return '{"city":"Oslo","degrees":3}', []
    return ("It is " + " and ".join(results) + "." if results else "Hello you!"), []


def openai_answer(body):
    text, calls = openai_parts(body)
    message = {"role": "assistant", "content": text or None, "refusal": None}
    if calls:
        message["tool_calls"] = [
            {"id": i, "type": "function", "function": {"name": n, "arguments": a}}
            for i, n, a in calls
        ]
    finish = "tool_calls" if calls else "stop"
    choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
    head = {"id": "chatcmpl-7", "created": 1, "model": body["model"]}
    return head | {"object": "chat.completion", "choices": [choice], "usage": USAGE}


def openai_stream(body):
    text, calls = openai_parts(body)
    head = {"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 1}
    head |= {"model": body["model"]}
    deltas = [{"role": "assistant", "content": ""}]
    deltas += [{"content": text[i : i + 4]} for i in range(0, len(text), 4)]
    for number, (call_id, name, arguments) in enumerate(calls):
        function = {"name": name, "arguments": ""}
        deltas.append(
            {
                "tool_calls": [
                    {"index": number, "id": call_id, "type": "function", "function": function}
                ]
            }
        )
        for i in range(0, len(arguments), 5):
            piece = {"arguments": arguments[i : i + 5]}
            deltas.append({"tool_calls": [{"index": number, "function": piece}]})
    for delta in deltas:
        yield "", head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    finish = "tool_calls" if calls else "stop"
    yield "", head | {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}
    if (body.get("stream_options") or {}).get("include_usage"):
        yield "", head | {"choices": [], "usage": USAGE}
    yield "", "[DONE]"


def response_items(body):
    """Items of the Responses API for one request."""
    asked = body["input"] if isinstance(body["input"], list) else []
    results = [item["output"] for item in asked if item.get("type") == "function_call_output"]
    if body.get("tools") and not results:
        return [
            {
                "id": f"fc_{i}", "type": "function_call", "status": "completed",
                "call_id": i, "name": n, "arguments": a,
            }
            for i, n, a in CALLS
        ]  # fmt: skip
    text = "It is " + " and ".join(results) + "." if results else "Hello you!"
    if ((body.get("text") or {}).get("format") or {}).get("type") == "json_schema":
        text = '{"city":"Oslo","degrees":3}'
    piece = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    head = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed"}
    return [head | {"content": [piece]}]


def response_answer(body):
    usage = {
        "input_tokens": 20, "output_tokens": 5, "total_tokens": 25,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }  # fmt: skip
    return {
        "id": "resp_7", "object": "response", "created_at": 1, "model": body["model"],
        "status": "completed", "output": response_items(body), "usage": usage, "error": None,
        "incomplete_details": None, "instructions": None, "metadata": {}, "tools": [],
        "parallel_tool_calls": True, "temperature": 1.0, "top_p": 1.0, "tool_choice": "auto",
    }  # fmt: skip


def response_stream(body):
    whole = response_answer(body)
    told = whole | {"status": "in_progress", "output": [], "usage": None}
    events = [{"type": "response.created", "response": told}]
    for index, item in enumerate(whole["output"]):
        at = {"output_index": index, "item_id": item["id"]}
        kind = "function_call_arguments" if "arguments" in item else "output_text"
        empty = {"arguments": ""} if "arguments" in item else {"content": []}
        shown = item | {"status": "in_progress"} | empty
        events.append({"type": "response.output_item.added", "output_index": index, "item": shown})
        text = item.get("arguments")
        if text is None:
            [piece] = item["content"]
            text = piece["text"]
            at |= {"content_index": 0}
            added = at | {"part": piece | {"text": ""}}
            events.append({"type": "response.content_part.added", **added})
        events += [
            {"type": f"response.{kind}.delta", **at, "delta": text[i : i + 4], "logprobs": []}
            for i in range(0, len(text), 4)
        ]
        if "arguments" not in item:
            events.append({"type": "response.content_part.done", **at, "part": piece})
        events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    events.append({"type": "response.completed", "response": whole})
    for number, event in enumerate(events):
        yield event["type"], event | {"sequence_number": number}


def anthropic_blocks(body):
    """Content blocks for one Anthropic request; refuses a turn whose thoughts were lost."""
    last = body["messages"][-1]["content"]
    results = [
        b["content"] for b in last if not isinstance(last, str) and b["type"] == "tool_result"
    ]
    texts = [r if isinstance(r, str) else "".join(b["text"] for b in r) for r in results]
    blocks = []
    if body.get("thinking") and not results:
        blocks.append({"type": "thinking", "thinking": "Let me see.", "signature": SIGNATURE})
    if body.get("tools") and not results:
        said = [
            {"type": "tool_use", "id": i, "name": n, "input": json.loads(a)} for i, n, a in CALLS
        ]
        return [*blocks, *said]
    if "format" in (body.get("output_config") or {}):
        return [*blocks, {"type": "text", "text": '{"city":"Oslo","degrees":3}'}]
    text = "It is " + " and ".join(texts) + "." if texts else "Hello you!"
    return [*blocks, {"type": "text", "text": text}]


def anthropic_head(body):
    usage = {"input_tokens": 12, "cache_read_input_tokens": 8, "cache_creation_input_tokens": 0}
    return {
        "id": "msg_7", "type": "message", "role": "assistant", "model": body["model"],
        "content": [], "stop_reason": None, "stop_sequence": None,
        "usage": usage | {"output_tokens": 1},
    }  # fmt: skip


def anthropic_answer(body):
    blocks = anthropic_blocks(body)
    stop = "tool_use" if blocks[-1]["type"] == "tool_use" else "end_turn"
    head = anthropic_head(body)
    usage = head["usage"] | {"output_tokens": 5}
    return head | {"content": blocks, "stop_reason": stop, "usage": usage}


def anthropic_stream(body):
    blocks = anthropic_blocks(body)
    events = [{"type": "message_start", "message": anthropic_head(body)}, {"type": "ping"}]
    for index, block in enumerate(blocks):
        empty = {
            "text": {"text": ""},
            "tool_use": {"input": {}},
            "thinking": {"thinking": "", "signature": ""},
        }
        start = block | empty[block["type"]]
        events.append({"type": "content_block_start", "index": index, "content_block": start})
        deltas = []
        if block["type"] == "text":
            text = block["text"]
            deltas = [
                {"type": "text_delta", "text": text[i : i + 4]} for i in range(0, len(text), 4)
            ]
        elif block["type"] == "thinking":
            deltas = [{"type": "thinking_delta", "thinking": block["thinking"]}]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
        else:
            text = json.dumps(block["input"])
            deltas = [
                {"type": "input_json_delta", "partial_json": text[i : i + 5]}
                for i in range(0, len(text), 5)
            ]
        events += [{"type": "content_block_delta", "index": index, "delta": d} for d in deltas]
        events.append({"type": "content_block_stop", "index": index})
    stop = "tool_use" if blocks[-1]["type"] == "tool_use" else "end_turn"
    delta = {"stop_reason": stop, "stop_sequence": None}
    events.append({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 5}})
    events.append({"type": "message_stop"})
    for event in events:
        yield event["type"], event


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    requests: list

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.requests.append((self.path, dict(self.headers), body))
        path = self.path.partition("?")[0]
        made = {
            "/v1/chat/completions": (openai_answer, openai_stream),
            "/v1/responses": (response_answer, response_stream),
            "/v1/messages": (anthropic_answer, anthropic_stream),
        }.get(path)
        if made is None:
            self.answer(404, b'{"error":{"message":"no such path"}}')
            return
        if body.get("stream"):
            events = list(made[1](body))
            data = b"".join(
                (b"event: %b\n" % name.encode() if name else b"")
                + b"data: %b\n\n" % (e if isinstance(e, str) else json.dumps(e)).encode()
                for name, e in events
            )
            self.answer(200, data, "text/event-stream")
        else:
            self.answer(200, json.dumps(made[0](body)).encode())

    def answer(self, status, data, kind="application/json"):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def stand_in() -> Iterator[ThreadingHTTPServer]:
    """The stand-in on a free port of loopback; `requests` holds what it was asked."""
    handler = type("Own", (Handler,), {"requests": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.requests = handler.requests
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
