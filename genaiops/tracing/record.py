"""From a span to its journal line."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

import msgspec

from genaiops.model import semconv
from genaiops.store import proc_id
from genaiops.tracing.capture import WITHHELD, Capturer, encode
from genaiops.tracing.runtime import Runtime
from genaiops.tracing.trace_facts import TraceFacts

__all__ = ["Details", "Named", "full_line", "short_line"]

REDACTION_FAILED = "genaiops.redaction.failed"

_ROOT = (
    b'{"k":"span","trace_id":"%032x","span_id":"%016x",%b"status":"ok",'
    b'"start_ns":%d,"end_ns":%d,"inputs":%b,"outputs":%b}\n'
)
_CHILD = (
    b'{"k":"span","trace_id":"%032x","span_id":"%016x","parent_span_id":"%016x",%b"status":"ok",'
    b'"start_ns":%d,"end_ns":%d,"inputs":%b,"outputs":%b}\n'
)
_LARGE = 2_048
_TEXT_COLUMNS = {
    "operation", "provider", "request_model", "response_model", "response_id", "prompt_name",
    "session_id", "user_id", "run_id",
}  # fmt: skip
_SAID = ("metadata", "tags", "trace_name")
_RAW = msgspec.Raw
_decode = msgspec.json.Decoder().decode


class Named:
    """Name, type and fixed attributes of a span, with their part of the line encoded once."""

    __slots__ = ("attributes", "masked", "name", "named_in", "part", "runtime", "span_type")

    def __init__(self, name: str, span_type: str, attributes: Mapping[str, Any] | None) -> None:
        self.name = name
        self.span_type = span_type
        operation = semconv.OPERATION_OF_SPAN_TYPE.get(span_type)
        self.attributes = {} if operation is None else {semconv.OPERATION_NAME: operation}
        self.attributes |= attributes or {}
        self.runtime: Runtime | None = None
        self.part = b""
        self.named_in: Runtime | None = None
        self.masked = name

    def text(self, runtime: Runtime) -> str:
        """The name, masked once for all spans that share it."""
        if self.named_in is not runtime:
            self.masked = runtime.capture.text(self.name, "name")
            self.named_in = runtime
        return self.masked

    def encoded(self, runtime: Runtime) -> bytes:
        """The part of the line that all spans of this name share, ending in a comma."""
        if self.runtime is not runtime:
            columns = {"name": runtime.capture.text(self.name, "name"), "span_type": self.span_type}
            columns |= {
                "service": runtime.settings.service,
                "experiment": runtime.settings.experiment,
            }
            if self.attributes:
                columns |= _from_attributes(self.attributes, runtime.capture)
            self.part = encode(columns)[1:-1] + b","
            self.runtime = runtime
        return self.part


class Details:
    """What few spans have; made when the first of it is set."""

    __slots__ = (
        "attributes", "columns", "events", "experiment", "links", "message", "name", "run_id",
        "status",
    )  # fmt: skip

    def __init__(self) -> None:
        self.attributes: dict[str, Any] = {}
        self.columns: dict[str, Any] | None = None
        self.events: list[tuple[str, int, Mapping[str, Any]]] = []
        self.links: list[dict[str, Any]] = []
        self.status: str | None = None
        self.message: str | None = None
        self.name: str | None = None
        self.run_id: str | None = None
        self.experiment: str | None = None


class Recorded(Protocol):
    """The part of a span that its line needs."""

    trace_int: int
    span_int: int
    parent_int: int
    start_ns: int
    end_ns: int
    inputs: bytes
    outputs: bytes
    named: Named
    details: Details | None


def short_line(span: Recorded, runtime: Runtime) -> bytes:
    """The line of a span that ended well and has no details."""
    named = span.named
    part = named.part if named.runtime is runtime else named.encoded(runtime)
    if span.parent_int:
        return _CHILD % (
            span.trace_int, span.span_int, span.parent_int, part, span.start_ns, span.end_ns,
            span.inputs, span.outputs,
        )  # fmt: skip
    return _ROOT % (
        span.trace_int, span.span_int, part, span.start_ns, span.end_ns, span.inputs, span.outputs
    )  # fmt: skip


def full_line(span: Recorded, runtime: Runtime, facts: TraceFacts | None, *, ended: bool) -> bytes:
    """The line of any span, or with ``ended=False`` the one that says it has started."""
    details = span.details or Details()
    settings = runtime.settings
    capture = runtime.capture
    line: dict[str, Any] = {"k": "span" if ended else "start"}
    if not ended:
        line["proc"] = proc_id()
    line |= {
        "trace_id": f"{span.trace_int:032x}",
        "span_id": f"{span.span_int:016x}",
        "parent_span_id": f"{span.parent_int:016x}" if span.parent_int else None,
        "name": capture.text(details.name, "name") if details.name else span.named.text(runtime),
        "span_type": span.named.span_type,
        "status": (details.status or "ok") if ended else "running",
        "status_message": details.message and capture.text(details.message, "status_message"),
        "start_ns": span.start_ns,
        "end_ns": span.end_ns if ended else None,
        "service": settings.service,
        "experiment": details.experiment or settings.experiment,
        "run_id": details.run_id,
        "inputs": _RAW(span.inputs),
        "outputs": _RAW(span.outputs),
    }
    if facts is not None:
        line |= _facts(facts, capture, whole=facts.root is span)
    attributes = span.named.attributes | details.attributes
    if WITHHELD in (span.inputs, span.outputs):
        attributes[REDACTION_FAILED] = True
    if attributes:
        line |= _from_attributes(attributes, capture)
    if details.columns:
        line |= _read_columns(details.columns, line, capture)
    if details.events:
        line["events"] = _events(details.events, capture)
    if details.links:
        line["links"] = _RAW(capture.facts(details.links, "links"))
    return encode({key: value for key, value in line.items() if value is not None}) + b"\n"


def _facts(facts: TraceFacts, capture: Capturer, *, whole: bool) -> dict[str, Any]:
    texts = {"session_id": facts.session_id, "user_id": facts.user_id}
    if whole:
        texts["trace_name"] = facts.name
    line: dict[str, Any] = {k: capture.text(v, k) for k, v in texts.items() if v is not None}
    if whole:
        if facts.tags:
            line["tags"] = _RAW(capture.facts(facts.tags, "tags"))
        if facts.metadata:
            line["metadata"] = _RAW(capture.facts(facts.metadata, "metadata"))
    return line


def _events(events: Sequence[tuple[str, int, Mapping[str, Any]]], capture: Capturer) -> msgspec.Raw:
    table = [
        {"name": name, "time_ns": time_ns, "attributes": attributes}
        for name, time_ns, attributes in events
    ]
    return _as_table(capture.facts(table, "events"), b"[]")


def _from_attributes(attributes: Mapping[str, Any], capture: Capturer) -> dict[str, Any]:
    """The attributes, and the columns that are filled from them."""
    data, plain = capture.facts_or_masked(attributes, "attributes")
    columns: dict[str, Any] = {}
    if data is WITHHELD:
        data = encode({REDACTION_FAILED: True})
    for name, column in semconv.COLUMN_OF_ATTRIBUTE.items():
        value = attributes.get(name)
        if value is not None and column not in columns:
            if not (plain and type(value) in _SIMPLE):
                value = _decode(capture.facts(value, f"attributes.{name}"))
            value = _fitting(column, value)
            if value is not None:
                columns[column] = value
    seconds = attributes.get(semconv.RESPONSE_TIME_TO_FIRST_CHUNK)
    if type(seconds) is float or type(seconds) is int:
        columns["ttft_ms"] = seconds * 1000
    columns["attributes"] = _as_table(data, b"{}")
    return columns


_SIMPLE = frozenset({str, int, list})  # what is the same once it was encoded and decoded


def _read_columns(
    columns: Mapping[str, Any], line: Mapping[str, Any], capture: Capturer
) -> dict[str, Any]:
    """Columns that were read from the attributes of another library; what users said stands."""
    found: dict[str, Any] = {}
    for name, value in columns.items():
        if name in _SAID and line.get(name) is not None:
            continue
        if isinstance(value, str):
            found[name] = capture.text(value, name)
        elif isinstance(value, int | float):
            found[name] = value
        elif (data := capture.facts(value, name)) is not WITHHELD:
            found[name] = _RAW(data)
    return found


def _as_table(data: bytes, empty: bytes) -> msgspec.Raw:
    return _RAW(data if data[:1] == empty[:1] else empty)


def _fitting(column: str, value: Any) -> Any:  # any JSON value
    """The value when the column can hold it, else None."""
    if column in _TEXT_COLUMNS:
        return value if isinstance(value, str) else str(value) if isinstance(value, int) else None
    if column == "finish_reasons":
        several = cast("list[Any]", value) if isinstance(value, list) else [value]
        return [item for item in several if isinstance(item, str)] or None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
        if column == "cost_usd":
            return number if math.isfinite(number) else None
        return int(value) if number.is_integer() and abs(number) < _MOST[column] else None
    except (ValueError, OverflowError):
        return None


_MOST = dict.fromkeys(semconv.COLUMN_OF_ATTRIBUTE.values(), 2**63) | {"prompt_version": 2**31}
"""What the integer columns can hold."""
