"""Confidence interval of a mean score, chosen by what the values are.

What each covers in simulation is printed by benchmarks/bench_interval_coverage.py.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from genaiops.eval.stats.quantiles import poisson_mean, t_quantile, t_quantiles, z_quantile
from genaiops.eval.stats.spread import cluster_codes, cluster_sums, cluster_variance, spread_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

__all__ = [
    "UNIT",
    "Interval",
    "bounded",
    "cluster_t",
    "interval",
    "mean_t",
    "rate",
    "score_bounds",
    "unbounded",
    "wilson",
]

UNIT = (0.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate and the interval around it.

    Attributes:
        low: Lower end; None when one value alone says nothing about the spread.
        method: Name of the method, as shown to the user.
    """

    estimate: float
    low: float | None
    high: float | None
    method: str


def interval(
    values: Sequence[float],
    *,
    confidence: float = 0.95,
    clusters: Sequence[Hashable] | None = None,
    scale: tuple[float, float] | None = UNIT,
) -> Interval:
    """Mean and interval of scores, the method chosen and named.

    Rates (only the two ends of the scale occur) get Wilson's interval; other means on a scale a
    t interval in Wilson's form (`bounded`); means without a scale a t interval corrected for
    skewness (`unbounded`). Clusters widen each by the variance between them.

    Args:
        values: Finite numbers, at least one.
        confidence: Between 0 and 1.
        clusters: Cluster of each value, such as the document a question was made from.
        scale: Smallest and largest possible value, None when unknown.
    """
    import numpy as np

    x = np.asarray(values, dtype=float)
    if scale is None and np.isin(x, UNIT).all():
        scale = UNIT
    codes = None
    if clusters is not None and len(set(clusters)) < len(x):
        codes = cluster_codes(clusters)
        if not codes.any():
            return _alone(x, "one cluster: no interval")
    named = "" if codes is None else f", {int(codes.max()) + 1} clusters"
    if scale is None:
        if len(x) < 2:
            return _alone(x, "one value: no interval")
        if np.ptp(x) == 0.0:
            return _alone(x, "all values are equal: no interval")
        low, high = unbounded(x, codes, confidence=confidence)
        return _made(x, float(low), float(high), f"t, corrected for skewness{named}")
    unit = (x - scale[0]) / (scale[1] - scale[0])
    ends = bool(np.isin(x, scale).all())
    if ends and codes is None:
        found = rate(int((x == scale[1]).sum()), len(x), confidence=confidence)
        assert found.low is not None and found.high is not None  # noqa: S101, PT018  narrows
        return _scaled(x, found.low, found.high, scale, found.method)
    low, high = bounded(unit, codes, confidence=confidence)
    form = "Wilson" if ends else "t in Wilson's form"
    return _scaled(x, float(low), float(high), scale, f"{form}{named}")


def wilson(successes: float, n: float, *, confidence: float = 0.95) -> Interval:
    """Interval of a rate. Source: Wilson, JASA 22 (1927)."""
    import numpy as np

    share = np.asarray(successes / n)
    low, high = score_bounds(share, np.asarray(float(n)), np.asarray(z_quantile(confidence)))
    return Interval(estimate=float(share), low=float(low), high=float(high), method="Wilson")


