"""What a prompt costs at each call, and how often many callers read the store.

    python benchmarks/bench_prompts_calls.py

Microseconds are the best of several rounds, in one thread and outside of a trace.
"""

import sys
import tempfile
import threading
import timeit
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import genaiops
from genaiops.store import LocalStore, Reader

ROUNDS, CALLS, CALLERS = 15, 5_000, 100
VALUES = {"question": "Why?", "context": "c" * 300, "tone": "kind", "name": "Ana", "limit": "3"}


def microseconds(call: Callable[[], object]) -> float:
    return min(timeit.repeat(call, number=CALLS, repeat=ROUNDS)) / CALLS * 1e6


def reads_of_a_cold_load() -> int:
    """How often 100 callers at once, who know nothing yet, open the store."""
    genaiops.register_prompt("qa/cold", "Hello")
    opened: list[None] = []
    read = LocalStore.read

    def counting(self: LocalStore, *, timeout_s: float = 10.0) -> AbstractContextManager[Reader]:
        opened.append(None)
        return read(self, timeout_s=timeout_s)

    together = threading.Barrier(CALLERS)

    def load(_: int) -> int:
        together.wait()
        return genaiops.load_prompt("qa/cold").version

    LocalStore.read = counting
    try:
        with ThreadPoolExecutor(CALLERS) as pool:
            versions = set(pool.map(load, range(CALLERS)))
    finally:
        LocalStore.read = read
    if versions != {1}:
        sys.exit(f"the callers got the versions {versions}")
    return len(opened)


def main() -> None:
    text = " ".join(f"{'word ' * 60} {{{{{name}}}}}" for name in VALUES) + " end" * 120
    text += "." * (2048 - len(text))
    with tempfile.TemporaryDirectory() as folder:
        genaiops.set_tracking_uri(Path(folder) / "store")
        genaiops.register_prompt("qa/answer", text)
        genaiops.set_prompt_alias("qa/answer", "production", 1)
        prompt = genaiops.load_prompt("qa/answer@production")
        figures = [
            (
                "load_prompt, cached alias",
                microseconds(lambda: genaiops.load_prompt("qa/answer@production")),
                5.0,
                "µs",
            ),
            (
                "load_prompt, cached version",
                microseconds(lambda: genaiops.load_prompt("qa/answer/1")),
                5.0,
                "µs",
            ),
            (
                f"format, {len(text):,} characters, {len(VALUES)} variables",
                microseconds(lambda: prompt.format(**VALUES)),
                15.0,
                "µs",
            ),
            (f"reads of the store, {CALLERS} cold callers", reads_of_a_cold_load(), 1, ""),
        ]
    late = 0
    for name, value, promise, unit in figures:
        late += value > promise
        print(f"{name:46}{value:10.1f} {unit:2}  promise {promise:g} {unit}")
    if late:
        sys.exit(f"{late} promises are not kept")


if __name__ == "__main__":
    main()
