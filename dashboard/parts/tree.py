"""A trace as rows of the tree and waterfall, and what its branches took."""

from collections.abc import Sequence
from typing import Any

from dashboard.parts.cells import Column, Row
from dashboard.parts.text import count, ms, percent, usd
from dashboard.parts.views import table
from genaiops.query.outline import Node, Outline
from genaiops.query.spantree import Usage

__all__ = ["first_choice", "roll_up", "rows", "total_ms"]


def rows(trace: Outline) -> list[list[Any]]:
    """``[id, depth, name, type, status, start_ms, duration_ms, note, path_ms]`` of each span."""
    begin = trace.begin_ns
    return [
        [
            node.span_id,
            node.depth,
            node.name,
            node.span_type,
            node.status,
            round((node.start_ns - begin) / 1e6, 3),
            None if node.duration_ms is None else round(node.duration_ms, 3),
            _note(node),
            None if node.path_ms is None else round(node.path_ms, 3),
        ]
        for node in trace.nodes
    ]


def total_ms(trace: Outline) -> float:
    """From the first start to the last end."""
    return max((trace.last_ns - trace.begin_ns) / 1e6, 0.001)


def first_choice(trace: Outline) -> str:
    """The span to show first: where the failure began, else the root."""
    cause = trace.cause
    if cause is not None:
        return cause.span_id
    return trace.nodes[0].span_id if trace.nodes else ""


def _note(node: Node) -> str:
    """Tokens and money of a span and all below it, in few characters."""
    used = (node.usage.input_tokens or 0) + (node.usage.output_tokens or 0)
    parts = [f"{count(used)} tok"] if used else []
    if node.usage.cost_usd:
        parts.append(usd(node.usage.cost_usd))
    return " · ".join(parts)


_COLUMNS = (
    Column(key="name", label="Spans", kind="pair"),
    Column(key="n", label="Calls", kind="num", width="58px"),
    Column(key="path", label="Waited for", kind="bar", width="96px",
           hint="time of the critical path that these spans account for themselves"),
    Column(key="tokens", label="Tokens", kind="num", width="74px"),
    Column(key="cost", label="Cost", kind="num", width="78px"),
    Column(key="failed", label="Failed", kind="num", width="58px"),
)  # fmt: skip


def roll_up(trace: Outline) -> None:
    """Spans of one name and kind together: what the trace waited for, and what it paid for."""
    groups: dict[tuple[str, str, str], list[Node]] = {}
    for node in trace.nodes:
        groups.setdefault((node.name, node.span_type, node.model or ""), []).append(node)
    waited = sum(node.path_ms or 0.0 for node in trace.nodes) or 1.0
    ordered = sorted(groups.items(), key=lambda item: (-_path(item[1]), -len(item[1])))
    table(
        _COLUMNS,
        [_group(key, nodes, waited) for key, nodes in ordered[:100]],
        key="roll-up",
    )


def _path(nodes: Sequence[Node]) -> float:
    return sum(node.path_ms or 0.0 for node in nodes)


def _group(key: tuple[str, str, str], nodes: Sequence[Node], waited: float) -> Row:
    name, kind, model = key
    calls = [node.usage for node in nodes if node.is_call]
    share = _path(nodes) / waited
    shown = {"text": f"{ms(_path(nodes))} · {percent(share)}", "share": share}
    failed = sum(node.status == "error" for node in nodes)
    slowest = max(nodes, key=lambda node: (node.path_ms or 0.0, node.duration_ms or 0.0))
    return Row(
        id=f"{kind} {name} {model}",
        cells={
            "name": [name or "(no name)", " · ".join(part for part in (kind, model) if part)],
            "n": count(len(nodes)),
            "path": shown if share else None,
            "tokens": count(_tokens(calls)) if calls else None,
            "cost": usd(_cost(calls)) if calls else None,
            "failed": count(failed) if failed else None,
        },
        params={"span": slowest.span_id, "view": ""},
    )


def _tokens(calls: Sequence[Usage]) -> int:
    return sum((used.input_tokens or 0) + (used.output_tokens or 0) for used in calls)


def _cost(calls: Sequence[Usage]) -> float | None:
    known = [used.cost_usd for used in calls if used.cost_usd is not None]
    return sum(known) if known else None
