"""OTLP spans a second into the embedded store: one client, protobuf, batches of 512 spans.

    python benchmarks/bench_otlp_ingest.py [--spans 50000] [--mlflow-python PYTHON]

Every request is answered only when its spans are durable. Visible is how long after the last
answer another process has counted every span with a query, the time of the query included. With the Python of an environment that has mlflow (or MLFLOW_PYTHON), its server
with its default store takes the same requests in this run.
"""

import argparse
import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PROMISE_SPANS_S = 10_000
PROMISE_VISIBLE_S = 1.0
PROMISE_RATIO = 20
BATCH = 512
MLFLOW_BATCHES = 4
CHAIN = {
    "openinference.span.kind": "CHAIN",
    "input.value": json.dumps({"question": "What does it say?"}),
    "input.mime_type": "application/json",
    "output.value": json.dumps({"answer": "It says much. " * 10}),
    "session.id": "s1",
}
CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-5-mini",
    "gen_ai.response.model": "gpt-5-mini-2026-01-01",
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.output_tokens": 50,
    "server.address": "api.openai.com",
    "gen_ai.input.messages": json.dumps(
        [{"role": "user", "parts": [{"type": "text", "content": "What does it say? " * 12}]}]
    ),
    "gen_ai.output.messages": json.dumps(
        [{"role": "assistant", "parts": [{"type": "text", "content": "It says much. " * 12}]}]
    ),
}


def batch() -> bytes:
    """A request of traces with four spans each: three steps and a model call."""
    request = ExportTraceServiceRequest()
    of = request.resource_spans.add()
    of.resource.attributes.add(key="service.name").value.string_value = "bench"
    spans = of.scope_spans.add().spans
    now = time.time_ns()
    trace = root = b""
    for number in range(BATCH):
        span = spans.add(span_id=os.urandom(8), name=f"step {number % 4}", kind=1)
        if number % 4 == 0:
            trace, root = os.urandom(16), span.span_id
        else:
            span.parent_span_id = root
        span.trace_id = trace
        span.start_time_unix_nano, span.end_time_unix_nano = now, now + 1_000_000
        for name, value in (CHAT if number % 4 == 3 else CHAIN).items():
            target = span.attributes.add(key=name).value
            if isinstance(value, str):
                target.string_value = value
            else:
                target.int_value = value
    return request.SerializeToString()


def send(port: int, bodies: list[bytes], **headers: str) -> float:
    """Seconds from the first byte to the last answer, over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    said = {"content-type": "application/x-protobuf"} | headers
    begin = time.perf_counter()
    for body in bodies:
        connection.request("POST", "/v1/traces", body, said)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            sys.exit(f"the server answered {answer.status}: {text[:300]!r}")
    took = time.perf_counter() - begin
    connection.close()
    return took


@contextlib.contextmanager
def running(command: list[str], folder: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    log = (Path(folder) / "log.txt").open("w+")
    process = subprocess.Popen(
        command, cwd=folder, env=os.environ | environment, stdout=log, stderr=log, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)
        log.close()


def cpu_s(pid: int) -> float:
    """User and system seconds of a process that runs."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ours(spans: int) -> tuple[float, float, float]:
    """Spans a second, microseconds of the server's CPU a span, seconds until visible."""
    bodies = [batch() for _ in range(spans // BATCH)]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "genaiops", "server", "--port", "0"]
        environment = {"GENAIOPS_TRACKING_URI": str(Path(folder) / "store")}
        with running(command, folder, **environment) as process:
            port = wait_for(lambda: port_in(Path(folder) / "log.txt"), process)
            send(port, [batch()])
            before = cpu_s(process.pid)
            took = send(port, bodies)
            used = cpu_s(process.pid) - before
            visible_s = seen(folder, (len(bodies) + 1) * BATCH)
    count = len(bodies) * BATCH
    return count / took, used / count * 1e6, visible_s


def seen(folder: str, spans: int) -> float:
    """Seconds that a reader needs until it counts that many spans."""
    from genaiops.store import LocalStore

    store = LocalStore(Path(folder) / "store")
    begin = time.perf_counter()
    while True:
        with store.read() as reader:
            if reader.query("SELECT count(*) FROM spans").rows[0][0] == spans:
                return time.perf_counter() - begin
        if time.perf_counter() - begin > 60:
            sys.exit("not every span that was answered can be seen")


def mlflow(python: str) -> float:
    """Spans a second of `mlflow server`, the best of a few requests."""
    bodies = [batch() for _ in range(MLFLOW_BATCHES)]
    with tempfile.TemporaryDirectory() as folder, socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
        trial.close()
        command = [python, "-m", "mlflow", "server", "--port", str(port), "--backend-store-uri"]
        with running([*command, f"sqlite:///{folder}/mlflow.db"], folder) as process:
            wait_for(lambda: healthy(port), process)
            experiment = {"x-mlflow-experiment-id": "0"}
            send(port, bodies[:1], **experiment)
            return BATCH / min(send(port, [body], **experiment) for body in bodies[1:])


def wait_for(look, process):  # noqa: ANN001, ANN201
    for _ in range(1_200):
        found = look()
        if found:
            return found
        if process.poll() is not None:
            sys.exit(f"the server ended with status {process.returncode}")
        time.sleep(0.1)
    sys.exit("the server did not start")


def port_in(log: Path) -> int | None:
    found = re.search(r":(\d+), writing", log.read_text())
    return int(found[1]) if found and healthy(int(found[1]), "/health/live") else None


def healthy(port: int, path: str = "/health") -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=50_000)
    parser.add_argument("--mlflow-python", default=os.environ.get("MLFLOW_PYTHON"))
    options = parser.parse_args()
    rate, cpu_us, visible_s = ours(options.spans)
    print(f"OTLP ingest     {rate:8,.0f} spans/s  promise {PROMISE_SPANS_S:,}")
    print(f"server's CPU    {cpu_us:8.1f} us a span")
    print(f"visible after   {visible_s:8.3f} s        promise {PROMISE_VISIBLE_S:g}")
    kept = rate >= PROMISE_SPANS_S and visible_s <= PROMISE_VISIBLE_S
    if options.mlflow_python:
        theirs = mlflow(options.mlflow_python)
        print(
            f"mlflow server   {theirs:8,.0f} spans/s  {rate / theirs:.0f} x  promise {PROMISE_RATIO} x"
        )
        kept = kept and rate >= PROMISE_RATIO * theirs
    if not kept:
        sys.exit("the promise is not kept")


if __name__ == "__main__":
    main()
