"""What the retriever spans of a trace found, seen as the spans end."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import msgspec

from genaiops.eval.case import ToolCall
from genaiops.eval.dataset import plain, text_of
from genaiops.model import semconv
from genaiops.tracing.span import SINKS, Span

__all__ = ["Found", "Watch", "watching"]

_LISTS = ("documents", "contexts", "results", "passages", "matches")
_WATCHED = ("llm", "retriever", "tool")
_IDS = ("id", "document_id", "doc_id")


class Found:
    """What one trace did: documents and calls of tools, in the order in which the spans ended.

    Attributes:
        cost_usd: Of its model calls, None when a price is not known.
    """

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.texts: list[str] = []
        self.tool_calls: list[ToolCall] = []
        self.cost_usd: float | None = 0.0

    def add(self, documents: object) -> None:
        """Adds what a retriever gave: a list of texts or dicts, or a dict that holds one."""
        for item in _listed(plain(documents)):
            text, document_id = text_of(item), _id_of(item)
            if text is not None:
                self.texts.append(text)
            if document_id is not None:
                self.ids.append(document_id)

    def pay(self, cost_usd: object) -> None:
        """Adds the cost of a model call."""
        if self.cost_usd is not None:
            known = isinstance(cost_usd, int | float)
            self.cost_usd = self.cost_usd + cost_usd if known else None


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


def _listed(documents: object) -> Sequence[object]:
    if isinstance(documents, Mapping):
        fields = cast("Mapping[str, Any]", documents)
        documents = next((fields[key] for key in _LISTS if key in fields), None)
    return cast("list[object]", documents) if isinstance(documents, list) else ()


def _id_of(item: object) -> str | None:
    if not isinstance(item, Mapping):
        return None
    fields = cast("Mapping[str, Any]", item)
    value = next((fields[key] for key in _IDS if fields.get(key) is not None), None)
    return None if value is None else str(value)
