"""The HTTP seam: how bytes go to a provider and come back.

One pool of connections for each event loop. It is closed by the loop's own shutdown: a suspended
asynchronous generator is what every loop promises to finish before it ends.
"""

import asyncio
import os
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from genaiops.gateway.failure import UpstreamFailure
from genaiops.gateway.target import Timeouts

if TYPE_CHECKING:
    from genaiops.gateway.dialing import Place
    from genaiops.gateway.wire import Connection

__all__ = [
    "Answer",
    "Call",
    "StreamAnswer",
    "Upstream",
    "UpstreamFailure",
    "upstream",
]

_IDLE_S = 30.0
"""A connection that nobody used for longer is not used again: providers close them, too."""
_SWEEP_S = 10.0


@dataclass(frozen=True, slots=True)
class Call:
    """A request, ready to be sent; sending it twice is the caller's decision."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    timeouts: Timeouts
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class StreamAnswer(Protocol):
    """An answer whose body still arrives; it must be read to its end or closed."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case."""
        ...

    async def read(self) -> bytes:
        """What has arrived since, at least a byte; nothing at the end. Raises UpstreamFailure."""
        ...

    def close(self, *, complete: bool = False) -> None:
        """Lets go; the provider sees its connection closed unless all was read.

        Args:
            complete: The answer has said everything; only the end of its framing is missing.
        """
        ...


class Upstream(Protocol):
    """Two ways to send a request. Both raise UpstreamFailure; neither follows redirects."""

    async def request(self, call: Call) -> Answer:
        """Sends it and waits for the whole answer."""
        ...

    async def stream(self, call: Call) -> StreamAnswer:
        """Sends it and waits for the head of the answer."""
        ...


async def upstream() -> Upstream:
    """The upstream of the running loop."""
    loop = asyncio.get_running_loop()
    found = _of_loop.get(loop)
    if found is None:
        for other in [known for known in _of_loop if known.is_closed()]:
            del _of_loop[other]
        from genaiops.gateway import dialing  # TLS and the parser take a while to load

        found = _of_loop[loop] = _Pool(loop, dialing)
        await found.keep()
    return found


class _Pool:
    """Connections that are kept alive, the one used last first."""

    def __init__(self, loop: asyncio.AbstractEventLoop, dialing: Any) -> None:
        self._loop = loop
        self._connect = dialing.connect
        self._place_of = dialing.place_of
        self._idle: dict[Place, deque[Connection]] = {}
        self._keeper: AsyncGenerator[None, None] | None = None
        self._sweeper: asyncio.TimerHandle | None = None

    async def keep(self) -> None:
        self._keeper = self._until_the_end()
        await anext(self._keeper)

    async def request(self, call: Call) -> Answer:
        stream = await self._send(call, whole=True)
        try:
            body = await stream.rest()
        finally:
            stream.close()
        return Answer(stream.status, stream.headers, body)

    async def stream(self, call: Call) -> StreamAnswer:
        return await self._send(call, whole=False)

    async def _send(self, call: Call, *, whole: bool) -> "Connection":
        place, path = self._place_of(call.url)
        while True:
            connection = self._take(place)
            fresh = connection is None
            if connection is None:
                connection = await self._connect(self._loop, place, call.timeouts.connect_s)
                connection.idle = self._give_back
            try:
                await connection.ask(
                    call.method, path, call.headers, call.body, call.timeouts, whole
                )
            except UpstreamFailure:
                connection.close()
                if fresh or not connection.stale:
                    raise
            except BaseException:
                connection.close()
                raise
            else:
                return connection

    def _take(self, place: "Place") -> "Connection | None":
        waiting = self._idle.get(place)
        oldest = self._loop.time() - _IDLE_S
        while waiting:
            connection = waiting.pop()
            if connection.usable and connection.idle_since >= oldest:
                return connection
            connection.abort()
        return None

    def _give_back(self, connection: "Connection") -> None:
        self._idle.setdefault(connection.place, deque()).append(connection)
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(_SWEEP_S, self._sweep)

    def _sweep(self) -> None:
        """Closes what was idle for too long."""
        oldest = self._loop.time() - _IDLE_S
        for place, waiting in list(self._idle.items()):
            while waiting and not (waiting[0].usable and waiting[0].idle_since >= oldest):
                waiting.popleft().abort()
            if not waiting:
                del self._idle[place]
        self._sweeper = self._loop.call_later(_SWEEP_S, self._sweep) if self._idle else None

    async def _until_the_end(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            _of_loop.pop(self._loop, None)
            if self._sweeper is not None:
                self._sweeper.cancel()
            for waiting in self._idle.values():
                for connection in waiting:
                    connection.abort()
            self._idle.clear()


_of_loop: dict[asyncio.AbstractEventLoop, _Pool] = {}


def _forget_after_fork() -> None:
    """The child has its own loops; the parent's connections stay the parent's."""
    _left_to_the_parent.append(dict(_of_loop))
    _of_loop.clear()


_left_to_the_parent: list[object] = []  # never freed: closing them would disturb the parent
os.register_at_fork(after_in_child=_forget_after_fork)
