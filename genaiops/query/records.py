"""Rows of the SQL views -> the frozen records of `genaiops.model`."""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast

import msgspec

from genaiops.model.assessment import Assessment
from genaiops.model.span import SpanEvent, SpanLink, SpanRecord, TraceSummary

__all__ = [
    "SPAN_COLUMNS",
    "TRACE_COLUMNS",
    "assessment",
    "decode",
    "span_record",
    "trace_summary",
]

Row = Mapping[str, Any]  # a row of a view: values of many types

SPAN_COLUMNS = tuple(field.name for field in fields(SpanRecord))
TRACE_COLUMNS = tuple(field.name for field in fields(TraceSummary))


def decode(text: str | None) -> Any:  # any JSON value
    """A JSON text as a value; text that is not JSON (damaged by hand) stays text."""
    if text is None:
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        return json.loads(text)  # knows NaN and integers of any size
    except (ValueError, RecursionError):
        return text


def span_record(row: Row) -> SpanRecord:
    """A row of the view ``spans`` as a record, inputs and outputs decoded."""
    values = {name: row[name] for name in SPAN_COLUMNS}
    values["inputs"] = decode(row["inputs"])
    values["outputs"] = decode(row["outputs"])
    values["attributes"] = row["attributes"] or {}
    values["events"] = tuple(map(_event, _dicts(row["events"])))
    values["links"] = tuple(map(_link, _dicts(row["links"])))
    return SpanRecord(**values)


def trace_summary(row: Row) -> TraceSummary:
    """A row of the view ``traces`` as a record."""
    values = {name: row[name] for name in TRACE_COLUMNS}
    values["name"] = row["name"] or ""
    values["models"] = tuple(row["models"] or ())
    values["tags"] = row["tags"] or {}
    values["metadata"] = row["metadata"] or {}
    return TraceSummary(**values)


def assessment(row: Row) -> Assessment:
    """A row of the view ``assessments`` as a record."""
    return Assessment(**{field.name: row[field.name] for field in fields(Assessment)})


def _dicts(value: object) -> list[dict[str, Any]]:
    """The JSON objects in a JSON array; anything else in the column counts as none."""
    if not isinstance(value, list):
        return []
    items = cast("list[object]", value)
    return [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]


def _event(row: Row) -> SpanEvent:
    return SpanEvent(
        name=str(row.get("name", "")),
        time_ns=int(row.get("time_ns") or 0),
        attributes=row.get("attributes") or {},
    )


def _link(row: Row) -> SpanLink:
    return SpanLink(
        trace_id=str(row.get("trace_id", "")),
        span_id=str(row.get("span_id", "")),
        attributes=row.get("attributes") or {},
    )
