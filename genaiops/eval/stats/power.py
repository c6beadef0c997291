"""How many rows it takes to see a difference, and how surely a number of rows shows it."""

import math
from collections.abc import Callable

from genaiops.eval.stats.quantiles import normal_cdf, z_quantile

__all__ = ["detectable", "paired_deviation", "power_of", "rows_for"]


def power_of(detect: float, *, n: float, deviation: float, confidence: float = 0.95) -> float:
    """Chance that a paired comparison of n rows finds a true difference.

    Args:
        detect: The difference.
        n: Rows, or with clusters the rows they are worth.
        deviation: Standard deviation of the rows' differences, above 0.
        confidence: Of the test, two-sided.
    """
    z, shift = z_quantile(confidence), abs(detect) / deviation * math.sqrt(n)
    return normal_cdf(shift - z) + normal_cdf(-shift - z)


def rows_for(
    detect: float, *, deviation: float, power: float = 0.8, confidence: float = 0.95
) -> float:
    """Rows, not rounded, that find a true difference with the wanted chance; infinite for 0."""
    if detect == 0.0:
        return math.inf
    return _root(
        lambda n: power_of(detect, n=n, deviation=deviation, confidence=confidence) - power
    )


def detectable(
    n: float, *, deviation: float, power: float = 0.8, confidence: float = 0.95
) -> float:
    """The smallest difference that n rows find with the wanted chance."""
    return _root(
        lambda size: power_of(size, n=n, deviation=deviation, confidence=confidence) - power
    )


def paired_deviation(deviation: float, correlation: float) -> float:
    """Standard deviation of the differences of two runs whose rows are so correlated."""
    return deviation * math.sqrt(2.0 * (1.0 - correlation))


def _root(above: Callable[[float], float]) -> float:
    """Where a growing function passes 0."""
    low, high = 0.0, 1.0
    while above(high) < 0.0:
        low, high = high, high * 2.0
    for _ in range(200):
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
        low, high = (middle, high) if above(middle) < 0.0 else (low, middle)
    return (low + high) / 2.0
