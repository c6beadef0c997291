"""A scripted provider on loopback: a real HTTP server that answers what the test tells it to."""

import asyncio
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any

JSON = {"content-type": "application/json"}
SSE = {"content-type": "text/event-stream"}


@dataclass
class Reply:
    """One scripted answer: the pieces are sent as chunks; `cut` breaks the connection after them.

    `raw` pieces are all that is sent, head included. `again` is sent until the client leaves, once
    every `pause_s`. After the first piece it waits for `until`.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))
    pieces: Sequence[bytes] = ()
    cut: bool = False
    hang: bool = False
    raw: bool = False
    again: bytes = b""
    pause_s: float = 0.0
    until: threading.Event | None = None


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class FakeProvider:
    """What it was told to say, and what it was asked."""

    port: int = 0
    script: list[Reply] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)
    """A client left while an answer hung."""
    free: asyncio.Event = field(default_factory=asyncio.Event)
    loop: asyncio.AbstractEventLoop | None = None

    def say(self, *replies: Reply) -> None:
        self.script.extend(replies)

    def let_go(self) -> None:
        """Answers that hang break off."""
        assert self.loop is not None
        self.loop.call_soon_threadsafe(self.free.set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in head[1:] if line)
                }
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.requests.append(Request(head[0].split()[1], headers, body))
                await self.answer(self.script.pop(0), reader, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(
        self, reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if reply.status == 204:
            writer.write(b"HTTP/1.1 204 Nothing\r\n\r\n")
            return
        if not reply.raw:
            lines = [f"HTTP/1.1 {reply.status} Said", "transfer-encoding: chunked"]
            lines += [f"{name}: {value}" for name, value in reply.headers.items()]
            writer.write("\r\n".join([*lines, "", ""]).encode())
        for piece in chain(reply.pieces, repeat(reply.again) if reply.again else ()):
            writer.write(piece if reply.raw else b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
            await asyncio.sleep(reply.pause_s)
            while reply.until is not None and not reply.until.is_set():
                await asyncio.sleep(0.005)
        if reply.hang:
            leaving = asyncio.ensure_future(reader.read(1))
            free = asyncio.ensure_future(self.free.wait())
            await asyncio.wait([leaving, free], return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                self.gone.set()
            leaving.cancel()
            free.cancel()
        if reply.cut or reply.hang or reply.raw:
            raise ConnectionResetError
        writer.write(b"0\r\n\r\n")
        await writer.drain()


@contextmanager
def fake_provider() -> Iterator[FakeProvider]:
    fake = FakeProvider()
    ready, stop = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def main() -> None:
        fake.loop = asyncio.get_running_loop()
        loops.append(fake.loop)
        server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
        fake.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield fake
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join()


def chat(text: str = "Hello!", **more: Any) -> Reply:
    """A whole chat completion."""
    message = {"role": "assistant", "content": text, "refusal": None}
    return Reply(
        pieces=[
            json.dumps(
                {
                    "id": "chatcmpl-1",
                    "object": "chat.completion",
                    "created": 1,
                    "model": "gpt-5-mini-2025",
                    "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                    "usage": {
                        "prompt_tokens": 12,
                        "completion_tokens": 3,
                        "total_tokens": 15,
                        "prompt_tokens_details": {"cached_tokens": 4},
                    },
                    "something_new": {"kept": True},
                    **more,
                }
            ).encode()
        ]
    )


def chunk(text: str | None = None, finish: str | None = None, usage: Any = None) -> bytes:
    """One event of a chat stream."""
    delta = {} if text is None else {"content": text}
    choices = [] if usage else [{"index": 0, "delta": delta, "finish_reason": finish}]
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5"}
    return b"data: %b\n\n" % json.dumps(head | {"choices": choices, "usage": usage}).encode()


USAGE = {"prompt_tokens": 12, "completion_tokens": 2, "total_tokens": 14}
STREAM = [chunk("Hel"), chunk("lo!"), chunk(None, "stop"), chunk(usage=USAGE), b"data: [DONE]\n\n"]


def streamed(pieces: Sequence[bytes] = STREAM, **more: Any) -> Reply:
    """A chat stream."""
    return Reply(headers=SSE, pieces=pieces, **more)


def refusal(status: int, message: str, **headers: str) -> Reply:
    """An error in OpenAI's shape."""
    body = {"error": {"message": message, "type": "some_error", "param": None, "code": "odd"}}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, headers=JSON | names, pieces=[json.dumps(body).encode()])


def anthropic_message(text: str = "Bonjour!") -> Reply:
    body = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-5",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "usage": {
            "input_tokens": 5,
            "cache_read_input_tokens": 7,
            "cache_creation_input_tokens": 1,
            "output_tokens": 3,
        },
    }
    return Reply(pieces=[json.dumps(body).encode()])


def anthropic_events() -> list[bytes]:
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "content": [],
        "model": "claude-sonnet-5",
        "usage": {"input_tokens": 5, "output_tokens": 0},
    }
    said = [{"type": "text_delta", "text": text} for text in ("Bon", "jour!")]
    events = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in said),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"output_tokens": 3},
        },
        {"type": "message_stop"},
    ]
    return [
        b"event: %b\ndata: %b\n\n" % (str(event["type"]).encode(), json.dumps(event).encode())
        for event in events
    ]
