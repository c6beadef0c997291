"""Samples with a known truth, drawn many at once, and how often our intervals hold it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import lgamma

import numpy as np
from numpy.typing import NDArray

from genaiops.eval.stats.intervals import bounded, rate, unbounded
from genaiops.eval.stats.ppi import joined, joined_bounds

Floats = NDArray[np.float64]
SEED = 20_261_125
RATES = np.round(np.arange(0.5, 0.995, 0.01), 2)
ICC = (0.05, 0.2, 0.5)
LAYOUTS = {
    "20 of 10": np.full(20, 10),
    "40 of 5": np.full(40, 5),
    "100 of 3": np.full(100, 3),
    "30 of 2 to 20": np.tile([2, 3, 5, 8, 12, 20], 5),
}
HARD_CLUSTERS = {
    (0.9, 0.5, "30 of 2 to 20"),
    (0.95, 0.2, "40 of 5"),
    (0.95, 0.5, "40 of 5"),
}
JUDGES = {"worse than useless": -0.2, "useless": 0.0, "weak": 0.2, "fair": 0.4, "good": 0.66}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One setting: share of intervals that hold the truth, their mean width.

    Attributes:
        ratio: Width relative to labels only, 1 where that means nothing.
        promised: Counts for the promise; else it is a harder setting, shown for honesty.
    """

    name: str
    covers: float
    width: float
    ratio: float = 1.0
    promised: bool = True


def rates(n: int) -> Floats:
    """Exact coverage of a rate's interval at each of RATES."""
    ends = [rate(k, n) for k in range(n + 1)]
    low, high = np.array([end.low for end in ends]), np.array([end.high for end in ends])
    k = np.arange(n + 1)
    logs = np.array([lgamma(n + 1) - lgamma(x + 1) - lgamma(n - x + 1) for x in k])
    mass = np.exp(logs[:, None] + k[:, None] * np.log(RATES) + (n - k)[:, None] * np.log1p(-RATES))
    return (mass * ((low[:, None] <= RATES) & (high[:, None] >= RATES))).sum(axis=0)


def means(repetitions: int, sizes: Sequence[int] = (20, 50, 200)) -> Iterator[Cell]:
    """Scores that are no rates: continuous, graded, shares of claims, latencies."""
    rng = np.random.default_rng(SEED)
    grades = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    for n in sizes:
        shape = (repetitions, n)
        yield _cell(f"beta(8, 2), n={n}", 0.8, bounded(rng.beta(8, 2, shape)))
        yield _cell(f"beta(5, .5), n={n}", 10 / 11, bounded(rng.beta(5, 0.5, shape)))
        yield _cell(f"uniform, n={n}", 0.5, bounded(rng.random(shape)))
        for share in (0.6, 0.8, 0.9, 0.97):
            some = np.where(rng.random(shape) < share, 1.0, rng.random(shape))
            hard = share == 0.97 and n < 50
            truth = (1.0 + share) / 2.0
            yield _cell(f"{share:.0%} are 1, n={n}", truth, bounded(some), promised=not hard)
        for p in (0.8, 0.95):
            yield _cell(f"3 claims at {p}, n={n}", p, bounded(rng.binomial(3, p, shape) / 3))
            k = rng.integers(1, 8, shape)
            hard = p == 0.95 and n < 50
            found = bounded(rng.binomial(k, p) / k)
            yield _cell(f"1 to 7 claims at {p}, n={n}", p, found, promised=not hard)
        chances = [0.02, 0.05, 0.13, 0.4, 0.4]
        drawn = rng.choice(grades, p=chances, size=shape)
        yield _cell(f"grades, n={n}", float(grades @ chances), bounded(drawn))
        yield _cell(f"normal, no scale, n={n}", 0.0, unbounded(rng.normal(size=shape)))
        yield _cell(f"exponential, no scale, n={n}", 1.0, unbounded(rng.exponential(size=shape)))
        for sigma in (0.5, 1.0):
            drawn, truth = rng.lognormal(0, sigma, shape), float(np.exp(sigma**2 / 2))
            hard = sigma == 1.0 and n < 50
            name = f"lognormal({sigma}), no scale, n={n}"
            yield _cell(name, truth, unbounded(drawn), promised=not hard)


