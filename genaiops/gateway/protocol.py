"""HTTP/1.1 as uvicorn speaks it, with an end to heads and bodies that never end.

uvicorn alone waits for ever for a request that somebody sends a byte at a time, and keeps however
many header lines they send.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from genaiops.gateway.http import LEAVING, WHOLE, Headers

__all__ = ["LimitedProtocol"]

HEAD_S = 10.0
"""From the first moment of a connection, or the first byte of a further request."""
BODY_S = 65.0
"""An application that answers a slow body itself does so before."""
HEAD_BYTES = 65_536
HEADER_LINES = 100
_CONTROLS = bytes(code for code in (*range(32), 127) if code != 9)


class _Joined(asyncio.Transport):
    """A transport that sends the head of an answer together with what follows it at once.

    uvicorn writes the two one after the other, and each write is a call of the system and wakes the
    client.

    Attributes:
        holds: The next bytes are a head.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._head = b""
        self.holds = False
        self.is_closing = transport.is_closing
        self.get_extra_info = transport.get_extra_info
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        self.set_protocol = transport.set_protocol
        self.abort = transport.abort

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Sends bytes, or keeps them for a moment."""
        if self.holds:
            self.holds = False
            self._head += bytes(data)
            self._loop.call_soon(self._send_head)
            return
        if self._head:
            data, self._head = self._head + data, b""
        self._transport.write(data)

    def close(self) -> None:
        """Closes once everything is sent."""
        self._send_head()
        self._transport.close()

    def _send_head(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)


class LimitedProtocol(HttpToolsProtocol):
    """One connection."""

    _timer: asyncio.TimerHandle | None = None
    _in_head = True
    _head_bytes = 0
    _leaving: set[Callable[[], None]]
    _joined: "_Joined"

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Gives the first request its time."""
        self._joined = _Joined(transport, self.loop)
        super().connection_made(self._joined)
        self._leaving = set()
        self._expect_within(HEAD_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the time, and tells those who still answer."""
        self._stop_timer()
        super().connection_lost(exc)
        for leave in list(self._leaving):
            leave()

    def data_received(self, data: bytes) -> None:
        """Counts the bytes of a head before it is complete."""
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response(f"The head of the request is longer than {HEAD_BYTES} bytes.")

    def on_message_begin(self) -> None:
        """Gives a further request its time."""
        super().on_message_begin()
        self._joined.holds = True
        self.scope[LEAVING] = self._leaving  # pyright: ignore[reportGeneralTypeIssues]  ours
        self._in_head = True
        if self._timer is None:
            self._expect_within(HEAD_S)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes a header line; too many of them make the request invalid."""
        super().on_header(name, value)
        if len(self.headers) > HEADER_LINES:
            raise ValueError(f"more than {HEADER_LINES} header lines")

    def on_headers_complete(self) -> None:
        """Gives the body its time."""
        self._in_head = False
        self._head_bytes = 0
        self._expect_within(BODY_S)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._stop_timer()
        self._in_head = True
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.scope[WHOLE] = partial(self._send_whole, cycle)  # pyright: ignore[reportGeneralTypeIssues]  ours
        super()._start_asgi_task(cycle, app)

    def _send_whole(
        self, cycle: RequestResponseCycle, status: int, headers: Headers, body: bytes
    ) -> bool:
        """Sends an answer that is complete; False for the rarer cases, which uvicorn knows."""
        if (
            cycle.response_started
            or cycle.disconnected
            or not cycle.keep_alive
            or self.flow.write_paused
            or cycle.scope["method"] == "HEAD"
        ):
            return False
        lines = [b"%b: %b\r\n" % line for line in (*self.server_state.default_headers, *headers)]
        head = b"".join([STATUS_LINE[status], *lines, b"\r\n"])
        if len(head) - len(head.translate(None, _CONTROLS)) != 2 * len(lines) + 4:
            return False  # a header that ends before its time
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        self._joined.holds = False
        self._joined.write(head + body)
        cycle.message_event.set()
        cycle.on_response()
        return True

    def _expect_within(self, seconds: float) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, self._too_slow)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.close()
