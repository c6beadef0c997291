"""`log_metric`: caller time, and how many a second from one process and from four.

Run: ``python benchmarks/bench_runs.py``. Prints a line a figure; exit status 1 when one is missed.
"""

import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from multiprocessing.synchronize import Barrier

import genaiops

CALLS = 200_000


def log(calls: int) -> float:
    """Logs so many metrics to a new run; calls a second."""
    with genaiops.start_run():
        begun = time.perf_counter()
        for step in range(calls):
            genaiops.log_metric("loss", 0.5, step=step)
        return calls / (time.perf_counter() - begun)


def caller_us() -> float:
    """Median of single calls, in microseconds."""
    taken: list[int] = []
    with genaiops.start_run():
        for step in range(20_000):
            begun = time.perf_counter_ns()
            genaiops.log_metric("loss", 0.5, step=step)
            taken.append(time.perf_counter_ns() - begun)
    return statistics.median(taken) / 1_000


def ready(barrier: Barrier, calls: int) -> None:
    """Before anything is timed: imports, the store's folder, and all processes at hand."""
    log(calls)
    barrier.wait(60)


def together(processes: int) -> float:
    """Calls a second of several processes at once, by the wall clock."""
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(processes + 1)
    with spawn.Pool(processes, ready, (barrier, 100)) as pool:
        barrier.wait(60)  # every process has logged, not only those that took a task first
        begun = time.perf_counter()
        pool.map(log, [CALLS // 2] * processes, chunksize=1)
        return processes * (CALLS // 2) / (time.perf_counter() - begun)


def main() -> int:
    """Prints the figures; 1 when one is missed."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GENAIOPS_TRACKING_URI"] = folder + "/store"
        log(1_000)
        call, one, four = caller_us(), log(CALLS), together(4)
        logged = 1_000 + 20_000 + CALLS + 4 * (100 + CALLS // 2)
        ((kept,),) = genaiops.sql("SELECT count(*) FROM metrics").rows
    print(f"values in the store: {kept:,} of {logged:,}")
    print(f"log_metric, median of a call: {call:.1f} us (promise: 6)")
    print(f"one process: {one:,.0f}/s (promise: 100,000)")
    print(f"four processes: {four:,.0f}/s (promise: 150,000)")
    return int(kept != logged or call > 6 or one < 100_000 or four < 150_000)


if __name__ == "__main__":
    sys.exit(main())