def clusters(repetitions: int) -> Iterator[Cell]:
    """Rates and normal scores whose rows are alike within documents."""
    rng = np.random.default_rng(SEED + 1)
    for layout, sizes in LAYOUTS.items():
        codes, groups = np.repeat(np.arange(len(sizes)), sizes), (repetitions, len(sizes))
        for icc in ICC:
            of_cluster = np.sqrt(icc) * rng.normal(size=groups)
            noise = np.sqrt(1.0 - icc) * rng.normal(size=groups) / np.sqrt(sizes)
            level = np.repeat(of_cluster + noise, sizes, axis=1)  # its mean is all that matters
            yield _cell(f"normal, ICC {icc}, {layout}", 0.0, unbounded(level, codes))
            for p in (0.5, 0.8, 0.9, 0.95):
                between = 1.0 / icc - 1.0
                of_each = rng.beta(p * between, (1.0 - p) * between, groups)
                shares = np.repeat(rng.binomial(sizes, of_each) / sizes, sizes, axis=1)
                hard = (p, icc, layout) in HARD_CLUSTERS
                name = f"rate {p}, ICC {icc}, {layout}"
                yield _cell(name, p, bounded(shares, codes), promised=not hard)


def labelled(
    repetitions: int, sizes: Sequence[int] = (30, 60, 120), rows: int = 1000
) -> Iterator[Cell]:
    """Some labels among a thousand rows, and judges from useless to good."""
    rng = np.random.default_rng(SEED + 2)
    for p, off in ((0.25, 0.1), (0.5, 0.0), (0.5, 0.15), (0.8, 0.05), (0.9, 0.03)):
        for n in sizes:
            for kind, phi in JUDGES.items():
                y, f = _judged(rng, (repetitions, rows), p, min(p + off, 0.98), phi)
                low, high, alone = _with_labels(y[:, :n], f[:, :n], f[:, n:])
                name = f"rate {p}, judge {kind}, off by {off}, {n} labels"
                made = _cell(name, p, (low, high), promised=p < 0.9 or n > 30)
                yield Cell(
                    name=made.name,
                    covers=made.covers,
                    width=made.width,
                    ratio=made.width / alone,
                    promised=made.promised,
                )


def labelled_clusters(repetitions: int) -> Iterator[Cell]:
    """The same for 300 rows in documents of 5, of which 20 or 30 are labelled whole."""
    rng = np.random.default_rng(SEED + 3)
    codes = np.repeat(np.arange(60), 5)
    for p in (0.5, 0.8):
        for icc in (0.2, 0.5):
            for documents in (20, 30):
                for kind in ("useless", "fair", "good"):
                    between = 1.0 / icc - 1.0
                    of_each = rng.beta(p * between, (1.0 - p) * between, (repetitions, 60))
                    y = (rng.random((repetitions, 300)) < of_each[:, codes]).astype(float)
                    f = _judge_of(rng, y, p, p, JUDGES[kind])
                    n = documents * 5
                    found = joined(y[:, :n], f[:, :n], f[:, n:], codes)
                    alone = bounded(y[:, :n], codes[:n])
                    ends = joined_bounds(found, y_unit=y[:, :n], confidence=0.95)
                    helps = (found.alone > found.variance) & (found.plain > 0.0)
                    both = [np.where(helps, a, b) for a, b in zip(ends, alone, strict=True)]
                    name = f"rate {p}, ICC {icc}, judge {kind}, {documents} documents labelled"
                    made = _cell(name, p, (both[0], both[1]))
                    yield Cell(
                        name=name,
                        covers=made.covers,
                        width=made.width,
                        ratio=made.width / float((alone[1] - alone[0]).mean()),
                    )


def _with_labels(y: Floats, f: Floats, u: Floats) -> tuple[Floats, Floats, float]:
    """What `corrected` gives for each of many samples of rates, and the width of labels only."""
    n, k = y.shape[1], y.sum(axis=1).astype(int)
    ends = [rate(count, n) for count in range(n + 1)]
    own_low = np.array([end.low for end in ends], dtype=float)[k]
    own_high = np.array([end.high for end in ends], dtype=float)[k]
    found = joined(y, f, u)
    low, high = joined_bounds(found, y_unit=y, confidence=0.95)
    helps = (found.alone > found.variance) & (k > 0) & (k < n)
    width = float((own_high - own_low).mean())
    return np.where(helps, low, own_low), np.where(helps, high, own_high), width


def _judged(
    rng: np.random.Generator, shape: tuple[int, int], p: float, q: float, phi: float
) -> tuple[Floats, Floats]:
    """Verdicts of people with rate p, and of a judge with rate q, correlated by phi."""
    y = (rng.random(shape) < p).astype(float)
    return y, _judge_of(rng, y, p, q, phi)


def _judge_of(rng: np.random.Generator, y: Floats, p: float, q: float, phi: float) -> Floats:
    shared = phi * np.sqrt(p * (1.0 - p) * q * (1.0 - q))
    chance = np.where(y > 0, min(q + shared / p, 1.0), max(q - shared / (1.0 - p), 0.0))
    return (rng.random(y.shape) < chance).astype(float)


def _cell(name: str, truth: float, ends: tuple[Floats, Floats], *, promised: bool = True) -> Cell:
    low, high = ends
    holds = float(((low <= truth) & (truth <= high)).mean())
    return Cell(name=name, covers=holds, width=float((high - low).mean()), promised=promised)
