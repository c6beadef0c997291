"""How often the 95 % interval of a rate holds it, computed exactly: no simulation.

Promise: over the rates .50, .51, … .99 a mean of 0.945 to 0.97 at each n from 20 to 500, and no
cell below 0.90. Run with ``python benchmarks/bench_rate_coverage.py [step of n]``.
"""

import sys

from simulations import RATES, rates

LEAST, LOW, HIGH = 0.90, 0.945, 0.97


def main() -> int:
    step = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    found = {n: rates(n) for n in range(20, 501, step)}
    for n in (20, 30, 50, 100, 200, 500):
        cells = rates(n)
        print(f"  n={n}: mean {cells.mean():.4f}, least {cells.min():.4f}")
    means = [float(cells.mean()) for cells in found.values()]
    n, least = min(found.items(), key=lambda item: float(item[1].min()))
    good = float(least.min()) >= LEAST and min(means) >= LOW and max(means) <= HIGH
    print(
        f"rates: mean {min(means):.4f} to {max(means):.4f} (promised {LOW} to {HIGH}), least "
        f"{least.min():.4f} at n={n}, rate {RATES[least.argmin()]} (promised {LEAST}): "
        f"{'kept' if good else 'BROKEN'}"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
