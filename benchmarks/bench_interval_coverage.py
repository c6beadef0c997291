"""How often the 95 % intervals of `evaluate` hold the truth, in simulation.

Promise: means, clusters with an intra-class correlation up to .5, and labels by people with
judges from useless to good at 30 to 120 labels: 0.935 to 0.975 in every cell; with labels never
wider than 1.05 times the labels alone. Settings marked ``harder`` are beyond the promise and shown
for what they are. Run with ``python benchmarks/bench_interval_coverage.py [repetitions]``.
"""

import sys

from simulations import clusters, labelled, labelled_clusters, means

REPETITIONS = 20_000
LOW, HIGH, WIDEST = 0.935, 0.975, 1.05


def main() -> int:
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS
    kept = True
    for kind, cells in (
        ("means", means(repetitions)),
        ("clusters", clusters(max(repetitions // 2, 1))),
        ("labels", labelled(max(repetitions // 5, 1))),
        ("labels in clusters", labelled_clusters(max(repetitions // 5, 1))),
    ):
        found = list(cells)
        for cell in found:
            mark = "" if cell.promised else "  harder"
            ratio = f"  {cell.ratio:.3f} of labels only" if kind.startswith("labels") else ""
            print(f"  {cell.name:60} {cell.covers:.3f}  width {cell.width:.3f}{ratio}{mark}")
        promised = [cell for cell in found if cell.promised]
        hard = [cell.covers for cell in found if not cell.promised]
        least, most = min(c.covers for c in promised), max(c.covers for c in promised)
        widest = max(cell.ratio for cell in found)
        good = least >= LOW and most <= HIGH and widest <= WIDEST
        kept = kept and good
        print(
            f"{kind}: {len(promised)} cells {least:.3f} to {most:.3f} (promised {LOW} to {HIGH}), "
            f"widest {widest:.3f} of labels only, harder {', '.join(f'{share:.3f}' for share in hard) or 'none'}: "
            f"{'kept' if good else 'BROKEN'}"
        )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
