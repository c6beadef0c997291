"""A scripted server on loopback that answers like Anthropic's, in any pieces, whole or broken."""

import contextlib
import gzip
import itertools
import json
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ASK: list[dict[str, Any]] = [{"role": "user", "content": "Hello?"}]
USAGE = {
    "input_tokens": 20, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 3,
    "output_tokens": 1, "service_tier": "standard",
}  # fmt: skip
FINAL = {"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 4}}
TEXTS = ("Zü", "rich ", "is", " fine.")


def message(*content: dict[str, Any], reason: str = "end_turn", **more: Any) -> dict[str, Any]:
    """A whole answer."""
    head = {"id": "m1", "type": "message", "role": "assistant", "model": "claude-x-2026"}
    body = {"content": list(content), "stop_reason": reason, "stop_sequence": None}
    return head | body | {"usage": USAGE | FINAL} | more


def text(value: str) -> dict[str, Any]:
    return {"type": "text", "text": value}


def block(index: int, start: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    """The events of one content block."""
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def text_block(index: int = 0, texts: Sequence[str] = TEXTS) -> list[dict[str, Any]]:
    return block(index, text(""), *({"type": "text_delta", "text": part} for part in texts))


def stream(*blocks: list[dict[str, Any]], reason: str = "end_turn") -> list[dict[str, Any]]:
    """The events of a streamed answer."""
    start = message(reason=reason) | {"stop_reason": None, "usage": USAGE}
    return [
        {"type": "message_start", "message": start},
        *(event for events in blocks for event in events),
        {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": FINAL},
        {"type": "message_stop"},
    ]  # fmt: skip


def sse(events: Sequence[dict[str, Any]]) -> bytes:
    """Events as they go over the wire."""
    lines = (
        f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"
        for event in events
    )
    return "".join(lines).encode()


@dataclass(kw_only=True)
class Answer:
    """One answer of the server.

    Attributes:
        cuts: Byte positions at which the body is cut into pieces of their own.
        end: ``whole``; ``cut`` breaks the connection after the body, ``silent`` just closes it,
            ``hang`` waits until the test is over.
    """

    body: bytes
    status: int = 200
    kind: str = "application/json"
    cuts: Sequence[int] = ()
    zipped: bool = False
    end: str = "whole"
    headers: dict[str, str] = field(default_factory=dict)


def whole(body: dict[str, Any], status: int = 200, **options: Any) -> Answer:
    """An answer in JSON."""
    return Answer(body=json.dumps(body).encode(), status=status, **options)


def streamed(events: Sequence[dict[str, Any]], **options: Any) -> Answer:
    """An answer as events."""
    return Answer(body=sse(events), kind="text/event-stream", **options)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        plain = "multipart" not in str(self.headers.get("content-type"))
        told = json.loads(body or b"null") if plain else body
        self.server.requests.append((self.path, dict(self.headers), told))
        answer = self.server.answers.pop(0)
        with contextlib.suppress(ConnectionError):
            self._send(answer)

    do_GET = do_DELETE = do_POST  # noqa: N815  the server calls them so

    def _send(self, answer: Answer) -> None:
        body = gzip.compress(answer.body) if answer.zipped else answer.body
        self.send_response(answer.status)
        self.send_header("content-type", answer.kind)
        self.send_header("request-id", "req_1")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.zipped:
            self.send_header("content-encoding", "gzip")
        chunked = answer.end != "silent"
        self.send_header(
            *(("transfer-encoding", "chunked") if chunked else ("connection", "close"))
        )
        self.end_headers()
        places = [0, *sorted(place for place in answer.cuts if place < len(body)), len(body)]
        for start, stop in itertools.pairwise(places):
            if stop > start:
                piece = body[start:stop]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if answer.end == "hang":
            self.server.over.wait(30)
        if answer.end == "whole":
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True

    def log_message(self, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Gives the scripted answers, one a request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[Answer] = []
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.over = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """A server for one test."""
    made = Server()
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield made
    finally:
        made.over.set()
        made.shutdown()
        thread.join()
        made.server_close()
