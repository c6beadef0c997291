"""The span: a small slotted object that implements OpenTelemetry's API and writes one line."""

import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from opentelemetry.trace import Span as OtelSpan, SpanContext, Status, StatusCode, TraceFlags

from genaiops.model import semconv
from genaiops.model.prompt import link_attributes, prompt_ref
from genaiops.tracing import diagnostics
from genaiops.tracing.capture import NOTHING, WITHHELD
from genaiops.tracing.context import (
    Context,
    active_experiment,
    active_run,
    get_context,
    set_context,
    with_span,
)
from genaiops.tracing.failure import described, error_type, finish_of, message_of
from genaiops.tracing.record import Details, Named, full_line, short_line
from genaiops.tracing.runtime import Runtime
from genaiops.tracing.ticker import forget, remember
from genaiops.tracing.trace_facts import open_facts

__all__ = ["SINKS", "Span", "last_trace"]

if TYPE_CHECKING:
    _Base = OtelSpan
else:
    _Base = object  # registered below: a real subclass would carry a __dict__ (OTel has no slots)

SAMPLED = TraceFlags(TraceFlags.SAMPLED)
SINKS: list[Any] = []  # callables (span) -> None
"""Who else gets every ended span: set by the provider when the user has processors."""
last_trace = [0]
"""Id of the trace whose root ended last."""

_now = time.time_ns
_run, _experiment = active_run.get, active_experiment.get


