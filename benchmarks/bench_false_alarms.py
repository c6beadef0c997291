"""How often a comparison of two equally good runs says "better" or "worse", in simulation.

Promise: at most 0.055 for the paired test, with clusters, for any of ten judges with Holm's
adjustment, and when looking every 20 rows with `stop=`. Shown beside: how often each finds a real
difference. Run with ``python benchmarks/bench_false_alarms.py [repetitions]``.
"""

import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from genaiops.eval.stats.multiple import holm
from genaiops.eval.stats.paired import difference
from genaiops.eval.stopping import Rule, Stopper

Floats = NDArray[np.float64]
REPETITIONS = 2_000
MOST, ALPHA = 0.055, 0.05
SEED = 20_261_125


def paired(rng: np.random.Generator, gain: float, *, graded: bool, n: int = 100) -> bool:
    a, b = _runs(rng, gain, graded=graded, n=n)
    return _found(difference(a.tolist(), b.tolist()).p)


def clustered(rng: np.random.Generator, gain: float, *, groups: int, size: int) -> bool:
    """Rows of one document move together: half of a difference's variance is the document's."""
    codes = np.repeat(np.arange(groups), size)
    shift = rng.normal(0.0, 0.3, groups)[codes] + rng.normal(0.0, 0.3, groups * size)
    base = rng.random(groups * size)
    a, b = base + gain + shift, base
    return _found(difference(a.tolist(), b.tolist(), clusters=codes.tolist()).p)


def ten_judges(rng: np.random.Generator, gain: float) -> bool:
    """Ten judges that look at the same rows, half of them yes or no, with what they share."""
    shared = rng.random(100)
    tests: list[float] = []
    for judge in range(10):
        chance = np.clip(shared * 0.5 + 0.3, 0.0, 1.0)
        if judge % 2:
            a = (rng.random(100) < chance + gain).astype(float)
            b = (rng.random(100) < chance).astype(float)
        else:
            a = shared + gain + rng.normal(0.0, 0.3, 100)
            b = shared + rng.normal(0.0, 0.3, 100)
        tests.append(difference(a.tolist(), b.tolist()).p or 0.0)
    return min(holm(tests)) <= ALPHA


def peeking(rng: np.random.Generator, gain: float, *, graded: bool, n: int = 400) -> bool:
    """What `stop=` does with another run: looks every 20 rows, and stops when it is sure."""
    a, b = _runs(rng, gain, graded=graded, n=n)
    others = {"judge": {str(row): value for row, value in enumerate(b.tolist())}}
    order = [(str(row), None) for row in range(n)]
    stopper = Stopper(
        Rule(text="", others=others), order, {"judge": (0.0, 1.0)}, confidence=1 - ALPHA, seed=0
    )
    for row, value in enumerate(a.tolist()):
        stopper.add(str(row), {"judge": value})
    return stopper.reason is not None


KINDS: dict[str, Callable[[np.random.Generator, float], bool]] = {
    "paired, yes or no": lambda rng, gain: paired(rng, gain, graded=False),
    "paired, graded": lambda rng, gain: paired(rng, gain, graded=True),
    "paired, graded, 12 rows": lambda rng, gain: paired(rng, gain, graded=True, n=12),
    "20 clusters of 5": lambda rng, gain: clustered(rng, gain, groups=20, size=5),
    "8 clusters of 10": lambda rng, gain: clustered(rng, gain, groups=8, size=10),
    "ten judges": ten_judges,
    "peeking, yes or no": lambda rng, gain: peeking(rng, gain, graded=False),
    "peeking, graded": lambda rng, gain: peeking(rng, gain, graded=True),
}


def alarms(kind: str, repetitions: int, *, gain: float = 0.0) -> float:
    """Share of comparisons that find a difference."""
    rng = np.random.default_rng(SEED)
    return sum(KINDS[kind](rng, gain) for _ in range(repetitions)) / repetitions


def _runs(rng: np.random.Generator, gain: float, *, graded: bool, n: int) -> tuple[Floats, Floats]:
    easy = rng.random(n)
    if graded:
        a = np.clip(np.round(4.0 * (easy + gain + rng.normal(0.0, 0.2, n))) / 4.0, 0.0, 1.0)
        b = np.clip(np.round(4.0 * (easy + rng.normal(0.0, 0.2, n))) / 4.0, 0.0, 1.0)
        return a, b
    chance = 0.4 + 0.5 * easy
    a = (rng.random(n) < np.minimum(chance + gain, 1.0)).astype(float)
    return a, (rng.random(n) < chance).astype(float)


def _found(p: float | None) -> bool:
    return p is not None and p <= ALPHA


def main() -> int:
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS
    worst = 0.0
    for kind in KINDS:
        false = alarms(kind, repetitions)
        real = alarms(kind, max(repetitions // 5, 1), gain=0.1)
        worst = max(worst, false)
        print(f"  {kind:26} false alarms {false:.4f}, finds +0.1 in {real:.3f}")
    kept = worst <= MOST
    print(f"false alarms: at most {worst:.4f} (promised {MOST}): {'kept' if kept else 'BROKEN'}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
