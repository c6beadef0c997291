"""Traces as rows: what production was asked, answered and retrieved."""

from collections.abc import Iterable
from typing import Any, cast

from genaiops.errors import EvalError
from genaiops.model import semconv
from genaiops.model.example import ToolCall
from genaiops.model.span import Trace, TraceSummary
from genaiops.query.found import Found
from genaiops.query.traces import TracePage

__all__ = ["TOOL_CALLS", "record_of_trace", "trace_ids_of"]

TOOL_CALLS = " tool_calls"
"""Field of a record that no column of a user can have."""
_EXPECTED = ("expected", "expected_response", "expected_answer")


def trace_ids_of(data: object) -> list[str] | None:
    """Ids of the traces that the data is; None when it is something else.

    Raises: EvalError when only a part of it are traces.
    """
    items: object = data.items if isinstance(data, TracePage) else data
    if isinstance(items, Trace | TraceSummary):
        return [items.trace_id]
    if not isinstance(items, list | tuple):
        return None
    several = cast("Iterable[object]", items)
    ids = [item.trace_id if isinstance(item, Trace | TraceSummary) else None for item in several]
    known = [trace_id for trace_id in ids if trace_id is not None]
    if not known:
        return [] if isinstance(data, TracePage) else None
    if len(known) < len(ids):
        raise EvalError(f"row {ids.index(None) + 1} is no trace, the others are: give one kind")
    return known


def record_of_trace(trace: Trace) -> dict[str, Any]:
    """A trace as a row; expectations that were logged on it become what is expected."""
    root, found = trace.root, Found()
    for span in trace.spans:
        if span.span_type == "retriever":
            documents = span.attributes.get(semconv.RETRIEVAL_DOCUMENTS)
            found.add(span.outputs if documents is None else documents)
        elif span.span_type == "tool":
            found.tool_calls.append(ToolCall(name=span.name, arguments=span.inputs))
    record: dict[str, Any] = {
        "id": trace.trace_id,
        "trace_id": trace.trace_id,
        "inputs": None if root is None else root.inputs,
        "outputs": None if root is None else root.outputs,
        "contexts": found.texts or None,
        "retrieved_ids": found.ids or None,
        "tags": dict(trace.tags),
        "duration_ms": trace.duration_ms,
        "cost_usd": trace.cost_usd,
        TOOL_CALLS: tuple(found.tool_calls) or None,
    }
    return record | _expectations(trace)


def _expectations(trace: Trace) -> dict[str, Any]:
    said = {
        item.name: item.value
        for item in trace.assessments
        if item.kind == "expectation" and item.superseded_by is None
    }
    expected = next((said[name] for name in _EXPECTED if name in said), None)
    given = {"expected": expected, "relevant_ids": said.get("relevant_ids")}
    return {name: value for name, value in given.items() if value is not None}
