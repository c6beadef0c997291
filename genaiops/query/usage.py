"""Tokens, money, latency and errors over time."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from genaiops.errors import FilterError
from genaiops.query.where import Where
from genaiops.store import current_store

__all__ = ["By", "Day", "Totals", "daily", "totals"]

By = Literal["model", "provider", "operation", "service", "experiment", "prompt", "user"]
"""What `daily` groups by."""

_DAY_NS = 86_400 * 10**9
_KEYS = {
    "model": "coalesce(request_model, response_model)",
    "provider": "provider",
    "operation": "operation",
    "service": "service",
    "experiment": "experiment",
    "prompt": "prompt_name || '@' || prompt_version",
    "user": "user_id",
}
_CALL = "span_type IN ('llm', 'embedding')"
_REPORTS = (
    f"({_CALL} AND (input_tokens IS NOT NULL OR output_tokens IS NOT NULL "
    "OR cost_usd IS NOT NULL)) AS reports"
)
_CALL_HAS_CHILDREN = f"""
    SELECT EXISTS (
      SELECT 1 FROM spans
      WHERE start_ns >= ?
      AND parent_span_id IN (SELECT span_id FROM spans WHERE {_CALL} AND start_ns >= ?))"""
"""Only then can a model call be recorded twice; quick, since most model calls are leaves."""
_INSIDE = f"""
    WITH RECURSIVE inside AS (
      SELECT trace_id, parent_span_id AS call_id, span_id, {_REPORTS}
      FROM spans
      WHERE start_ns >= ?
      AND parent_span_id IN (SELECT span_id FROM spans WHERE {_CALL} AND start_ns >= ?)
      UNION ALL
      SELECT s.trace_id, i.call_id, s.span_id, s.reports
      FROM (SELECT trace_id, parent_span_id, span_id, {_REPORTS} FROM spans) AS s
      JOIN (SELECT * FROM inside WHERE NOT reports) AS i
      ON i.trace_id = s.trace_id AND i.span_id = s.parent_span_id)"""
"""What stands inside each model call, down to the next call that reports usage."""
_NOT_RECORDED_AGAIN = (
    "(trace_id, span_id) NOT IN (SELECT (trace_id, call_id) FROM inside WHERE reports)"
)


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

    A call that several layers recorded (a gateway, a library) counts once: as the innermost span
    that reports its usage.

    Args:
        days: Today (UTC) and this many days before it, less one.
        by: What to group by, beside the day.
        filter: Filter language over spans.

    Raises: FilterError, StoreError.
    """
    if days < 1:
        raise FilterError(f"days is {days}: use 1 or more")
    if by not in _KEYS:
        raise FilterError(f"cannot group by {by!r}: use one of {', '.join(_KEYS)}")
    since = (time.time_ns() // _DAY_NS - days + 1) * _DAY_NS
    where = Where.of("spans", filter)
    where.add(_CALL)
    where.add("start_ns >= ?", since)
    with current_store().read() as reader:
        inside = ""
        if reader.query(_CALL_HAS_CHILDREN, [since, since]).rows[0][0]:
            inside = _INSIDE
            where.add(_NOT_RECORDED_AGAIN)
            where.params[:0] = [since, since]
        rows = reader.query(
            f"""
            {inside}
            SELECT
              start_ns // {_DAY_NS} AS day,
              {_KEYS[by]} AS key,
              count(*) AS calls,
              count(*) FILTER (status = 'error') AS errors,
              sum(input_tokens) AS input_tokens,
              sum(output_tokens) AS output_tokens,
              sum(cost_usd) AS cost_usd,
              approx_quantile(duration_ms, [0.5, 0.95, 0.99]) AS quantiles
            FROM spans
            {where.sql}
            GROUP BY day, key
            ORDER BY day, cost_usd DESC NULLS LAST, calls DESC, key
            """,
            where.params,
        ).dicts()
    return [_day(row) for row in rows]


def totals(since_ns: int = 0, until_ns: int | None = None) -> Totals:
    """All traces that started at `since_ns` or later, and before `until_ns`, in numbers.

    Raises: StoreError.
    """
    where = Where()
    where.add("start_ns >= ?", since_ns)
    where.add_if("start_ns < ?", until_ns)
    with current_store().read() as reader:
        row = reader.query(
            f"""
            SELECT
              count(*) AS traces,
              count(*) FILTER (status = 'error') AS errors,
              sum(input_tokens)::BIGINT AS input_tokens,
              sum(output_tokens)::BIGINT AS output_tokens,
              sum(cost_usd) AS cost_usd,
              approx_quantile(duration_ms, [0.5, 0.95, 0.99]) AS quantiles
            FROM traces
            {where.sql}
            """,
            where.params,
        ).dicts()[0]
    return Totals(**_with_quantiles(row))


def _day(row: dict[str, Any]) -> Day:
    values = _with_quantiles(row)
    values["day"] = str(datetime.fromtimestamp(row["day"] * 86_400, tz=UTC).date())
    values["key"] = row["key"] or ""
    return Day(**values)


def _with_quantiles(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its list of quantiles as three values, and sums as plain integers."""
    values = dict(row)
    quantiles = values.pop("quantiles") or (None, None, None)
    values |= dict(zip(("p50_ms", "p95_ms", "p99_ms"), quantiles, strict=True))
    for name in ("input_tokens", "output_tokens"):
        values[name] = None if values[name] is None else int(values[name])
    return values
