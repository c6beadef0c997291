"""Tokens, money, latency and errors over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["By", "Day", "Totals", "daily", "totals"]

By = Literal["model", "provider", "operation", "service", "experiment", "prompt", "user"]
"""What `daily` groups by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Model calls of one group on one day (UTC); None is unknown.

    Attributes:
        day: ISO date, as in ``2026-11-23``.
        key: The model (or what was asked for); empty when unknown.
    """

    day: str
    key: str
    calls: int
    errors: int
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Traces since a point in time; None is unknown."""

    traces: int
    errors: int
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None

    @property
    def error_rate(self) -> float:
        """Share of traces that failed, 0 when there are none."""
        return self.errors / self.traces if self.traces else 0.0


def daily(
    days: int = 30,
    by: By = "model",
    filter: str = "",  # noqa: A002  the public name of the argument
) -> list[Day]:
    """Model calls a day and group, oldest day first, most expensive group first.

    Args:
        days: Today (UTC) and this many days before it, less one.
        filter: Filter language over spans.

    Raises: FilterError, StoreError.
    """
    raise NotImplementedError


def totals(since_ns: int = 0) -> Totals:
    """All traces that started at ``since_ns`` or later, in numbers. Raises StoreError."""
    raise NotImplementedError
