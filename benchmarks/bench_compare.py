"""Seconds to compare two results of 10,000 rows and 5 judges that are in memory.

Promise: at most 1 s, the median of five. Run with ``python benchmarks/bench_compare.py``.
"""

import statistics
import sys
import time

import numpy as np

from genaiops.eval import EvalResult, RowResult, Verdict
from genaiops.eval.report import result_of

ROWS, ROUNDS, PROMISED = 10_000, 5, 1.0
JUDGES = ("graded", "share", "continuous", "passed", "rare")


def made(seed: int) -> EvalResult:
    rng = np.random.default_rng(seed)
    numbers = {
        "graded": rng.integers(0, 5, ROWS) / 4.0,
        "share": rng.binomial(3, 0.9, ROWS) / 3.0,
        "continuous": rng.random(ROWS),
        "passed": rng.binomial(1, 0.8, ROWS).astype(float),
        "rare": rng.binomial(1, 0.99, ROWS).astype(float),
    }
    rows = [
        RowResult(row_id=f"r{n}", judge=judge, verdict=Verdict(value=value, number=value))
        for judge in JUDGES
        for n, value in enumerate(numbers[judge].tolist())
    ]
    scales = dict.fromkeys(JUDGES, (0.0, 1.0))
    return result_of(f"run{seed}", rows, scales=scales, models={}, confidence=0.95)


def main() -> int:
    first, second = made(1), made(2)
    took: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        first.compare(second)
        took.append(time.perf_counter() - began)
    middle = statistics.median(took)
    kept = middle <= PROMISED
    print(
        f"compare {ROWS:,} rows x {len(JUDGES)} judges: median {middle:.2f} s of "
        f"{', '.join(f'{t:.2f}' for t in took)} (promised {PROMISED}): "
        f"{'kept' if kept else 'BROKEN'}"
    )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
