"""One request to the OpenAI API as one span, from the request to the last event of the answer."""

import contextlib
import functools
import time
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, cast

from genaiops.model import semconv
from genaiops.tracing import diagnostics
from genaiops.tracing.autolog.content import records_content
from genaiops.tracing.autolog.openai_background import (
    counts_usage,
    link_to_start,
    remember_start,
)
from genaiops.tracing.autolog.openai_identity import identity
from genaiops.tracing.autolog.openai_operations import Operation, operation_of
from genaiops.tracing.autolog.openai_shape import Events, Table
from genaiops.tracing.autolog.sse import EventReader
from genaiops.tracing.begin import begin
from genaiops.tracing.context import Context, get_context
from genaiops.tracing.record import Named
from genaiops.tracing.span import Span

__all__ = ["Call", "open_call"]

_USAGE_PREFIX = "gen_ai.usage."
_TOO_EARLY = "The stream ended before the answer was complete"
_OUTSIDE = Context()
_now = time.time_ns


def open_call(client: Any, options: Any) -> "Call | None":  # of the SDK
    """A current span for a request that is recorded; None for every other."""
    try:
        operation = operation_of(options.method, str(options.url))
        if operation is None:
            return None
        body = _body(options)
        shape = operation.shape
        model = body.get("model")
        attributes = {semconv.OPERATION_NAME: operation.name} | identity(client)
        attributes |= shape.asked(body)
        name = f"{operation.name} {model}" if model else operation.name
        span = begin(_named(name, operation.span_type))
        if not isinstance(span, Span):
            return None
        span.set_attributes(attributes)
        call = Call(span, operation, records_content(span))
        span.link_prompt(body)
        if call.content and body:
            span.set_inputs(shape.inputs(body))
            if call.full:
                span.set_attributes(shape.input_messages(body))
        span.activate(get_context())
    except Exception as error:  # noqa: BLE001  tracing never breaks the application
        diagnostics.note("recording an OpenAI request", error)
        return None
    return call


@functools.lru_cache(maxsize=256)
def _named(name: str, span_type: str) -> Named:
    return Named(name, span_type, None)


def _body(options: Any) -> dict[str, Any]:  # FinalRequestOptions
    found: dict[str, Any] = {}
    parts: tuple[Any, Any] = (options.json_data, options.extra_json)
    for part in parts:
        if isinstance(part, Mapping):
            found |= cast("Mapping[str, Any]", part)
    if options.files:
        found["files"] = _files(options.files)
    return found


def _files(files: Any) -> list[dict[str, Any]]:  # as httpx takes them
    """Of files to upload their names, kinds and sizes."""
    found: list[dict[str, Any]] = []
    pairs: Any = cast("Table", files).items() if isinstance(files, Mapping) else files
    for field, file in cast("Iterable[tuple[str, Any]]", pairs):
        parts = cast("tuple[Any, ...]", file if isinstance(file, tuple) else (None, file))
        size = len(parts[1]) if isinstance(parts[1], bytes | bytearray | str) else None
        facts: dict[str, Any] = {
            "field": field,
            "name": parts[0],
            "kind": (*parts, None, None)[2],
            "bytes": size,
        }
        found.append({key: value for key, value in facts.items() if value is not None})
    return found


