"""A provider for the gateway's benchmarks that costs next to nothing: bare protocols on uvloop.

    python benchmarks/gateway_upstream.py PORT

The model says how to answer: ``mock-EVENTS-MILLISECONDS`` is a stream of that many events with that
pause between two, when a stream is asked for. Each event of a paced stream carries its number and
the nanosecond at which it was sent. It speaks OpenAI's dialect, and Anthropic's at ``/v1/messages``.
"""

import asyncio
import json
import re
import sys
import time
from functools import cache
from typing import Any

TEXT = "The quick brown fox jumps over the lazy dog. " * 8
USAGE = {"prompt_tokens": 42, "completion_tokens": 80, "total_tokens": 122}
ANTHROPIC_USAGE = {"input_tokens": 42, "output_tokens": 80}
_MODEL = re.compile(rb'"model":\s*"mock-(\d+)-(\d+)"')
_STREAM = re.compile(rb'"stream":\s*true')
_LENGTH = re.compile(rb"content-length: *(\d+)")
_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\nx-request-id: req_mock\r\nopenai-processing-ms: 1\r\n"
)


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


@cache
def plain(anthropic: bool) -> bytes:
    """A whole answer, head and body."""
    head = {"id": "chatcmpl-mock", "model": "mock-1"}
    if anthropic:
        content = [{"type": "text", "text": TEXT}]
        body: dict[str, Any] = {"type": "message", "role": "assistant", "content": content}
        body |= head | {"stop_reason": "end_turn", "stop_sequence": None, "usage": ANTHROPIC_USAGE}
    else:
        message = {"role": "assistant", "content": TEXT, "refusal": None, "annotations": []}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        body = {"object": "chat.completion", "created": 1760000000, "choices": [choice]}
        body |= head | {"usage": USAGE, "service_tier": "default", "system_fingerprint": "fp_mock"}
    data = _compact(body)
    return _HEAD % b"application/json" + b"content-length: %d\r\n\r\n%b" % (len(data), data)


def chat_events(count: int) -> list[bytes]:
    """A stream of OpenAI's dialect: a role, texts, the end, usage, done."""

    def event(delta: dict[str, str], finish: str | None = None, usage: Any = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        head = {"id": "chatcmpl-mock", "object": "chat.completion.chunk", "created": 1760000000}
        head |= {"model": "mock-1", "service_tier": "default", "system_fingerprint": "fp_mock"}
        return b"data: %b\n\n" % _compact(
            head | {"choices": [] if usage else [choice], "usage": usage}
        )

    first = event({"role": "assistant", "content": ""})
    last = [event({}, "stop"), event({}, usage=USAGE), b"data: [DONE]\n\n"]
    return [first, *[event({"content": " token"})] * (count - 4), *last]


def anthropic_events(count: int) -> list[bytes]:
    """The same in Anthropic's dialect."""

    def event(kind: str, **fields: Any) -> bytes:
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), _compact({"type": kind, **fields}))

    message = {"id": "msg_mock", "type": "message", "role": "assistant", "model": "mock-1"}
    message |= {"content": [], "stop_reason": None, "usage": ANTHROPIC_USAGE}
    text = event("content_block_delta", index=0, delta={"type": "text_delta", "text": " token"})
    return [
        event("message_start", message=message),
        event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        *[text] * (count - 5),
        event("content_block_stop", index=0),
        event(
            "message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": count - 5}
        ),
        event("message_stop"),
    ]


@cache
def frames(anthropic: bool, count: int) -> list[bytes]:
    """A stream as it is sent: the head with the first event, then one chunk an event."""
    events = anthropic_events(count) if anthropic else chat_events(count)
    chunks = [b"%x\r\n%b\r\n" % (len(event), event) for event in events]
    head = _HEAD % b"text/event-stream; charset=utf-8" + b"transfer-encoding: chunked\r\n\r\n"
    return [head + chunks[0], *chunks[1:-1], chunks[-1] + b"0\r\n\r\n"]


class _Upstream(asyncio.Protocol):
    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        length = _LENGTH.search(head)
        if length is None:
            stop = self._buffer.find(b"0\r\n\r\n", end) + 5  # chunked
            if stop < 5:
                return
        else:
            stop = end + 4 + int(length[1])
        if len(self._buffer) >= stop:
            body, self._buffer = self._buffer[end + 4 : stop], self._buffer[stop:]
            self._answer(b"/messages" in head[:60], body)

    def _answer(self, anthropic: bool, body: bytes) -> None:
        if _STREAM.search(body) is None:
            self._transport.write(plain(anthropic))
            return
        asked = _MODEL.search(body)
        count, pause_ms = (int(asked[1]), int(asked[2])) if asked else (32, 0)
        sent = frames(anthropic, count)
        self._send(sent, 0, self._loop.time(), pause_ms / 1000)

    def _send(self, sent: list[bytes], number: int, began: float, pause_s: float) -> None:
        if self._transport.is_closing():
            return
        frame = sent[number]
        if pause_s and 0 < number < len(sent) - 3:
            stamp = b"%06d:%020d" % (number, time.monotonic_ns())
            event = frame[frame.index(b"\r\n") + 2 : -2].replace(b" token", stamp)
            frame = b"%x\r\n%b\r\n" % (len(event), event)
        self._transport.write(frame)
        number += 1
        if number < len(sent):
            due = began + number * pause_s if pause_s else self._loop.time()
            self._loop.call_at(due, self._send, sent, number, began, pause_s)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(
        _Upstream, "127.0.0.1", port, backlog=4096
    )
    print("listening", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(int(sys.argv[1])))
