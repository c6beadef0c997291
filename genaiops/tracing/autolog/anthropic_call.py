"""One call of the Anthropic SDK: its span from the request to the end of the answer."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

from opentelemetry import trace as otel

from genaiops.model import semconv
from genaiops.tracing import diagnostics
from genaiops.tracing.autolog import anthropic_messages as messages
from genaiops.tracing.autolog.content import records_content, slim
from genaiops.tracing.begin import begin
from genaiops.tracing.context import get_context
from genaiops.tracing.foreign import twins
from genaiops.tracing.record import Named
from genaiops.tracing.span import Span
from genaiops.tracing.ticker import remember

__all__ = ["Call"]

_INFERENCE = ("chat", "text_completion")
_ASKED = ("system", "messages", "prompt", "tools", "requests")
_CONTENT = (semconv.INPUT_MESSAGES, semconv.OUTPUT_MESSAGES, semconv.SYSTEM_INSTRUCTIONS)
_PREFIX = "anthropic.message."


class Call:
    """A call and its span.

    Args:
        operation: ``chat``, ``text_completion``, or the name of a call that is no inference.
        body: Of the request, as the caller gave it.
        identity: Provider and server.

    Attributes:
        span: Ours; None before `open`, and when the trace is not recorded.
        native: The SDK's own span, with the same ids, when the application records those.
    """

    def __init__(
        self, operation: str, body: Mapping[str, Any], identity: Mapping[str, Any]
    ) -> None:
        self.operation = operation
        self.body = body
        self.identity = identity
        self.span: Span | None = None
        self.native: otel.Span | None = None
        self.started = False  # by us or by the SDK
        self._first_ns = 0

    @property
    def is_inference(self) -> bool:
        """Whether the call uses tokens."""
        return self.operation in _INFERENCE

    def open(self) -> bool:
        """Begins our own span and makes it current."""
        self.started = True
        span = self._begin()
        if span is not None:
            self._asked(span)
            span.activate(get_context())
        return span is not None

    def adopt(self, native: otel.Span) -> otel.Span:
        """Begins our span as a twin of the SDK's.

        Returns: What the SDK takes for its span; ours to end.
        """
        self.started = True
        known = native.get_span_context()
        span = self._begin()
        if span is None:
            return native
        if not span.parent_int:
            span.trace_int = known.trace_id
        span.span_int = known.span_id
        self.native = native
        twins.add(known.span_id)
        self._asked(span)
        remember(span)
        return _Held(native)

    def _begin(self) -> Span | None:
        attributes: dict[str, Any] = dict(self.identity)
        model = self.body.get("model")
        name = f"{self.operation} {model}" if isinstance(model, str) else self.operation
        if self.is_inference:
            attributes |= {semconv.OPERATION_NAME: self.operation}
            attributes |= messages.request_attributes(self.body)
        elif isinstance(model, str):
            attributes[semconv.REQUEST_MODEL] = model
        span = begin(Named(name, "llm" if self.is_inference else "function", attributes))
        self.span = span if isinstance(span, Span) else None
        return self.span

    def _asked(self, span: Span) -> None:
        try:
            self._record_request(span)
        except Exception as error:  # noqa: BLE001  a request this code does not know
            diagnostics.note("recording an Anthropic request", error)

    def _record_request(self, span: Span) -> None:
        body = self.body
        requests = body.get("requests")
        if isinstance(requests, list):
            span.set_attribute(_PREFIX + "batch.request_count", len(cast("list[Any]", requests)))
        span.link_prompt(body)
        if not records_content(span):
            return
        asked = {key: slim(body[key]) for key in _ASKED if _given(body.get(key))}
        if asked:
            span.set_inputs(asked)
        if span.runtime.capture.mode != "full":
            return
        if "messages" in asked:
            span.set_attribute(semconv.INPUT_MESSAGES, messages.input_messages(asked["messages"]))
        elif "prompt" in asked:
            turn = {"role": "user", "content": asked["prompt"]}
            span.set_attribute(semconv.INPUT_MESSAGES, messages.input_messages([turn]))
        if "system" in asked:
            said = messages.system_instructions(asked["system"])
            span.set_attribute(semconv.SYSTEM_INSTRUCTIONS, said)
        if "tools" in asked:
            span.set_attribute(semconv.TOOL_DEFINITIONS, messages.tool_definitions(asked["tools"]))

    def leave(self) -> None:
        """The request is answered, or its answer is about to be read: no longer current."""
        if self.span is not None and self.span.before is not None:
            self.span.leave()

    def first_content(self) -> None:
        """The first content has come."""
        self._first_ns = time.time_ns()

    def failed(self, error: BaseException) -> None:
        """The request raised."""
        self.leave()
        self.ended({}, how=None, failure=error)

    def ended(
        self, body: Mapping[str, Any], *, how: str | None, failure: BaseException | str | None
    ) -> None:
        """Nothing more will come of the answer; `body` may be a part of it."""
        span = self.span
        if span is None or span.end_ns:
            return
        try:
            if self._first_ns:
                waited = (self._first_ns - span.start_ns) / 1e9
                span.set_attribute(semconv.RESPONSE_TIME_TO_FIRST_CHUNK, waited)
            self._answered(span, body)
            if how is not None:
                span.set_attribute(semconv.STREAM_FINISH, how)
                span.set_status("unset")
            if failure is not None:
                self._failed(span, failure)
        except Exception as error:  # noqa: BLE001  tracing never breaks the application
            diagnostics.note("recording an Anthropic answer", error)
        self._end(span)

    def _answered(self, span: Span, body: Mapping[str, Any]) -> None:
        if not body:
            return
        if not self.is_inference:
            span.set_attributes(_facts(body))
            if records_content(span):
                span.set_outputs(body.get("results", body))
            return
        span.set_attributes(messages.response_attributes(body))
        if not records_content(span):
            return
        content = body.get("content", body.get("completion"))
        span.set_outputs({"role": "assistant", "content": content})
        if span.runtime.capture.mode == "full":
            span.set_attribute(semconv.OUTPUT_MESSAGES, messages.output_messages(body))

    def _failed(self, span: Span, failure: BaseException | str) -> None:
        if isinstance(failure, str):
            span.set_status("error", failure)
            span.set_attribute(semconv.ERROR_TYPE, failure.partition(":")[0])
        else:
            span.note_failure(failure)
            if not isinstance(failure, Exception):
                return
        if (
            self.is_inference
            and span.details is not None
            and span.details.attributes.get(semconv.RESPONSE_ID)
        ):
            span.set_attribute(semconv.RESPONSE_FINISH_REASONS, ["error"])

    def _end(self, span: Span) -> None:
        native = self.native
        if native is None:
            span.end()
            return
        try:
            self._end_native(span, native)
        except Exception as error:  # noqa: BLE001  a tracer of somebody else
            diagnostics.note("ending a span of the Anthropic SDK", error)
        span.end()
        twins.discard(span.span_int)

    def _end_native(self, span: Span, native: otel.Span) -> None:
        own = {} if span.details is None else span.details.attributes
        status = "ok" if span.details is None else span.details.status or "ok"
        reasons = own.get(semconv.RESPONSE_FINISH_REASONS)
        if reasons:
            native.set_attribute(semconv.RESPONSE_FINISH_REASONS, reasons)
        if status != "unset":
            native.set_status(otel.Status(otel.StatusCode[status.upper()]))
        native.end()
        theirs: Mapping[str, Any] = getattr(native, "attributes", None) or {}
        kept = {name: value for name, value in theirs.items() if name not in _CONTENT}
        span.set_attributes(kept | span.named.attributes | own)


class _Held(otel.Span):
    """The SDK's span as the SDK sees it: how it ends is ours to say, since we know more by then."""

    def __init__(self, native: otel.Span) -> None:
        self._native = native

    def get_span_context(self) -> otel.SpanContext:
        return self._native.get_span_context()

    def is_recording(self) -> bool:
        return self._native.is_recording()

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        self._native.set_attributes(attributes)

    def set_attribute(self, key: str, value: Any) -> None:  # any value OpenTelemetry takes
        self._native.set_attribute(key, value)

    def add_event(self, name: str, attributes: Any = None, timestamp: int | None = None) -> None:
        self._native.add_event(name, attributes, timestamp)

    def update_name(self, name: str) -> None:
        self._native.update_name(name)

    def record_exception(
        self,
        exception: BaseException,
        attributes: Any = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        self._native.record_exception(exception, attributes, timestamp, escaped)

    def set_status(self, status: Any, description: str | None = None) -> None:
        """Nothing."""

    def end(self, end_time: int | None = None) -> None:
        """Nothing."""


def _given(value: object) -> bool:
    """Whether it can be read without using it up."""
    return isinstance(value, str | list | tuple) and len(cast("Sequence[Any]", value)) > 0


def _facts(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a call that is no inference says in its attributes."""
    found = {_PREFIX + "count_tokens.input_tokens": body.get("input_tokens")}
    if body.get("type") == "message_batch":
        found[_PREFIX + "batch.id"] = body.get("id")
        found[_PREFIX + "batch.processing_status"] = body.get("processing_status")
    return {name: value for name, value in found.items() if value is not None}
