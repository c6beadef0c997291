"""What a page waits for at 1,000,000 spans, opening the file included.

    python benchmarks/bench_queries.py [--spans 1000000] [--folder DIR]

The spans go through the journal and compaction as any others do; a folder given is used again.
Figures are medians of warm calls through `genaiops.query`, in a process that keeps DuckDB loaded
as the dashboard does; each call opens the file and closes it. The floor of the same run is the time
DuckDB itself takes to start, open the file, count the traces and close.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
from questions import folder, median_ms
from span_generator import NOWHERE, lines, sentences

from genaiops.config import configure
from genaiops.query import traces, usage
from genaiops.query.store import keep_warm
from genaiops.store import current_store
from genaiops.store.vacuum import vacuum

SPANS = 1_000_000
BATCH = 256
SEALED_SPANS = 125_000
REPEATS = 7


@dataclass(frozen=True)
class Figure:
    name: str
    call: Callable[[], object]
    promise_ms: float
    repeats: int = REPEATS


def load(count: int) -> None:
    """Appends the spans and compacts them, a row group at a time, as a maintainer does."""
    store = current_store()
    batch: list[bytes] = []
    waiting = 0
    for line in lines(count, end_ns=time.time_ns()):
        batch.append(line)
        waiting += 1
        if len(batch) == BATCH:
            store.append("spans", b"".join(batch))
            batch.clear()
        if waiting >= SEALED_SPANS and not batch:
            compacted()
            waiting = 0
    store.append("spans", b"".join(batch))
    compacted()
    vacuum(store.folder)


def compacted() -> None:
    """Moves everything that was written into the file."""
    store = current_store()
    store.seal()
    while (done := store.compact(budget_bytes=400_000_000)).segments or done.remaining:
        if not done.segments:  # a maintainer is at work
            time.sleep(0.1)


def figures() -> list[Figure]:
    rng = random.Random(5)
    found = traces.search(limit=1_000)
    ids = [item.trace_id for item in found.items]
    rare = " ".join(sentences()[17].split()[:7])
    return [
        Figure("open and newest 50", lambda: traces.search(limit=50), 60),
        Figure(
            "newest 50 by name, status, latency, tokens",
            lambda: traces.search(
                "name = 'rag_answer' AND status = 'error' AND latency_ms > 500 "
                "AND input_tokens > 500",
                limit=50,
            ),
            60,
        ),
        Figure("one trace", lambda: traces.get(rng.choice(ids)), 40),
        Figure("daily tokens, cost, percentiles by model", lambda: usage.daily(days=31), 150),
        Figure("newest 50 hits of a phrase", lambda: traces.search_spans(rare), 300),
        Figure(
            "newest 50 hits of a phrase, any case",
            lambda: traces.search_spans(rare.upper(), ignore_case=True),
            600,
        ),
        Figure("phrase that is nowhere", lambda: traces.search_spans(NOWHERE), 2_000, 3),
        Figure(
            "phrase that is nowhere, any case",
            lambda: traces.search_spans(NOWHERE, ignore_case=True),
            2_000,
            3,
        ),
    ]


def floor() -> None:
    file = current_store().folder / "genaiops.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute("SELECT count(*) FROM traces").fetchall()


def main() -> None:
    parser = argparse.ArgumentParser(description="Milliseconds of the questions that pages ask.")
    parser.add_argument("--spans", type=int, default=SPANS)
    parser.add_argument("--folder", type=Path, help="where to build, and to find it again")
    args = parser.parse_args()
    with folder(args.folder) as base:
        configure(tracking_uri=str(base / f"store-{args.spans}"))
        if not (current_store().folder / "genaiops.duckdb").exists():
            began = time.perf_counter()
            load(args.spans)
            print(f"{args.spans:,} spans loaded in {time.perf_counter() - began:.0f} s")
        floor_ms = median_ms(floor, REPEATS)
        cold_ms = median_ms(lambda: traces.search(limit=50), REPEATS)
        keep_warm()
        late = 0
        size = (current_store().folder / "genaiops.duckdb").stat().st_size / args.spans
        print(f"{'bytes per span in the file':46}{size:10.0f} B   promise 650 B")
        late += size > 650
        print(f"{'floor: DuckDB starts, opens, counts, closes':46}{floor_ms:10.1f} ms")
        print(f"{'newest 50 when DuckDB starts for it':46}{cold_ms:10.1f} ms  promise 60 ms")
        late += cold_ms > 60
        for figure in figures():
            took = median_ms(figure.call, figure.repeats)
            late += took > figure.promise_ms
            print(f"{figure.name:46}{took:10.1f} ms  promise {figure.promise_ms:,.0f} ms")
    if late and args.spans >= SPANS:
        sys.exit(f"{late} promises are not kept")


if __name__ == "__main__":
    main()
