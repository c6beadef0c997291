"""Two runs over the same rows: the difference, its interval and whether it is luck."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from genaiops.eval.stats.intervals import cluster_codes, cluster_t, cluster_variance
from genaiops.eval.stats.quantiles import t_quantile, two_sided_t, z_quantile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Difference", "difference", "holm", "mcnemar_mid_p"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Mean of ``a - b`` over pairs.

    Attributes:
        low: Lower end of the interval of the difference; None for fewer than two pairs.
        p: Two-sided p value of "no difference"; None for fewer than two pairs.
        method: Name of the method, as shown to the user.
    """

    estimate: float
    low: float | None
    high: float | None
    p: float | None
    n: int
    method: str


def difference(
    a: Sequence[float],
    b: Sequence[float],
    *,
    confidence: float = 0.95,
    clusters: Sequence[Hashable] | None = None,
) -> Difference:
    """Compares paired scores; swapping `a` and `b` only turns the sign.

    Rates: McNemar's exact test with mid-p, interval of Bonett and Price (2012). Other means:
    paired t. With clusters, the CR2 t interval of the differences and its p value.

    Args:
        a: Scores of one run.
        b: Scores of the other on the same rows, in the same order.
        confidence: Between 0 and 1.
        clusters: Cluster of each pair.

    Raises: ValueError when there are no pairs, or lengths differ.
    """
    import numpy as np

    if len(a) != len(b) or not len(a):
        raise ValueError(f"{len(a)} and {len(b)} scores make no pairs")
    left, right = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    gaps = left - right
    if len(gaps) < 2:
        only = float(gaps[0])
        return Difference(estimate=only, low=None, high=None, p=None, n=1, method="one pair")
    if clusters is not None and len(set(clusters)) < len(gaps):
        return _clustered(gaps, clusters, confidence)
    if np.isin(left, (0.0, 1.0)).all() and np.isin(right, (0.0, 1.0)).all():
        return _rates(int((gaps > 0).sum()), int((gaps < 0).sum()), len(gaps), confidence)
    return _paired_t(float(gaps.mean()), float(gaps.std(ddof=1)), len(gaps), confidence)


def mcnemar_mid_p(wins: int, losses: int) -> float:
    """Two-sided exact p of as many wins among the discordant pairs, less half its own mass twice.

    The exact two-sided binomial p minus the point probability of what was seen. Source:
    Fagerland, Lydersen and Laake, BMC Medical Research Methodology 13 (2013).
    """
    n, fewer = wins + losses, min(wins, losses)
    if n == 0 or wins == losses:
        return 1.0
    logs = [_log_choose(n, k) - n * math.log(2.0) for k in range(fewer + 1)]
    tail = math.fsum(map(math.exp, logs))
    return min(1.0, 2.0 * tail - math.exp(logs[-1]))


def holm(p_values: Sequence[float]) -> list[float]:
    """P values adjusted for looking at several, in the same order.

    Source: Holm, Scandinavian Journal of Statistics 6 (1979).
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for place, index in enumerate(order):
        highest = max(highest, min(1.0, p_values[index] * (len(p_values) - place)))
        adjusted[index] = highest
    return adjusted


def _rates(wins: int, losses: int, n: int, confidence: float) -> Difference:
    z = z_quantile(confidence)
    gained, lost = (wins + 1) / (n + 2), (losses + 1) / (n + 2)
    half = z * math.sqrt((gained + lost - (gained - lost) ** 2) / (n + 2))
    center = gained - lost
    return Difference(
        estimate=(wins - losses) / n,
        low=max(-1.0, center - half),
        high=min(1.0, center + half),
        p=mcnemar_mid_p(wins, losses),
        n=n,
        method="McNemar mid-p",
    )


def _paired_t(mean: float, deviation: float, n: int, confidence: float) -> Difference:
    error = deviation / math.sqrt(n)
    half = t_quantile(confidence, n - 1) * error
    p = two_sided_t(_ratio(mean, error), n - 1)
    return Difference(estimate=mean, low=mean - half, high=mean + half, p=p, n=n, method="paired t")


def _clustered(
    gaps: "NDArray[np.float64]", clusters: Sequence[Hashable], confidence: float
) -> Difference:
    codes = cluster_codes(clusters)
    found = cluster_t(gaps, codes, confidence=confidence)
    variance, df, groups = cluster_variance(gaps, codes)
    p = None if groups < 2 else two_sided_t(_ratio(found.estimate, math.sqrt(variance)), df)
    return Difference(
        estimate=found.estimate,
        low=found.low,
        high=found.high,
        p=p,
        n=len(gaps),
        method=f"paired {found.method}",
    )


def _ratio(mean: float, error: float) -> float:
    if error:
        return mean / error
    return math.inf if mean else 0.0


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
