"""The gateway as a process: start to first answer, memory, and 200 paced streams at once.

    python benchmarks/bench_gateway_process.py [--seconds 60] [--soak 20000]

Streams come at 50 events a second; each event carries its number and when the provider sent it. An
event is late when it arrives ten intervals after that. Memory after the soak is compared with that
after its first tenth, when pools and caches have filled. One worker, key check and tracing on.
"""

import argparse
import asyncio
import contextlib
import json
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop
from gateway_load import Ask, drive
from gateway_sides import Side, environment_of, free_port, make_key, on_core, ours, upstream

START_S, IDLE_MB, GROWTH = 0.8, 90.0, 1.10
STREAMS, PAUSE_MS, LATE_INTERVALS = 200, 20, 10
_STAMP = re.compile(rb"(\d{6}):(\d{20})")


def body(model: str, *, stream: bool = False) -> bytes:
    messages = [{"role": "user", "content": "Summarise the following text. " * 40}]
    return json.dumps({"model": model, "messages": messages, "stream": stream}).encode()


def start_s(folder: str, provider: int, key: str) -> float:
    """Seconds from starting the process to the end of its first answer."""
    import os
    import subprocess

    port = free_port()
    command = [sys.executable, "-m", "genaiops", "gateway", "start", "--port", str(port)]
    ask = Ask(port, body("openai/mock-1"), headers=(f"authorization: Bearer {key}",))
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | environment_of(folder, provider),
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            with contextlib.suppress(ConnectionRefusedError):
                done = asyncio.run(drive(ask, connections=1, calls=1))
                break
            time.sleep(0.005)
        took = time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(timeout=40)
    if done.failed:
        sys.exit(f"the first answer failed: {done.failed[0]!r}")
    return took


class _Reader(asyncio.Protocol):
    """One paced stream."""

    def __init__(self, ask: Ask, done: asyncio.Future[None]) -> None:
        self._ask, self._done, self._rest = ask, done, b""
        self.numbers: list[int] = []
        self.delays_ms: list[float] = []
        self.complete = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._transport.write(self._ask.bytes())

    def data_received(self, data: bytes) -> None:
        now, text = time.monotonic_ns(), self._rest + data
        end = 0
        for found in _STAMP.finditer(text):
            self.numbers.append(int(found[1]))
            self.delays_ms.append((now - int(found[2])) / 1e6)
            end = found.end()
        self._rest = text[max(end, len(text) - 64) :]
        if b"[DONE]" in text:
            self.complete = True
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  of the interface
        if not self._done.done():
            self._done.set_result(None)


async def _paced(side: Side, events: int) -> list[_Reader]:
    loop = asyncio.get_running_loop()
    data = body(f"openai/mock-{events}-{PAUSE_MS}", stream=True)
    ask = Ask(side.port, data, headers=side.headers)
    readers, waiting = list[_Reader](), list[asyncio.Future[None]]()
    for _ in range(STREAMS):
        done: asyncio.Future[None] = loop.create_future()
        reader = _Reader(ask, done)
        await loop.create_connection(lambda reader=reader: reader, "127.0.0.1", side.port)
        readers.append(reader)
        waiting.append(done)
    await asyncio.gather(*waiting)
    return readers


def paced(side: Side, seconds: float) -> bool:
    """Whether no event of the streams was lost or late."""
    events = int(seconds * 1000 / PAUSE_MS)
    before, began = side.cpu_s, time.perf_counter()
    readers = uvloop.run(_paced(side, events))
    share = (side.cpu_s - before) / (time.perf_counter() - began)
    wanted = list(range(1, events - 3))
    lost = sum(len(set(wanted) - set(reader.numbers)) for reader in readers)
    broken = sum(reader.numbers != wanted or not reader.complete for reader in readers)
    delays = sorted(delay for reader in readers for delay in reader.delays_ms)
    most = LATE_INTERVALS * PAUSE_MS
    late = sum(delay > most for delay in delays)
    when = sorted(
        {
            number * PAUSE_MS // 1000
            for reader in readers
            for number, delay in zip(reader.numbers, reader.delays_ms, strict=True)
            if delay > most
        }
    )
    print(
        f"{STREAMS} streams x {1000 // PAUSE_MS} events/s x {seconds:g} s: {lost} events lost, "
        f"{late} late, {broken} streams broken  promise 0, 0, 0  (delay p50 "
        f"{delays[len(delays) // 2]:.1f} ms, p99 {delays[int(len(delays) * 0.99)]:.1f} ms, "
        f"{share:.0%} of a core; late ones in the seconds {when})"
    )
    return not (lost or late or broken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the paced streams")
    parser.add_argument("--soak", type=int, default=20_000, help="calls before memory is compared")
    options = parser.parse_args()
    on_core(0)
    kept = True

    def most(name: str, value: float, promise: float) -> None:
        nonlocal kept
        kept = kept and value <= promise
        print(f"{name}: {value:.3g}  promise {promise:g}{'' if value <= promise else '  MISSED'}")

    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        provider = stack.enter_context(upstream(folder))
        first = Path(folder) / "start"
        first.mkdir()
        key = make_key(str(first), environment_of(str(first), provider.port))
        took = [start_s(str(first), provider.port, key) for _ in range(5)]
        most("start to first answer, s", statistics.median(took), START_S)
        side = stack.enter_context(ours(folder, provider.port))
        ask = Ask(side.port, body("openai/mock-1"), headers=side.headers)
        uvloop.run(drive(ask, connections=1, calls=1))
        most("resident memory idle, MB", side.rss_mb, IDLE_MB)
        uvloop.run(drive(ask, connections=64, calls=options.soak // 10))
        before = side.rss_mb
        done = uvloop.run(drive(ask, connections=64, calls=options.soak))
        if done.failed:
            sys.exit(f"{len(done.failed)} calls failed: {done.failed[0]!r}")
        most(f"resident memory after {options.soak:,} calls / before", side.rss_mb / before, GROWTH)
        print(f"  ({before:.0f} MB before, {side.rss_mb:.0f} MB after)")
        kept = paced(side, options.seconds) and kept
    if not kept:
        sys.exit("a promise is not kept")


if __name__ == "__main__":
    main()
