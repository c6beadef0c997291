"""Spans that record nothing: of traces that sampling dropped, and outside any trace."""

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from opentelemetry.trace import Span as OtelSpan, SpanContext, Status, StatusCode, TraceFlags

from genaiops.tracing.context import Context, get_context, set_context, with_span
from genaiops.tracing.runtime import random_bits

__all__ = ["NOTHING", "Dropped"]

if TYPE_CHECKING:
    _Base = OtelSpan
else:
    _Base = object  # registered below: a real subclass would carry a __dict__

_UNSAMPLED = TraceFlags(TraceFlags.DEFAULT)


class Dropped(_Base):
    """A span with the methods of a real one that records nothing.

    While it is current, everything below it is dropped too, spans of other libraries included.
    """

    __slots__ = ("before", "context", "otel", "trace_int")

    def __init__(self, trace_int: int) -> None:
        self.trace_int = trace_int
        self.before: Context | None = None
        self.otel: SpanContext | None = None

    @property
    def trace_id(self) -> str:
        """The id of the trace, 32 lower-case hex characters; zeros outside a trace."""
        return f"{self.trace_int:032x}"

    @property
    def span_id(self) -> str:
        """Zeros: nothing is recorded."""
        return "0" * 16

    @property
    def name(self) -> str:
        """Empty."""
        return ""

    def set_inputs(self, inputs: object) -> None:
        """Records nothing."""

    def set_outputs(self, outputs: object) -> None:
        """Records nothing."""

    def set_attribute(self, key: str, value: Any) -> None:  # any value
        """Records nothing."""

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:  # any values
        """Records nothing."""

    def add_event(
        self, name: str, attributes: Mapping[str, Any] | None = None, timestamp: int | None = None
    ) -> None:
        """Records nothing."""

    def add_link(self, context: SpanContext, attributes: Mapping[str, Any] | None = None) -> None:
        """Records nothing."""

    def set_status(self, status: str | Status | StatusCode, description: str | None = None) -> None:
        """Records nothing."""

    def update_name(self, name: str) -> None:
        """Records nothing."""

    def record_exception(
        self,
        exception: BaseException,
        attributes: Mapping[str, Any] | None = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Records nothing."""

    def link_prompt(self, value: object) -> None:
        """Records nothing."""

    def is_recording(self) -> bool:
        """False."""
        return False

    def get_span_context(self) -> SpanContext:
        """An unsampled context, so that spans below are dropped in every library."""
        if self.otel is None:
            span_id = random_bits(64) if self.trace_int else 0
            self.otel = SpanContext(self.trace_int, span_id, False, _UNSAMPLED)
        return self.otel

    def activate(self, before: Context) -> None:
        """Makes the span current, so that everything below is dropped."""
        self.before = before
        self.context = with_span(before, self)
        set_context(self.context)

    def leave(self) -> None:
        """Makes the span before it current again."""
        set_context(self.before)

    def fail(self, error: BaseException) -> None:  # noqa: ARG002  as of Span
        """Makes the span before it current again."""
        self.end()

    def note_failure(self, error: BaseException) -> None:
        """Records nothing."""

    def end(self, end_time: int | None = None) -> None:  # noqa: ARG002  as of Span
        """Makes the span before it current again."""
        if self.before is not None and get_context() is self.context:
            set_context(self.before)

    def __enter__(self) -> Self:
        if self.trace_int:
            self.activate(get_context())
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.end()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.end()


OtelSpan.register(Dropped)

NOTHING = Dropped(0)
"""Stands for the current span outside a trace."""
