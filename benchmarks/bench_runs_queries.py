"""Searching many runs, and reading long histories, each beside the bare query in the same run.

    python benchmarks/bench_runs_queries.py

10,000 runs x 200 metrics, searched with a filter and an order, 1,000 rows back; and one history of
1,000,000 points, whole and in 1,000 bins. Exit status 1 when a promise is not kept.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable

import genaiops
from genaiops.query.curves import history
from genaiops.store import current_store, events

RUNS, KEYS, POINTS, ROUNDS = 10_000, 200, 1_000_000, 7


def fill() -> str:
    """Rows as compaction writes them, straight into the tables; the id of the long run."""
    experiment = events.experiment_id("many")
    long = "f" * 32
    with current_store().txn(timeout_s=60) as txn:
        txn.execute(
            "INSERT INTO data.experiments (experiment_id, name, created_ns, named_ns) "
            "VALUES (?, 'many', 1, 1)",
            [experiment],
        )
        txn.execute(
            "INSERT INTO data.runs (run_id, experiment_id, name, status, start_ns, end_ns, "
            "updated_ns) SELECT printf('%032x', i), ?, 'run ' || i, 'FINISHED', i * 1000000, "
            f"i * 1000000 + 1, i FROM range({RUNS}) AS t(i)",
            [experiment],
        )
        txn.execute(
            "INSERT INTO data.metrics_latest SELECT printf('%032x', r.i), 'metric' || k.i, "
            "(hash(r.i * 1000 + k.i) % 1000000) / 1e6, 9, r.i * 1000000, 0, 1, 10 "
            f"FROM range({RUNS}) AS r(i), range({KEYS}) AS k(i)"
        )
        txn.execute(
            "INSERT INTO data.params SELECT printf('%032x', i), 'model', "
            f"to_json(if(i % 2 = 0, 'a', 'b')), i FROM range({RUNS}) AS t(i)"
        )
        txn.execute(
            "INSERT INTO data.runs (run_id, experiment_id, name, status, start_ns, updated_ns) "
            "VALUES (?, ?, 'long', 'FINISHED', 1, 1)",
            [long, experiment],
        )
        txn.execute(
            f"INSERT INTO data.metrics SELECT ?, 'loss', random(), i, i FROM range({POINTS}) AS t(i)",
            [long],
        )
    return long


def median_ms(work: Callable[[], object]) -> float:
    """Median of several rounds after one to warm up."""
    times: list[float] = []
    for _ in range(ROUNDS + 1):
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1e3)
    return statistics.median(times[1:])


def search() -> object:
    """What a user types."""
    found = genaiops.search_runs(
        ["many"],
        "metrics.metric7 > 0.5 AND params.model = 'a'",
        ["metrics.metric9 DESC"],
        max_results=1_000,
    )
    assert found.shape[0] == 1_000
    return found


def bare_search() -> object:
    """The rows of the same metrics by a bare query, in long form."""
    with current_store().read() as reader:
        return reader.columns(
            "SELECT key, value FROM metrics_latest WHERE run_id IN "
            "(SELECT run_id FROM metrics_latest WHERE key = 'metric7' AND value > 0.5 LIMIT 1000)"
        )


def bare_history(run_id: str) -> object:
    with current_store().read() as reader:
        return reader.query("SELECT sum(value) FROM metrics WHERE run_id = ?", [run_id])


def main() -> int:
    """Prints the figures; 1 when one is missed."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GENAIOPS_TRACKING_URI"] = folder + "/store"
        long = fill()
        whole = genaiops.get_metric_history(long, "loss").arrow()
        assert whole.num_rows == POINTS
        binned = history(long, "loss", bins=1_000)
        assert sum(item.n for item in binned) == POINTS
        floor = median_ms(lambda: bare_history(long))
        figures = (
            ("search: filter, order, 1,000 rows x 200 metrics", median_ms(search), 300, median_ms(bare_search)),
            ("history of 1,000,000 points to Arrow", median_ms(lambda: genaiops.get_metric_history(long, "loss").arrow()), 150, floor),
            ("the same in 1,000 bins", median_ms(lambda: history(long, "loss", bins=1_000)), 40, floor),
        )  # fmt: skip
    missed = 0
    for what, took, promise, bare in figures:
        print(f"{what}: {took:.0f} ms (promise: {promise}), {took / bare:.1f} x a bare query")
        missed += took > promise
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
