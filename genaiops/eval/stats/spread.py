"""How far a mean may be off: its variance with or without clusters, and how well that is known.

Every function takes one sample, or many at once: values stand along the last axis.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

__all__ = ["Spread", "cluster_codes", "cluster_sums", "cluster_variance", "spread_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A mean and what is known about its error; arrays have one element for each sample.

    Attributes:
        variance: Of the mean.
        df: Degrees of freedom of the variance.
        groups: Independent units: clusters, or values where there are none.
    """

    mean: "Floats"
    variance: "Floats"
    df: "Floats"
    groups: int


def spread_of(values: "Floats", codes: "Codes | None" = None) -> Spread:
    """Mean, variance and degrees of freedom, heavy tails and clusters counted in.

    The variance is CR2 (``s² / n`` without clusters). Its degrees of freedom are the smaller of
    Bell and McCaffrey's and ``2 G / (kurtosis - 1)`` rounded down, which is Satterthwaite's with
    the kurtosis as it was seen: where a few units make up most of the variance, the next sample's
    may be quite another, and t with G - 1 degrees of freedom would be too sure.

    Args:
        values: Shape (..., n), n at least 1.
        codes: Cluster of each value as numbers from 0, shape (n,).

    Source: Bell and McCaffrey, Survey Methodology 28 (2002); Satterthwaite, Biometrics 2 (1946).
    """
    import numpy as np

    mean = np.asarray(values.mean(axis=-1))
    centred = values - mean[..., np.newaxis]
    sums, sizes = cluster_sums(centred, codes)
    groups = len(sizes)
    if groups < 2:
        nothing = np.zeros_like(mean)
        return Spread(mean=mean, variance=nothing, df=nothing + 1.0, groups=groups)
    weights, df = _cr2(sizes)
    squares = sums * sums
    variance = np.asarray((squares * weights).sum(axis=-1))
    total = squares.sum(axis=-1)
    safe = np.where(total > 0.0, total, 1.0)
    kurtosis = np.where(total > 0.0, groups * (squares * squares).sum(axis=-1) / safe**2, 1.0)
    with np.errstate(divide="ignore"):
        seen = np.floor(2.0 * groups / np.maximum(kurtosis - 1.0, 0.0))
    return Spread(mean=mean, variance=variance, df=np.clip(seen, 1.0, max(df, 1.0)), groups=groups)


def cluster_variance(x: "Floats", codes: "Codes | None") -> tuple[float, float, int]:
    """CR2 variance of the mean of one sample, Bell-McCaffrey degrees of freedom, clusters."""
    sums, sizes = cluster_sums(x - x.mean(), codes)
    if len(sizes) < 2:
        return 0.0, 1.0, len(sizes)
    weights, df = _cr2(sizes)
    return float((sums * sums * weights).sum()), df, len(sizes)


def cluster_sums(values: "Floats", codes: "Codes | None") -> "tuple[Floats, Floats]":
    """Sum of each cluster, shape (..., G), and its size, shape (G,)."""
    import numpy as np

    if codes is None:
        return values, np.full(int(values.shape[-1]), 1.0)
    order = np.argsort(codes, kind="stable")
    sizes: Codes = np.bincount(codes)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    sums: Floats = np.add.reduceat(values[..., order], starts, axis=-1)
    widths: Floats = sizes.astype(np.float64)
    return sums, widths


def cluster_codes(clusters: Sequence[Hashable]) -> "Codes":
    """Clusters as numbers from 0, in the order of their first occurrence."""
    import numpy as np

    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in clusters], dtype=np.int64)


def _cr2(sizes: "Floats") -> "tuple[Floats, float]":
    """Weight of each squared cluster sum in the variance of the mean, and degrees of freedom."""
    n = float(sizes.sum())
    weights = 1.0 / (n * n * (1.0 - sizes / n))
    own, shared = sizes * weights, sizes * sizes * weights / n
    trace = float(own.sum() - shared.sum())
    squared = float((own * own).sum() - 2.0 * (own * shared).sum() + shared.sum() ** 2)
    return weights, trace * trace / squared
