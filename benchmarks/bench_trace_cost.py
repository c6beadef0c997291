"""CPU of the calling thread for a traced call, in units of a bare span of OpenTelemetry's SDK.

    python benchmarks/bench_trace_cost.py [--rounds 9]

Ours records input and output and has written the line to the journal when the call returns. The
bare span has a BatchSpanProcessor, an exporter that does nothing, and no attributes. Each round
measures both in fresh processes, one after the other, in turn first; the ratio is the median over
the rounds.
"""

import argparse
import asyncio
import functools
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

PROMISES = {
    "sync": 0.45,
    "nested five deep": 0.45,
    "async": 0.5,
    "4 KB chat in and out": 0.9,
    "sampled out": 0.1,
}
CHAT = [{"role": "system", "content": "s" * 500}, {"role": "user", "content": "u" * 3500}]
SPANS = 500
BURSTS = 15
SIDES = ("bare", "ours")

Function = Callable[[Any], Any]
Case = Callable[[], object]


def bare_decorator() -> tuple[Callable[[Function], Function], Callable[[], object]]:
    """A decorator that makes a span and records nothing, and what empties its queue."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import (
        BatchSpanProcessor,
        SpanExporter,
        SpanExportResult,
    )

    class Nowhere(SpanExporter):
        def export(self, spans: Any) -> SpanExportResult:  # noqa: ARG002  the interface
            return SpanExportResult.SUCCESS

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Nowhere()))
    tracer = provider.get_tracer("bench")

    def decorate(function: Function) -> Function:
        name = function.__name__
        if asyncio.iscoroutinefunction(function):

            @functools.wraps(function)
            async def traced_async(argument: Any) -> Any:
                with tracer.start_as_current_span(name):
                    return await function(argument)

            return traced_async

        @functools.wraps(function)
        def traced(argument: Any) -> Any:
            with tracer.start_as_current_span(name):
                return function(argument)

        return traced

    return decorate, provider.force_flush


def cases(decorate: Callable[[Function], Function]) -> dict[str, Case]:
    """One burst of each case; every one makes `SPANS` spans."""

    @decorate
    def leaf(question: Any) -> Any:
        return question

    def around(inner: Function) -> Function:
        @decorate
        def step(question: Any) -> Any:
            return inner(question)

        return step

    nested = leaf
    for _ in range(4):
        nested = around(nested)

    @decorate
    async def async_leaf(question: Any) -> Any:
        return question

    def calls(function: Function, argument: Any, times: int) -> None:
        for _ in range(times):
            function(argument)

    async def awaits() -> None:
        for _ in range(SPANS):
            await async_leaf("hello")

    return {
        "sync": lambda: calls(leaf, "hello", SPANS),
        "nested five deep": lambda: calls(nested, "hello", SPANS // 5),
        "async": lambda: asyncio.run(awaits()),
        "4 KB chat in and out": lambda: calls(leaf, CHAT, SPANS),
        "sampled out": lambda: calls(leaf, "hello", SPANS),
    }


def span_us(case: Case, flush: Callable[[], object]) -> float:
    """Microseconds of this thread's CPU for one span, median burst."""
    bursts: list[float] = []
    for _ in range(BURSTS + 2):
        gc.collect()
        began = time.thread_time()
        case()
        bursts.append((time.thread_time() - began) / SPANS * 1e6)
        flush()
    return statistics.median(bursts[2:])


def measure(side: str) -> dict[str, float]:
    """Microseconds for a span of each case; `side` is one of `SIDES`."""
    if side == "bare":
        decorate, flush = bare_decorator()
        return {name: span_us(case, flush) for name, case in cases(decorate).items()}
    import genaiops

    found: dict[str, float] = {}
    for name, case in cases(genaiops.trace).items():
        genaiops.configure(sample=0.0 if name == "sampled out" else 1.0)
        found[name] = span_us(case, lambda: None)
    return found


def in_process(side: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, __file__, "--side", side],
            check=True,
            capture_output=True,
            env=os.environ | {"GENAIOPS_TRACKING_URI": folder},
        )
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(measure(options.side)))
        return
    rounds: list[dict[str, dict[str, float]]] = []
    for number in range(options.rounds):
        order = SIDES if number % 2 == 0 else SIDES[::-1]
        rounds.append({side: in_process(side) for side in order})
    print(f"{'':22}{'ratio':>6}  promise   ours us   bare span us")
    late = 0
    for name, promise in PROMISES.items():
        ours, bare = (statistics.median(r[side][name] for r in rounds) for side in ("ours", "bare"))
        ratio = statistics.median(r["ours"][name] / r["bare"][name] for r in rounds)
        late += ratio > promise
        print(f"{name:22}{ratio:6.2f}  {promise:7.2f}   {ours:7.1f}   {bare:12.1f}")
    if late:
        sys.exit(f"{late} promises are not kept")


if __name__ == "__main__":
    main()
