"""Opening connections: names, TLS, and the proxies that the environment names.

Certificates are checked against the system's authorities, or those of ``SSL_CERT_FILE`` and
``SSL_CERT_DIR``. ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` are followed.
"""

import asyncio
import base64
import os
import socket
import ssl
from functools import cache, lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit
from urllib.request import (
    getproxies_environment,
    proxy_bypass_environment as _bypass,  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]  not in the stubs
)

from genaiops.gateway.failure import UpstreamFailure
from genaiops.gateway.wire import Connection

__all__ = ["Place", "connect", "place_of"]

_NEXT_ADDRESS_S = 1.0
"""How long one of several addresses of a host is waited for before the next is tried."""


class Place(NamedTuple):
    """Where a connection leads: a host, and perhaps the proxy before it."""

    secure: bool
    host: str
    port: int
    proxy: str = ""


@lru_cache(maxsize=1024)
def place_of(url: str) -> tuple[Place, bytes]:
    """The place of an address, and what to ask for there. Raises UpstreamFailure."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
        port = parts.port or (443 if parts.scheme == "https" else 80)
        path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}".encode("ascii")
    except (ValueError, UnicodeError):
        raise UpstreamFailure("broken", "the base URL is not a URL") from None
    if not host or parts.scheme not in ("http", "https"):
        raise UpstreamFailure("broken", "the base URL is not a URL")
    secure = parts.scheme == "https"
    place = Place(secure, host, port, _proxy(parts.scheme, f"{host}:{port}"))
    if place.proxy and not secure:
        path = b"http://%b%b" % (_authority(place), path)
    return place, path


async def connect(loop: asyncio.AbstractEventLoop, place: Place, timeout_s: float) -> Connection:
    """A connection to a place. Raises UpstreamFailure."""
    authorization = _authorization(place.proxy) if place.proxy and not place.secure else b""
    made = Connection(loop, place, b"host: %b\r\n%b" % (_authority(place), authorization))
    try:
        async with asyncio.timeout(timeout_s):
            if place.proxy:
                await _through_proxy(loop, place, made)
            else:
                await _reach(loop, place, made)
    except TimeoutError:
        raise UpstreamFailure("connect", "no answer in time") from None
    except ssl.SSLError as error:
        said = getattr(error, "verify_message", "") or error.reason or "it broke off"
        raise UpstreamFailure("connect", f"TLS: {said}") from None
    except socket.gaierror:
        raise UpstreamFailure("connect", "no such host") from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "it broke off"
        raise UpstreamFailure("connect", reason) from None
    return made


async def _reach(loop: asyncio.AbstractEventLoop, place: Place, made: Connection) -> None:
    """Tries one address after the other; one that does not answer leaves time for the next."""
    tls = {"ssl": _tls(), "server_hostname": place.host} if place.secure else {}
    await _first_of(loop, place.host, place.port, lambda: made, tls)


async def _first_of(
    loop: asyncio.AbstractEventLoop, host: str, port: int, factory: Any, tls: dict[str, Any]
) -> asyncio.BaseTransport:
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    for address in addresses[:-1]:
        try:
            async with asyncio.timeout(_NEXT_ADDRESS_S):
                return (await loop.create_connection(factory, address, port, **tls))[0]
        except ssl.SSLError:
            raise
        except (OSError, TimeoutError):
            continue
    return (await loop.create_connection(factory, addresses[-1], port, **tls))[0]


async def _through_proxy(loop: asyncio.AbstractEventLoop, place: Place, made: Connection) -> None:
    parts = urlsplit(place.proxy)
    if parts.scheme != "http" or not parts.hostname:
        raise UpstreamFailure("connect", "the proxy is not an http:// address")
    host, port = parts.hostname, parts.port or 80
    if not place.secure:
        await _first_of(loop, host, port, lambda: made, {})
        return
    tunnel = _Tunnel(loop)
    transport = await _first_of(loop, host, port, lambda: tunnel, {})
    try:
        await tunnel.open(_authority(place), _authorization(place.proxy))
        secured = await loop.start_tls(
            transport,  # pyright: ignore[reportArgumentType]  of a TCP connection
            made,
            _tls(),
            server_hostname=place.host,
        )
    except BaseException:
        transport.close()
        raise
    if secured is None:
        raise UpstreamFailure("connect", "the proxy closed the connection")
    made.connection_made(secured)


class _Tunnel(asyncio.Protocol):
    """A connection to a proxy until the tunnel stands."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._answer = b""
        self._stands: asyncio.Future[None] = loop.create_future()
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    async def open(self, authority: bytes, authorization: bytes) -> None:
        if b":" not in authority.rpartition(b"]")[2]:
            authority += b":443"
        self._transport.write(
            b"CONNECT %b HTTP/1.1\r\nhost: %b\r\n%b\r\n" % (authority, authority, authorization)
        )
        await self._stands

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if self._stands.done() or (b"\r\n\r\n" not in self._answer and len(self._answer) < 16_384):
            return
        if self._answer[:12] in (b"HTTP/1.1 200", b"HTTP/1.0 200"):
            self._stands.set_result(None)
        else:
            said = self._answer[9:12].decode("latin-1")
            self._refuse(f"the proxy refused with status {said}")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  of the interface
        self._refuse("the proxy closed the connection")

    def _refuse(self, reason: str) -> None:
        if not self._stands.done():
            self._stands.set_exception(UpstreamFailure("connect", reason))


@cache
def _tls() -> ssl.SSLContext:
    made = ssl.create_default_context()
    made.set_alpn_protocols(["http/1.1"])
    return made


def _authority(place: Place) -> bytes:
    host = f"[{place.host}]" if ":" in place.host else place.host
    usual = place.port == (443 if place.secure else 80)
    return (host if usual else f"{host}:{place.port}").encode()


def _authorization(proxy: str) -> bytes:
    parts = urlsplit(proxy)
    if parts.username is None:
        return b""
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return b"proxy-authorization: Basic %b\r\n" % base64.b64encode(pair)


def _proxy(scheme: str, authority: str) -> str:
    """The proxy that the environment names for a host, empty for none."""
    proxies = getproxies_environment()
    found = proxies.get(scheme) or proxies.get("all") or ""
    if not found or _bypass(authority, proxies):
        return ""
    return found if "://" in found else f"http://{found}"
