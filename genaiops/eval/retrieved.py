"""What the retriever spans of a trace found, seen as the spans end."""

from collections.abc import Generator
from contextlib import contextmanager

import msgspec

from genaiops.model import semconv
from genaiops.model.example import ToolCall
from genaiops.query.found import Found
from genaiops.tracing.span import SINKS, Span

__all__ = ["Watch", "watching"]

_WATCHED = ("llm", "retriever", "tool")


class Watch:
    """Collects documents of the traces it was told to watch."""

    def __init__(self) -> None:
        self._traces: dict[int, Found] = {}

    @contextmanager
    def trace(self, trace_id: str) -> Generator[Found]:
        """Watches one trace while the block runs."""
        found = Found()
        number = int(trace_id, 16)
        self._traces[number] = found
        try:
            yield found
        finally:
            self._traces.pop(number, None)  # without tracing every trace has the id 0

    def see(self, span: Span) -> None:
        """Called with every span that ends in this process."""
        found = self._traces.get(span.trace_int)
        kind = span.named.span_type
        if found is None or kind not in _WATCHED:
            return
        attributes = {} if span.details is None else span.details.attributes
        if kind == "llm":
            found.pay(attributes.get(semconv.COST_TOTAL))
        elif kind == "tool":
            found.tool_calls.append(ToolCall(name=span.name, arguments=_decoded(span.inputs)))
        else:
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
