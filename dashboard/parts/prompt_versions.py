"""The versions of a prompt as a table: aliases, calls, latency, money."""

from collections.abc import Sequence

from dashboard.parts.cells import Chip, Column, Row
from dashboard.parts.text import ago, count, ms, percent, usd
from dashboard.parts.urls import link
from dashboard.parts.views import table, value
from genaiops.model.prompt import PromptVersion
from genaiops.query.prompts import AliasMove, VersionStats

__all__ = ["alias_history", "version_settings", "versions_table"]

_COLUMNS = (
    Column(key="version", label="Version", width="70px"),
    Column(key="aliases", label="Aliases", kind="chips", width="21%"),
    Column(key="message", label="What changed"),
    Column(key="author", label="Author", width="90px"),
    Column(key="when", label="Made", kind="num", width="92px"),
    Column(key="calls", label="Calls", kind="bar", width="84px"),
    Column(key="errors", label="Failed", kind="num", width="70px"),
    Column(key="p50", label="p50", kind="num", width="80px"),
    Column(key="p95", label="p95", kind="num", width="80px"),
    Column(key="cost", label="Cost/call", kind="num", width="88px"),
    Column(key="scores", label="Scores", kind="chips", width="18%"),
)


def versions_table(name: str, versions: Sequence[VersionStats], chosen: int) -> None:
    """The table; a click sets ``v`` in the URL."""
    most = max(item.calls for item in versions) or 1
    rows = [_row(name, item, most) for item in versions]
    table(_COLUMNS, rows, key="versions", selected=str(chosen))


def _row(name: str, item: VersionStats, most: int) -> Row:
    version = item.version
    return Row(
        id=str(version.version),
        cells={
            "version": f"v{version.version}",
            "aliases": [
                Chip(
                    value=alias.alias if alias.weight >= 1 else f"{alias.alias} {alias.weight:.0%}",
                    tone="violet",
                ).json()
                for alias in item.aliases
            ],
            "message": version.message,
            "author": version.author,
            "when": ago(version.created_ns),
            "calls": {"text": count(item.calls), "share": item.calls / most},
            "errors": percent(item.error_rate),
            "p50": ms(item.p50_ms),
            "p95": ms(item.p95_ms),
            "cost": usd(item.cost_per_call_usd),
            "scores": [chip.json() for chip in _scores(item)],
        },
        params={"name": name, "v": str(version.version)},
    )


def _scores(item: VersionStats) -> list[Chip]:
    """The scores of the newest evaluation with their intervals; a click opens it."""
    run = item.evaluation
    if run is None:
        return []
    return [
        Chip(
            label=score.name,
            value="unknown" if score.estimate is None else f"{score.estimate:.2f}",
            hint=""
            if score.low is None or score.high is None
            else f"{score.low:.3f} to {score.high:.3f}, {score.n} verdicts",
            go=link("evaluate", {"a": run.run_id}),
        )
        for score in run.scores
    ]


def alias_history(moves: Sequence[AliasMove]) -> None:
    """Where each alias pointed, newest first."""
    rows = [
        Row(
            id=str(place),
            cells={
                "alias": [Chip(value=move.alias, tone="violet").json()],
                "to": "removed" if move.version is None else f"v{move.version}",
                "when": move.moved_ns / 1e6,
                "who": move.author,
                "why": move.reason,
            },
        )
        for place, move in enumerate(moves)
    ]
    columns = (
        Column(key="when", label="Moved", kind="time", width="150px"),
        Column(key="alias", label="Alias", kind="chips", width="20%"),
        Column(key="to", label="To", width="80px"),
        Column(key="who", label="By", width="120px"),
        Column(key="why", label="Why"),
    )
    table(columns, rows, key="moves", empty="No alias was set.")


def version_settings(version: PromptVersion) -> None:
    """What belongs to a version besides its text."""
    for title, content in (
        ("Model settings", version.model_config),
        ("Response format", version.response_format),
        ("Tools", version.tools),
        ("Tags", version.tags),
    ):
        if content:
            value(content, title=title, key=title)
    value({"hash": version.hash, "syntax": version.syntax}, title="Version", key="version")