def rate(successes: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Wilson's interval, lengthened where it is known to dip: a handful of successes or failures.

    Covers at least 0.916 for every rate from .50 to .99 in steps of .01 and every n from 20 to
    500, where Wilson's own falls to 0.895.

    Source: Brown, Cai and DasGupta, Statistical Science 16 (2001), section 4.1.1.
    """
    found = wilson(successes, n, confidence=confidence)
    low, high = found.low or 0.0, found.high or 0.0
    few = 2 if n <= 50 else 3
    if 1 <= successes <= few:
        low = min(low, poisson_mean(successes, 1.0 - confidence) / n)
    if 1 <= n - successes <= few:
        high = max(high, 1.0 - poisson_mean(n - successes, 1.0 - confidence) / n)
    return Interval(estimate=found.estimate, low=low, high=high, method="Wilson")


def bounded(
    values: "Floats", codes: "Codes | None" = None, *, confidence: float = 0.95
) -> "tuple[Floats, Floats]":
    """Ends of the interval of means on a scale from 0 to 1, clusters counted in.

    Wilson's interval with the sample size that gives a rate the variance of the mean (Korn and
    Graubard, Survey Methodology 24, 1998), and t with the degrees of freedom of `spread_of`. Near
    an end of the scale the interval is as lopsided as it must be: t itself covers a score that is
    1 on 97 % of 20 rows in 42 % of samples. Values that are all equal, which t takes for
    certainty, count as so many rates.

    Args:
        values: Between 0 and 1, shape (..., n).
        codes: Cluster of each value as numbers from 0, shape (n,).
        confidence: Between 0 and 1.
    """
    import numpy as np

    found = spread_of(values, codes)
    mean, variance = np.clip(found.mean, 0.0, 1.0), found.variance
    known = (variance > 1e-30) & (mean * (1.0 - mean) > 0.0)
    size = np.where(
        known, mean * (1.0 - mean) / np.where(known, variance, 1.0), float(found.groups)
    )
    df = np.where(known, found.df, max(found.groups - 1.0, 1.0))
    return score_bounds(mean, size, t_quantiles(confidence, df))


def unbounded(
    values: "Floats", codes: "Codes | None" = None, *, confidence: float = 0.95
) -> "tuple[Floats, Floats]":
    """Ends of the interval of means without a scale, such as latencies; at least two units.

    Hall's transformation takes the skewness out of t. Source: Hall, Journal of the Royal
    Statistical Society B 54 (1992), with the degrees of freedom of `spread_of`.
    """
    import numpy as np

    found = spread_of(values, codes)
    error = np.sqrt(found.variance)
    sums, _ = cluster_sums(values - found.mean[..., np.newaxis], codes)
    second, third = (sums**2).mean(axis=-1), (sums**3).mean(axis=-1)
    varied = second > 0.0
    skew = np.where(varied, third / np.where(varied, second, 1.0) ** 1.5, 0.0)
    quantile, root = t_quantiles(confidence, found.df), math.sqrt(found.groups)

    def untransformed(t: "Floats") -> "Floats":
        moved = t - skew / (6.0 * root)
        bent = np.abs(skew) > 1e-6
        a = np.where(bent, skew, 1.0) / (3.0 * root)
        return np.where(bent, (np.cbrt(1.0 + 3.0 * a * moved) - 1.0) / a, moved)

    return found.mean - untransformed(quantile) * error, found.mean - untransformed(
        -quantile
    ) * error


def mean_t(values: "Floats", *, confidence: float = 0.95) -> Interval:
    """Interval of a mean by Student's t, as in the textbook."""
    return cluster_t(values, None, confidence=confidence)


def cluster_t(values: "Floats", codes: "Codes | None", *, confidence: float = 0.95) -> Interval:
    """Interval of a mean whose values come in clusters: CR2 variance, Satterthwaite's t.

    Source: Bell and McCaffrey, Survey Methodology 28 (2002). With clusters of one size it is the
    textbook ``SE² = G/(G-1) Σ (Σ residuals)² / n²`` with G - 1 degrees of freedom.
    """
    variance, df, groups = cluster_variance(values, codes)
    if groups < 2:
        return _alone(values, "one value: no interval")
    mean, half = float(values.mean()), t_quantile(confidence, df) * math.sqrt(variance)
    method = "t" if codes is None else f"t, {groups} clusters"
    return Interval(estimate=mean, low=mean - half, high=mean + half, method=method)


def score_bounds(share: "Floats", n: "Floats", quantile: "Floats") -> "tuple[Floats, Floats]":
    """Wilson's interval of shares; the sample size need not be whole."""
    import numpy as np

    squared = quantile * quantile
    center = (share + squared / (2.0 * n)) / (1.0 + squared / n)
    spread = np.sqrt(share * (1.0 - share) / n + squared / (4.0 * n * n))
    half = quantile / (1.0 + squared / n) * spread
    # The ends are exact for rates of 0 and 1; rounding may not push the estimate outside.
    low = np.maximum(0.0, np.minimum(center - half, share))
    return low, np.minimum(1.0, np.maximum(center + half, share))


def _alone(x: "Floats", method: str) -> Interval:
    return Interval(estimate=float(x.mean()), low=None, high=None, method=method)


def _made(x: "Floats", low: float, high: float, method: str) -> Interval:
    return Interval(estimate=float(x.mean()), low=low, high=high, method=method)


def _scaled(
    x: "Floats", low: float, high: float, scale: tuple[float, float], method: str
) -> Interval:
    start, width = scale[0], scale[1] - scale[0]
    return _made(x, start + width * low, start + width * high, method)
