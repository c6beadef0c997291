"""Files of OTLP: a request a line, one request, protobuf, gzipped or not."""

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import genaiops
from genaiops.cli.main import cli
from genaiops.transfer.otlp import import_otlp


def request(number: int) -> dict[str, object]:
    span = {
        "traceId": f"{number:032x}",
        "spanId": f"{number:016x}",
        "name": f"call {number}",
        "startTimeUnixNano": str(10**18 + number),
        "endTimeUnixNano": str(10**18 + number + 5),
        "attributes": [{"key": "gen_ai.request.model", "value": {"stringValue": "small"}}],
    }
    return {"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": [span]}]}]}


def lines(*numbers: int) -> bytes:
    return b"\n".join(json.dumps(request(number)).encode() for number in numbers) + b"\n"


def test_a_file_of_lines_is_brought_in_once(workdir: Path):
    (workdir / "spans.jsonl").write_bytes(lines(1, 2, 2))
    first = import_otlp("spans.jsonl")
    (workdir / "spans.jsonl.gz").write_bytes(gzip.compress(lines(1, 2, 3)))
    again = import_otlp("spans.jsonl.gz")

    assert (first.counts["spans"].new, again.counts["spans"].new) == (2, 1)
    rows = genaiops.sql("SELECT name, request_model FROM spans ORDER BY name").rows
    assert rows == [(f"call {number}", "small") for number in (1, 2, 3)]


def test_one_request_over_many_lines(workdir: Path):
    (workdir / "one.json").write_text(json.dumps(request(7), indent=2))

    assert import_otlp(workdir / "one.json").counts["spans"].new == 1


def test_protobuf(workdir: Path):
    from google.protobuf.json_format import ParseDict
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    message = ParseDict(
        json.loads(
            json.dumps(request(0))
            .replace(f'"{0:032x}"', '"AAAAAAAAAAAAAAAAAAAAAQ=="')
            .replace(f'"{0:016x}"', '"AAAAAAAAAAE="')
        ),
        ExportTraceServiceRequest(),
    )
    (workdir / "one.pb").write_bytes(message.SerializeToString())

    assert import_otlp("one.pb").counts["spans"].new == 1
    assert genaiops.get_trace(f"{1:032x}").spans[0].name == "call 0"


def test_bad_files_get_one_sentence(workdir: Path):
    (workdir / "text").write_text('{"a": 1}\nnot json\n')
    (workdir / "noise").write_bytes(b"\xff\xfe" * 40)
    (workdir / "cut.gz").write_bytes(gzip.compress(lines(1) * 50)[:-20])
    cases = {"text": "line 1 of 'text' is no OTLP", "noise": "no OTLP", "cut.gz": "no whole gzip"}
    for name, text in cases.items():
        with pytest.raises(genaiops.ConfigError, match=text):
            import_otlp(name)
    with pytest.raises(genaiops.NotFoundError, match="'gone' cannot be read"):
        import_otlp("gone")


def test_the_command_says_what_was_refused(workdir: Path):
    bad = json.dumps(request(1)).replace(f"{1:032x}", "0" * 32)
    (workdir / "spans.jsonl").write_bytes(lines(5) + bad.encode())

    done = CliRunner().invoke(cli, ["import", "otlp", "spans.jsonl", "--format", "json"])

    assert json.loads(done.stdout) == [{"what": "spans", "found": 2, "new": 1}]
    assert "1 spans stay out: the trace id" in done.stderr
