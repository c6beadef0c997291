"""`POST /v1/traces` over real connections: durable answers, clear refusals, hard limits."""

import gzip
import json
import socket
import subprocess
import sys
import textwrap
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

import genaiops
from tests.server.conftest import JSON, PROTOBUF, Served
from tests.tracing.otlp_messages import as_json, request, span


def stored(*names):
    """How often spans of these names are in the store."""
    query = "SELECT name, count(*) FROM spans WHERE name IN (SELECT unnest(?)) GROUP BY name"
    return dict(genaiops.sql(query, [list(names)]).rows)


def test_protobuf_json_and_gzip_are_taken_and_stored_before_the_answer(of_shared):
    plain, as_text, packed = (request(span(name=name)) for name in ("pb", "json", "gz"))

    status, headers, body = of_shared.send(plain)
    assert (status, headers["content-type"], body) == (200, PROTOBUF["content-type"], b"")
    status, headers, body = of_shared.ask("POST", "/v1/traces", as_json(as_text), JSON)
    assert (status, headers["content-type"], body) == (200, "application/json", b"{}")
    data = gzip.compress(packed.SerializeToString())
    answer = of_shared.ask("POST", "/v1/traces", data, PROTOBUF | {"content-encoding": "gzip"})
    assert answer[0] == 200

    assert stored("pb", "json", "gz") == {"pb": 1, "json": 1, "gz": 1}


def test_refused_spans_are_counted_in_the_answer_and_the_others_stored(of_shared):
    message = request(span(name="kept"), span(name="bad", trace_id=b""))

    _, _, body = of_shared.send(message)
    partial = ExportTraceServiceResponse.FromString(body).partial_success
    assert partial.rejected_spans == 1
    assert "trace id" in partial.error_message
    _, _, body = of_shared.ask("POST", "/v1/traces", as_json(message), JSON)
    assert json.loads(body)["partialSuccess"]["rejectedSpans"] == "1"

    assert stored("kept", "bad") == {"kept": 1}


BAD = {
    "no JSON": (400, JSON, b"{"),
    "no protobuf": (400, PROTOBUF, b"\xff\xff"),
    "deep JSON": (400, JSON, b"[" * 100_000),
    "no gzip": (400, JSON | {"content-encoding": "gzip"}, b"{}"),
    "cut gzip": (400, JSON | {"content-encoding": "gzip"}, gzip.compress(b"{}")[:-4]),
    "two gzips": (400, JSON | {"content-encoding": "gzip"}, gzip.compress(b"{}") * 2),
    "no content type": (415, {}, b"{}"),
    "a form": (415, {"content-type": "application/x-www-form-urlencoded"}, b"a=b"),
    "text": (415, {"content-type": "text/plain"}, b"{}"),
    "twice packed": (415, JSON | {"content-encoding": "gzip, gzip"}, b"{}"),
    "zstd": (415, JSON | {"content-encoding": "zstd"}, b"{}"),
    "too many objects": (413, JSON, b'{"resourceSpans":[' + b"{}," * 600_000 + b"{}]}"),
}  # fmt: skip


@pytest.mark.parametrize(("status", "headers", "body"), BAD.values(), ids=BAD)
def test_what_cannot_be_taken_gets_the_error_shape_of_otlp(shared, status, headers, body):
    answer, found, data = shared.ask("POST", "/v1/traces", body, headers)

    assert answer == status
    if headers.get("content-type") == PROTOBUF["content-type"]:
        assert found["content-type"] == PROTOBUF["content-type"]
        assert data[:3] == b"\x08\x03\x12"  # code 3, INVALID_ARGUMENT, then the message
    else:
        assert json.loads(data)["code"] == 3
        assert json.loads(data)["message"]


def test_a_gzip_bomb_is_refused_and_takes_little_memory(shared):
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(512)) + packer.flush()
    before = peak_mb(shared)

    answers = [
        shared.ask("POST", "/v1/traces", bomb, PROTOBUF | {"content-encoding": "gzip"})[0]
        for _ in range(2)
    ]

    assert answers == [413] * 2
    assert peak_mb(shared) - before < 150


