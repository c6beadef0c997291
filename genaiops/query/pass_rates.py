"""How judges and people scored traces lately: the share that passed, or the mean, with an interval."""

import math
from dataclasses import dataclass
from typing import Any

from genaiops.store import current_store

__all__ = ["PassRate", "pass_rates"]

_Z = 1.959964  # 95 %


@dataclass(frozen=True, slots=True, kw_only=True)
class PassRate:
    """What was said under one name within a time.

    Attributes:
        estimate: Share of yes where every value is yes or no, else the mean; in [0, 1].
        is_share: Whether every value is yes or no.
        low: Lower end of the 95 % interval: Wilson's of a share, the normal one of a mean.
        high: Its upper end.
        n: Values.
        n_failed: Judgements that ended in an error instead.
        before: The estimate of the time before, None when nothing was said then.
    """

    name: str
    estimate: float
    is_share: bool
    low: float
    high: float
    n: int
    n_failed: int
    before: float | None


def pass_rates(*, since_ns: int, until_ns: int, limit: int = 12) -> list[PassRate]:
    """Scores within [0, 1] given from then to then, most frequent first.

    The time before is as long and ends at `since_ns`.

    Raises: StoreError.
    """
    with current_store().read() as reader:
        rows = reader.query(
            """
            SELECT
              name,
              count(number) FILTER (now) AS n,
              avg(number) FILTER (now) AS mean,
              var_samp(number) FILTER (now) AS variance,
              bool_and(number IN (0, 1)) FILTER (now) AS is_share,
              count(error) FILTER (now) AS n_failed,
              avg(number) FILTER (NOT now) AS before
            FROM (
              SELECT name, error, created_ns >= $since AS now,
                CASE WHEN error IS NULL AND isfinite(number) THEN number END AS number
              FROM assessments
              WHERE kind = 'feedback' AND superseded_by IS NULL
              AND created_ns >= $before AND created_ns < $until)
            GROUP BY name
            HAVING n > 0 AND min(number) >= 0 AND max(number) <= 1
            ORDER BY n DESC, name
            LIMIT $limit
            """,
            {
                "since": since_ns,
                "until": until_ns,
                "before": 2 * since_ns - until_ns,
                "limit": limit,
            },
        ).dicts()
    return [_rate(row) for row in rows]


def _rate(row: dict[str, Any]) -> PassRate:
    n, mean = int(row["n"]), float(row["mean"])
    if row["is_share"]:
        low, high = _wilson(mean, n)
    else:
        half = _Z * math.sqrt((row["variance"] or 0.0) / n) if n > 1 else 1.0
        low, high = max(0.0, mean - half), min(1.0, mean + half)
    return PassRate(
        name=row["name"],
        estimate=mean,
        is_share=bool(row["is_share"]),
        low=low,
        high=high,
        n=n,
        n_failed=int(row["n_failed"]),
        before=row["before"],
    )


def _wilson(share: float, n: int) -> tuple[float, float]:
    """Interval of a share. Source: Wilson, 1927; evaluations use the same (eval/stats)."""
    z2 = _Z * _Z / n
    middle = (share + z2 / 2) / (1 + z2)
    half = _Z * math.sqrt(share * (1 - share) / n + z2 / (4 * n)) / (1 + z2)
    return max(0.0, middle - half), min(1.0, middle + half)
