"""Values that stand in the store as head and tail, because they are over 64 KB."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from genaiops.errors import NotFoundError
from genaiops.model.span import Trace
from genaiops.query.records import decode
from genaiops.store import current_store

__all__ = ["is_marker", "whole", "whole_trace"]

TEXT, JSON = "$blob", "$json_blob"
_HEX = frozenset("0123456789abcdef")


def is_marker(value: object) -> bool:
    """Whether the value stands for a longer one: ``{"$blob": sha256, "bytes", "head", "tail"}``."""
    if not isinstance(value, Mapping):
        return False
    table = cast("Mapping[str, object]", value)
    digest = table.get(TEXT, table.get(JSON))
    return (
        isinstance(digest, str)
        and len(digest) == 64
        and _HEX.issuperset(digest)
        and isinstance(table.get("bytes"), int)
    )


def whole(value: Any) -> Any:  # any JSON value in and out
    """A copy of the value in which every shortened part is fetched whole.

    A part that is gone from the store stays shortened and gets ``"missing": True``.
    """
    root: list[Any] = [value]
    todo: list[tuple[Any, Any]] = [(root, 0)]  # container and key: no recursion, values can be deep
    while todo:
        container, key = todo.pop()
        item = container[key]
        if is_marker(item):
            container[key] = _fetch(item)
            if JSON in item and not is_marker(container[key]):
                todo.append((container, key))
        elif isinstance(item, Mapping):
            table = dict(cast("Mapping[str, Any]", item))
            container[key] = table
            todo.extend((table, name) for name in table)
        elif isinstance(item, Sequence) and not isinstance(item, str | bytes):
            items = list(cast("Sequence[Any]", item))
            container[key] = items
            todo.extend((items, index) for index in range(len(items)))
    return root[0]


def whole_trace(trace: Trace) -> Trace:
    """The trace with inputs, outputs and attributes of all spans whole."""
    spans = [
        replace(
            span,
            inputs=whole(span.inputs),
            outputs=whole(span.outputs),
            attributes=whole(span.attributes),
        )
        for span in trace.spans
    ]
    return replace(trace, spans=spans)


def _fetch(marker: Mapping[str, Any]) -> Any:  # any JSON value
    """The value behind a marker, or the marker itself, marked as missing."""
    try:
        data = current_store().get_blob(marker.get(TEXT, marker.get(JSON)))
    except NotFoundError:
        return {**marker, "missing": True}
    text = data.decode("utf-8", errors="replace")
    return text if TEXT in marker else decode(text)
