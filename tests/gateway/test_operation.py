"""The gateway as a process: how it ends, and what it goes on through."""

import http.client
import json
import resource
import signal
import socket
import threading
import time

import pytest

from tests.gateway.conftest import KEY
from tests.gateway.fake import STREAM, chat, streamed
from tests.gateway.test_app import BODY, error, only_own_spans, post, spans

__all__ = ["only_own_spans"]  # a fixture, for this file too


def begin(gateway, body):
    """A request whose answer is read by the test."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    headers = {"content-type": "application/json"}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    return connection, connection.getresponse()


def test_sigterm_lets_streams_finish_and_takes_no_more(provider, serve):
    gateway, until = serve(), threading.Event()
    provider.say(streamed(until=until))

    connection, answer = begin(gateway, BODY | {"stream": True})
    first = answer.read1()
    gateway.process.send_signal(signal.SIGTERM)
    while listens(gateway.port):
        time.sleep(0.005)
    until.set()

    assert first + answer.read() == b"".join(STREAM)
    connection.close()
    assert gateway.process.wait(30) == 0
    [span] = spans(gateway)
    assert (span["status"], span["output_tokens"]) == ("ok", 2)


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_provider_that_is_not_there_is_502(monkeypatch, serve):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")

    answer = post(serve(), BODY)

    assert answer[0] == 502
    assert "cannot be reached" in error(answer)["message"]
    assert answer[1]["x-genaiops-attempts"] == "3"


def test_several_workers_serve_one_port(provider, serve):
    provider.say(*[chat()] * 4)
    gateway = serve("--workers", "2")

    assert [post(gateway, BODY)[0] for _ in range(4)] == [200] * 4
    assert len(spans(gateway, 4)) == 4


def test_a_file_names_models_and_providers(provider, serve, workdir, monkeypatch):
    monkeypatch.setenv("THE_KEY", KEY)
    (workdir / "gateway.yaml").write_text(
        "providers:\n"
        f'  local: {{kind: openai, base_url: "{provider.url}/v1", api_key: ${{THE_KEY}}}}\n'
        "models:\n"
        "  fast: local/tiny\n"
    )
    provider.say(chat())
    gateway = serve("--config", "gateway.yaml")

    answer = post(gateway, BODY | {"model": "fast"})

    assert (answer[0], answer[1]["x-genaiops-model"]) == (200, "local/tiny")
    assert provider.requests[0].json["model"] == "tiny"
    assert provider.requests[0].headers["authorization"] == f"Bearer {KEY}"
    listed = json.loads(post(gateway, b"", path="/v1/models", method="GET")[2])["data"]
    assert [model["id"] for model in listed] == ["fast", "offline/extractive"]
    assert post(gateway, BODY)[0] == 404  # the file says what is served, not the environment


def test_a_store_that_cannot_be_read_stops_nothing(provider, serve):
    gateway = serve()
    provider.say(chat(), chat())
    assert post(gateway, BODY)[0] == 200
    [known] = spans(gateway)
    for file in (gateway.folder / ".genaiops").glob("*.duckdb"):
        file.write_bytes(b"this is no database" * 1000)

    answer = post(gateway, BODY)

    assert answer[0] == 200
    assert known["trace_id"] != answer[1]["x-genaiops-trace-id"]
    wanted = answer[1]["x-genaiops-trace-id"].encode()
    journal = gateway.folder / ".genaiops" / "journal"
    deadline = time.monotonic() + 20
    while not any(wanted in file.read_bytes() for file in journal.rglob("*") if file.is_file()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("stream", [False, True])
def test_a_disk_that_is_full_stops_nothing(provider, serve, stream):
    gateway = serve()
    provider.say(*[streamed() if stream else chat()] * 3)
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    answers = [post(gateway, BODY | {"stream": stream}) for _ in range(3)]

    assert [answer[0] for answer in answers] == [200] * 3
    assert answers[0][2] == answers[2][2]


def test_a_client_that_leaves_at_any_byte_of_its_request_disturbs_nobody(gateway, asked):
    body = json.dumps(BODY).encode()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
    head += b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
    whole = head + body

    for size in range(0, len(whole), 3):
        with socket.create_connection(("127.0.0.1", gateway.port)) as leaving:
            leaving.sendall(whole[:size])

    asked.say(chat())
    assert post(gateway, BODY)[0] == 200
    assert len(asked.requests) == 1


def test_a_body_of_a_hundred_megabytes_is_refused(gateway, asked):
    answer = post(gateway, b" " * 100_000_000)

    assert answer[0] == 413
    assert asked.requests == []