class Call:
    """The span of one request, and what has come of its answer so far.

    Attributes:
        content: Messages and answers are recorded.
        full: They are recorded whole, so also in the names of the conventions.
        follows: The answer is still to come when the SDK returns.
        claimed: A stream of the SDK reads the events; else they are found in the bytes.
    """

    __slots__ = (
        "claimed", "content", "encoding", "events", "first_ns", "follows", "full", "kept", "kind",
        "operation", "over", "reader", "size", "span",
    )  # fmt: skip

    def __init__(self, span: Span, operation: Operation, content: bool) -> None:
        self.span = span
        self.operation = operation
        self.content = content
        self.full = content and span.runtime.capture.mode == "full"
        self.follows = self.claimed = self.over = False
        self.events: Events | None = None
        self.reader: EventReader | None = None
        self.kept: list[bytes] = []
        self.size = self.first_ns = 0
        self.kind = self.encoding = ""

    # the answer of the server

    def answered(self, response: Any, resent: int) -> bool:  # of httpx
        """Records an answer that is whole; True when it is still to come."""
        try:
            if resent:
                self.span.set_attribute(semconv.RESEND_COUNT, resent)
            headers = response.headers
            self.kind = str(headers.get("content-type") or "").partition(";")[0].lower()
            if response.is_closed:
                data = response.content
                self.size = len(data)
                self._record(self._body(data))
                return False
            self.encoding = str(headers.get("content-encoding") or "").lower()
            self.follows = True
            if self.kind == "text/event-stream":
                self.events = self.operation.shape.events()
                self.reader = None if self.encoding or self.events is None else EventReader()
        except Exception as error:  # noqa: BLE001  tracing never breaks the application
            diagnostics.note("recording an OpenAI answer", error)
        return self.follows

    def claim(self) -> bool:
        """A stream of the SDK takes over the reading of events; False when it need not."""
        if self.over:
            return False
        if self.events is None:
            self.events = self.operation.shape.events()
        self.claimed = self.events is not None
        return self.claimed

    def event(self, data: str) -> None:
        """Takes in one event."""
        events = self.events
        if events is None or self.over:
            return
        try:
            if not self.first_ns and events.starts(data):
                self.first_ns = _now()
            events.add(data)
        except Exception as error:  # noqa: BLE001  an event of a compatible server
            diagnostics.note("recording an OpenAI stream", error)

    def chunk(self, data: bytes) -> None:
        """Takes in bytes of an answer that nobody but the application reads."""
        self.size += len(data)
        if self.claimed or self.over:
            return
        if self.reader is not None:
            for event in self.reader.feed(data):
                self.event(event)
        elif self.kind.endswith("json") or self.kind.startswith("text/"):
            self.kept.append(data)

    # how it ends

    def returned(self) -> None:
        """The SDK returns: the span ends unless the answer is still to come."""
        self.span.leave()
        self.span.context = _OUTSIDE  # a span that holds its own context is left to the collector
        if not self.follows and not self.over:
            self.over = True
            self.span.end()

    def raised(self, error: BaseException) -> None:
        """The SDK raises."""
        with contextlib.suppress(Exception):  # httpx raises where an error has no request
            resent = _resent(error)
            if resent:
                self.span.set_attribute(semconv.RESEND_COUNT, resent)
        self.over = True
        self.span.fail(error)
        self.span.context = _OUTSIDE

    def abandon(self) -> None:
        """Nobody holds the stream any more."""
        self.finish("abandoned")

    def finish(self, how: str | None = None, *, failure: BaseException | None = None) -> None:
        """Ends the span of a stream, once: exhausted, left by the application, or failed."""
        if self.over:
            return
        span = self.span
        for step in (self._end_reading, lambda: self._conclude(how, failure)):
            try:
                step()
            except Exception as error:  # noqa: BLE001  tracing never breaks the application
                diagnostics.note("recording a stream", error)
        self.over = True
        self.kept = []
        span.end()

    def _end_reading(self) -> None:
        body = self._so_far()
        if self.first_ns:
            waited = (self.first_ns - self.span.start_ns) / 1e9
            self.span.set_attribute(semconv.RESPONSE_TIME_TO_FIRST_CHUNK, waited)
        self._record(body)

    def _conclude(self, how: str | None, failure: BaseException | None) -> None:
        span, events = self.span, self.events
        done = events is not None and events.done
        if failure is not None:
            span.note_failure(failure)
            if isinstance(failure, Exception):
                self._finish_reasons(["error"])
            else:
                self._finish_reasons(None)
        elif how is not None and not done:
            span.set_attribute(semconv.STREAM_FINISH, how)
            span.set_status("unset")
            self._finish_reasons(None)
        elif how is None and events is not None and not events.ended:
            span.set_status("error", _TOO_EARLY)
            span.set_attribute(semconv.ERROR_TYPE, "incomplete_stream")
            self._finish_reasons(["error"])

    def _finish_reasons(self, reasons: list[str] | None) -> None:
        details = self.span.details
        if reasons is not None:
            self.span.set_attribute(semconv.RESPONSE_FINISH_REASONS, reasons)
        elif details is not None:
            details.attributes.pop(semconv.RESPONSE_FINISH_REASONS, None)

    # what is recorded

    def _so_far(self) -> Table | None:
        if self.events is not None:
            if self.kept and not self.claimed:  # events that were compressed
                self.reader = EventReader()
                for event in self.reader.feed(_decompressed(b"".join(self.kept), self.encoding)):
                    self.event(event)
            if self.reader is not None and not self.claimed:
                for event in self.reader.last():
                    self.event(event)
            return self.events.body()
        data = b"".join(self.kept)
        return self._body(_decompressed(data, self.encoding) if self.encoding else data)

    def _body(self, data: bytes) -> Table | None:
        """The body of an answer; None where it is no whole JSON."""
        if data[:1] in (b"{", b"[") or self.kind.endswith("json"):
            with contextlib.suppress(ValueError):  # cut, or not what the header says
                return self.operation.shape.read(data)
            return None
        if self.kind.startswith("text/") and data:
            return {"text": data.decode(errors="replace")}
        return {"kind": self.kind, "bytes": self.size} if self.size else None

    def _record(self, body: Table | None) -> None:
        if not body:
            return
        span, shape = self.span, self.operation.shape
        attributes = shape.answered(body)
        if self.operation.counts:
            remember_start(span, body)
        else:
            if not counts_usage(body):
                attributes = {k: v for k, v in attributes.items() if not _is_usage(k)}
            link_to_start(span, body)
        failure = shape.failure(body)
        if failure is not None:
            attributes[semconv.ERROR_TYPE] = failure[0]
            attributes[semconv.RESPONSE_FINISH_REASONS] = ["error"]
            span.set_status("error", failure[1])
        span.set_attributes(attributes)
        if self.content:
            span.set_outputs(shape.outputs(body))
            if self.full:
                span.set_attributes(shape.output_messages(body))


def _is_usage(name: str) -> bool:
    return name.startswith((_USAGE_PREFIX, semconv.COST_TOTAL)) or name == semconv.USAGE_RAW


def _resent(error: BaseException) -> int:
    """How often the SDK had sent the request again before it gave up."""
    request = getattr(error, "request", None)
    headers: Any = getattr(request, "headers", None)
    text = headers.get("x-stainless-retry-count") if headers is not None else None
    return int(text) if text and str(text).isdigit() else 0


def _decompressed(data: bytes, encoding: str) -> bytes:
    """Bytes of an answer as they were before gzip or deflate, as far as they came."""
    if encoding not in ("gzip", "deflate"):
        return data if encoding in ("", "identity") else b""
    try:
        return zlib.decompressobj(47).decompress(data)
    except zlib.error:  # deflate without its header
        return zlib.decompressobj(-15).decompress(data)
