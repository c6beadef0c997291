"""Quantiles and tail probabilities of Student's t without scipy."""

import math
from statistics import NormalDist

__all__ = ["t_quantile", "two_sided_t", "z_quantile"]

_NORMAL = NormalDist()
_TINY = 1e-300


def z_quantile(confidence: float) -> float:
    """The z with ``P(-z < Z < z) = confidence`` for a standard normal Z."""
    return _NORMAL.inv_cdf(0.5 + confidence / 2.0)


def t_quantile(confidence: float, df: float) -> float:
    """The t with ``P(-t < T < t) = confidence`` for Student's T.

    Args:
        confidence: Between 0 and 1.
        df: Degrees of freedom, above 0, not necessarily whole.
    """
    target = 1.0 - confidence
    low, high = 0.0, z_quantile(confidence)
    while two_sided_t(high, df) > target:
        low, high = high, high * 2.0
    for _ in range(200):
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
        if two_sided_t(middle, df) > target:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def two_sided_t(t: float, df: float) -> float:
    """``P(|T| > |t|)`` for Student's T with `df` degrees of freedom."""
    if math.isinf(t):
        return 0.0
    return _beta_share(df / 2.0, 0.5, df / (df + t * t))


def _beta_share(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function.

    Source: Press et al., Numerical Recipes (2007), section 6.4.
    """
    if x <= 0.0 or x >= 1.0:
        return min(max(x, 0.0), 1.0)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _fraction(a, b, x) / a
    return 1.0 - front * _fraction(b, a, 1.0 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    """Continued fraction of the incomplete beta function, by Lentz's method."""
    c = 1.0
    d = 1.0 / _nonzero(1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        change = 1.0
        for step in (even, odd):
            d = 1.0 / _nonzero(1.0 + step * d)
            c = _nonzero(1.0 + step / c)
            change = c * d
            value *= change
        if abs(change - 1.0) < 1e-15:
            break
    return value


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
