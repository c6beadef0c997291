"""One connection to a provider, as HTTP/1.1 goes over it: one request at a time, kept alive.

Bytes are parsed by httptools (llhttp); what is here is when to wait, how long, and how much.
"""

import asyncio
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import httptools

from genaiops.gateway.failure import UpstreamFailure
from genaiops.gateway.target import Timeouts

__all__ = ["MAX_ANSWER", "Connection"]

MAX_ANSWER = 64 * 1024 * 1024
"""Bytes of one answer, decompressed; more is an error of the provider."""
_MAX_HEAD = 256 * 1024
_LINGER_S, _MAX_REST = 2.0, 65_536
"""How long, and for how many bytes, the end of an answer is waited for that has said everything."""
_HIGH_WATER = 1 << 20
"""Bytes that wait for a slow reader before the provider is made to wait."""


class Connection(asyncio.Protocol):
    """A connection, and while a request is under way, the answer to it.

    Attributes:
        place: Where it leads.
        status: Of the answer.
        headers: Of the answer, names in lower case.
        stale: It was closed before a byte of the answer came.
        idle: Called when it can be used again.
        idle_since: When that was, seconds of the loop's clock.
    """

    __slots__ = (
        "_began",
        "_buffered",
        "_deadline",
        "_done",
        "_failure",
        "_first_lines",
        "_framed",
        "_head_bytes",
        "_idle_s",
        "_in_head",
        "_inflate",
        "_keep",
        "_last",
        "_lingers",
        "_loop",
        "_parser",
        "_paused",
        "_pieces",
        "_size",
        "_timer",
        "_transport",
        "_under_way",
        "_waiter",
        "_whole",
        "headers",
        "idle",
        "idle_since",
        "place",
        "stale",
        "status",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, place: Any, head: bytes) -> None:
        self._loop = loop
        self._first_lines = head
        self.place = place
        self.idle: Callable[[Connection], None] | None = None
        self.idle_since = 0.0
        self.status = 0
        self.headers: dict[str, str] = {}
        self.stale = False
        self._transport: Any = None
        self._parser = httptools.HttpResponseParser(self)
        self._under_way = self._lingers = False
        self._waiter: asyncio.Future[None] | None = None
        self._failure: UpstreamFailure | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def usable(self) -> bool:
        """Whether a request can be sent over it."""
        return not self._under_way and self._failure is None and not self.closed

    @property
    def closed(self) -> bool:
        """Whether it is gone."""
        return self._transport.is_closing()

    # asking

    async def ask(
        self,
        method: str,
        path: bytes,
        headers: Mapping[str, str],
        body: bytes,
        timeouts: Timeouts,
        whole: bool,
    ) -> None:
        """Sends a request; returns when the head of the answer is there, or all of it.

        Raises: UpstreamFailure.
        """
        self._start(timeouts, whole)
        lines = b"".join(
            [b"%b: %b\r\n" % (n.encode("latin-1"), v.encode("latin-1")) for n, v in headers.items()]
        )
        self._transport.write(
            b"%b %b HTTP/1.1\r\n%buser-agent: genaiops\r\naccept-encoding: identity\r\n"
            b"%bcontent-length: %d\r\n\r\n%b"
            % (method.encode(), path, self._first_lines, lines, len(body), body)
        )
        if self._in_head or whole:
            await self._more(whole)

    def _start(self, timeouts: Timeouts, whole: bool) -> None:
        self._under_way, self._in_head, self._done, self._keep = True, True, False, False
        self._framed, self.stale, self._paused = False, False, False
        self._lingers = False
        self.status, self.headers, self._head_bytes = 0, {}, 0
        self._pieces: list[bytes] = []
        self._buffered = self._size = 0
        self._inflate: Any = None
        self._whole = whole
        self._idle_s = timeouts.idle_s
        self._last = self._began = now = self._loop.time()
        self._deadline = now + timeouts.total_s
        self._timer = self._loop.call_at(min(now + timeouts.idle_s, self._deadline), self._tick)

    async def _more(self, whole: bool) -> None:
        """Waits until there is something new: the head, a piece, the end, or a failure."""
        if self._failure is None:
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        if self._failure is not None and (whole or not self._pieces):
            raise self._failure

    async def read(self) -> bytes:
        """What has arrived since, at least a byte; nothing at the end. Raises UpstreamFailure."""
        while not self._pieces:
            if self._done:
                return b""
            await self._more(whole=False)
        pieces = self._pieces
        piece = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._pieces, self._buffered = [], 0
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        return piece

    async def rest(self) -> bytes:
        """The whole body, or what is left of it. Raises UpstreamFailure."""
        self._whole = True
        while not self._done:
            await self._more(whole=True)
        pieces = self._pieces
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self, *, complete: bool = False) -> None:
        """Lets go: ready for the next request when all was read, closed when not.

        Args:
            complete: The answer has said everything; the end of its framing, which many providers
                send a moment later, is waited for, so that the connection can be used again.
        """
        if not self._under_way or self._lingers:
            return
        self._stop_timer()
        if complete and not self._done and self._failure is None and not self._in_head:
            self._lingers, self._whole, self._size = True, True, 0
            self._timer = self._loop.call_later(_LINGER_S, self.abort)
            if self._paused:
                self._transport.resume_reading()
            return
        self._let_go()

    def _let_go(self) -> None:
        self._under_way = self._lingers = False
        if self._done and self._keep and self._failure is None and self.idle is not None:
            self.idle_since = self._loop.time()
            self.idle(self)
        else:
            self._transport.abort()

    def abort(self) -> None:
        """Closes it at once."""
        self._transport.abort()

    # time

    def _tick(self) -> None:
        now = self._loop.time()
        due = min(self._last + self._idle_s, self._deadline)
        if now >= due:
            self._timer = None
            rest = "nothing more for" if self._last > self._began else "no answer for"
            idle = f"{rest} {self._idle_s:g} s"
            total = f"no whole answer within {self._deadline - self._began:.3g} s"
            self._fail(UpstreamFailure("timeout", total if now >= self._deadline else idle))
        else:
            self._timer = self._loop.call_at(due, self._tick)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fail(self, failure: UpstreamFailure) -> None:
        if self._failure is None:
            self._failure = failure
        self._wake()
        self._transport.abort()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Bytes of the answer."""
        if not self._under_way or self._done:
            self._keep = False  # nothing was asked
            self._transport.abort()
            return
        self._last = self._loop.time()
        if self._in_head:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            if self._done:  # whatever that was, the answer before it is whole
                self._keep = False
                self._transport.abort()
                return
            cause = error.__context__
            known = cause if isinstance(cause, UpstreamFailure) else None
            self._fail(known or UpstreamFailure("broken", "this is not HTTP"))
        except httptools.HttpParserUpgrade:
            self._fail(UpstreamFailure("broken", "the provider wants another protocol"))
        if self._in_head and self._head_bytes > _MAX_HEAD:
            self._fail(UpstreamFailure("too_large", f"a head of more than {_MAX_HEAD >> 10} KiB"))

    def eof_received(self) -> None:
        """The provider sends no more."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone; that is the end of an answer that has no other."""
        if self._lingers:
            self._stop_timer()
            self._under_way = self._lingers = False
        if not self._under_way or self._done:
            return
        if not self._in_head and not self._framed and exc is None and self._failure is None:
            self.on_message_complete()
            self._keep = False
            return
        self.stale = self._head_bytes == 0
        if self._failure is None:
            name = "ClientDisconnected" if exc is None else type(exc).__name__
            self._failure = UpstreamFailure("broken", name)
        self._wake()

    # the parser's side

    def on_message_begin(self) -> None:
        """The first byte of an answer; a second one was not asked for, so the connection ends."""
        if self._done:
            self._keep = False
            self._transport.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A line of the head, or of a trailer, which nobody reads."""
        if self._in_head:
            self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The head is complete."""
        if self._done:
            return
        self.status = self._parser.get_status_code()
        if self.status < 200:
            self.headers = {}
            return
        headers = self.headers
        self._in_head = False
        self._framed = "content-length" in headers or "transfer-encoding" in headers
        encoding = headers.get("content-encoding", "identity").lower()
        if encoding in ("gzip", "x-gzip", "deflate"):
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)
        elif encoding != "identity":
            raise UpstreamFailure("broken", "the answer is encoded in a way that was not asked for")
        if not self._whole:
            self._wake()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if self._done:
            return
        if self._lingers:
            self._size += len(body)
            if self._size > _MAX_REST:
                self._transport.abort()
            return
        if self._inflate is not None:
            body = self._inflated(body)
            if not body:
                return
        self._pieces.append(body)
        self._size += len(body)
        if self._size > MAX_ANSWER:
            raise UpstreamFailure("too_large", f"more than {MAX_ANSWER >> 20} MiB")
        if not self._whole:
            self._buffered += len(body)
            if self._buffered > _HIGH_WATER and not self._paused:
                self._paused = True
                self._transport.pause_reading()
            self._wake()

    def on_message_complete(self) -> None:
        """The answer is complete."""
        if self._in_head or self._done:
            return
        if self._inflate is not None and not self._inflate.eof and not self._lingers:
            raise UpstreamFailure("broken", "the compressed answer is cut off")
        self._done = True
        self._keep = self._parser.should_keep_alive() and self._framed
        if self._lingers:
            self._stop_timer()
            self._let_go()
        self._wake()

    def _inflated(self, data: bytes) -> bytes:
        try:
            made = self._inflate.decompress(data, MAX_ANSWER - self._size + 1)
        except zlib.error:
            raise UpstreamFailure("broken", "the answer cannot be decompressed") from None
        return made
