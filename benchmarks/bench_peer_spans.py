"""Spans that other libraries write over the same OpenAI calls: the rows they become, beside ours.

    python benchmarks/bench_peer_spans.py [--peers-python PYTHON] [--record FOLDER]

Each library of the interpreter of PEERS_PYTHON traces the same calls and sends its spans by
OTLP/HTTP in protobuf to a `genaiops server`; ours are written by autolog. The promise: equal in
every column that the source carries. What a library does not send at all is listed, and may only
be empty, never another value. With --record the spans are kept as OTLP JSON, without what tells of
the machine; tests read them.
"""

import argparse
import base64
import gzip
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bench_autolog_peers import MODULES, installed
from openai_calls import CALLS, make_client

COLUMNS = (
    "span_type", "status", "operation", "provider", "request_model", "response_model", "response_id",
    "finish_reasons", "input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens",
)  # fmt: skip
MESSAGES = ("gen_ai.input.messages", "gen_ai.output.messages")
UNLIKE = {
    "mlflow": {
        "finish_reasons (tool stream)": "its outputs say `stop`",
        "output.messages (tool stream)": "its outputs leave the tool calls of a stream out",
    },
    "langfuse": {
        f"request_model ({call})": "sends one model, that of the answer"
        for call in CALLS
        if call != "refused"
    },
    "logfire": {"response_model (refused)": "names the model asked for as the one that answered"},
}
"""Columns where a library itself writes something else than what was asked and answered."""
MACHINE = re.compile(r"^(code\.|thread\.|process\.|host\.|os\.|service\.instance)")


# --- one library's process -----------------------------------------------------------------------


def run_calls(side: str, endpoint: str) -> None:
    """Makes the calls with one library in this process."""
    client = make_client()
    if side == "genaiops":
        import genaiops

        genaiops.openai.autolog()
        flush: Any = lambda: None
    else:
        if side == "mlflow":  # takes no exporter
            os.environ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = endpoint
            os.environ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] = "http/protobuf"
            os.environ["OTEL_SERVICE_NAME"] = "peer"
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from peers import PEERS

        flush = PEERS[side](client, OTLPSpanExporter(endpoint=endpoint))
    for call in CALLS.values():
        call(client)
    flush()


def start(python: str, side: str, endpoint: str, store: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [python, __file__, "--side", side, "--endpoint", endpoint], check=False, cwd=folder,
            capture_output=True, text=True, env=os.environ | {"GENAIOPS_TRACKING_URI": str(store)},
        )  # fmt: skip
    if done.returncode:
        sys.exit(f"{side}: {done.stderr.strip()[-2000:]}")


# --- between a library and the server ------------------------------------------------------------


class Relay(BaseHTTPRequestHandler):
    """Passes requests on to the server and keeps them."""

    protocol_version = "HTTP/1.1"
    bodies: list[bytes]
    port: int

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.bodies.append(body)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", "/v1/traces", body, {"content-type": "application/x-protobuf"})
        answer = connection.getresponse()
        said = answer.read()
        self.send_response(answer.status)
        self.send_header("content-type", answer.headers["content-type"])
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *args: Any) -> None:
        pass


def received(python: str, side: str, folder: Path) -> list[bytes]:
    """Lets a library trace the calls into a store in the folder; the requests it sent."""
    from bench_otlp_ingest import port_in, running, wait_for

    command = [sys.executable, "-m", "genaiops", "server", "--port", "0"]
    with running(command, str(folder), GENAIOPS_TRACKING_URI=str(folder / "store")) as process:
        port = wait_for(lambda: port_in(folder / "log.txt"), process)
        relay = type("To", (Relay,), {"bodies": [], "port": port})
        listener = ThreadingHTTPServer(("127.0.0.1", 0), relay)
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,))
        thread.start()
        start(python, side, f"http://127.0.0.1:{listener.server_port}/v1/traces", folder / "store")
        listener.shutdown()
        thread.join()
        listener.server_close()
    return relay.bodies


# --- rows ----------------------------------------------------------------------------------------


