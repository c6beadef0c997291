"""OTLP requests for tests, in both forms."""

import base64
import itertools
import json
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from genaiops.tracing.capture import encode
from genaiops.tracing.otlp import Batch, Receiver, from_json, from_protobuf
from genaiops.tracing.redact import Masker

T0 = 1_700_000_000_000_000_000
_numbers = itertools.count(1)


def put(value: Any, plain: Any) -> None:
    """Sets an AnyValue."""
    if isinstance(plain, bool):
        value.bool_value = plain
    elif isinstance(plain, str):
        value.string_value = plain
    elif isinstance(plain, int):
        value.int_value = plain
    elif isinstance(plain, float):
        value.double_value = plain
    elif isinstance(plain, bytes):
        value.bytes_value = plain
    elif isinstance(plain, list):
        value.array_value.SetInParent()
        for item in plain:
            put(value.array_value.values.add(), item)
    elif isinstance(plain, dict):
        value.kvlist_value.SetInParent()
        pairs(value.kvlist_value.values, plain)


def pairs(target: Any, table: dict[str, Any]) -> None:
    """Adds attributes."""
    for name, plain in table.items():
        item = target.add(key=name)
        put(item.value, plain)
        item.value.SetInParent()


def span(attributes: dict[str, Any] | None = None, **fields: Any) -> Span:
    """A span with ids of its own."""
    number = next(_numbers)
    made = Span(
        **{
            "trace_id": number.to_bytes(16, "big"),
            "span_id": number.to_bytes(8, "big"),
            "name": "s",
            "start_time_unix_nano": T0,
            "end_time_unix_nano": T0 + 1_000_000,
        }
        | fields
    )
    pairs(made.attributes, attributes or {})
    return made


def request(*spans: Span, resource: dict[str, Any] | None = None) -> ExportTraceServiceRequest:
    """A request with these spans of one scope."""
    made = ExportTraceServiceRequest()
    of = made.resource_spans.add()
    pairs(of.resource.attributes, {"service.name": "app"} if resource is None else resource)
    scope = of.scope_spans.add()
    scope.scope.name, scope.scope.version = "lib", "1.2"
    scope.spans.extend(spans)
    return made


def as_json(message: ExportTraceServiceRequest) -> bytes:
    """The same request in OTLP's JSON: ids in hex, enumerations as numbers."""
    table = MessageToDict(message, use_integers_for_enums=True)
    for resource_spans in table.get("resourceSpans", []):
        for scope_spans in resource_spans.get("scopeSpans", []):
            for one in scope_spans.get("spans", []):
                for item in (one, *one.get("links", [])):
                    for name in ("traceId", "spanId", "parentSpanId"):
                        if name in item:
                            item[name] = base64.b64decode(item[name]).hex()
    return json.dumps(table).encode()


def lines(message, batch=None, redact=(), put_blob=lambda data: "0" * 64):
    """Journal lines of a request: a message, JSON bytes, or a decoded one."""
    if isinstance(message, Message):
        message = from_protobuf(message.SerializeToString())
    elif isinstance(message, bytes):
        message = from_json(message)
    receiver = Receiver(experiment="Default", masker=Masker(redact, encode), put_blob=put_blob)
    return list(receiver.lines(message, Batch() if batch is None else batch))


def whole_span() -> Span:
    """A span with everything a span can have."""
    one = span(
        {"text": "a", "yes": True, "whole": -(2**63), "real": 0.5, "bytes": b"\x00\xff", "none": None,
         "list": ["a", 1, [True]], "table": {"a": {"b": 2}}, "": "empty name"},
        name="chat m", kind=3, parent_span_id=b"\x09" * 8, trace_state="k=v", flags=0x101,
        dropped_attributes_count=2, dropped_events_count=3, dropped_links_count=4,
    )  # fmt: skip
    one.status.code, one.status.message = 2, "went wrong"
    event = one.events.add(name="exception", time_unix_nano=T0 + 5, dropped_attributes_count=1)
    pairs(event.attributes, {"exception.type": "ValueError"})
    link = one.links.add(trace_id=b"\x01" * 16, span_id=b"\x02" * 8, trace_state="a=b")
    pairs(link.attributes, {"why": "retry"})
    return one
