"""Traces, runs and prompts as rows of tables; used by more than one page."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from dashboard.parts.cells import Chip, Column, Row
from dashboard.parts.text import (
    DASH,
    ago,
    count,
    counted,
    ms,
    one_line,
    preview,
    score,
    tokens,
    usd,
)
from genaiops.model.assessment import Assessment
from genaiops.model.span import TraceSummary
from genaiops.query.evals import EvalScore
from genaiops.query.prompts import Alias, PromptName
from genaiops.query.runs import RunRow

_CHIPS = 12
__all__ = [
    "arm_text",
    "csv_columns",
    "csv_rows",
    "prompt_columns",
    "prompt_rows",
    "run_columns",
    "run_rows",
    "score_cell",
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


def trace_columns(*, short: bool = False, phrase: bool = False) -> list[Column]:
    """Columns of a list of traces; `phrase` says where a text stands, newest first."""
    columns = [
        Column(key="start", label="Time", kind="time", width="104px", sort="start_ns"),
        Column(key="status", label="Status", kind="status", width="92px", sort="status"),
        Column(key="name", label="Name", width="9%", sort="name"),
        Column(key="said", label="Text" if phrase else "Input and output", kind="pair"),
        Column(key="prompt", label="Prompt", kind="chips", width="11%"),
        Column(key="tokens", label="Tokens", kind="num", width="104px", hint="input → output",
               sort="input_tokens"),
        Column(key="cost", label="Cost", kind="num", width="74px", sort="cost_usd"),
        Column(key="latency", label="Latency", kind="bar", width="86px", sort="duration_ms"),
        Column(key="scores", label="Scores", kind="chips", width="15%"),
    ]  # fmt: skip
    if short:
        dropped = ("prompt", "scores", "tokens")
        columns = [column for column in columns if column.key not in dropped]
    if short or phrase:
        columns = [replace(column, sort="") for column in columns]
    return columns


def trace_rows(
    items: Sequence[TraceSummary],
    said: Mapping[str, Sequence[Assessment]],
    prompts: Mapping[str, Sequence[tuple[str, int | None]]] = MappingProxyType({}),
    snippets: Mapping[str, str] = MappingProxyType({}),
) -> list[Row]:
    """Rows of a list of traces, with what was said about each and the prompts it used."""
    slowest = max((item.duration_ms or 0 for item in items), default=0) or 1
    return [
        Row(
            id=item.trace_id,
            cells={
                "start": item.start_ns / 1e6,
                "status": item.status,
                "name": one_line(item.name, 120) or "(no name)",
                "said": [
                    snippets.get(item.trace_id) or preview(item.inputs_preview) or DASH,
                    preview(item.outputs_preview) or DASH,
                ],
                "prompt": [_prompt(*used).json() for used in prompts.get(item.trace_id, ())[:3]],
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


def _prompt(name: str, version: int | None) -> Chip:
    shown, tail = one_line(name, 60), "" if version is None else f"@{version}"
    return Chip(value=shown, tail=tail, tone="blue", hint=f"{shown}{tail}")


def _chips(said: Sequence[Assessment]) -> list[dict[str, object]]:
    shown = [item for item in said if item.kind == "feedback" and not item.superseded_by]
    return [verdict(item.name, item.value, error=item.error).json() for item in shown[:_CHIPS]]


def csv_columns() -> list[str]:
    """Columns of exported traces."""
    return [
        "trace_id", "start_ns", "status", "name", "inputs", "outputs", "input_tokens",
        "output_tokens", "cost_usd", "duration_ms", "session_id", "user_id", "experiment",
    ]  # fmt: skip


def csv_rows(items: Sequence[TraceSummary]) -> list[list[object]]:
    """Traces as rows of `csv_columns`; inputs and outputs as the list shows them."""
    return [
        [
            item.trace_id, item.start_ns, item.status, item.name, item.inputs_preview,
            item.outputs_preview, item.input_tokens, item.output_tokens, item.cost_usd,
            item.duration_ms, item.session_id, item.user_id, item.experiment,
        ]
        for item in items
    ]  # fmt: skip


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


def arm_text(alias: Alias) -> str:
    """The version that an alias names, with its share where it is split."""
    return f"v{alias.version}" + ("" if alias.weight >= 1 else f" {alias.weight:.0%}")


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
                    Chip(label=alias.alias, value=arm_text(alias), tone="violet").json()
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


def score_cell(score: EvalScore | None) -> dict[str, object] | None:
    """A score as the table draws it: where it and its interval lie between 0 and 1."""
    if score is None or score.estimate is None:
        return None
    known = score.low is not None and score.high is not None
    unit = 0 <= score.estimate <= 1
    return {
        "text": f"{score.estimate:.3f}" if abs(score.estimate) < 1_000 else count(score.estimate),
        "at": score.estimate if unit else None,
        "low": score.low if unit and known else None,
        "high": score.high if unit and known else None,
        "hint": f"{score.low:.3f} to {score.high:.3f}, {counted(score.n, 'verdict')}"
        if known
        else "",
    }
