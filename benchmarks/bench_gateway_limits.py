"""The gateway's cache and budgets: what a hit takes, and what 200 calls at once overspend.

    python benchmarks/bench_gateway_limits.py

A hit is timed whole, on one connection, key check and tracing on. The budget is 20 USD, every call
costs one, and 200 connections ask at once until 1,000 calls have been answered.
"""

import contextlib
import json
import sys
import tempfile
from pathlib import Path

import uvloop
from bench_gateway import body, p
from gateway_load import Ask, drive
from gateway_sides import environment_of, make_key, on_core, ours, upstream

HIT_MS = 0.4
BUDGET_USD, PARALLEL, CALLS = 20, 200, 1_000


def hit_ms(folder: str, provider: int) -> tuple[float, float]:
    """Median and 99th percentile of a hit."""
    own = Path(folder) / "cached"
    own.mkdir()
    (own / "gateway.yaml").write_text(
        "providers: {openai: {api_key: '${OPENAI_API_KEY}'}}\ncache: {ttl_s: 3600}\n"
    )
    with ours(folder, provider, name="cached") as side:
        ask = Ask(side.port, body(side.model), headers=side.headers)
        uvloop.run(drive(ask, connections=1, calls=100))
        done = uvloop.run(drive(ask, connections=1, calls=2_000))
    if done.failed:
        sys.exit(f"{len(done.failed)} hits failed: {done.failed[0]!r}")
    return p(done.whole_s, 0.5), p(done.whole_s, 0.99)


def overspent(folder: str, provider: int) -> int:
    """Calls beyond the budget that were let in, each of one USD."""
    own = Path(folder) / "limited"
    own.mkdir()
    price = "[[price]]\nmodel = 'mock-1'\ninput = 0.0\noutput = 12500.0\n"  # 80 tokens: one USD
    store = own / "store"
    key = make_key(str(own), environment_of(str(own), provider), "--usd", str(BUDGET_USD))
    (store / "prices.toml").write_text(price)
    with ours(folder, provider, name="limited", key=key) as side:
        ask = Ask(side.port, body(side.model), headers=side.headers)
        done = uvloop.run(drive(ask, connections=PARALLEL, calls=CALLS))
    refused = [json.loads(one.partition(b"\r\n\r\n")[2])["error"]["code"] for one in done.failed]
    if set(refused) != {"budget_exceeded"}:
        sys.exit(f"refused for {set(refused)}, and not for the budget alone")
    return len(done.whole_s) - BUDGET_USD


def main() -> None:
    on_core(0)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        provider = stack.enter_context(upstream(folder))
        median, high = hit_ms(folder, provider.port)
        beyond = overspent(folder, provider.port)
    print(f"a hit of the cache, p50: {median:.2f} ms  promise {HIT_MS}  (p99 {high:.2f} ms)")
    print(
        f"USD beyond a budget of {BUDGET_USD} under {PARALLEL} calls: {beyond}  promise {PARALLEL}"
    )
    if median > HIT_MS or beyond >= PARALLEL:
        sys.exit("a promise is not kept")


if __name__ == "__main__":
    main()
