"""The JSON form of OTLP as typed structures with the field names of the protobuf form.

Ids are hexadecimal, 64-bit numbers may be text, bytes are base64, enumerations numbers or names;
unknown fields are ignored and null means absent, as the specification wants.
"""

import msgspec

__all__ = ["Request", "Value"]

_Whole = int | str | float


class _Form(msgspec.Struct, rename="camel", gc=False):
    """A message whose fields are spelled in camelCase."""


class Value(_Form):
    """An AnyValue: at most one of these is set."""

    string_value: str | None = None
    bool_value: bool | None = None
    int_value: _Whole | None = None
    double_value: float | str | None = None
    array_value: "Values | None" = None
    kvlist_value: "Pairs | None" = None
    bytes_value: str | None = None


class Values(_Form):
    """An ArrayValue."""

    values: list[Value | None] | None = None


class Pair(_Form):
    """A KeyValue."""

    key: str | None = None
    value: Value | None = None


class Pairs(_Form):
    """A KeyValueList."""

    values: list[Pair] | None = None


class Event(_Form):
    """A Span.Event."""

    time_unix_nano: _Whole | None = None
    name: str | None = None
    attributes: list[Pair] | None = None
    dropped_attributes_count: _Whole | None = None


class Link(_Form):
    """A Span.Link."""

    trace_id: str | None = None
    span_id: str | None = None
    trace_state: str | None = None
    attributes: list[Pair] | None = None
    dropped_attributes_count: _Whole | None = None


class Status(_Form):
    """A Status."""

    message: str | None = None
    code: _Whole | None = None


class Span(_Form):
    """A Span."""

    trace_id: str | None = None
    span_id: str | None = None
    trace_state: str | None = None
    parent_span_id: str | None = None
    flags: _Whole | None = None
    name: str | None = None
    kind: _Whole | None = None
    start_time_unix_nano: _Whole | None = None
    end_time_unix_nano: _Whole | None = None
    attributes: list[Pair] | None = None
    dropped_attributes_count: _Whole | None = None
    events: list[Event] | None = None
    dropped_events_count: _Whole | None = None
    links: list[Link] | None = None
    dropped_links_count: _Whole | None = None
    status: Status | None = None


class Scope(_Form):
    """An InstrumentationScope."""

    name: str | None = None
    version: str | None = None
    attributes: list[Pair] | None = None


class Resource(_Form):
    """A Resource."""

    attributes: list[Pair] | None = None


class ScopeSpans(_Form):
    """The spans of one scope."""

    scope: Scope | None = None
    spans: list[Span] | None = None
    schema_url: str | None = None


class ResourceSpans(_Form):
    """The spans of one resource."""

    resource: Resource | None = None
    scope_spans: list[ScopeSpans] | None = None
    schema_url: str | None = None


class Request(_Form):
    """An ExportTraceServiceRequest."""

    resource_spans: list[ResourceSpans] | None = None
