"""The HTTP seam: how bytes go to a provider and come back.

One pool of connections for each event loop. It is closed by the loop's own shutdown: a suspended
asynchronous generator is what every loop promises to finish before it ends.
"""

import asyncio
import io
import os
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from genaiops.gateway.target import Timeouts

if TYPE_CHECKING:
    import aiohttp

__all__ = ["Answer", "Call", "StreamAnswer", "Upstream", "UpstreamFailure", "upstream"]

MAX_ANSWER = 64 * 1024 * 1024
"""Bytes of one answer, decompressed; more is an error of the provider."""

_LARGE = 1 << 20  # bytes of a request above which aiohttp wants to send pieces
FailureKind = Literal["connect", "timeout", "broken", "too_large"]


class UpstreamFailure(Exception):  # noqa: N818 - not an error of its own: callers turn it into one
    """A call that brought no whole answer; `reason` names the cause, never an address or a key."""

    def __init__(self, kind: FailureKind, reason: str) -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind: FailureKind = kind
        self.reason = reason
        self.attempts = 1


@dataclass(frozen=True, slots=True)
class Call:
    """A POST, ready to be sent; sending it twice is the caller's decision."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    timeouts: Timeouts


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class StreamAnswer:
    """An answer whose body still arrives; `chunks` must be read to its end or closed."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncGenerator[bytes, None]


class Upstream(Protocol):
    """Two ways to send a POST. Both raise UpstreamFailure; neither follows redirects."""

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
        found = _of_loop[loop] = _Pool(_new_session())
        await found.keep(loop)
    return found


class _Pool:
    """aiohttp: keep-alive connections with TCP_NODELAY, which is its default."""

    def __init__(self, session: "aiohttp.ClientSession") -> None:
        self._session = session
        self._keeper: AsyncGenerator[None, None] | None = None

    async def keep(self, loop: asyncio.AbstractEventLoop) -> None:
        self._keeper = self._until_the_end_of(loop)
        await anext(self._keeper)

    async def request(self, call: Call) -> Answer:
        answer = await self.stream(call)
        pieces = [piece async for piece in answer.chunks]
        return Answer(answer.status, answer.headers, b"".join(pieces))

    async def stream(self, call: Call) -> StreamAnswer:
        import aiohttp

        limits = aiohttp.ClientTimeout(
            total=call.timeouts.total_s,
            sock_connect=call.timeouts.connect_s,
            sock_read=call.timeouts.idle_s,
        )
        try:
            response = await self._session.post(
                call.url,
                data=call.body if len(call.body) < _LARGE else io.BytesIO(call.body),
                headers=call.headers,
                timeout=limits,
                allow_redirects=False,
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _failure(error) from None
        headers = {name.lower(): value for name, value in response.headers.items()}
        return StreamAnswer(response.status, headers, _chunks(response))

    async def _until_the_end_of(
        self, loop: asyncio.AbstractEventLoop
    ) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            _of_loop.pop(loop, None)
            await self._session.close()


def _new_session() -> "aiohttp.ClientSession":
    import aiohttp

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60, keepalive_timeout=30),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"user-agent": "genaiops", "accept-encoding": "identity"},
    )


async def _chunks(response: "aiohttp.ClientResponse") -> AsyncGenerator[bytes, None]:
    import aiohttp

    size = 0
    try:
        async for piece in response.content.iter_any():
            size += len(piece)
            if size > MAX_ANSWER:
                raise UpstreamFailure("too_large", f"more than {MAX_ANSWER >> 20} MiB")
            yield piece
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise _failure(error) from None
    finally:
        if not response.content.at_eof():
            response.close()


def _failure(error: Exception) -> UpstreamFailure:
    """What went wrong, in words that hold no address: some hold keys."""
    import aiohttp

    if isinstance(error, aiohttp.ServerTimeoutError | TimeoutError):
        connecting = isinstance(error, aiohttp.ConnectionTimeoutError)
        return UpstreamFailure("connect" if connecting else "timeout", "no answer in time")
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = os.strerror(error.os_error.errno) if error.os_error.errno else "no such host"
        return UpstreamFailure("connect", reason)
    if isinstance(error, aiohttp.InvalidURL):
        return UpstreamFailure("broken", "the base URL is not a URL")
    return UpstreamFailure("broken", type(error).__name__)


_of_loop: dict[asyncio.AbstractEventLoop, _Pool] = {}


def _forget_after_fork() -> None:
    """The child has its own loops; the parent's connections stay the parent's."""
    _left_to_the_parent.append(dict(_of_loop))
    _of_loop.clear()


_left_to_the_parent: list[object] = []  # never freed: closing them would disturb the parent
os.register_at_fork(after_in_child=_forget_after_fork)
