"""CPU a span for its price, at compaction, once the prices are known.

    python benchmarks/bench_pricing.py [--spans 50000] [--rounds 5]

Half of the spans are model calls whose provider said no cost. The floor is the same compaction with
the step left out, in turn in the same process.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from span_generator import lines

from genaiops.store import LocalStore, compact, maintainer
from genaiops.store.pricing import fill

PROMISE_US = 2.0
MODELS = ("gpt-5-mini", "gpt-5", "gpt-4.1", "gpt-4o-mini")


def journal(count: int) -> bytes:
    made: list[bytes] = []
    for number, line in enumerate(lines(count, end_ns=time.time_ns(), seed=5, step_ns=1_000_000)):
        span = msgspec.json.decode(line)
        span.pop("cost_usd", None)
        if number % 2:
            span |= {"provider": "openai", "response_model": MODELS[number // 2 % len(MODELS)]}
            span |= {"input_tokens": 1_000, "output_tokens": 100}
        else:
            span = {k: v for k, v in span.items() if not k.endswith("_tokens")}
        made.append(msgspec.json.encode(span) + b"\n")
    return b"".join(made)


def skipped(*_: object) -> None:
    """In place of `fill`."""


def seconds(text: bytes, known: Path, *, priced: bool, folder: Path) -> float:
    store = LocalStore(folder)
    store.append("spans", b"\n")
    (folder / "prices.json").write_bytes(known.read_bytes() if known.exists() else b"")
    store.append("spans", text)
    store.seal()
    compact.pricing.fill = fill if priced else skipped
    began = time.process_time()
    store.compact(budget_bytes=1 << 40)
    took = time.process_time() - began
    if priced:
        known.write_bytes((folder / "prices.json").read_bytes())
        with store.read() as reader:
            costs = reader.query("SELECT count(cost_usd), count(*) FROM spans").rows[0]
        assert costs[0] * 2 == costs[1], costs
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    maintainer.start_if_behind = lambda _folder: False
    text = journal(options.spans)
    with tempfile.TemporaryDirectory() as name:
        known = Path(name) / "prices.json"
        seconds(text, known, priced=True, folder=Path(name) / "first")  # asks genai-prices
        took: dict[bool, list[float]] = {True: [], False: []}
        for number in range(options.rounds):
            for priced in (True, False) if number % 2 else (False, True):
                folder = Path(name) / f"{number}-{priced}"
                took[priced].append(seconds(text, known, priced=priced, folder=folder))
    with_it, without = (statistics.median(took[one]) * 1e6 / options.spans for one in (True, False))
    print(f"compaction {without:.1f} us a span, with prices {with_it:.1f} us")
    print(f"price of a span: {with_it - without:.2f} us of CPU  promise {PROMISE_US} us")
    if with_it - without > PROMISE_US:
        sys.exit("the promise is not kept")


if __name__ == "__main__":
    main()
