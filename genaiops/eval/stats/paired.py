"""Two runs over the same rows: the difference, its interval and whether it is luck."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from genaiops.eval.stats.intervals import UNIT
from genaiops.eval.stats.quantiles import t_quantiles, z_quantile
from genaiops.eval.stats.spread import cluster_codes, cluster_sums, spread_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Difference", "difference", "mcnemar_mid_p", "sign_flip_p"]

EXACT_UNITS = 16
"""Units that differ up to which every way to flip their signs is looked at: 65,536."""
FLIPS = 9_999
_SEED = 20_261_125
_AT_ONCE = 8  # units whose signs one random byte flips


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Mean of ``a - b`` over pairs.

    Attributes:
        low: Lower end of the interval of the difference; None for fewer than two units.
        p: Two-sided p value of "no difference"; None for fewer than two units.
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

    Rates: McNemar's exact test with mid-p, interval of Bonett and Price (2012). Other means, and
    everything in clusters: a permutation test that flips the sign of each row's difference (of
    each cluster's sum), and the t interval of `spread_of`.

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
    codes = None
    if clusters is not None and len(set(clusters)) < len(gaps):
        codes = cluster_codes(clusters)
    sums, _ = cluster_sums(gaps, codes)
    if len(sums) < 2:
        alone = "one pair" if codes is None else "one cluster"
        return Difference(
            estimate=float(gaps.mean()), low=None, high=None, p=None, n=len(gaps), method=alone
        )
    if codes is None and np.isin(left, UNIT).all() and np.isin(right, UNIT).all():
        return _rates(int((gaps > 0).sum()), int((gaps < 0).sum()), len(gaps), confidence)
    low, high = _ends(left, right, gaps, codes, confidence)
    named = "" if codes is None else f", {len(sums)} clusters"
    return Difference(
        estimate=float(gaps.mean()),
        low=low,
        high=high,
        p=sign_flip_p(sums),
        n=len(gaps),
        method=f"sign-flip permutation{named}",
    )


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


def sign_flip_p(sums: "Floats") -> float:
    """Share of the ways to flip the signs that give a total at least as far from 0.

    Exact for up to `EXACT_UNITS` units that are not 0; above, over `FLIPS` random ways from a
    fixed seed with what was seen counted as one of them, so that it never rejects too often.

    Args:
        sums: Difference of each row, or sum of the differences of each cluster, shape (n,).

    Source: Pitman (1937); Phipson and Smyth, Statistical Applications in Genetics 9 (2010).
    """
    import numpy as np

    units = sums[sums != 0.0]
    if not len(units):
        return 1.0
    seen = abs(float(units.sum())) * (1.0 - 1e-12)
    if len(units) <= EXACT_UNITS:
        return float((np.abs(_all_sums(units)) >= seen).mean())
    rng = np.random.default_rng(_SEED)
    padded = np.concatenate([units, np.zeros(-len(units) % _AT_ONCE)])
    totals = np.zeros(FLIPS)
    for few in padded.reshape(-1, _AT_ONCE):
        totals += _all_sums(few)[rng.integers(0, 1 << _AT_ONCE, FLIPS, dtype=np.uint8)]
    return (1.0 + float((np.abs(totals) >= seen).sum())) / (FLIPS + 1.0)


def _all_sums(units: "Floats") -> "Floats":
    """The totals of all ways to flip the signs, shape (2 ** n,)."""
    import numpy as np

    totals = np.zeros(1)
    for unit in units:
        totals = np.concatenate([totals + unit, totals - unit])
    return totals


def _ends(
    left: "Floats",
    right: "Floats",
    gaps: "Floats",
    codes: "NDArray[np.int64] | None",
    confidence: float,
) -> tuple[float, float]:
    """The interval of the difference; differences that are all equal are no certainty."""
    found = spread_of(gaps, codes)
    mean, variance = float(found.mean), float(found.variance)
    if variance == 0.0:
        both = max(left.max(), right.max()) - min(left.min(), right.min())
        unsure = _rates(0, 0, found.groups, confidence).high or 0.0
        return mean - both * unsure, mean + both * unsure
    half = float(t_quantiles(confidence, found.df)) * math.sqrt(variance)
    return mean - half, mean + half


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


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
