"""The versions of a prompt: the rail to choose one by, its figures, all of them side by side."""

from collections.abc import Callable, Sequence

import streamlit as st

from dashboard.parts.cells import Chip, Column, Row, Tile
from dashboard.parts.lists import score_cell
from dashboard.parts.text import ago, count, counted, ms, one_line, percent, usd
from dashboard.parts.urls import link
from dashboard.parts.views import chips, table, tiles, value
from genaiops.model.prompt import PromptVersion
from genaiops.query.evals import EvalScore
from genaiops.query.prompts import Alias, VersionStats

__all__ = ["alias_chip", "version_figures", "version_rail", "version_settings", "version_tiles"]

_RAIL = (Column(key="version", label="Versions", kind="pair"),)
_RAIL_ROWS, _RAIL_PX = 14, 640
_JUDGES = 4
_FIGURES: tuple[tuple[str, Callable[[VersionStats], str]], ...] = (
    ("Calls", lambda item: count(item.calls)),
    ("Failed", lambda item: percent(item.error_rate)),
    ("p50", lambda item: ms(item.p50_ms)),
    ("p95", lambda item: ms(item.p95_ms)),
    ("Cost per call", lambda item: usd(item.cost_per_call_usd)),
)


def alias_chip(alias: Alias) -> Chip:
    """An alias, with its share where it is split."""
    share = "" if alias.weight >= 1 else f" {alias.weight:.0%}"
    return Chip(value=f"{one_line(alias.alias, 40)}{share}", tone="violet")


def version_rail(name: str, versions: Sequence[VersionStats], chosen: int) -> None:
    """Every version, newest first; a click sets ``v`` in the URL."""
    rows = [
        Row(
            id=str(item.version.version),
            cells={
                "version": [
                    f"v{item.version.version}",
                    " · ".join(filter(None, (ago(item.version.created_ns), _said(item.version)))),
                    [alias_chip(alias).json() for alias in item.aliases],
                ],
            },
            params={"name": name, "v": str(item.version.version), "vs": "", "result": ""},
        )
        for item in versions
    ]
    height = _RAIL_PX if len(rows) > _RAIL_ROWS else "content"
    with st.container(height=height, border=False, key="version-rail"):
        table(_RAIL, rows, key="versions", selected=str(chosen))


def _said(version: PromptVersion) -> str:
    return one_line(version.message, 120) or one_line(version.author, 60)


def version_tiles(shown: VersionStats, other: VersionStats | None) -> None:
    """What is known of a version in figures, beside those of the other one."""

    def beside(text: str) -> str:
        return "" if other is None else f"v{other.version.version}: {text}"

    judged = [] if shown.evaluation is None else list(shown.evaluation.scores)[:_JUDGES]
    before = {} if other is None or other.evaluation is None else {
        score.name: score for score in other.evaluation.scores}  # fmt: skip
    items = [
        Tile(
            label=one_line(score.name, 40),
            value=_estimate(score),
            note=" · ".join(
                filter(None, (_interval(score), beside(_estimate(before.get(score.name)))))
            ),
            hint=", ".join(filter(None, (_interval(score), counted(score.n, "verdict")))),
        )
        for score in judged
    ]
    if items:
        tiles(items, key="scores")
    known = [
        Tile(
            label=label,
            value=figure(shown),
            note="" if other is None else beside(figure(other)),
        )
        for label, figure in _FIGURES
    ]
    tiles(known, key="figures")
    _evaluations(shown, other)


def _evaluations(shown: VersionStats, other: VersionStats | None) -> None:
    """Where the scores come from: the evaluation, or both row by row."""
    if shown.evaluation is None:
        return
    run = shown.evaluation
    found = [
        Chip(label=f"v{shown.version.version} judged on", value=counted(run.n_rows, "row"),
             tone="blue", go=link("eval", {"runs": run.run_id}))
    ]  # fmt: skip
    if other is not None and other.evaluation is not None:
        both = sorted((other, shown), key=lambda item: item.version.version)
        runs = ",".join(item.evaluation.run_id for item in both if item.evaluation)
        told = " → ".join(f"v{item.version.version}" for item in both)
        found.append(
            Chip(value=f"why: {told} row by row", tone="blue", go=link("eval", {"runs": runs}))
        )
    chips(found, key="evaluations")


def _estimate(score: EvalScore | None) -> str:
    return "–" if score is None or score.estimate is None else f"{score.estimate:.3f}"


def _interval(score: EvalScore) -> str:
    known = score.low is not None and score.high is not None
    return f"{score.low:.3f} to {score.high:.3f}" if known else ""


def version_figures(name: str, versions: Sequence[VersionStats], chosen: int) -> None:
    """All versions side by side: calls, latency, money, scores with their intervals."""
    most = max(item.calls for item in versions) or 1
    judges = list(
        dict.fromkeys(
            score.name for item in versions if item.evaluation for score in item.evaluation.scores
        )
    )[:_JUDGES]
    columns = (
        Column(key="version", label="Version", width="70px"),
        Column(key="calls", label="Calls", kind="bar", width="84px"),
        Column(key="errors", label="Failed", kind="num", width="70px"),
        Column(key="p50", label="p50", kind="num", width="80px"),
        Column(key="p95", label="p95", kind="num", width="80px"),
        Column(key="cost", label="Cost/call", kind="num", width="88px"),
        *(Column(key=f"score {judge}", label=judge, kind="score") for judge in judges),
    )
    table(columns, [_figures(name, item, most) for item in versions], key="all figures",
          selected=str(chosen))  # fmt: skip


def _figures(name: str, item: VersionStats, most: int) -> Row:
    scores = () if item.evaluation is None else item.evaluation.scores
    return Row(
        id=str(item.version.version),
        cells={
            "version": f"v{item.version.version}",
            "calls": {"text": count(item.calls), "share": item.calls / most},
            "errors": percent(item.error_rate),
            "p50": ms(item.p50_ms),
            "p95": ms(item.p95_ms),
            "cost": usd(item.cost_per_call_usd),
            **{f"score {score.name}": score_cell(score) for score in scores},
        },
        params={"name": name, "v": str(item.version.version)},
    )


def version_settings(version: PromptVersion) -> None:
    """What belongs to a version besides its text."""
    for title, content in (
        ("Model settings", version.model_config),
        ("Response format", version.response_format),
        ("Tools", version.tools),
        ("Types of variables", version.variable_types),
        ("Tags", version.tags),
    ):
        if content:
            value(content, title=title, key=title)
    facts = {"hash": version.hash, "syntax": version.syntax, "author": version.author}
    value(facts, title="Version", key="version")
