"""A span of another library with the methods of ours, for `get_current_active_span`."""

from collections.abc import Mapping
from typing import Any

from opentelemetry import trace as otel

from genaiops.model.prompt import link_attributes, prompt_ref
from genaiops.tracing.runtime import current

__all__ = ["INPUTS", "OUTPUTS", "ForeignSpan", "twins"]

INPUTS = "genaiops.inputs"
OUTPUTS = "genaiops.outputs"
"""Attributes in which a span of another library carries inputs and outputs, as JSON."""
twins: set[int] = set()
"""Ids of open spans that are ours and the OpenTelemetry SDK's at once: each side gets its own, once."""


class ForeignSpan:
    """Hands everything on to a span that another library owns and ends."""

    __slots__ = ("_span",)

    def __init__(self, span: otel.Span) -> None:
        self._span = span

    @property
    def trace_id(self) -> str:
        """The id of the trace, 32 lower-case hex characters."""
        return f"{self._span.get_span_context().trace_id:032x}"

    @property
    def span_id(self) -> str:
        """The id of the span, 16 lower-case hex characters."""
        return f"{self._span.get_span_context().span_id:016x}"

    @property
    def name(self) -> str:
        """The name."""
        return str(getattr(self._span, "name", ""))

    def set_inputs(self, inputs: object) -> None:
        """Records what the operation got, as it is now."""
        self._span.set_attribute(INPUTS, current().content(inputs, "inputs").decode())

    def set_outputs(self, outputs: object) -> None:
        """Records what the operation gave, as it is now."""
        self._span.set_attribute(OUTPUTS, current().content(outputs, "outputs").decode())

    def set_attribute(self, key: str, value: Any) -> None:  # any value OpenTelemetry takes
        """Sets one attribute."""
        self._span.set_attribute(key, value)

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:  # the same
        """Sets several attributes."""
        self._span.set_attributes(attributes)

    def add_event(
        self, name: str, attributes: Mapping[str, Any] | None = None, timestamp: int | None = None
    ) -> None:
        """Adds an event, now or at `timestamp` (nanoseconds UTC)."""
        self._span.add_event(name, attributes, timestamp)

    def set_status(self, status: str, description: str | None = None) -> None:
        """Sets ``ok``, ``error`` or ``unset``."""
        code = otel.StatusCode[status.upper()]
        self._span.set_status(otel.Status(code, description))

    def record_exception(self, exception: BaseException) -> None:
        """Adds an ``exception`` event."""
        self._span.record_exception(exception)

    def link_prompt(self, value: object) -> None:
        """Names the prompt version behind a formatted prompt."""
        ref = prompt_ref(value)
        if ref is not None:
            variables = current().capture.mode == "full"
            self._span.set_attributes(link_attributes(ref, variables=variables))

    def is_recording(self) -> bool:
        """Whether the span is still open."""
        return self._span.is_recording()

    def get_span_context(self) -> otel.SpanContext:
        """OpenTelemetry's identity of this span."""
        return self._span.get_span_context()
