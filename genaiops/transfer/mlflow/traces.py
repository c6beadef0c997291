"""Traces of MLflow as our spans: through the receiver that OTLP comes in by."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from genaiops.config import settings
from genaiops.store import LocalStore, events
from genaiops.tracing.otlp import Batch, Receiver
from genaiops.tracing.otlp.jsonform import Request
from genaiops.tracing.redact import Masker
from genaiops.transfer.journal import append
from genaiops.transfer.mlflow.api import table
from genaiops.transfer.mlflow.experiments import Home
from genaiops.transfer.mlflow.records import Opinion, Source, Trace
from genaiops.transfer.tally import Tally

__all__ = ["bring_traces"]

_MS = 1_000_000
_HEX = re.compile("[0-9a-f]+")
_CODES = {"STATUS_CODE_OK": 1, "OK": 1, "STATUS_CODE_ERROR": 2, "ERROR": 2}
_SOURCES = {"HUMAN": "human", "LLM_JUDGE": "llm", "AI_JUDGE": "llm", "CODE": "code"}
_INNER_TAGS = ("mlflow.artifactLocation", "mlflow.trace.spansLocation")
_AT_ONCE = 200


def bring_traces(
    source: Source, store: LocalStore, homes: Mapping[str, Home], tally: Tally
) -> None:
    """Writes the spans and assessments that the store lacks."""
    writer = _Traces(store, homes, tally)
    group: list[Trace] = []
    for trace in source.traces():
        group.append(trace)
        if len(group) == _AT_ONCE:
            writer.take(group)
            group = []
    writer.take(group)


class _Traces:
    def __init__(self, store: LocalStore, homes: Mapping[str, Home], tally: Tally) -> None:
        self._store = store
        self._homes = homes
        self._tally = tally
        now = settings()
        self._receiver = Receiver(
            experiment=now.experiment,
            masker=Masker(now.redact, msgspec.json.encode),
            put_blob=store.put_blob,
            capture=now.capture,
        )
        with store.read() as reader:
            self._spans: dict[str, int] = dict(
                reader.query("SELECT trace_id, n_spans FROM traces").rows
            )
            self._opinions = {
                key for (key,) in reader.query("SELECT assessment_id FROM assessments").rows
            }

    def take(self, group: Sequence[Trace]) -> None:
        """Writes what is new of some traces."""
        lines: list[bytes] = []
        verdicts: list[bytes] = []
        for trace in group:
            trace_id = _trace_id(trace.trace_id)
            spans = [_span(trace, item, trace_id) for item in trace.spans] or [
                _only(trace, trace_id)
            ]
            lacking = self._spans.get(trace_id, 0) < len(spans)
            self._tally.add("traces", new=lacking)
            self._tally.add("spans", len(spans), len(spans) if lacking else 0)
            if lacking:
                batch = Batch()
                lines += self._receiver.lines(self._request(trace, spans), batch)
                verdicts += batch.verdicts
                if batch.refused:
                    self._tally.problem(
                        f"trace {trace.trace_id!r}: {batch.refused} spans stay out: {batch.reason}"
                    )
            overridden = {item.overrides: item.assessment_id for item in trace.opinions}
            for item in trace.opinions:
                new = item.assessment_id not in self._opinions
                self._tally.add("assessments", new=new)
                if new:
                    verdicts.append(_verdict(item, trace_id, overridden.get(item.assessment_id)))
        append(self._store, "spans", lines)
        append(self._store, "events", verdicts)
        self._tally.tell("traces")

    def _request(self, trace: Trace, spans: list[dict[str, Any]]) -> Request:
        home = self._homes.get(trace.experiment_id)
        shared = {} if home is None else {"genaiops.experiment": home.name}
        resource = {"attributes": _attributes(shared)}
        form = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}
        return msgspec.convert(form, Request)


def _span(trace: Trace, item: Mapping[str, Any], trace_id: str) -> dict[str, Any]:
    """One of MLflow's spans as OTLP has it in JSON."""
    parent = _identifier(item.get("parent_span_id") or item.get("parent_id"), 16)
    status = item.get("status") or item.get("status_code")
    told = table(status)
    code = told.get("code") if told else status
    message = told.get("message") or item.get("status_message")
    attributes = _decoded(item.get("attributes") or {})
    attributes |= _of_trace(trace, root=not parent)
    return {
        "traceId": trace_id,
        "spanId": _identifier(item.get("span_id") or _context(item, "span_id"), 16),
        "parentSpanId": parent,
        "name": item.get("name") or "",
        "startTimeUnixNano": item.get("start_time_unix_nano", item.get("start_time")),
        "endTimeUnixNano": item.get("end_time_unix_nano", item.get("end_time")),
        "attributes": _attributes(attributes),
        "status": {"code": _CODES.get(str(code), 0), "message": message or ""},
        "events": [_event(event) for event in item.get("events") or ()],
        "links": [
            {
                "traceId": _trace_id(link.get("trace_id") or ""),
                "spanId": _identifier(link.get("span_id"), 16),
                "attributes": _attributes(link.get("attributes") or {}),
            }
            for link in item.get("links") or ()
        ],
    }


