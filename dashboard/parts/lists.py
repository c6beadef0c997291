"""Traces, runs and prompts as rows of tables; used by more than one page."""

from collections.abc import Mapping, Sequence

from dashboard.parts.cells import Chip, Column, Row
from dashboard.parts.text import ago, count, ms, one_line, preview, score, tokens, usd
from genaiops.model.assessment import Assessment
from genaiops.model.span import TraceSummary
from genaiops.query.prompts import PromptName
from genaiops.query.runs import RunRow

__all__ = [
    "prompt_columns",
    "prompt_rows",
    "run_columns",
    "run_rows",
    "trace_columns",
    "trace_rows",
    "verdict",
]


def verdict(name: str, value: object, *, error: str | None = None) -> Chip:
    """A score as a chip; red where it is a no, or where judging failed."""
    if error:
        return Chip(
            label=one_line(name, 28), value="failed", tone="orange", hint=one_line(error, 300)
        )
    tone = "green" if value is True else "red" if value is False else "gray"
    return Chip(label=one_line(name, 28), value=score(value), tone=tone)


def trace_columns(*, short: bool = False) -> list[Column]:
    """Columns of a list of traces."""
    columns = [
        Column(key="start", label="Time", kind="time", width="104px", sort="start_ns"),
        Column(key="status", label="Status", kind="status", width="94px", sort="status"),
        Column(key="name", label="Name", width="12%", sort="name"),
        Column(key="in", label="Input"),
        Column(key="out", label="Output"),
        Column(key="tokens", label="Tokens", kind="num", width="112px", hint="input → output"),
        Column(key="cost", label="Cost", kind="num", width="78px", sort="cost_usd"),
        Column(key="latency", label="Latency", kind="bar", width="90px", sort="duration_ms"),
        Column(key="scores", label="Scores", kind="chips", width="220px"),
    ]
    if not short:
        return columns
    dropped = ("out", "scores", "tokens")
    kept = [column for column in columns if column.key not in dropped]
    return [Column(key=c.key, label=c.label, kind=c.kind, width=c.width) for c in kept]


def trace_rows(
    items: Sequence[TraceSummary], said: Mapping[str, Sequence[Assessment]]
) -> list[Row]:
    """Rows of a list of traces, with what was said about each."""
    slowest = max((item.duration_ms or 0 for item in items), default=0) or 1
    return [
        Row(
            id=item.trace_id,
            cells={
                "start": item.start_ns / 1e6,
                "status": item.status,
                "name": one_line(item.name, 120) or "(no name)",
                "in": preview(item.inputs_preview),
                "out": preview(item.outputs_preview),
                "tokens": tokens(item.input_tokens, item.output_tokens),
                "cost": usd(item.cost_usd),
                "latency": {
                    "text": ms(item.duration_ms),
                    "share": (item.duration_ms or 0) / slowest,
                },
                "scores": _chips(said.get(item.trace_id, ())),
            },
            params={"id": item.trace_id},
        )
        for item in items
    ]


def _chips(said: Sequence[Assessment]) -> list[dict[str, object]]:
    shown = [item for item in said if item.kind == "feedback" and not item.superseded_by]
    return [verdict(item.name, item.value, error=item.error).json() for item in shown[:3]]


def run_columns() -> list[Column]:
    """Columns of a short list of runs."""
    return [
        Column(key="name", label="Run", kind="pair"),
        Column(key="status", label="Status", kind="status", width="98px"),
        Column(key="when", label="Started", kind="num", width="92px"),
    ]


def run_rows(items: Sequence[RunRow]) -> list[Row]:
    """Rows of a short list of runs."""
    return [
        Row(
            id=item.run_id,
            cells={
                "name": [one_line(item.name, 80) or item.run_id[:8], one_line(item.experiment, 60)],
                "status": item.status.lower(),
                "when": ago(item.start_ns),
            },
            params={"run": item.run_id},
        )
        for item in items
    ]


def prompt_columns(*, short: bool = False) -> list[Column]:
    """Columns of a list of prompts."""
    columns = [
        Column(key="name", label="Prompt"),
        Column(key="aliases", label="Aliases", kind="chips", width="38%"),
        Column(key="kind", label="Kind", width="70px"),
        Column(key="versions", label="Versions", kind="num", width="80px"),
        Column(key="updated", label="Changed", kind="num", width="92px"),
    ]
    return [c for c in columns if not short or c.key not in ("kind", "versions")]


def prompt_rows(names: Sequence[PromptName], *, inside: bool = False) -> list[Row]:
    """Rows of a list of prompts; `inside` a folder the folder is left out of the name."""
    return [
        Row(
            id=item.name,
            cells={
                "name": item.name[len(item.folder) + 1 :] if inside and item.folder else item.name,
                "aliases": [
                    Chip(label=alias.alias, value=f"v{alias.version}", tone="violet").json()
                    for alias in item.aliases
                ],
                "kind": item.kind,
                "versions": count(item.n_versions),
                "updated": ago(item.updated_ns),
            },
            params={"name": item.name},
        )
        for item in names
    ]
