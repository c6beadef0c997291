"""How often the 95 % intervals of `evaluate` hold the truth, in simulation.

Promise: over rates, means and clusters no cell below 0.87, no mean over a kind outside 0.94 to
0.98. Run with ``python benchmarks/bench_interval_coverage.py [repetitions]``.
"""

import sys
from collections.abc import Callable, Iterator
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from genaiops.eval.stats import interval

Floats = NDArray[np.float64]
PROMISED = {"cell": 0.87, "low": 0.94, "high": 0.98}
REPETITIONS = 1_000
SEED = 20_261_125


def rates(rng: np.random.Generator) -> Iterator[tuple[str, float, Callable[[], Floats], None]]:
    for n in (20, 50, 200, 500):
        for p in (0.5, 0.8, 0.95, 0.99):
            yield f"rate {p} n={n}", p, lambda n=n, p=p: rng.binomial(1, p, n).astype(float), None


def means(rng: np.random.Generator) -> Iterator[tuple[str, float, Callable[[], Floats], None]]:
    def mostly_one(n: int, share: float) -> Floats:
        return np.where(rng.random(n) < share, 1.0, rng.random(n))

    for n in (20, 50, 200):
        yield f"Beta(8,2) n={n}", 0.8, lambda n=n: rng.beta(8, 2, n), None
        yield f"uniform n={n}", 0.5, lambda n=n: rng.random(n), None
        for share in (0.6, 0.9, 0.97):
            truth = share + (1 - share) / 2
            yield f"{share:.0%} ones n={n}", truth, lambda n=n, s=share: mostly_one(n, s), None
        yield f"3 claims n={n}", 0.95, lambda n=n: rng.binomial(3, 0.95, n) / 3, None


def clustered(
    rng: np.random.Generator,
) -> Iterator[tuple[str, float, Callable[[], Floats], list[int]]]:
    def draw(p: float, icc: float, groups: int, size: int) -> Floats:
        spread = 1 / icc - 1
        truths = rng.beta(p * spread, (1 - p) * spread, groups)
        return rng.binomial(1, np.repeat(truths, size)).astype(float)

    for groups, size in ((20, 10), (40, 5), (100, 3)):
        codes = [n // size for n in range(groups * size)]
        for p in (0.5, 0.8, 0.95):
            for icc in (0.05, 0.2, 0.5):
                name = f"rate {p} ICC {icc} {groups}x{size}"
                yield name, p, lambda p=p, i=icc, g=groups, s=size: draw(p, i, g, s), codes


def main() -> int:
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS
    kept = True
    for kind in (rates, means, clustered):
        rng = np.random.default_rng(SEED)
        cells: list[float] = []
        for name, truth, draw, clusters in kind(rng):
            hits, width = 0, 0.0
            for _ in range(repetitions):
                found = interval(draw().tolist(), clusters=clusters)
                assert found.low is not None
                assert found.high is not None
                hits += found.low <= truth <= found.high
                width += found.high - found.low
            cells.append(hits / repetitions)
            print(f"  {name:28} covers {cells[-1]:.3f}  width {width / repetitions:.3f}")
        mean, least = fmean(cells), min(cells)
        good = least >= PROMISED["cell"] and PROMISED["low"] <= mean <= PROMISED["high"]
        kept = kept and good
        print(
            f"{kind.__name__}: mean {mean:.3f} (promised {PROMISED['low']} to {PROMISED['high']}), "
            f"least {least:.3f} (promised {PROMISED['cell']}): {'kept' if good else 'BROKEN'}"
        )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
