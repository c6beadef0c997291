"""Confidence interval of a mean score, chosen by what the values are.

What each covers in simulation is printed by benchmarks/bench_interval_coverage.py.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from genaiops.eval.stats.quantiles import t_quantile, z_quantile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "Interval",
    "cluster_codes",
    "cluster_t",
    "cluster_variance",
    "interval",
    "mean_t",
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

    Rates (only the two ends of the scale occur) get Wilson's interval, other means Student's t.
    Where some values stand at an end of the scale, t is far too short (a score that is 1 on 97 %
    of 20 rows is covered in 42 %), so a Wilson interval scaled by the variance takes its place;
    also where all values are equal, which t takes for certainty.
    Clusters widen either by the variance between them (CR2, Bell and McCaffrey 2002).

    Args:
        values: Finite numbers, at least one.
        confidence: Between 0 and 1.
        clusters: Cluster of each value, such as the document a question was made from.
        scale: Smallest and largest possible value, None when unknown.
    """
    import numpy as np

    x = np.asarray(values, dtype=float)
    at_end = scale is not None and (bool(np.isin(x, scale).any()) or x.min() == x.max())
    if clusters is not None and len(set(clusters)) < len(x):
        codes = cluster_codes(clusters)
        if at_end and scale is not None:
            return _cluster_wilson(x, codes, confidence, scale)
        return _inside(cluster_t(x, codes, confidence=confidence), scale)
    if at_end and scale is not None:
        if np.isin(x, scale).all():
            return _rate(x, confidence, scale)
        return _scaled_wilson(x, confidence, scale)
    return _inside(mean_t(x, confidence=confidence), scale)


def wilson(successes: float, n: int, *, confidence: float = 0.95) -> Interval:
    """Interval of a rate. Source: Wilson, JASA 22 (1927)."""
    low, high = _score_interval(successes / n, float(n), z_quantile(confidence))
    return Interval(estimate=successes / n, low=low, high=high, method="Wilson")


def mean_t(values: "Floats", *, confidence: float = 0.95) -> Interval:
    """Interval of a mean by Student's t."""
    n = len(values)
    mean = float(values.mean())
    if n < 2:
        return Interval(estimate=mean, low=None, high=None, method="one value: no interval")
    half = t_quantile(confidence, n - 1) * float(values.std(ddof=1)) / math.sqrt(n)
    return Interval(estimate=mean, low=mean - half, high=mean + half, method="t")


def cluster_t(
    values: "Floats", codes: "NDArray[np.int64]", *, confidence: float = 0.95
) -> Interval:
    """Interval of a mean whose values come in clusters: CR2 variance, Satterthwaite's t.

    Source: Bell and McCaffrey, Survey Methodology 28 (2002). With clusters of one size it is the
    textbook ``SE² = G/(G-1) Σ (Σ residuals)² / n²`` with G - 1 degrees of freedom.
    """
    mean = float(values.mean())
    variance, df, groups = cluster_variance(values, codes)
    if groups < 2:
        return Interval(estimate=mean, low=None, high=None, method="one cluster: no interval")
    half = t_quantile(confidence, df) * math.sqrt(variance)
    return Interval(
        estimate=mean, low=mean - half, high=mean + half, method=f"cluster t (G={groups})"
    )


def _rate(x: "Floats", confidence: float, scale: tuple[float, float]) -> Interval:
    found = wilson(float((x == scale[1]).sum()), len(x), confidence=confidence)
    return _unscaled(found, scale, found.method)


def _scaled_wilson(x: "Floats", confidence: float, scale: tuple[float, float]) -> Interval:
    """Wilson's interval with the sample size that has the rate's variance equal the values'.

    One pseudo-value at each end keeps the variance of a sample that happens to have none.
    """
    import numpy as np

    unit = (x - scale[0]) / (scale[1] - scale[0])
    padded = np.concatenate([unit, [0.0, 1.0]])
    center = float(padded.mean())
    effect = min(1.0, float(padded.var()) / (center * (1.0 - center)))
    mean, n = float(unit.mean()), len(unit)
    quantile = t_quantile(confidence, max(n - 1, 1))
    low, high = _score_interval(mean, n / effect, quantile)
    found = Interval(estimate=mean, low=low, high=high, method="")
    return _unscaled(found, scale, "Wilson, scaled by variance")


def _cluster_wilson(
    x: "Floats", codes: "NDArray[np.int64]", confidence: float, scale: tuple[float, float]
) -> Interval:
    """Wilson's interval with the effective sample size of the clusters.

    Source: Korn and Graubard, Survey Methodology 24 (1998), for Wilson's interval.
    """
    unit = (x - scale[0]) / (scale[1] - scale[0])
    mean, n = float(unit.mean()), len(unit)
    variance, df, groups = cluster_variance(unit, codes)
    if groups < 2:
        found = Interval(estimate=mean, low=None, high=None, method="")
        return _unscaled(found, scale, "one cluster: no interval")
    effective = min(max(mean * (1.0 - mean) / variance, groups / 2.0), n) if variance else groups
    low, high = _score_interval(mean, float(effective), t_quantile(confidence, df))
    found = Interval(estimate=mean, low=low, high=high, method="")
    return _unscaled(found, scale, f"cluster Wilson (G={groups})")


def _score_interval(rate: float, n: float, quantile: float) -> tuple[float, float]:
    squared = quantile * quantile
    center = (rate + squared / (2.0 * n)) / (1.0 + squared / n)
    spread = math.sqrt(rate * (1.0 - rate) / n + squared / (4.0 * n * n))
    half = quantile / (1.0 + squared / n) * spread
    # The ends are exact for rates of 0 and 1; rounding may not push the estimate outside.
    return max(0.0, min(center - half, rate)), min(1.0, max(center + half, rate))


def _inside(found: Interval, scale: tuple[float, float] | None) -> Interval:
    """The interval cut where no mean can be."""
    if scale is None or found.low is None or found.high is None:
        return found
    return replace(found, low=max(found.low, scale[0]), high=min(found.high, scale[1]))


def cluster_variance(x: "Floats", codes: "NDArray[np.int64]") -> tuple[float, float, int]:
    """CR2 variance of the mean, its degrees of freedom, number of clusters."""
    import numpy as np

    sizes = np.bincount(codes).astype(float)
    n, groups = float(len(x)), len(sizes)
    if groups < 2:
        return 0.0, 1.0, groups
    sums = np.bincount(codes, weights=x - x.mean())
    leverage = 1.0 / (n * n * (1.0 - sizes / n))
    variance = float((sums * sums * leverage).sum())
    own, shared = sizes * leverage, sizes * sizes * leverage / n
    trace = float(own.sum() - shared.sum())
    squared = float((own * own).sum() - 2.0 * (own * shared).sum() + shared.sum() ** 2)
    return variance, trace * trace / squared, groups


def cluster_codes(clusters: Sequence[Hashable]) -> "NDArray[np.int64]":
    """Clusters as numbers from 0."""
    import numpy as np

    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in clusters], dtype=np.int64)


def _unscaled(found: Interval, scale: tuple[float, float], method: str) -> Interval:
    low, width = scale[0], scale[1] - scale[0]

    def real(value: float | None) -> float | None:
        return None if value is None else low + width * value

    estimate = low + width * found.estimate
    return Interval(estimate=estimate, low=real(found.low), high=real(found.high), method=method)