def peak_mb(served):
    """The most memory the server ever had, from the kernel."""
    with open(f"/proc/{served.process.pid}/status") as lines:  # noqa: PTH123
        (line,) = (line for line in lines if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def raw(served, data, *, then_close=False):
    """Sends bytes over a connection and reads what comes until it ends."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as connection:
        connection.sendall(data)
        if then_close:
            return b""
        found = b""
        while piece := connection.recv(65_536):
            found += piece
            if b"\r\n\r\n" in found:
                break
        return found


POST = b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\n"


def test_a_body_larger_than_allowed_is_refused_by_its_length_or_as_it_arrives(shared):
    head = raw(shared, POST + b"content-length: 100000000\r\n\r\n")
    chunks = b"1000000\r\n" + bytes(0x1000000) + b"\r\n"
    piecemeal = raw(shared, POST + b"transfer-encoding: chunked\r\n\r\n" + chunks + b"1\r\n0\r\n")

    assert head.startswith(b"HTTP/1.1 413")
    assert piecemeal.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "head",
    [b"x: " + b"a" * 400_000, b"".join(b"a%d: b\r\n" % n for n in range(200)) + b"\r\n"],
    ids=["long", "many lines"],
)
def test_a_head_larger_than_allowed_is_refused(shared, head):
    assert raw(shared, POST + head).startswith(b"HTTP/1.1 400")


def test_slow_bodies_by_the_dozen_leave_the_server_answering_and_store_nothing(of_shared):
    body = request(span(name="half")).SerializeToString()
    head = POST + b"content-length: %d\r\n\r\n" % len(body)
    slow = [socket.create_connection(("127.0.0.1", of_shared.port)) for _ in range(48)]
    for connection in slow:
        connection.sendall(head + body[:-1])

    assert of_shared.ask()[0] == 200
    assert of_shared.send(request(span(name="quick")))[0] == 200
    for connection in slow:
        connection.close()
    assert of_shared.ask()[0] == 200

    assert stored("half", "quick") == {"quick": 1}


def test_many_clients_at_once_lose_nothing(of_shared):
    def client(number):
        return [
            of_shared.send(request(*(span(name="crowd") for _ in range(200))))[0] for _ in range(3)
        ]

    with ThreadPoolExecutor(8) as pool:
        answers = [status for found in pool.map(client, range(8)) for status in found]

    assert set(answers) == {200}
    assert stored("crowd") == {"crowd": 8 * 3 * 200}


def test_what_was_answered_survives_a_kill(serve):
    served = serve()
    for number in range(20):
        assert served.send(request(span(name=f"acked {number}")))[0] == 200
    served.process.kill()
    served.process.wait(timeout=30)

    assert len(stored(*(f"acked {number}" for number in range(20)))) == 20


def test_a_store_that_cannot_be_written_is_503_with_retry_after(serve):
    broken = [sys.executable, "-c", textwrap.dedent("""
        from genaiops.store import LocalStore
        def fail(self, group, lines): return False
        LocalStore.append = fail
        from genaiops.cli.main import main
        main()
        """), "server", "--port", "0"]  # fmt: skip
    process = subprocess.Popen(broken, stderr=subprocess.PIPE, text=True)
    try:
        port = int(process.stderr.readline().partition(", writing")[0].rpartition(":")[2])
        status, headers, body = Served(port, None, process).send(request(span()))
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stderr.close()

    assert (status, headers["retry-after"]) == (503, "2")
    assert body[:3] == b"\x08\x0e\x12"  # code 14, UNAVAILABLE


def test_a_trace_is_visible_through_the_api_once_it_was_answered(of_shared):
    started = time.time_ns()

    status, _, _ = of_shared.send(
        request(
            span(
                {"gen_ai.request.model": "m"},
                name="live",
                start_time_unix_nano=started,
                end_time_unix_nano=started + 1,
            )
        )
    )

    assert status == 200
    (row,) = genaiops.search_traces("name = 'live'")
    assert list(row.summary.models) == ["m"]
