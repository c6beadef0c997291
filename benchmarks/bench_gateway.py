"""The gateway's cost: CPU, throughput and latency of one worker, key check and tracing on.

    python benchmarks/bench_gateway.py [--litellm PYTHON] [--mlflow PYTHON] [--rounds 3]

Beside it in the same run, in turn in every round: the provider itself (direct), two bare asyncio
protocols (the floor), our gateway with tracing off, and the peers whose environments are named.
CPU is that of the process that answers; the maintainer that moves spans into DuckDB works beside it
and is printed apart. Medians of the rounds.
"""

import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field

import uvloop
from gateway_load import Ask, Load, drive
from gateway_sides import Side, children, floor, litellm, mlflow, on_core, ours, upstream

PROMPT = [
    {"role": "system", "content": "You are a helpful assistant. " * 20},
    {"role": "user", "content": "Summarise the following text. " * 20},
]
CONNECTIONS = 64


def body(model: str, *, stream: bool = False, size: int = 0) -> bytes:
    """A request of about 1.3 KB, or of that size."""
    messages = [*PROMPT, {"role": "user", "content": "word " * (size // 5)}] if size else PROMPT
    asked = {"model": model, "messages": messages, "temperature": 0.7, "max_tokens": 256}
    if stream:
        asked |= {"stream": True, "stream_options": {"include_usage": True}}
    return json.dumps(asked, separators=(",", ":")).encode()


@dataclass(slots=True)
class Seen:
    """What the rounds brought for one side, in ms, µs and calls a second."""

    found: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    def add(self, name: str, value: float) -> None:
        self.found.setdefault(name, []).append(value)

    def __getitem__(self, name: str) -> float:
        return statistics.median(self.found[name])


def load(side: Side, data: bytes, *, connections: int, seconds: float = 0, calls: int = 0) -> Load:
    ask = Ask(side.port, data, headers=side.headers)
    done = uvloop.run(drive(ask, connections=connections, seconds=seconds, calls=calls))
    if done.failed:
        sys.exit(f"{side.name}: {len(done.failed)} calls failed: {done.failed[0]!r}")
    return done


def spent(side: Side, data: bytes, seconds: float) -> tuple[float, float]:
    """µs of CPU a call and calls a second, at 64 connections."""
    before = side.cpu_s
    done = load(side, data, connections=CONNECTIONS, seconds=seconds)
    return (side.cpu_s - before) / len(done.whole_s) * 1e6, done.per_second


def p(values: list[float], share: float) -> float:
    """A quantile, in milliseconds."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000


def measure(side: Side, seen: Seen, seconds: float) -> None:
    """One round of one side."""
    slow = side.name in ("litellm", "mlflow")
    calls = 100 if slow else 1000
    one = load(side, body(side.model), connections=1, calls=calls)
    seen.add("p50", p(one.whole_s, 0.5))
    seen.add("p99", p(one.whole_s, 0.99))
    streams = load(side, body(side.model, stream=True), connections=1, calls=calls // 4)
    seen.add("first", p(streams.first_s, 0.5))
    if side.name != "direct":
        cpu, rate = spent(side, body(side.model), seconds)
        seen.add("cpu", cpu)
        seen.add("rate", rate)
        seen.add("stream", spent(side, body(side.model, stream=True), seconds / 2)[0])
    if side.name in ("direct", "genaiops"):
        large = load(side, body(side.model, size=200_000), connections=1, calls=150)
        seen.add("large", p(large.whole_s, 0.5))
    if side.name == "genaiops":
        crossed = body("anthropic/mock-1", stream=True)
        seen.add("crossed", spent(side, crossed, seconds / 2)[0])


def report(all_seen: dict[str, Seen]) -> bool:
    """Prints every figure beside its promise; whether all are kept."""
    own, direct, bare = (all_seen[name] for name in ("genaiops", "direct", "floor"))
    kept = True

    def line(name: str, value: float, promise: float, fine: Callable[[float, float], bool]) -> None:
        nonlocal kept
        good = fine(value, promise)
        kept = kept and good
        print(f"  {name:<58} {value:9.3g}  promise {promise:g}{'' if good else '  MISSED'}")

    def most(name: str, value: float, promise: float) -> None:
        line(name, value, promise, lambda v, most: v <= most)

    def least(name: str, value: float, promise: float) -> None:
        line(name, value, promise, lambda v, least: v >= least)

    most("CPU of a plain request, us", own["cpu"], 150)
    most("CPU of a 32-event stream passed through, us", own["stream"], 300)
    per_event = (own["crossed"] - own["cpu"]) / 32
    most("CPU of an event of a translated stream, us", per_event, 15)
    most("CPU with tracing / without", own["cpu"] / all_seen["untraced"]["cpu"], 1.25)
    most("added latency, one connection, p50, ms", own["p50"] - direct["p50"], 0.4)
    most("added latency, one connection, p99, ms", own["p99"] - direct["p99"], 2)
    most("added time to the first event, p50, ms", own["first"] - direct["first"], 0.6)
    most("added by a prompt of 200 KB, p50, ms", own["large"] - direct["large"], 2)
    least("calls/s / the floor's", own["rate"] / bare["rate"], 0.15)
    least("CPU of the floor / ours", bare["cpu"] / own["cpu"], 0.15)
    if "litellm" in all_seen:
        peer = all_seen["litellm"]
        least("calls/s / LiteLLM's", own["rate"] / peer["rate"], 60)
        added = (peer["p50"] - direct["p50"]) / (own["p50"] - direct["p50"])
        least("LiteLLM's added latency / ours, p50", added, 40)
    if "mlflow" in all_seen:
        least("calls/s / mlflow gateway's", own["rate"] / all_seen["mlflow"]["rate"], 5)
    return kept


def table(all_seen: dict[str, Seen]) -> None:
    print(
        f"{'':10} {'CPU us':>9} {'calls/s':>9} {'p50 ms':>8} {'p99 ms':>8} {'stream us':>10} {'first ms':>9}"
    )
    for name, seen in all_seen.items():
        cells = [
            f"{seen[column]:{width},.{digits}f}" if column in seen.found else f"{'-':>{width}}"
            for column, width, digits in (
                ("cpu", 9, 0), ("rate", 9, 0), ("p50", 8, 2), ("p99", 8, 2), ("stream", 10, 0), ("first", 9, 2),
            )
        ]  # fmt: skip
        print(f"{name:10} {' '.join(cells)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--litellm", metavar="PYTHON", default=os.environ.get("LITELLM_PYTHON"))
    parser.add_argument("--mlflow", metavar="PYTHON", default=os.environ.get("MLFLOW_PYTHON"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a run under load")
    options = parser.parse_args()
    on_core(0)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        provider = stack.enter_context(upstream(folder))
        sides = [provider, stack.enter_context(floor(folder, provider.port))]
        own = stack.enter_context(ours(folder, provider.port))
        sides.append(own)
        sides.append(
            stack.enter_context(ours(folder, provider.port, name="untraced", GENAIOPS_DISABLED="1"))
        )
        for name, start, python in (
            ("LiteLLM", litellm, options.litellm),
            ("mlflow", mlflow, options.mlflow),
        ):
            if python:
                sides.append(stack.enter_context(start(folder, provider.port, python)))
            else:
                print(f"{name} is not measured: name its environment with --{name.lower()} PYTHON")
        all_seen = {side.name: Seen() for side in sides}
        for side in sides:
            load(side, body(side.model), connections=4, calls=40)
            load(side, body(side.model, stream=True), connections=4, calls=20)
        for number in range(options.rounds):
            shift = number % len(sides)
            for side in sides[shift:] + sides[:shift]:
                measure(side, all_seen[side.name], options.seconds)
        beside = sum(map(_cpu_of, children(own.pid)))
        print(
            f"the maintainer beside ours took {beside:.1f} s of CPU, {own.cpu_s:.1f} s the gateway"
        )
    table(all_seen)
    if not report(all_seen):
        sys.exit("a promise is not kept")


def _cpu_of(pid: int) -> float:
    from gateway_sides import cpu_s

    with contextlib.suppress(OSError):
        return cpu_s(pid)
    return 0.0


if __name__ == "__main__":
    main()