class Span(_Base):
    """One operation. As a context manager it is current inside the block and ends with it.

    Implements `opentelemetry.trace.Span`, so it can be handed to any OpenTelemetry code.
    """

    __slots__ = (
        "before", "context", "details", "end_ns", "inputs", "named", "otel", "outputs",
        "parent_int", "root", "runtime", "span_int", "start_ns", "started", "trace_int",
    )  # fmt: skip

    def __init__(
        self, named: Named, runtime: Runtime, trace_int: int, span_int: int, parent_int: int
    ) -> None:
        self.named = named
        self.runtime = runtime
        self.trace_int = trace_int
        self.span_int = span_int
        self.parent_int = parent_int
        self.root: Span | None = (
            None  # itself: pointing there would leave every span to the collector
        )
        self.before: Context | None = None
        self.inputs = NOTHING
        self.outputs = NOTHING
        self.otel: SpanContext | None = None
        self.started = False
        self.end_ns = 0
        run, experiment = _run(), _experiment()
        if run is None and experiment is None:
            self.details: Details | None = None
        else:
            self.details = Details()
            self.details.run_id, self.details.experiment = run, experiment
        self.start_ns = _now()

    # what a user reads and sets

    @property
    def trace_id(self) -> str:
        """The id of the trace, 32 lower-case hex characters."""
        return f"{self.trace_int:032x}"

    @property
    def span_id(self) -> str:
        """The id of the span, 16 lower-case hex characters."""
        return f"{self.span_int:016x}"

    @property
    def name(self) -> str:
        """The name."""
        return (self.details and self.details.name) or self.named.name

    def set_inputs(self, inputs: object) -> None:
        """Records what the operation got, as it is now."""
        self.inputs = self.runtime.content(inputs, "inputs")

    def set_outputs(self, outputs: object) -> None:
        """Records what the operation gave, as it is now."""
        self.outputs = self.runtime.content(outputs, "outputs")

    def set_attribute(self, key: str, value: Any) -> None:  # any value, see `capture`
        """Sets one attribute; names of the GenAI conventions fill the typed columns."""
        self._more().attributes[key] = value

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:  # any values
        """Sets several attributes."""
        self._more().attributes.update(attributes)

    def add_event(
        self, name: str, attributes: Mapping[str, Any] | None = None, timestamp: int | None = None
    ) -> None:
        """Adds an event, now or at `timestamp` (nanoseconds UTC)."""
        self._more().events.append((name, timestamp or _now(), dict(attributes or {})))

    def add_link(self, context: SpanContext, attributes: Mapping[str, Any] | None = None) -> None:
        """Points to another span, perhaps in another trace."""
        link = {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
        self._more().links.append(link | {"attributes": dict(attributes or {})})

    def set_status(self, status: str | Status | StatusCode, description: str | None = None) -> None:
        """Sets ``ok``, ``error`` or ``unset``; OpenTelemetry's own types are understood too."""
        if isinstance(status, Status):
            status, description = status.status_code, status.description
        details = self._more()
        name = status.name if isinstance(status, StatusCode) else str(status)
        details.status, details.message = name.lower(), description

    def update_name(self, name: str) -> None:
        """Gives the span another name."""
        self._more().name = name

    def record_exception(
        self,
        exception: BaseException,
        attributes: Mapping[str, Any] | None = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Adds an ``exception`` event with type, message and stack; the status stays."""
        facts = described(exception) | dict(attributes or {})
        self.add_event(
            "exception", facts | ({"exception.escaped": True} if escaped else {}), timestamp
        )

    def link_prompt(self, value: object) -> None:
        """Names the prompt version behind a formatted prompt or a request that holds one."""
        ref = prompt_ref(value)
        if ref is not None:
            variables = self.runtime.capture.mode == "full"
            self._more().attributes.update(link_attributes(ref, variables=variables))

    def is_recording(self) -> bool:
        """Whether the span is still open."""
        return self.end_ns == 0

    def get_span_context(self) -> SpanContext:
        """OpenTelemetry's identity of this span."""
        if self.otel is None:
            self.otel = SpanContext(self.trace_int, self.span_int, False, SAMPLED)
        return self.otel

    def _more(self) -> Details:
        if self.details is None:
            self.details = Details()
        return self.details

    # its life

    def activate(self, before: Context) -> None:
        """Makes the span current, in place of `before`, and lets the ticker watch it."""
        self.before = before
        self.context = with_span(before, self)
        set_context(self.context)
        remember(self)

    def leave(self) -> None:
        """The span before it is current again; this one stays open."""
        set_context(self.before)

    def fail(self, error: BaseException) -> None:
        """The function raised: records it and ends the span."""
        if self.end_ns:
            return
        if self.before is not None and get_context() is self.context:
            set_context(self.before)
        self.note_failure(error)
        self.end()

    def note_failure(self, error: BaseException) -> None:
        """Sets status and event for an exception; the span stays open."""
        try:
            finish = finish_of(error)
            details = self._more()
            if finish is not None:
                details.status = "unset"
                details.attributes[semconv.STREAM_FINISH] = finish
            elif not isinstance(error, SystemExit) or error.code not in (None, 0):
                details.status, details.message = "error", message_of(error)
                details.attributes[semconv.ERROR_TYPE] = error_type(error)
                self.record_exception(error)
        except Exception as broken:  # noqa: BLE001  tracing never breaks the application
            diagnostics.note("recording an exception", broken)

    def end(self, end_time: int | None = None) -> None:
        """Ends the span, now or at `end_time` (nanoseconds UTC); later calls change nothing."""
        if self.end_ns == 0:
            self.end_ns = end_time or _now()
            self.write()

    def write(self) -> None:
        """Writes the line of the ended span."""
        forget(self)
        try:
            runtime = self.runtime
            withheld = self.inputs is WITHHELD or self.outputs is WITHHELD
            if self.details is None and not open_facts and not withheld:
                line = short_line(self, runtime)
            else:
                facts = open_facts.get(self.trace_int)
                line = full_line(self, runtime, facts, ended=True)
                if facts is not None and facts.root is self:
                    open_facts.pop(self.trace_int, None)
            if self.root is None:
                last_trace[0] = self.trace_int
            runtime.append("spans", line)
            if SINKS:
                for sink in SINKS:
                    sink(self)
        except Exception as error:  # noqa: BLE001  tracing never breaks the application
            diagnostics.note("writing a span", error)

    def write_start(self) -> None:
        """Writes the line that says the span is open."""
        if self.end_ns == 0:
            self.started = True
            line = full_line(self, self.runtime, open_facts.get(self.trace_int), ended=False)
            self.runtime.append("spans", line)

    def disown(self) -> None:
        """In a forked child: the parent process writes this span, not this one."""
        self.end_ns = -1

    # as a context manager

    def __enter__(self) -> Self:
        self.activate(get_context())
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        if exc_val is not None:
            self.fail(exc_val)
            return
        if self.before is not None and get_context() is self.context:
            set_context(self.before)
        self.end()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.__exit__(exc_type, exc_val, exc_tb)


OtelSpan.register(Span)