def rows(store: Path) -> list[dict[str, Any]]:
    """The model calls of a store by start, with their messages."""
    from genaiops.store import LocalStore

    with LocalStore(store).read() as reader:
        sql = f"SELECT {', '.join(COLUMNS)}, attributes FROM spans WHERE span_type IN ('llm', 'embedding') ORDER BY start_ns"
        found = reader.query(sql).dicts()
    for row in found:
        attributes = row["attributes"]
        for name in MESSAGES:
            value = attributes.get(name)
            value = json.loads(value) if isinstance(value, str) else value
            row[name.removeprefix("gen_ai.")] = None if value is None else plain(value)
    logged = [row for row in found if row["attributes"].get("logfire.span_type") == "log"]
    for row in logged:  # Logfire: the span of a stream's request is empty, a log has the answer
        found.remove(found[found.index(row) - 1])
    for row in found:
        del row["attributes"]
    return found


def plain(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages without texts of no length, and without what only repeats other columns."""
    empty = {"type": "text", "content": ""}
    return [
        {"role": one["role"], "parts": [part for part in one["parts"] if part != empty]}
        for one in messages
    ]


def compare(
    side: str, ours: list[dict[str, Any]], theirs: list[dict[str, Any]]
) -> tuple[list[str], list[str]]:
    """Columns with another value, and columns without one; each with its calls.

    A status that is not set and one that is ok both say that nothing failed.
    """
    if len(ours) != len(theirs):
        return [f"{len(theirs)} model calls, not {len(ours)}"], []
    different: list[str] = []
    empty: dict[str, list[str]] = {}
    for call, mine, their in zip(CALLS, ours, theirs, strict=True):
        for name, value in mine.items():
            reason = UNLIKE.get(side, {}).get(f"{name} ({call})")
            if their[name] == value:
                continue
            if their[name] is None or (name, their[name], value) == ("status", "unset", "ok"):
                empty.setdefault(name, []).append(call)
            elif reason:
                empty.setdefault(f"{name}, {reason}", []).append(call)
            else:
                different.append(f"{call}: {name} is {their[name]!r}, not {value!r}")
    return different, [f"{name} ({', '.join(calls)})" for name, calls in empty.items()]


# --- fixtures ------------------------------------------------------------------------------------


def recorded(bodies: list[bytes]) -> dict[str, Any]:
    """The requests as one in OTLP JSON, without what tells of the machine."""
    from google.protobuf.json_format import MessageToDict
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request = ExportTraceServiceRequest()
    for body in bodies:
        request.MergeFromString(body)
    for of in request.resource_spans:
        keep(of.resource.attributes, lambda name: name in ("service.name", "telemetry.sdk.name"))
        for span in (span for scope in of.scope_spans for span in scope.spans):
            keep(span.attributes, lambda name: not MACHINE.match(name))
            for event in span.events:
                keep(event.attributes, lambda name: name != "exception.stacktrace")
    made = MessageToDict(request, use_integers_for_enums=True)
    for of in made["resourceSpans"]:
        for span in (span for scope in of["scopeSpans"] for span in scope["spans"]):
            for name in ("traceId", "spanId", "parentSpanId"):
                if name in span:
                    span[name] = as_hex(span[name])
    return made


def keep(attributes: Any, wanted: Any) -> None:
    kept = [one for one in attributes if wanted(one.key)]
    del attributes[:]
    attributes.extend(kept)


def as_hex(coded: str) -> str:
    return base64.b64decode(coded).hex()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers-python", default=os.environ.get("PEERS_PYTHON"))
    parser.add_argument("--record", type=Path, help="a folder for the spans as OTLP JSON")
    parser.add_argument("--side", choices=["genaiops", *MODULES], help=argparse.SUPPRESS)
    parser.add_argument("--endpoint", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        run_calls(options.side, options.endpoint)
        return
    if not options.peers_python:
        sys.exit(
            "name the interpreter that has the other libraries: --peers-python or PEERS_PYTHON"
        )
    with tempfile.TemporaryDirectory() as folder:
        start(sys.executable, "genaiops", "", Path(folder) / "store")
        ours = rows(Path(folder) / "store")
    failed = 0
    for side in installed(options.peers_python):
        begin = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            bodies = received(options.peers_python, side, Path(folder))
            different, empty = compare(side, ours, rows(Path(folder) / "store"))
        failed += bool(different)
        print(f"{side:15}{len(different)} different (promise 0), {time.perf_counter() - begin:.1f} s")  # fmt: skip
        for line in different:
            print(f"    different: {line}")
        for line in empty:
            print(f"    not sent:  {line}")
        if options.record:
            options.record.mkdir(parents=True, exist_ok=True)
            text = json.dumps(recorded(bodies), ensure_ascii=False)
            (options.record / f"{side}.json").write_text(text + "\n")
    if failed:
        sys.exit("the promise is not kept")


if __name__ == "__main__":
    main()
