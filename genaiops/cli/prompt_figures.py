"""How a version of a prompt does: calls, errors, latency, money, scores."""

from typing import TYPE_CHECKING, Any

from genaiops.cli.text import money

if TYPE_CHECKING:
    from genaiops.query.evals import EvalScore
    from genaiops.query.prompts import VersionStats

__all__ = ["BRIEF", "FIGURES", "brief", "figures", "figures_line"]

BRIEF = ("version", "calls", "failed", "p50/p95 ms", "a call", "scores", "aliases", "message")

FIGURES = (
    "version",
    "aliases",
    "calls",
    "error_rate",
    "p50_ms",
    "p95_ms",
    "cost_per_call_usd",
    "scores",
    "eval_run_id",
    "message",
)


def figures(item: "VersionStats") -> dict[str, Any]:
    """The figures of a version as a row."""
    run = item.evaluation
    return {
        "version": item.version.version,
        "aliases": ", ".join(
            one.alias if one.weight >= 1 else f"{one.alias} {one.weight:.0%}"
            for one in item.aliases
        ),
        "calls": item.calls,
        "error_rate": item.error_rate,
        "p50_ms": item.p50_ms,
        "p95_ms": item.p95_ms,
        "cost_per_call_usd": item.cost_per_call_usd,
        "scores": "; ".join(map(_score, run.scores)) if run else None,
        "eval_run_id": run.run_id if run else None,
        "message": item.version.message,
    }


def brief(item: "VersionStats") -> dict[str, Any]:
    """The same as it fits on a line of a terminal."""
    timed = item.p50_ms is not None and item.p95_ms is not None
    return figures(item) | {
        "failed": None if item.error_rate is None else f"{item.error_rate:.1%}",
        "p50/p95 ms": f"{item.p50_ms:,.0f}/{item.p95_ms:,.0f}" if timed else None,
        "a call": money(item.cost_per_call_usd),
    }


def figures_line(item: "VersionStats") -> str:
    """The same in words."""
    if item.calls:
        parts = [f"{item.calls:,} calls", f"{item.error_rate or 0:.1%} failed"]
        if item.p50_ms is not None and item.p95_ms is not None:
            parts.append(f"p50 {item.p50_ms:,.0f} ms, p95 {item.p95_ms:,.0f} ms")
        if item.cost_per_call_usd is not None:
            parts.append(f"{money(item.cost_per_call_usd)} a call")
    else:
        parts = ["no calls yet"]
    run = item.evaluation
    scores = f"scores of run {run.run_id[:8]}: {'; '.join(map(_score, run.scores))}" if run else ""
    return ", ".join(parts) + (f"\n{scores}" if scores else "")


def _score(score: "EvalScore") -> str:
    if score.estimate is None:
        return f"{score.name} unknown"
    if score.low is None or score.high is None:
        return f"{score.name} {score.estimate:.3f}"
    return f"{score.name} {score.estimate:.3f} [{score.low:.3f}, {score.high:.3f}]"
