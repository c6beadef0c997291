"""Both directions between our spans and those of the OpenTelemetry SDK. Imports the SDK."""

import time
from collections.abc import Sequence
from typing import Any, cast

import msgspec
from opentelemetry import trace as otel
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, Span as SdkSpan, SpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

from genaiops.model import semconv
from genaiops.tracing import diagnostics, dialects
from genaiops.tracing.capture import NOTHING, encode
from genaiops.tracing.evaluations import assessments
from genaiops.tracing.foreign import INPUTS, OUTPUTS, twins
from genaiops.tracing.record import Details, Named, full_line
from genaiops.tracing.runtime import Runtime, current
from genaiops.tracing.span import Span
from genaiops.tracing.ticker import forget, remember
from genaiops.tracing.trace_facts import open_facts

__all__ = ["GenaiopsSpanProcessor", "attach", "hand_over", "others"]

_SCOPE = InstrumentationScope("genaiops")
_CLIENT = ("llm", "embedding", "gateway")


class GenaiopsSpanProcessor(SpanProcessor):
    """Writes the spans of OpenTelemetry SDK tracers into the genaiops store.

    Added by itself to the provider that the program sets; add it yourself to any other one.
    """

    def on_start(self, span: SdkSpan, parent_context: Any = None) -> None:  # noqa: ARG002  the SDK calls it so
        """Watches the span, so that it is visible while it runs."""
        try:
            if not current().disabled:
                remember(_Adopted(span))
        except Exception as error:  # noqa: BLE001  tracing never breaks the application
            diagnostics.note("a span of another library", error)

    def on_end(self, span: ReadableSpan) -> None:
        """Writes the span's line."""
        try:
            if current().disabled or span.instrumentation_scope is _SCOPE or _is_notice(span):
                return
            adopted = _Adopted(span)
            forget(adopted)
            if adopted.span_int not in twins:
                adopted.write()
        except Exception as error:  # noqa: BLE001  tracing never breaks the application
            diagnostics.note("a span of another library", error)


class _Adopted:
    """A span of the SDK in the shape that a journal line is made of."""

    __slots__ = (
        "details", "end_ns", "events", "inputs", "named", "outputs", "owned", "parent_int",
        "source", "span_int", "start_ns", "started", "trace_int",
    )  # fmt: skip

    def __init__(self, span: ReadableSpan) -> None:
        context = cast("otel.SpanContext", span.get_span_context())
        self.source = span
        self.trace_int, self.span_int = context.trace_id, context.span_id
        self.parent_int = span.parent.span_id if span.parent is not None else 0
        self.start_ns = span.start_time or time.time_ns()
        self.end_ns = 0
        self.started = False
        self.owned = True

    def __hash__(self) -> int:
        return self.span_int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Adopted) and other.span_int == self.span_int

    def _fill(self) -> None:
        span, runtime = self.source, current()
        attributes = dict(span.attributes or {})
        self.events: list[dialects.Event] = [
            (e.name, e.timestamp, dict(e.attributes or {})) for e in span.events
        ]
        reading = dialects.read(attributes, self.events, start_ns=self.start_ns)
        columns = reading.columns
        self.inputs = _content(columns, "inputs", attributes.pop(INPUTS, None), runtime)
        self.outputs = _content(columns, "outputs", attributes.pop(OUTPUTS, None), runtime)
        self.named = Named(span.name, columns.pop("span_type"), None)
        details = Details()
        self.details: Details | None = details
        derived = reading.attributes
        if runtime.capture.mode != "full":
            attributes, self.events = dialects.without_content(attributes, self.events)
            derived = {}
        details.attributes = attributes | derived
        details.columns = columns
        details.events = self.events
        details.links = [_link(link) for link in span.links]
        details.status = span.status.status_code.name.lower()
        details.message = span.status.description
        service = span.resource.attributes.get("service.name")
        if isinstance(service, str) and service != runtime.settings.service:
            details.attributes.setdefault("service.name", service)

    def write(self) -> None:
        """Writes the line of the ended span."""
        self._fill()
        self.end_ns = self.source.end_time or time.time_ns()
        runtime = current()
        facts = open_facts.get(self.trace_int)
        if facts is not None and facts.root is None:
            facts.root = self
        runtime.append("spans", full_line(self, runtime, facts, ended=True))
        verdicts = assessments(f"{self.trace_int:032x}", f"{self.span_int:016x}", self.events)
        if verdicts:
            runtime.append("events", b"".join(verdicts))
        if facts is not None and facts.root is self:
            open_facts.pop(self.trace_int, None)

    def write_start(self) -> None:
        """Writes the line that says the span is open."""
        if self.source.end_time is None and self.span_int not in twins:
            self._fill()
            runtime = current()
            line = full_line(self, runtime, open_facts.get(self.trace_int), ended=False)
            runtime.append("spans", line)

    def disown(self) -> None:
        """The SDK of a forked child ends its copy; nothing to do."""


