"""Answers of a provider that misbehaves, in the dialect that it speaks."""

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.gateway.fake import (
    JSON,
    SSE,
    STREAM,
    Reply,
    anthropic_events,
    anthropic_message,
    chat,
    chunk,
    refusal,
)

ANSWER, ERROR, EITHER = "answer", "error", "either"
ENDLESS = b"x" * 65_536


@dataclass(frozen=True)
class Said:
    """How a provider answers when nothing is wrong."""

    provider: str
    stream: bool

    @property
    def body(self) -> dict[str, Any]:
        whole = chat() if self.provider == "openai" else anthropic_message()
        return json.loads(whole.pieces[0])

    @property
    def events(self) -> list[bytes]:
        return list(STREAM) if self.provider == "openai" else anthropic_events()

    @property
    def pieces(self) -> list[bytes]:
        return self.events if self.stream else [json.dumps(self.body).encode()]

    @property
    def headers(self) -> dict[str, str]:
        return dict(SSE if self.stream else JSON)

    def reply(self, pieces: Sequence[bytes], **more: Any) -> Reply:
        return Reply(**{"headers": self.headers, "pieces": pieces} | more)

    def halved(self, **more: Any) -> Reply:
        """What is sent of an answer that breaks off after its first words."""
        [*pieces] = self.pieces
        if not self.stream:
            return self.reply([pieces[0][: len(pieces[0]) // 2]], **more)
        return self.reply(pieces[: len(pieces) // 2], **more)

    def with_usage(self, **numbers: Any) -> Reply:
        """A good answer with these tokens, whatever they are; None leaves the field out."""
        if not self.stream:
            body = self.body
            body["usage"] = _usage(self.provider, numbers)
            return self.reply([json.dumps(body).encode()])
        if self.provider == "openai":
            usage = _usage("openai", numbers)
            return self.reply([*STREAM[:3], chunk(usage=usage or None), STREAM[4]])
        found = anthropic_events()
        end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}
        usage = _usage("anthropic", numbers)
        found[-2] = _event(end if usage is None else end | {"usage": usage})
        return self.reply(found)

    def odd_bytes(self) -> Reply:
        pieces = self.pieces
        mark = b"Hel" if self.provider == "openai" else b"Bon"
        assert mark in b"".join(pieces)
        return self.reply([piece.replace(mark, mark + b"\xff") for piece in pieces])


def _usage(provider: str, numbers: dict[str, Any]) -> dict[str, Any] | None:
    if not numbers:
        return None
    asked, said = numbers["asked"], numbers["said"]
    if provider == "openai":
        return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": said}
    return {"input_tokens": asked, "output_tokens": said}


def _event(value: dict[str, Any]) -> bytes:
    name = str(value["type"]).encode()
    return b"event: %b\ndata: %b\n\n" % (name, json.dumps(value).encode())


def _refused(status: int, **headers: str) -> Callable[[Said], Reply]:
    def made(said: Said) -> Reply:
        reply = refusal(status, "not now", **headers)
        if said.provider == "anthropic":
            error = {"type": "overloaded_error", "message": "not now"}
            reply.pieces = [json.dumps({"type": "error", "error": error}).encode()]
        return reply

    return made


def _raw(head: bytes, **more: Any) -> Callable[[Said], Reply]:
    return lambda _: Reply(raw=True, pieces=[head], **more)


def _short(said: Said) -> Reply:
    """Fewer bytes than its head names."""
    body = b"".join(said.pieces)
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {said.headers['content-type']}\r\n"
    head += f"content-length: {len(body)}\r\n\r\n"
    return Reply(raw=True, pieces=[head.encode(), body[: len(body) // 2]])


def _bomb(said: Said) -> Reply:
    """65 KiB that become 65 MiB."""
    text = (b"data: " if said.stream else b"") + b" " * (65 << 20)
    headers = said.headers | {"content-encoding": "gzip"}
    return Reply(headers=headers, pieces=[gzip.compress(text, 1)])


def _twice(said: Said) -> Reply:
    return said.reply([event for event in said.events for _ in range(2)])


def _broken_off(said: Said) -> Reply:
    error = {"type": "overloaded_error", "message": "overloaded"}
    event = {"type": "error", "error": error}
    return said.reply([*said.events[:4], _event(event)])


Fault = tuple[Callable[[Said], Reply], str, str]
"""What is answered, and what the client gets: for a whole answer, and for a stream."""

FAULTS: dict[str, Fault] = {
    "html": (lambda s: s.reply([b"<html>"], headers={"content-type": "text/html"}), ERROR, ERROR),
    "html as promised": (lambda s: s.reply([b"<html></html>\n\n"]), ERROR, ERROR),
    "empty": (lambda s: s.reply([]), ERROR, ERROR),
    "half": (lambda s: s.halved(), ERROR, ERROR),
    "reset": (lambda s: s.halved(cut=True), ERROR, ERROR),
    "shorter than its head says": (_short, ERROR, ERROR),
    "another content type": (
        lambda s: s.reply(s.pieces, headers={"content-type": "text/plain"}), ANSWER, ERROR,
    ),
    "no content type": (lambda s: s.reply(s.pieces, headers={}), ANSWER, ERROR),
    "429 near": (_refused(429, retry_after="1"), ERROR, ERROR),
    "429 far": (_refused(429, retry_after="86400"), ERROR, ERROR),
    "500": (_refused(500), ERROR, ERROR),
    "529": (_refused(529), ERROR, ERROR),
    "redirect": (_refused(307, location="http://127.0.0.1:1/v1"), ERROR, ERROR),
    "204": (lambda s: s.reply([], status=204), ERROR, ERROR),
    "gzip bomb": (_bomb, ERROR, ERROR),
    "gzip that is none": (
        lambda s: s.reply(s.pieces, headers=s.headers | {"content-encoding": "gzip"}), ERROR, ERROR,
    ),
    "endless": (lambda s: s.reply([b"data: "], again=ENDLESS), ERROR, ERROR),
    "invalid UTF-8": (lambda s: s.odd_bytes(), ERROR, ERROR),
    "nested without end": (
        lambda s: s.reply([b"data: " * s.stream + b'{"a":' * 100_000 + b"\n\n"]), ERROR, ERROR,
    ),
    "no HTTP": (_raw(b"SSH-2.0-OpenSSH_9.6\r\n"), ERROR, ERROR),
    "an endless head": (_raw(b"HTTP/1.1 200 OK\r\nx: ", again=ENDLESS), ERROR, ERROR),
    "another protocol": (
        _raw(b"HTTP/1.1 101 No\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"), ERROR, ERROR,
    ),
    "an error with status 200": (
        lambda s: s.reply([b"data: " * s.stream + b'{"error":{"message":"no"}}\n\n']), ERROR, ERROR,
    ),
    "usage is missing": (lambda s: s.with_usage(), ANSWER, ANSWER),
    "usage is negative": (lambda s: s.with_usage(asked=-5, said=-7), ANSWER, ANSWER),
    "usage is text": (lambda s: s.with_usage(asked="many", said="few"), ANSWER, ANSWER),
    "usage is enormous": (lambda s: s.with_usage(asked=10**30, said=10**30), ANSWER, ANSWER),
    "usage is a list": (lambda s: s.with_usage(asked=[], said={}), ANSWER, ANSWER),
}  # fmt: skip

OF_STREAMS: dict[str, Callable[[Said], tuple[Reply, str]]] = {
    "endless blank lines": lambda s: (s.reply([], again=b"\n" * 65_536), ERROR),
    "endless comments": lambda s: (s.reply([], again=b": x\n\n" * 13_000), ERROR),
    "endless after its first words": lambda s: (s.halved(again=ENDLESS), ERROR),
    "malformed": lambda s: (
        s.reply([*s.events[:4], b"data: {no json}\n\n", *s.events[4:]]), ERROR,
    ),
    "malformed at once": lambda s: (s.reply([b"data: {no json}\n\n", *s.events]), ERROR),
    "null for an event": lambda s: (s.reply([*s.events[:4], b"data: null\n\n"]), ERROR),
    "every event twice": lambda s: (_twice(s), EITHER),
    "two ends": lambda s: (s.reply([*s.events, s.events[-1]]), ANSWER),
    "more after the end": lambda s: (s.reply([*s.events, b"data: <html>\n\n"]), ANSWER),
    "an end without its blank line": lambda s: (
        s.reply([b"".join(s.events).rstrip(b"\n")]), ANSWER,
    ),
    "no end": lambda s: (s.reply(s.events[:-1]), ERROR),
    "no end, reset": lambda s: (s.reply(s.events[:-1], cut=True), ERROR),
    "an error within": lambda s: (_broken_off(s), ERROR),
    "comments between": lambda s: (
        s.reply([piece for event in s.events for piece in (b": ping\n\n", event)]), ANSWER,
    ),
    "a byte at a time": lambda s: (
        s.reply([bytes([byte]) for byte in b"".join(s.events)]), ANSWER,
    ),
    "all at once": lambda s: (s.reply([b"".join(s.events)]), ANSWER),
    "lines that end as on Windows": lambda s: (
        s.reply([event.replace(b"\n", b"\r\n") for event in s.events]), ANSWER,
    ),
}  # fmt: skip

SLOW: dict[str, Callable[[Said], Reply]] = {
    "no byte": lambda s: Reply(raw=True, hang=True),
    "a head alone": lambda s: s.reply([], hang=True),
    "half, then nothing": lambda s: s.halved(hang=True),
    "a byte now and then": lambda s: s.reply([], again=b" " if not s.stream else b":\n", pause_s=0.02),
    "events without content": lambda s: s.reply([], again=b": ping\n\n", pause_s=0.02),
    "its first words, then a byte now and then": lambda s: s.halved(again=b"\n", pause_s=0.02),
}  # fmt: skip
