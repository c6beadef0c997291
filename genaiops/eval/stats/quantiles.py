"""Quantiles and tail probabilities of the normal and Student's t distribution without scipy."""

import functools
import math
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["normal_cdf", "poisson_mean", "t_quantile", "t_quantiles", "two_sided_t", "z_quantile"]

_NORMAL = NormalDist()
_TINY = 1e-300
_LARGE = 1e6  # degrees of freedom from which on Student's t is expanded around the normal


def normal_cdf(x: float) -> float:
    """``P(Z < x)`` for a standard normal Z."""
    return math.erfc(-x / math.sqrt(2.0)) / 2.0


@functools.cache
def z_quantile(confidence: float) -> float:
    """The z with ``P(-z < Z < z) = confidence`` for a standard normal Z."""
    return _NORMAL.inv_cdf(0.5 + confidence / 2.0)


@functools.lru_cache(maxsize=4096)
def t_quantile(confidence: float, df: float) -> float:
    """The t with ``P(-t < T < t) = confidence`` for Student's T.

    Args:
        confidence: Between 0 and 1.
        df: Degrees of freedom, above 0, not necessarily whole.
    """
    if df > _LARGE:
        return _expanded(z_quantile(confidence), df)
    target = 1.0 - confidence
    low, high = 0.0, z_quantile(confidence)
    while two_sided_t(high, df) > target:
        low, high = high, high * 2.0
    t = (low + high) / 2.0
    for _ in range(200):  # Newton's steps, and halving where one leaves the bracket
        gap = two_sided_t(t, df) - target
        low, high = (t, high) if gap > 0 else (low, t)
        step = t + gap / (2.0 * _t_density(t, df))
        best = step if low < step < high else (low + high) / 2.0
        if abs(best - t) <= 1e-15 * t:
            break
        t = best
    return t


def t_quantiles(confidence: float, df: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """`t_quantile` of each element; quick where few values differ."""
    import numpy as np

    different, places = np.unique(df, return_inverse=True)
    found = np.array([t_quantile(confidence, float(value)) for value in different])
    return found[places].reshape(df.shape)


def two_sided_t(t: float, df: float) -> float:
    """``P(|T| > |t|)`` for Student's T with `df` degrees of freedom."""
    if math.isinf(t):
        return 0.0
    square = t * t
    return _beta_share(df / 2.0, df / (df + square), square / (df + square))


@functools.cache
def poisson_mean(count: int, tail: float) -> float:
    """The mean of a Poisson variable that reaches `count` with probability `tail`.

    Half the quantile of chi-square with ``2 * count`` degrees of freedom.
    """
    low, high = 0.0, float(count)
    for _ in range(200):
        middle = (low + high) / 2.0
        below = math.fsum(
            math.exp(k * math.log(middle) - middle - math.lgamma(k + 1)) for k in range(count)
        )
        low, high = (middle, high) if 1.0 - below < tail else (low, middle)
    return (low + high) / 2.0


def _expanded(z: float, df: float) -> float:
    """Fisher's expansion. Source: Abramowitz and Stegun, 26.7.5."""
    first = (z**3 + z) / 4.0
    second = (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / 96.0
    return z + first / df + second / (df * df)


def _t_density(t: float, df: float) -> float:
    tail = (df + 1.0) / 2.0 * math.log1p(t * t / df)
    return math.exp(_half_step(df / 2.0) - tail) / math.sqrt(df * math.pi)


def _half_step(a: float) -> float:
    """``log(gamma(a + 1/2) / gamma(a))``; the difference itself loses digits for large a."""
    if a < 1e4:
        return math.lgamma(a + 0.5) - math.lgamma(a)
    return 0.5 * math.log(a) - 1.0 / (8.0 * a) + 1.0 / (192.0 * a**3)


def _beta_share(a: float, x: float, rest: float) -> float:
    """The regularised incomplete beta function with parameters a and 1/2.

    Args:
        a: Above 0.
        x: Where to, between 0 and 1.
        rest: ``1 - x``, with all its digits.

    Source: Press et al., Numerical Recipes (2007), section 6.4.
    """
    if x <= 0.0 or rest <= 0.0:
        return min(max(x, 0.0), 1.0)
    powers = -a * math.log1p(rest / x) + 0.5 * math.log(rest)
    front = math.exp(_half_step(a) - math.lgamma(0.5) + powers)
    if x < (a + 1.0) / (a + 2.5):
        return front * _fraction(a, 0.5, x) / a
    return 1.0 - front * _fraction(0.5, a, rest) / 0.5


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
