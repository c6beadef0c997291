"""What the retriever spans of a trace found, seen as the spans end."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import msgspec

from genaiops.eval.dataset import plain, text_of
from genaiops.model import semconv
from genaiops.tracing.span import SINKS, Span

__all__ = ["Found", "Watch", "watching"]

_LISTS = ("documents", "contexts", "results", "passages", "matches")
_IDS = ("id", "document_id", "doc_id")


class Found:
    """Documents of one trace, in the order in which the retrievers ended."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.texts: list[str] = []

    def add(self, documents: object) -> None:
        """Adds what a retriever gave: a list of texts or dicts, or a dict that holds one."""
        for item in _listed(plain(documents)):
            text, document_id = text_of(item), _id_of(item)
            if text is not None:
                self.texts.append(text)
            if document_id is not None:
                self.ids.append(document_id)


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
        if found is None or span.named.span_type != "retriever":
            return
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
