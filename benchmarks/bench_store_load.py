"""Load on the store: a burst from one process, then a steady stream from four while a reader polls.

    python benchmarks/bench_store_load.py [--seconds 30] [--rate 2500] [--burst 100000]

Writers append one span at a time, as a traced call does. The maintainer runs beside them, and the
reader asks for the newest 50 traces every 200 ms. Nothing may be lost, in either part.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from span_generator import lines

from genaiops.config import configure
from genaiops.query import traces
from genaiops.query.store import keep_warm
from genaiops.store import LocalStore, current_store
from genaiops.store.maintainer import start_child

WRITERS = 4
POLL_S = 0.2
PROMISE_P95_MS = 500


def write(folder: str, seed: int, count: int, rate: float) -> None:
    """Appends at that rate, as fast as it can when 0; prints how many were acknowledged."""
    store = LocalStore(Path(folder))
    spans = list(lines(count, end_ns=time.time_ns(), seed=seed, step_ns=1_000_000))
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    acknowledged = 0
    for number, line in enumerate(spans):
        ahead = number / rate - (time.perf_counter() - began) if rate else 0.0
        if ahead > 0.002:
            time.sleep(ahead)
        acknowledged += store.append("spans", line)
    print(acknowledged, time.perf_counter() - began, flush=True)


def begin(seed: int, count: int, rate: float) -> subprocess.Popen[str]:
    arguments = ["--write", str(current_store().folder), str(seed), str(count), str(rate)]
    process = subprocess.Popen(
        [sys.executable, __file__, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def result(process: subprocess.Popen[str]) -> tuple[int, float]:
    said, _ = process.communicate()
    acknowledged, seconds = said.split()
    return int(acknowledged), float(seconds)


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def stored() -> tuple[int, int]:
    with current_store().read() as reader:
        row = reader.query("SELECT count(*), count(DISTINCT (trace_id, span_id)) FROM spans").rows[
            0
        ]
    return row[0], row[1]


def burst(count: int) -> bool:
    process = begin(1, count, 0.0)
    go(process)
    acknowledged, seconds = result(process)
    there, different = stored()
    print(f"burst of {count:,}: {acknowledged / seconds:,.0f} spans/s, {there:,} stored")
    return there == different == acknowledged == count


def stream(seconds: float, rate: float, before: int) -> tuple[bool, float]:
    each = int(seconds * rate)
    processes = [begin(seed, each, rate) for seed in range(2, 2 + WRITERS)]
    for process in processes:
        go(process)
    waits: list[float] = []
    while any(process.poll() is None for process in processes):
        began = time.perf_counter()
        page = traces.search(limit=50)
        waits.append((time.perf_counter() - began) * 1e3)
        assert len(page.items) == 50
        time.sleep(max(0.0, POLL_S - waits[-1] / 1e3))
    results = [result(process) for process in processes]
    acknowledged = sum(count for count, _ in results)
    there, different = stored()
    longest = max(took for _, took in results)
    p95 = statistics.quantiles(waits, n=20, method="inclusive")[-1]
    print(
        f"{WRITERS} x {rate:,.0f}/s for {seconds:g} s: {acknowledged / longest:,.0f} spans/s, "
        f"{there - before:,} of {WRITERS * each:,} stored"
    )
    print(
        f"newest 50, polled {len(waits)} times: p50 {statistics.median(waits):.0f} ms, "
        f"p95 {p95:.0f} ms, max {max(waits):.0f} ms  promise p95 {PROMISE_P95_MS} ms"
    )
    return there == different and there - before == acknowledged == WRITERS * each, p95


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=2_500.0)
    parser.add_argument("--burst", type=int, default=100_000)
    parser.add_argument("--write", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        folder, seed, count, rate = options.write
        write(folder, int(seed), int(count), float(rate))
        return
    with tempfile.TemporaryDirectory() as folder:
        configure(tracking_uri=str(Path(folder) / "store"))
        print(f"{os.cpu_count()} cores")
        whole = burst(options.burst)
        maintainer = start_child(current_store().folder)
        try:
            keep_warm()
            kept, p95 = stream(options.seconds, options.rate, options.burst)
        finally:
            maintainer.terminate()
            maintainer.wait()
    print(f"lost or doubled: {'nothing' if whole and kept else 'SOMETHING'}  promise nothing")
    if not (whole and kept and p95 <= PROMISE_P95_MS):
        sys.exit("the promise is not kept")


if __name__ == "__main__":
    main()
