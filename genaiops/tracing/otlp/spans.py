"""Received spans -> journal lines: columns by the dialect table, everything received kept beside."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from genaiops.config import Capture
from genaiops.errors import StoreError
from genaiops.store import proc_id
from genaiops.tracing.capture import BLOB_BYTES, INLINE_BYTES, WITHHELD, Capturer, encode
from genaiops.tracing.dialects import PENDING, PENDING_VALUE, Event, Reading, read, without_content
from genaiops.tracing.evaluations import LAST_NS, assessments
from genaiops.tracing.foreign import INPUTS, OUTPUTS
from genaiops.tracing.otlp import anyvalue, jsonform
from genaiops.tracing.redact import Masker, suspicious

__all__ = ["Batch", "Receiver", "Refused"]

_KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
_STATUS = {0: "unset", 1: "ok", 2: "error"}
_ID = re.compile("[0-9a-fA-F]*")
_KNOWN_FLAGS = 0x3FF  # sampled and random of W3C, whether the parent is remote
_RAW = msgspec.Raw
_encode = msgspec.json.Encoder().encode
_SHORT = ("name", "status_message", "service", "trace_name")


class Refused(ValueError):  # noqa: N818 - an answer to the sender, not a fault of the program
    """A span that cannot be kept, and why."""


@dataclass(slots=True)
class Batch:
    """What came of one request so far.

    Attributes:
        accepted: Spans whose lines were made.
        refused: Spans that cannot be kept.
        reason: Why the first of them cannot.
        verdicts: Journal lines of the assessments that stood in events of spans.
    """

    accepted: int = 0
    refused: int = 0
    reason: str = ""
    verdicts: list[bytes] = field(default_factory=list[bytes])


@dataclass(slots=True)
class _Origin:
    """What the spans of one resource and scope share."""

    service: str | None
    experiment: str
    attributes: dict[str, Any]


class Receiver:
    """Makes journal lines of requests.

    Args:
        experiment: Of spans that name none.
        masker: Applied to everything received before it is written.
        put_blob: Stores a large value; raises StoreError.
        capture: Other than ``full``, contents are left out as in a traced program.
    """

    def __init__(
        self,
        *,
        experiment: str,
        masker: Masker,
        put_blob: Callable[[bytes], str],
        capture: Capture = "full",
    ) -> None:
        self._experiment = experiment
        self._put_blob = put_blob
        self._masker = masker
        self._thorough = masker.thorough
        self._capture = Capturer("full", masker, self._put)
        self._contents = None if capture == "full" else Capturer(capture, masker, self._put)
        self._failed: StoreError | None = None

    def lines(self, request: Any, batch: Batch) -> Iterator[bytes]:  # of either form
        """The lines of a request's spans, one at a time; what happens is counted in `batch`.

        Raises: Malformed; StoreError when a large value cannot be stored.
        """
        structured = isinstance(request, jsonform.Request)
        value = anyvalue.from_structure if structured else anyvalue.from_message
        for resource_spans in request.resource_spans or ():
            for scope_spans in resource_spans.scope_spans or ():
                origin = self._origin(resource_spans, scope_spans, value)
                for span in scope_spans.spans or ():
                    try:
                        line = self._line(span, origin, value, batch)
                    except Refused as refused:
                        batch.refused += 1
                        batch.reason = batch.reason or str(refused)
                        continue
                    batch.accepted += 1
                    yield line

    def _origin(self, resource_spans: Any, scope_spans: Any, value: Callable[..., Any]) -> _Origin:
        resource = resource_spans.resource
        about = anyvalue.table(resource.attributes, value) if resource is not None else {}
        shared: dict[str, Any] = {"genaiops.resource": about} if about else {}
        scope = scope_spans.scope
        if scope is not None:
            shared |= {
                f"otel.scope.{k}": v for k in ("name", "version") if (v := getattr(scope, k))
            }
            if scope.attributes:
                shared["genaiops.scope"] = anyvalue.table(scope.attributes, value)
        schema = scope_spans.schema_url or resource_spans.schema_url
        if schema:
            shared["otel.schema_url"] = schema
        service, experiment = about.get("service.name"), about.get("genaiops.experiment")
        return _Origin(
            service if isinstance(service, str) else None,
            experiment if isinstance(experiment, str) and experiment else self._experiment,
            shared,
        )

    def _line(self, span: Any, origin: _Origin, value: Callable[..., Any], batch: Batch) -> bytes:
        trace_id, span_id = (
            _ident(span.trace_id, 32, "trace id"),
            _ident(span.span_id, 16, "span id"),
        )
        parent = _hex(span.parent_span_id)
        start, end, odd_end = _times(span.start_time_unix_nano, span.end_time_unix_nano)
        attributes = anyvalue.table(span.attributes, value)
        if attributes.get(PENDING) == PENDING_VALUE:
            return _begun(trace_id, parent, span.name, start, origin, attributes)
        events: list[Event] = [_event(event, value) for event in span.events or ()]
        reading = read(attributes, events, start_ns=start)
        if self._contents is not None:
            attributes, events = without_content(attributes, events)
            reading = _described(reading, self._contents)
        kept = origin.attributes | _extras(span, odd_end) | attributes | reading.attributes
        kept.pop(INPUTS, None)
        kept.pop(OUTPUTS, None)
        code = anyvalue.whole(span.status.code) if span.status is not None else 0
        columns: dict[str, Any] = {
            "name": span.name or "",
            "status": _STATUS.get(code, "unset"),
            "service": origin.service,
            "experiment": origin.experiment,
            **reading.columns,
            "attributes": kept,
        }
        if span.status is not None and span.status.message:
            columns["status_message"] = span.status.message
        if events:
            columns["events"] = [
                {"name": name, "time_ns": at, "attributes": body} for name, at, body in events
            ]
            batch.verdicts += assessments(trace_id, span_id, events)
        if span.links:
            columns["links"] = [_link(link, value) for link in span.links]
        head = f'{{"k":"span","trace_id":"{trace_id}","span_id":"{span_id}",'
        if parent.strip("0"):
            head += f'"parent_span_id":"{parent}",'
        head += f'"start_ns":{start},"end_ns":{end},'
        return head.encode() + self._content(columns, span_id)[1:] + b"\n"

    def _content(self, columns: dict[str, Any], span_id: str) -> bytes:
        data = _encoded(columns)
        if not self._thorough and len(data) < INLINE_BYTES and not suspicious(data):
            return data
        if len(data) > BLOB_BYTES:
            _check_size(columns["attributes"], span_id)
        parts: dict[str, Any] = {}
        for name, value in columns.items():
            if name in _SHORT:
                parts[name] = value and self._capture.text(value, name)
            elif isinstance(value, int | float) or value is None:
                parts[name] = value
            else:
                part = self._capture.facts(value, name)
                parts[name] = _RAW(part if part is not WITHHELD else _withheld(name))
        if self._failed is not None:
            failed, self._failed = self._failed, None
            raise failed
        return encode(parts)

    def _put(self, data: bytes) -> str:
        try:
            return self._put_blob(data)
        except StoreError as error:
            self._failed = error
            raise


def _described(reading: Reading, contents: Capturer) -> Reading:
    """Inputs and outputs as the setting ``capture`` wants them, and no messages beside them."""
    columns = reading.columns | {
        name: _RAW(contents.content(reading.columns[name], name))
        for name in ("inputs", "outputs")
        if name in reading.columns
    }
    return Reading(columns, {})


def _encoded(columns: dict[str, Any]) -> bytes:
    """The columns as JSON; without inputs and outputs where those are nested too deep for it."""
    try:
        return _encode(columns)
    except RecursionError:
        for name in ("inputs", "outputs"):
            columns.pop(name, None)
        return encode(columns)


def _hex(value: bytes | str | None) -> str:
    """An id in lower-case hex, empty when it is missing or no id."""
    if isinstance(value, bytes):
        return value.hex()
    return value.lower() if value and _ID.fullmatch(value) else ""


def _ident(value: bytes | str | None, length: int, what: str) -> str:
    found = _hex(value)
    if len(found) != length or not found.strip("0"):
        shown = found[:40] or str(value or "")[:40]
        raise Refused(f"the {what} {shown!r} is no id of {length} hex digits that are not all 0")
    return found


def _times(start: Any, end: Any) -> tuple[int, int, int | None]:  # numbers of either form
    """Begin and end in nanoseconds, and the end as sent where it lies before the begin."""
    start_ns, end_ns = anyvalue.whole(start), anyvalue.whole(end)
    for moment in (start_ns, end_ns):
        if not 0 <= moment <= LAST_NS:
            raise Refused(f"the time {moment} is not between 1970 and 2223, in nanoseconds")
    if not start_ns and not end_ns:
        raise Refused("the span has neither a start nor an end time")
    if not start_ns:
        return end_ns, end_ns, None
    if end_ns < start_ns:
        return start_ns, start_ns, end_ns or None
    return start_ns, end_ns, None


def _extras(span: Any, odd_end: int | None) -> dict[str, Any]:
    """What a span has besides attributes, by the names OpenTelemetry has for such exporters."""
    found: dict[str, Any] = {}
    kind = _KINDS.get(anyvalue.whole(span.kind))
    if kind is not None:
        found["span.kind"] = kind
    if span.trace_state:
        found["w3c.tracestate"] = span.trace_state
    for name in ("attributes", "events", "links"):
        dropped = getattr(span, f"dropped_{name}_count")
        if dropped:
            found[f"otel.dropped_{name}_count"] = dropped
    if span.flags and anyvalue.whole(span.flags) & ~_KNOWN_FLAGS:
        found["otel.flags"] = span.flags
    if odd_end is not None:
        found["genaiops.received.end_ns"] = odd_end
    return found


def _begun(
    trace_id: str, span_id: str, name: Any, start_ns: int, origin: _Origin, about: Mapping[str, Any]
) -> bytes:
    """The line that says a span is open; it counts as running while this process lives."""
    above = about.get("logfire.pending_parent_id")
    line = {
        "k": "start",
        "proc": proc_id(),
        "trace_id": trace_id,
        "span_id": span_id,
        "parent_span_id": above if isinstance(above, str) and above.strip("0") else None,
        "name": str(name or ""),
        "span_type": "function",
        "status": "running",
        "start_ns": start_ns,
        "service": origin.service,
        "experiment": origin.experiment,
    }
    return encode(line) + b"\n"


def _event(event: Any, value: Callable[..., Any]) -> Event:
    body = anyvalue.table(event.attributes, value)
    if event.dropped_attributes_count:
        body.setdefault("otel.dropped_attributes_count", event.dropped_attributes_count)
    return event.name or "", anyvalue.whole(event.time_unix_nano), body


def _link(link: Any, value: Callable[..., Any]) -> dict[str, Any]:
    body = anyvalue.table(link.attributes, value)
    if link.trace_state:
        body.setdefault("w3c.tracestate", link.trace_state)
    if link.dropped_attributes_count:
        body.setdefault("otel.dropped_attributes_count", link.dropped_attributes_count)
    return {"trace_id": _hex(link.trace_id), "span_id": _hex(link.span_id), "attributes": body}


def _check_size(attributes: Mapping[str, Any], span_id: str) -> None:
    """Long texts are stored apart, and the rest must fit. Raises Refused."""
    rest = {
        name: value
        for name, value in attributes.items()
        if not (isinstance(value, str) and len(value) >= INLINE_BYTES)
    }
    size = len(encode(rest))
    if size > BLOB_BYTES:
        raise Refused(
            f"span {span_id} has {size} bytes of attributes, without long texts: "
            f"{BLOB_BYTES} are possible"
        )


def _withheld(name: str) -> bytes:
    if name in ("attributes", "metadata", "tags"):
        return b'{"genaiops.redaction.failed":true}'
    return b"[]" if name in ("events", "links", "finish_reasons") else WITHHELD