def _content(columns: dict[str, Any], name: str, ours: object, runtime: Runtime) -> bytes:
    """Inputs or outputs: what our own methods wrote as it is, else as ``capture`` wants them."""
    value = columns.pop(name, None)
    if value is None:
        return NOTHING
    return encode(value) if ours is not None else runtime.content(value, name)


def _is_notice(span: ReadableSpan) -> bool:
    """Whether it only says that another span has begun, as Logfire does."""
    return (span.attributes or {}).get(dialects.PENDING) == dialects.PENDING_VALUE


def _link(link: Link) -> dict[str, Any]:
    return {
        "trace_id": f"{link.context.trace_id:032x}",
        "span_id": f"{link.context.span_id:016x}",
        "attributes": dict(link.attributes or {}),
    }


def attach(provider: Any) -> bool:  # of whichever class
    """Adds our processor, once; False when the provider takes none."""
    add = getattr(provider, "add_span_processor", None)
    if add is None:
        return False
    if not any(isinstance(one, GenaiopsSpanProcessor) for one in _processors(provider)):
        add(GenaiopsSpanProcessor())
    return True


def others(provider: Any) -> list[SpanProcessor]:  # of whichever class
    """The processors of a provider that are not ours."""
    return [one for one in _processors(provider) if not isinstance(one, GenaiopsSpanProcessor)]


def _processors(provider: Any) -> Sequence[SpanProcessor]:
    """The SDK keeps them in private fields, and has no public way to list them."""
    active = getattr(provider, "_active_span_processor", None)
    return tuple(getattr(active, "_span_processors", ()))


class _Handed(ReadableSpan):
    """One of our ended spans as the SDK's; processors may still add attributes to it."""

    def set_attribute(self, key: str, value: Any) -> None:  # any value OpenTelemetry takes
        """What some processors do in ``on_start``."""
        self._attributes = dict(self._attributes or {}) | {key: value}

    def is_recording(self) -> bool:
        """Processors ask in ``on_start``."""
        return True


def hand_over(span: Span, provider: Any) -> None:  # of whichever class
    """Gives an ended span of ours to every other processor of the provider."""
    resource = getattr(provider, "resource", None) or Resource.get_empty()
    handed = _as_sdk(span, resource)
    for processor in others(provider):
        processor.on_start(cast("SdkSpan", handed))
        processor.on_end(handed)


def _as_sdk(span: Span, resource: Resource) -> ReadableSpan:
    line = msgspec.json.decode(full_line(span, span.runtime, None, ended=True))
    attributes = {key: _flat(item) for key, item in line.get("attributes", {}).items()}
    attributes[semconv.SPAN_TYPE] = span.named.span_type
    for column, name in (("inputs", INPUTS), ("outputs", OUTPUTS)):
        if line.get(column) is not None:
            attributes[name] = _flat(line[column])
    events = [
        Event(
            event["name"], {k: _flat(v) for k, v in event["attributes"].items()}, event["time_ns"]
        )
        for event in line.get("events", [])
    ]
    status = StatusCode[line["status"].upper()]
    message = line.get("status_message") if status is StatusCode.ERROR else None
    return _Handed(
        name=line["name"],
        context=span.get_span_context(),
        parent=_parent(span),
        resource=resource,
        attributes=attributes,
        events=events,
        links=[],
        kind=SpanKind.CLIENT if span.named.span_type in _CLIENT else SpanKind.INTERNAL,
        status=Status(status, message),
        start_time=span.start_ns,
        end_time=span.end_ns,
        instrumentation_scope=_SCOPE,
    )


def _parent(span: Span) -> otel.SpanContext | None:
    if not span.parent_int:
        return None
    return otel.SpanContext(
        span.trace_int, span.parent_int, False, span.get_span_context().trace_flags
    )


def _flat(value: Any) -> Any:  # any JSON value
    """A value that an OpenTelemetry attribute can hold; others as JSON text."""
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list):
        kinds = {type(item) for item in cast("list[object]", value)}
        if len(kinds) == 1 and kinds <= {str, bool, int, float}:
            return cast("list[Any]", value)
    return msgspec.json.encode(value).decode()
