"""What the server makes of requests that share a connection."""

import json
import socket

from tests.gateway.fake import chat
from tests.gateway.test_app import BODY


def request(*more):
    body = json.dumps(BODY).encode()
    lines = ["POST /v1/chat/completions HTTP/1.1", "host: 127.0.0.1", *more]
    lines += ["content-type: application/json", f"content-length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def test_pipelined_requests_are_answered_in_order_and_the_last_closes(inside, provider):
    gateway = inside()
    provider.script += [chat("one"), chat("two"), chat("three")]
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as connection:
        connection.sendall(request() + request() + request("connection: close"))
        said = b"".join(iter(lambda: connection.recv(65_536), b""))
    answers = said.split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert len(answers) == 3
    for text, answer in zip((b'"one"', b'"two"', b'"three"'), answers, strict=True):
        head, _, body = answer.partition(b"\r\n\r\n")
        assert text in body
        assert b"content-length: %d\r\n" % len(body) in head
        assert head.count(b"\r\ndate: ") + head.startswith(b"date: ") == 1
    closes = [b"connection: close" in answer for answer in answers]
    assert closes == [False, False, True]


def test_a_header_that_would_end_early_is_never_sent(inside, provider, monkeypatch):
    gateway = inside()
    monkeypatch.setattr(
        "genaiops.gateway.reply.Reply.headers", lambda *_: [(b"x-odd", b"a\r\nset-cookie: b")]
    )
    provider.script.append(chat())
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as connection:
        connection.sendall(request("connection: keep-alive"))
        said = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert said == b""  # closed, with the reason in the log