def _only(trace: Trace, trace_id: str) -> dict[str, Any]:
    """The span of a trace whose spans MLflow does not have any more."""
    start_ns = trace.start_ms * _MS
    previews = {"genaiops.inputs": trace.request, "genaiops.outputs": trace.response}
    attributes = _of_trace(trace, root=True)
    attributes |= {name: text for name, text in previews.items() if text is not None}
    return {
        "traceId": trace_id,
        "spanId": hashlib.sha256(trace_id.encode()).hexdigest()[:16],
        "name": trace.tags.get("mlflow.traceName") or "trace",
        "startTimeUnixNano": start_ns,
        "endTimeUnixNano": start_ns + (trace.duration_ms or 0) * _MS,
        "attributes": _attributes(attributes),
        "status": {"code": _CODES.get(trace.status, 0)},
    }


def _of_trace(trace: Trace, *, root: bool) -> dict[str, Any]:
    """What MLflow says of the whole trace, as attributes that the table of dialects knows."""
    metadata = trace.metadata
    names = ("mlflow.sourceRun", "mlflow.trace.session", "mlflow.trace.user")
    found: dict[str, Any] = {
        name: json.dumps(metadata[name]) for name in names if metadata.get(name)
    }
    if not root:
        return found
    found |= {
        f"mlflow.traceTag.{key}": value
        for key, value in trace.tags.items()
        if key not in _INNER_TAGS
    }
    if "mlflow.traceName" in trace.tags:
        found["mlflow.traceName"] = json.dumps(trace.tags["mlflow.traceName"])
    if metadata:
        found["metadata"] = json.dumps(dict(metadata), ensure_ascii=False)
    return found


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": event.get("name") or "",
        "timeUnixNano": event.get("time_unix_nano", event.get("timestamp")) or 0,
        "attributes": _attributes(event.get("attributes") or {}),
    }


def _decoded(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as the user set them; MLflow keeps JSON text, which its own names stay."""
    return {
        key: value if key.startswith("mlflow.") or not isinstance(value, str) else _value_of(value)
        for key, value in attributes.items()
    }


def _value_of(text: str) -> Any:  # any JSON value
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": str(key), "value": _any_value(value)} for key, value in values.items()]


def _any_value(value: Any) -> dict[str, Any]:  # any JSON value
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)} if abs(value) < 2**63 else {"stringValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_any_value(item) for item in cast("list[Any]", value)]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": _attributes(cast("dict[str, Any]", value))}}
    return {}


def _verdict(item: Opinion, trace_id: str, superseded_by: str | None) -> bytes:
    value = item.value
    data = {
        "kind": "expectation" if item.kind == "expectation" else "feedback",
        "value": value,
        "number": float(value) if isinstance(value, bool | int | float) else None,
        "rationale": item.rationale,
        "source_type": _SOURCES.get(item.source_type.upper(), "code"),
        "source_id": item.source_id,
        "error": item.error,
        "superseded_by": superseded_by,
    }
    return events.encode(
        "assessment",
        id=item.assessment_id,
        trace_id=trace_id,
        span_id=_identifier(item.span_id, 16) or None,
        run_id=item.run_id,
        key=item.name,
        ts_ns=item.created_ms * _MS,
        data=data,
    )


def _context(item: Mapping[str, Any], name: str) -> str | None:
    """Of the form that MLflow 2 wrote."""
    return table(item, "context").get(name)


def _trace_id(text: str) -> str:
    """32 hex digits: MLflow's own after ``tr-``; other ids are hashed."""
    plain = text.removeprefix("tr-").lower()
    found = _identifier(plain, 32)
    if len(found) == 32:
        return found
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]


def _identifier(text: str | None, digits: int) -> str:
    """An id in hex, which MLflow also writes as base64 or with ``0x``; empty for none."""
    plain = (text or "").removeprefix("0x")
    if _HEX.fullmatch(plain) and len(plain) <= digits:
        return plain.rjust(digits, "0")
    try:
        return base64.b64decode(plain, validate=True).hex()
    except (binascii.Error, ValueError):
        return plain
