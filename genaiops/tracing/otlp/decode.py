"""OTLP trace requests from bytes: protobuf, or JSON in the same shape; within limits of memory."""

import re
from typing import TYPE_CHECKING

import msgspec

from genaiops.tracing.otlp import jsonform

if TYPE_CHECKING:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

__all__ = ["MOST_PARTS", "Malformed", "TooLarge", "from_json", "from_protobuf"]

MOST_PARTS = 500_000
"""Spans, attributes, values and the like in one request: each takes about 150 bytes of memory."""
_UNCOUNTED_BYTES = 1_000_000
_MOST_FIELDS = 4_000_000

_FIELDS: dict[str, dict[int, str]] = {
    "request": {1: "resource spans"},
    "resource spans": {1: "resource", 2: "scope spans"},
    "resource": {1: "attribute"},
    "scope spans": {1: "scope", 2: "span"},
    "scope": {3: "attribute"},
    "span": {9: "attribute", 11: "event", 13: "link"},
    "event": {3: "attribute"},
    "link": {4: "attribute"},
    "attribute": {2: "value"},
    "value": {5: "array", 6: "table"},
    "array": {1: "value"},
    "table": {1: "attribute"},
}
"""Which fields of a message are messages, by the numbers of opentelemetry-proto 1.x."""

_SURROGATE = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
_decoder = msgspec.json.Decoder(jsonform.Request)


class Malformed(ValueError):  # noqa: N818 - an answer to the sender, not a fault of the program
    """The bytes are no OTLP trace request."""


class TooLarge(ValueError):  # noqa: N818 - an answer to the sender, not a fault of the program
    """The request would take too much memory."""


def from_protobuf(body: bytes) -> "ExportTraceServiceRequest":
    """The request. Raises Malformed, TooLarge."""
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    if len(body) > _UNCOUNTED_BYTES:
        _count_parts(body)
    try:
        return ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise Malformed("the body is no protobuf of an ExportTraceServiceRequest") from error


def from_json(body: bytes) -> jsonform.Request:
    """The request. Raises Malformed, TooLarge."""
    if body.count(b"{") + body.count(b"[") > MOST_PARTS:
        raise TooLarge(
            f"the body has more than {MOST_PARTS} objects and arrays: send smaller batches"
        )
    try:
        return _from_json(body)
    except RecursionError as error:
        raise Malformed("the JSON is nested too deep") from error
    except UnicodeDecodeError as error:
        raise Malformed("the JSON is not UTF-8") from error
    except msgspec.DecodeError as error:
        raise Malformed(f"the body is no ExportTraceServiceRequest: {error}") from error


def _from_json(body: bytes) -> jsonform.Request:
    try:
        return _decoder.decode(body)
    except msgspec.DecodeError:
        if b"\\u" not in body:
            raise
        return _decoder.decode(_SURROGATE.sub(_whole, body))


def _whole(found: "re.Match[bytes]") -> bytes:
    """Half a pair of surrogates, which a cut JavaScript string has, becomes U+FFFD."""
    return b"\\ufffd" if len(found[0]) == len(b"\\ud800") else found[0]


def _count_parts(body: bytes) -> None:
    """Walks the messages of a large body without making any. Raises Malformed, TooLarge."""
    parts = fields = 0
    stack = [("request", 0, len(body))]
    while stack:
        kind, at, end = stack.pop()
        inner = _FIELDS[kind]
        while at < end:
            key, at = _varint(body, at, end)
            length, at = _content(body, at, end, key & 7)
            fields += 1
            below = inner.get(key >> 3) if key & 7 == 2 else None
            if below is not None:
                parts += 1
                stack.append((below, at, at + length))
            if parts > MOST_PARTS or fields > _MOST_FIELDS:
                raise TooLarge(
                    f"the body has more than {MOST_PARTS} spans, attributes and values: "
                    "send smaller batches"
                )
            at += length


def _content(body: bytes, at: int, end: int, wire: int) -> tuple[int, int]:
    """Length and beginning of a field's content. Raises Malformed."""
    if wire == 2:
        length, at = _varint(body, at, end)
    elif wire == 0:
        _, after = _varint(body, at, end)
        return after - at, at
    elif wire in (1, 5):
        length = 8 if wire == 1 else 4
    else:
        raise Malformed("the body is no protobuf of an ExportTraceServiceRequest")
    if at + length > end:
        raise Malformed("the body is no protobuf: a field is longer than its message")
    return length, at


def _varint(body: bytes, at: int, end: int) -> tuple[int, int]:
    found = shift = 0
    while at < end and shift < 70:
        byte = body[at]
        at += 1
        found |= (byte & 127) << shift
        if byte < 128:
            return found, at
        shift += 7
    raise Malformed("the body is no protobuf: a number does not end")
