"""Which models were called, and what that cost."""

from collections.abc import Sequence

from dashboard.parts.cells import Column, Row
from dashboard.parts.text import count, ms, usd
from dashboard.parts.views import section, table
from genaiops.query import usage
from genaiops.query.usage import Day

__all__ = ["models_used"]

_COLUMNS = (
    Column(key="model", label="Model", width="34%"),
    Column(key="calls", label="Calls", kind="bar"),
    Column(key="errors", label="Failed", kind="num"),
    Column(key="in", label="In", kind="num", hint="input tokens"),
    Column(key="out", label="Out", kind="num", hint="output tokens"),
    Column(key="p95", label="p95", kind="num", hint="the worst day's 95th percentile"),
    Column(key="cost", label="Cost", kind="num"),
)


def models_used(*, days: int) -> None:
    """The models of the last days, the most expensive first; nothing when there were none."""
    found = usage.daily(days=days)
    by_model: dict[str, list[Day]] = {}
    for day in found:
        by_model.setdefault(day.key, []).append(day)
    if not by_model:
        return
    most = max(sum(day.calls for day in own) for own in by_model.values())
    ordered = sorted(by_model.items(), key=lambda item: -(_sum(item[1], "cost_usd") or 0))
    section(f"Models, last {days} days", key="models head")
    table(_COLUMNS, [_row(model, own, most) for model, own in ordered[:8]], key="models")


def _row(model: str, own: Sequence[Day], most: int) -> Row:
    calls = sum(day.calls for day in own)
    return Row(
        id=model,
        cells={
            "model": model or "unknown",
            "calls": {"text": count(calls), "share": calls / most},
            "errors": count(sum(day.errors for day in own)),
            "in": count(_sum(own, "input_tokens")),
            "out": count(_sum(own, "output_tokens")),
            "p95": ms(max((day.p95_ms for day in own if day.p95_ms is not None), default=None)),
            "cost": usd(_sum(own, "cost_usd")),
        },
    )


def _sum(own: Sequence[Day], name: str) -> float | None:
    """The sum of what is known, None when nothing is."""
    known: list[float] = [item for day in own if (item := getattr(day, name)) is not None]
    return sum(known) if known else None
