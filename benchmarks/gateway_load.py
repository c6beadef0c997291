"""Clients for the gateway's benchmarks: bare asyncio protocols that wait for each answer.

Measures what a caller sees: seconds to the first byte of a body and to its end.
"""

import asyncio
import re
import time
from dataclasses import dataclass, field
from typing import Any

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ask:
    """What is sent, over and over."""

    port: int
    body: bytes
    path: str = "/v1/chat/completions"
    headers: tuple[str, ...] = ("authorization: Bearer sk-1234",)

    def bytes(self) -> bytes:
        lines = [f"POST {self.path} HTTP/1.1", f"host: 127.0.0.1:{self.port}", *self.headers]
        lines += ["content-type: application/json", f"content-length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode() + self.body


@dataclass(slots=True)
class Load:
    """What came back."""

    seconds: float = 0.0
    first_s: list[float] = field(default_factory=list[float])
    whole_s: list[float] = field(default_factory=list[float])
    failed: list[bytes] = field(default_factory=list[bytes])

    @property
    def per_second(self) -> float:
        return len(self.whole_s) / self.seconds


class _Caller(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, request: bytes, load: Load, until: Any, done: asyncio.Future[None]) -> None:
        self._request, self._load, self._until, self._done = request, load, until, done
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._ask()

    def _ask(self) -> None:
        self._head, self._size, self._first, self._answer = b"", -1, 0.0, b""
        self._began = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._head:
            end = self._answer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._head = self._answer[: end + 4]
            length = _LENGTH.search(self._head)
            self._size = int(length[1]) if length else -1
        if not self._first and len(self._answer) > len(self._head):
            self._first = time.perf_counter() - self._began
        if self._size >= 0:
            whole = len(self._answer) - len(self._head) >= self._size
        else:
            whole = self._answer.endswith(b"0\r\n\r\n")
        if whole:
            self._answered()

    def _answered(self) -> None:
        now = time.perf_counter()
        if self._head.startswith(b"HTTP/1.1 200"):
            self._load.first_s.append(self._first)
            self._load.whole_s.append(now - self._began)
        else:
            self._load.failed.append(self._answer[:500])
        if self._until(now, self._load):
            self._transport.close()
        else:
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer and not self._until(time.perf_counter(), self._load):
            self._load.failed.append(f"closed: {exc}".encode())
        if not self._done.done():
            self._done.set_result(None)


async def drive(ask: Ask, *, connections: int, seconds: float = 0.0, calls: int = 0) -> Load:
    """Asks on that many connections, for that long or until there were that many calls."""
    loop, load = asyncio.get_running_loop(), Load()
    began = time.perf_counter()
    end = began + seconds

    def enough(now: float, so_far: Load) -> bool:
        return len(so_far.whole_s) + len(so_far.failed) >= calls if calls else now >= end

    waiting: list[asyncio.Future[None]] = []
    for _ in range(connections):
        done: asyncio.Future[None] = loop.create_future()
        waiting.append(done)
        await loop.create_connection(
            lambda done=done: _Caller(ask.bytes(), load, enough, done), "127.0.0.1", ask.port
        )
    await asyncio.gather(*waiting)
    load.seconds = time.perf_counter() - began
    return load
