"""What the spans of a trace found, did and cost, seen as they end."""

from collections.abc import Generator
from contextlib import contextmanager

import msgspec

from genaiops.eval.prices import Calls, Prices
from genaiops.model import semconv
from genaiops.model.example import ToolCall
from genaiops.query.found import Found
from genaiops.tracing.span import SINKS, Span

__all__ = ["Seen", "Watch", "watching"]


class Seen(Found):
    """What one trace found and did, and what its model calls cost."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = Calls()


class Watch:
    """Collects what the traces do that it was told to watch.

    Attributes:
        prices: Of the calls in them.
    """

    def __init__(self) -> None:
        self.prices = Prices()
        self._traces: dict[int, Seen] = {}

    @contextmanager
    def trace(self, trace_id: str) -> Generator[Seen]:
        """Watches one trace while the block runs."""
        found = Seen()
        number = int(trace_id, 16)
        self._traces[number] = found
        try:
            yield found
        finally:
            self._traces.pop(number, None)  # without tracing every trace has the id 0

    def see(self, span: Span) -> None:
        """Called with every span that ends in this process."""
        found = self._traces.get(span.trace_int)
        if found is None:
            return
        found.calls.see(span)
        if span.named.span_type == "tool":
            found.tool_calls.append(ToolCall(name=span.name, arguments=_decoded(span.inputs)))
        elif span.named.span_type == "retriever":
            attributes = {} if span.details is None else span.details.attributes
            documents = attributes.get(semconv.RETRIEVAL_DOCUMENTS)
            found.add(_decoded(span.outputs) if documents is None else documents)


@contextmanager
def watching() -> Generator[Watch]:
    """A watch over the spans of this process while the block runs."""
    watch = Watch()
    SINKS.append(watch.see)
    try:
        yield watch
    finally:
        SINKS.remove(watch.see)


def _decoded(outputs: object) -> object:
    """Captured outputs as JSON values; the capture keeps them encoded."""
    if not isinstance(outputs, bytes):
        return None
    try:
        return msgspec.json.decode(outputs)
    except msgspec.DecodeError:
        return None
