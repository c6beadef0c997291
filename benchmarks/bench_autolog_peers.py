"""What tracing adds to an OpenAI call: ours beside every other library, as a share of the call.

    python benchmarks/bench_autolog_peers.py [--peers-python PYTHON] [--rounds 5]

The real SDK on an in-process transport, one turn of a chat, contents captured. Ours is durable when
the call returns. Peers (of the interpreter of PEERS_PYTHON, as far as they are installed there) have
a BatchSpanProcessor and an exporter that does nothing; MLflow has its default store. In every round
each library is measured once, in a fresh process: the call bare, then traced. `call` is CPU of the
calling thread, `process` that of the whole process, emptying of queues included; medians of rounds.
The promises: ours adds at most 0.20 of the bare call, and less than any other library.
"""

import argparse
import gc
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from openai_calls import chat, make_client

PROMISE = 0.20
CALLS, BURSTS = 60, 10
MODULES = {
    "openinference": "openinference.instrumentation.openai",
    "traceloop": "opentelemetry.instrumentation.openai",
    "mlflow": "mlflow",
    "langfuse": "langfuse",
    "logfire": "logfire",
}

Spent = tuple[float, float]
"""Microseconds a call: of the calling thread, and of the process."""


def spent(work: Callable[[], object], flush: Callable[[], object]) -> Spent:
    """The medians of bursts of calls."""
    thread: list[float] = []
    process: list[float] = []
    for _ in range(BURSTS):
        of_thread, of_process = time.thread_time_ns(), time.process_time_ns()
        for _ in range(CALLS):
            work()
        thread.append((time.thread_time_ns() - of_thread) / CALLS / 1e3)
        flush()
        process.append((time.process_time_ns() - of_process) / CALLS / 1e3)
    return statistics.median(thread), statistics.median(process)


def measure(side: str) -> dict[str, Spent]:
    """The call bare, then traced by one library."""
    client = make_client()

    def work() -> object:
        return chat(client)

    def settled(flush: Callable[[], object]) -> Spent:
        for _ in range(CALLS):
            work()
        flush()
        gc.collect()
        gc.freeze()
        return spent(work, flush)

    bare = settled(lambda: None)
    if side == "genaiops":
        import genaiops

        genaiops.openai.autolog()
        return {"bare": bare, "traced": settled(lambda: None)}
    from peers import PEERS, Nowhere

    return {"bare": bare, "traced": settled(PEERS[side](client, Nowhere()))}


def in_process(python: str, side: str) -> dict[str, Spent] | None:
    """What a fresh process measured; None when it could not, said on standard error."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [python, __file__, "--side", side], check=False, capture_output=True, text=True,
            cwd=folder, env=os.environ | {"GENAIOPS_TRACKING_URI": folder},
        )  # fmt: skip
    if done.returncode:
        print(f"{side}: {done.stderr.strip()[-500:]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def installed(python: str) -> list[str]:
    done = subprocess.run(
        [python, __file__, "--installed"], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def found_here(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def report(rounds: dict[str, list[dict[str, Spent]]]) -> list[str]:
    """Prints the table; what is not as promised."""
    print(f"{'':15}{'call':>7} {'process':>8}   bare us   added us  (call, process)")
    ratios: dict[str, Spent] = {}
    for side, found in rounds.items():
        ratio = [statistics.median(one["traced"][n] / one["bare"][n] - 1 for one in found) for n in (0, 1)]  # fmt: skip
        added = [statistics.median(one["traced"][n] - one["bare"][n] for one in found) for n in (0, 1)]  # fmt: skip
        bare = statistics.median(one["bare"][0] for one in found)
        ratios[side] = ratio[0], ratio[1]
        print(f"{side:15}{ratio[0]:7.2f} {ratio[1]:8.2f}   {bare:7.0f}   {added[0]:5.0f} {added[1]:6.0f}")  # fmt: skip
    ours = ratios.pop("genaiops")
    print(f"promise        {PROMISE:7.2f}            and below every other")
    late = [f"genaiops adds {ours[0]:.2f} of the call"] if ours[0] > PROMISE else []
    late += [f"{side} adds less" for side, theirs in ratios.items() if theirs[0] <= ours[0] or theirs[1] <= ours[1]]  # fmt: skip
    return late


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers-python", default=os.environ.get("PEERS_PYTHON"))
    parser.add_argument("--side", choices=["genaiops", *MODULES], help=argparse.SUPPRESS)
    parser.add_argument("--installed", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(measure(options.side)))
        return
    if options.installed:
        print(json.dumps([side for side, module in MODULES.items() if found_here(module)]))
        return
    pythons = {"genaiops": sys.executable}
    if options.peers_python:
        pythons |= dict.fromkeys(installed(options.peers_python), options.peers_python)
    rounds: dict[str, list[dict[str, Spent]]] = {side: [] for side in pythons}
    sides = list(pythons)
    for number in range(options.rounds):
        start = number % len(sides)
        for side in sides[start:] + sides[:start]:
            found = in_process(pythons[side], side)
            if found:
                rounds[side].append(found)
    missing = [side for side in MODULES if not rounds.get(side)]
    late = report({side: found for side, found in rounds.items() if found})
    if missing:
        print(f"not measured: {', '.join(missing)}")
    if late:
        sys.exit("; ".join(late))


if __name__ == "__main__":
    main()
