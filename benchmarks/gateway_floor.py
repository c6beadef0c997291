"""What passing requests on costs in Python at the least: two asyncio protocols, no HTTP library.

    python benchmarks/gateway_floor.py PORT UPSTREAM_PORT

It trusts both sides, routes nothing and records nothing.
"""

import asyncio
import sys
from typing import Any

_HEAD = (
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: upstream\r\nauthorization: Bearer sk-mock\r\n"
    b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
)


def _length(head: bytes) -> int:
    at = head.find(b"content-length:")
    return -1 if at < 0 else int(head[at + 15 :].partition(b"\r\n")[0])


class _Provider(asyncio.Protocol):
    """A connection to the provider; it is idle again when the answer is complete."""

    def __init__(self, idle: "list[_Provider]") -> None:
        self._idle = idle
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def ask(self, client: Any, body: bytes) -> None:
        self._client, self._head, self._left, self._tail = client, b"", None, b""
        self._transport.write(_HEAD % (len(body), body))

    def data_received(self, data: bytes) -> None:
        self._client.write(data)
        if self._left is None:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            data = self._head[end + 4 :]
            size = _length(self._head[:end].lower())
            self._left: float | None = size if size >= 0 else float("inf")
        self._left -= len(data)
        self._tail = (self._tail + data)[-5:]
        if self._left <= 0 or (self._left == float("inf") and self._tail == b"0\r\n\r\n"):
            self._idle.append(self)


class _Client(asyncio.Protocol):
    """A connection from a client."""

    def __init__(self, idle: list[_Provider], port: int) -> None:
        self._idle, self._port, self._buffer = idle, port, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        stop = end + 4 + _length(self._buffer[:end].lower())
        if len(self._buffer) < stop:
            return
        body, self._buffer = self._buffer[end + 4 : stop], self._buffer[stop:]
        if self._idle:
            self._idle.pop().ask(self._transport, body)
        else:
            self._connecting = asyncio.ensure_future(self._connect(body))

    async def _connect(self, body: bytes) -> None:
        loop = asyncio.get_running_loop()
        _, provider = await loop.create_connection(
            lambda: _Provider(self._idle), "127.0.0.1", self._port
        )
        provider.ask(self._transport, body)


async def _serve(port: int, upstream: int) -> None:
    idle: list[_Provider] = []
    server = await asyncio.get_running_loop().create_server(
        lambda: _Client(idle, upstream), "127.0.0.1", port, backlog=4096
    )
    print("listening", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(int(sys.argv[1]), int(sys.argv[2])))
