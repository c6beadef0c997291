"""The spans of a trace without what they hold: order, depth, usage of each branch, critical path.

What is drawn of a trace of 20,000 spans; what one span holds is asked for by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from genaiops.errors import NotFoundError
from genaiops.model.assessment import Assessment
from genaiops.model.span import TraceSummary
from genaiops.query.ids import resolve
from genaiops.query.records import TRACE_COLUMNS, assessment, trace_summary
from genaiops.query.spantree import Row, Usage, critical_path, families, skewed, usages, walk
from genaiops.store import current_store
from genaiops.store.base import Reader

__all__ = ["Node", "Outline", "outline"]

_NAME_CHARS = 400
_COLUMNS = (
    f"span_id, parent_span_id, left(name, {_NAME_CHARS}) AS name, span_type, status, start_ns, "
    "end_ns, input_tokens, output_tokens, cost_usd, coalesce(response_model, request_model)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A span in its place.

    Attributes:
        depth: 0 for a span without a parent in the trace.
        name: Up to 400 characters of it.
        usage: Tokens and USD of the span and all below it, each provider call counted once.
        is_call: The usage is the span's own, not that of spans below it.
        path_ms: Milliseconds of the critical path that this span itself accounts for, None when it
            is not on the path.
    """

    span_id: str
    parent_id: str | None
    depth: int
    name: str
    span_type: str
    status: str
    start_ns: int
    end_ns: int | None
    model: str | None
    usage: Usage
    is_call: bool
    path_ms: float | None

    @property
    def duration_ms(self) -> float | None:
        """Milliseconds from start to end, never negative; None while the span is open."""
        return None if self.end_ns is None else max(0, self.end_ns - self.start_ns) / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A trace to be drawn.

    Attributes:
        nodes: Parents before children, siblings by start; every span once.
        problems: What is odd about it, a sentence each: no root, a cycle of parents, clocks that
            disagree.
    """

    summary: TraceSummary
    nodes: Sequence[Node]
    assessments: Sequence[Assessment]
    problems: Sequence[str]

    @property
    def begin_ns(self) -> int:
        """Start of the earliest span."""
        return min((node.start_ns for node in self.nodes), default=self.summary.start_ns)

    @property
    def last_ns(self) -> int:
        """End of the last span, or the last start while some are open."""
        return max((node.end_ns or node.start_ns for node in self.nodes), default=self.begin_ns)

    @property
    def cause(self) -> Node | None:
        """The failing span nearest to what went wrong: one without a failing span below it."""
        failed = [node for node in self.nodes if node.status == "error"]
        parents = {node.parent_id for node in failed}
        return next((node for node in failed if node.span_id not in parents), None)


def outline(trace_id: str) -> Outline:
    """A trace to be drawn.

    Args:
        trace_id: The id, or at least 4 of its first characters when they name one trace only.

    Raises: NotFoundError, StoreError.
    """
    columns = ", ".join(TRACE_COLUMNS)
    with current_store().read() as reader:
        found = _summaries(reader, columns, trace_id.strip().lower())
        if not found:
            found = _summaries(reader, columns, resolve(reader, "trace", trace_id))
        if not found:
            raise NotFoundError(f"no trace {trace_id!r} in the store")
        summary = found[0]
        until = "" if summary.end_ns is None else f"AND start_ns <= {summary.end_ns}"
        rows = reader.query(
            f"""
            SELECT {_COLUMNS}
            FROM spans
            WHERE trace_id = ?
            AND start_ns >= {summary.start_ns}
            {until}
            ORDER BY start_ns, span_id
            """,
            [summary.trace_id],
        ).rows
        said = reader.query(
            "SELECT * FROM assessments WHERE trace_id = ? ORDER BY created_ns", [summary.trace_id]
        ).dicts()
    nodes, problems = _arranged([Row(*row) for row in rows])
    return Outline(
        summary=summary,
        nodes=nodes,
        assessments=[assessment(row) for row in said],
        problems=problems,
    )


def _summaries(reader: Reader, columns: str, trace_id: str) -> list[TraceSummary]:
    rows = reader.query(f"SELECT {columns} FROM traces WHERE trace_id = ?", [trace_id]).dicts()
    return [trace_summary(row) for row in rows]


def _arranged(rows: Sequence[Row]) -> tuple[list[Node], list[str]]:
    """The nodes in order, and what is odd about them."""
    children, roots, problems = families(rows)
    order = list(walk(roots, children))
    usage, calls = usages(order, children)
    path = critical_path(roots[:1], children)
    problems += skewed(rows, children)
    nodes = [
        Node(
            span_id=row.span_id,
            parent_id=row.parent_id,
            depth=depth,
            name=row.name,
            span_type=row.span_type,
            status=row.status,
            start_ns=row.start_ns,
            end_ns=row.end_ns,
            model=row.model,
            usage=usage[row.span_id],
            is_call=row.span_id in calls,
            path_ms=path.get(row.span_id),
        )
        for depth, row in order
    ]
    return nodes, problems
