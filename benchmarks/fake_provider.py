"""A judge model on loopback for benchmarks of `evaluate`: OpenAI's chat API with faults on demand.

    with FakeProvider(latency_ms=200, p429=0.1) as provider: ...

It runs in a process of its own, so that its CPU is not the client's. Which request fails is a hash
of its body and of how often that body came, so the same run meets the same faults.
"""

import argparse
import asyncio
import hashlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections import Counter, deque
from types import TracebackType
from typing import Any, Self

FAULTS = ("latency_ms", "p429", "p500", "pcut", "cap", "retry_after")
USAGE = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
VERDICT = os.environ.get("FAKE_VERDICT") or json.dumps(
    {"rationale": "It says so.", "verdict": "yes"}
)
CUT = VERDICT[: len(VERDICT) // 2]


class FakeProvider:
    """Starts the provider, points ``OPENAI_BASE_URL`` at it, and stops it at the end."""

    def __init__(self, *, verdict: object = None, **faults: float) -> None:
        self.faults = faults
        self.verdict = "" if verdict is None else json.dumps(verdict)

    def __enter__(self) -> Self:
        options = [f"--{name}={value}" for name, value in self.faults.items()]
        self.process = subprocess.Popen(
            [sys.executable, __file__, *options],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"FAKE_VERDICT": self.verdict},
        )
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        os.environ["OPENAI_BASE_URL"] = f"{self.url}/v1"
        os.environ["OPENAI_API_KEY"] = "a-key-for-loopback"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.communicate()

    def stats(self) -> dict[str, Any]:
        """Requests, refusals, faults, paid answers and how many of these were paid before."""
        with urllib.request.urlopen(f"{self.url}/stats") as answer:
            return json.load(answer)


class _State:
    def __init__(self, faults: dict[str, float]) -> None:
        self.faults = faults
        self.counts: Counter[str] = Counter()
        self.came: Counter[bytes] = Counter()
        self.paid: Counter[bytes] = Counter()
        self.recent: deque[float] = deque()
        self.in_flight = 0
        self.first = self.last = 0.0

    def stats(self) -> dict[str, Any]:
        twice = sum(self.paid.values()) - len(self.paid)
        return {**self.counts, "paid_twice": twice, "seconds": self.last - self.first}

    def choose(self, body: bytes) -> str:
        """What becomes of a request: ``refused``, ``failed``, ``cut`` or ``ok``."""
        now = time.monotonic()
        self.first = self.first or now
        self.last = now
        self.counts["requests"] += 1
        key = hashlib.blake2b(body, digest_size=8).digest()
        self.came[key] += 1
        draw = hashlib.blake2b(key + b"%d" % self.came[key], digest_size=4).digest()
        share, faults = int.from_bytes(draw) / 2**32, self.faults
        if self.over(now) or share < faults["p429"]:
            return "refused"
        if share < faults["p429"] + faults["p500"]:
            return "failed"
        self.paid[key] += 1
        return "cut" if share < faults["p429"] + faults["p500"] + faults["pcut"] else "ok"

    def over(self, now: float) -> bool:
        """Whether the last second had as many accepted requests as the cap."""
        while self.recent and now - self.recent[0] > 1.0:
            self.recent.popleft()
        if len(self.recent) >= self.faults["cap"] > 0:
            return True
        self.recent.append(now)
        return False


class _Connection(asyncio.Protocol):
    def __init__(self, state: _State) -> None:
        self.state, self.buffer = state, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            _, _, length = head.partition(b"content-length:")
            stop = end + 4 + int(length.split(b"\r\n")[0] or 0)
            if len(self.buffer) < stop:
                return
            body, self.buffer = self.buffer[end + 4 : stop], self.buffer[stop:]
            self.answer(body if head.startswith(b"post") else None)

    def answer(self, body: bytes | None) -> None:
        state = self.state
        if body is None:
            self.send(200, state.stats())
            return
        kind = state.choose(body)
        state.counts[kind] += 1
        state.in_flight += 1
        state.counts["max_in_flight"] = max(state.counts["max_in_flight"], state.in_flight)
        delay = 0.0 if kind == "refused" else state.faults["latency_ms"] / 1e3
        if delay:
            asyncio.get_running_loop().call_later(delay, self.finish, kind)
        else:
            self.finish(kind)

    def finish(self, kind: str) -> None:
        self.state.in_flight -= 1
        if kind == "refused":
            wait = self.state.faults["retry_after"]
            self.send(
                429, {"error": {"message": "slow down"}}, f"retry-after: {wait:g}\r\n" * (wait > 0)
            )
        elif kind == "failed":
            self.send(500, {"error": {"message": "it broke"}})
        else:
            text, why = (CUT, "length") if kind == "cut" else (VERDICT, "stop")
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": why}
            said = {"id": "x", "object": "chat.completion", "created": 0, "model": "judge"}
            self.send(200, said | {"choices": [choice], "usage": USAGE})

    def send(self, status: int, value: object, headers: str = "") -> None:
        body = json.dumps(value).encode()
        if not self.transport.is_closing():
            head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{headers}"
            self.transport.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)


async def _serve(faults: dict[str, float]) -> None:
    state = _State(faults)
    server = await asyncio.get_running_loop().create_server(
        lambda: _Connection(state), "127.0.0.1", 0, backlog=1024
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name in FAULTS:
        parser.add_argument(f"--{name}", type=float, default=0.0)
    asyncio.run(_serve(vars(parser.parse_args())))
