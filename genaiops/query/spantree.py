"""How the spans of a trace hang together: branches, usage of each, critical path, oddities.

Pure functions over rows as they are read; whatever the rows say, every span has one place.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

__all__ = ["Children", "Row", "Usage", "critical_path", "families", "skewed", "usages", "walk"]


class Usage(NamedTuple):
    """Input and output tokens, and USD; None is unknown."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None

    @property
    def is_known(self) -> bool:
        """Whether anything of it is known."""
        return any(item is not None for item in self)


def _add(items: Iterable[Usage]) -> Usage:
    """The sums of what is known; unknown where nothing is."""
    given: int | None = None
    made: int | None = None
    cost: float | None = None
    for one in items:
        if one.input_tokens is not None:
            given = (given or 0) + one.input_tokens
        if one.output_tokens is not None:
            made = (made or 0) + one.output_tokens
        if one.cost_usd is not None:
            cost = (cost or 0.0) + one.cost_usd
    return Usage(given, made, cost)


class Row(NamedTuple):
    """A span as it is read."""

    span_id: str
    parent_id: str | None
    name: str
    span_type: str
    status: str
    start_ns: int
    end_ns: int | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    model: str | None


Children = Mapping[str, Sequence[Row]]
"""Children of each span, by its id, in order of start."""


def families(rows: Sequence[Row]) -> tuple[Children, list[Row], list[str]]:
    """Children of each span, the spans without a parent here, and what is odd about that."""
    ids = {row.span_id for row in rows}
    children: dict[str, list[Row]] = {}
    roots: list[Row] = []
    for row in rows:
        if row.parent_id in ids:
            children.setdefault(row.parent_id or "", []).append(row)
        else:
            roots.append(row)
    problems: list[str] = []
    lost = sum(1 for row in roots if row.parent_id)
    if lost and lost == len(roots):
        problems.append("The root of this trace has not arrived.")
    elif lost:
        problems.append(f"The parents of {lost:,} spans are not in this trace.")
    seen = {row.span_id for _, row in walk(roots, children)}
    cycles = 0
    for row in rows:  # what no root leads to goes round in a circle: it is opened at its first span
        if row.span_id not in seen:
            cycles += 1
            above = children[row.parent_id or ""]
            children[row.parent_id or ""] = [child for child in above if child is not row]
            roots.append(row)
            seen.update(found.span_id for _, found in walk([row], children))
    if cycles:
        problems.append("Some spans are each other's parents; they are shown from the earliest.")
    return children, roots, problems


def walk(roots: Iterable[Row], children: Children) -> Iterator[tuple[int, Row]]:
    """Every span below the roots with its depth, parents first."""
    stack = [(0, row) for row in reversed(list(roots))]
    while stack:
        depth, row = stack.pop()
        yield depth, row
        stack.extend((depth + 1, child) for child in reversed(children.get(row.span_id, ())))


def usages(
    order: Sequence[tuple[int, Row]], children: Children
) -> tuple[dict[str, Usage], set[str]]:
    """Tokens and money of each branch, and the spans whose own usage counts."""
    usage: dict[str, Usage] = {}
    calls: set[str] = set()
    for _, row in reversed(order):
        below = _add(usage[child.span_id] for child in children.get(row.span_id, ()))
        own = Usage(row.input_tokens, row.output_tokens, row.cost_usd)
        if own.is_known and not below.is_known:
            calls.add(row.span_id)
            below = own
        usage[row.span_id] = below
    return usage, calls


def critical_path(roots: Sequence[Row], children: Children) -> dict[str, float]:
    """What the trace waited for: from the end back, always into the child that ended last.

    Source: the algorithm of Jaeger's critical path, spans cut to the time of their parent.
    """
    path: dict[str, float] = {}
    stack = [(row, row.start_ns, _end(row, children)) for row in roots]
    while stack:
        row, start, end = stack.pop()
        own, at = 0, end
        inside = (
            (max(child.start_ns, start), min(_end(child, children), end), child)
            for child in children.get(row.span_id, ())
        )
        for begin, last, child in sorted(inside, key=lambda item: item[1], reverse=True):
            if begin > last or last > at:
                continue
            own += at - last
            at = begin
            stack.append((child, begin, last))
        path[row.span_id] = (own + max(0, at - start)) / 1e6
    return path


def _end(row: Row, children: Children) -> int:
    """End of a span; that of its last child while it is open."""
    if row.end_ns is not None:
        return max(row.end_ns, row.start_ns)
    ends = (child.end_ns or child.start_ns for child in children.get(row.span_id, ()))
    return max(ends, default=row.start_ns)


def skewed(rows: Sequence[Row], children: Children) -> list[str]:
    """Clocks that disagree: children that begin before their parent, spans that end before they begin."""
    early = sum(
        1
        for row in rows
        for child in children.get(row.span_id, ())
        if child.start_ns < row.start_ns
    )
    negative = sum(1 for row in rows if row.end_ns is not None and row.end_ns < row.start_ns)
    problems: list[str] = []
    if early:
        problems.append(f"{early:,} spans begin before their parents: clocks disagree.")
    if negative:
        problems.append(f"{negative:,} spans end before they begin; they are drawn as no time.")
    return problems
