"""What is for those who run a gateway: its counters, and reading its configuration again."""

import ipaddress
from collections.abc import Awaitable, Callable

import msgspec

from genaiops.errors import GenaiopsError
from genaiops.gateway.access import Access
from genaiops.gateway.config import Routes
from genaiops.gateway.guard import names_loopback
from genaiops.gateway.http import Receive, Scope, Send, send_json
from genaiops.gateway.limits import Denied
from genaiops.gateway.observing import Observer
from genaiops.gateway.plane import Plane
from genaiops.gateway.reply import open_reply

__all__ = ["Admin", "Reload"]

Reload = Callable[[], Awaitable[Routes]]
"""Puts a new configuration into force and gives it back; raises GenaiopsError and changes nothing."""
_FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via")
_TEXT = b"text/plain; version=0.0.4; charset=utf-8"


class Admin:
    """Answers programs of this machine, and keys with ``admin: true``.

    Args:
        access: Who knows the keys.
        observer: Who counts.
        reload: See `Reload`.
    """

    def __init__(self, access: Access | None, observer: Observer, reload: Reload | None) -> None:
        self._access = access
        self._observer = observer
        self._reload = reload

    async def metrics(self, _plane: Plane, scope: Scope, _receive: Receive, send: Send) -> None:
        """The counters of all workers, as Prometheus reads them."""
        if await self._may(scope, send):
            body = self._observer.fleet.text()
            headers = [(b"content-type", _TEXT), (b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    async def reload(self, _plane: Plane, scope: Scope, _receive: Receive, send: Send) -> None:
        """Reads the configuration again; a broken one changes nothing."""
        if not await self._may(scope, send):
            return
        reply = open_reply(scope, send)
        if self._reload is None:
            await reply.refuse(400, "this gateway has no configuration to read again")
            return
        try:
            routes = await self._reload()
        except GenaiopsError as error:
            await reply.refuse(400, f"{error}; what was in force before still is", code="config")
            return
        said = {"reloaded": routes.source, "models": routes.offers()}
        await send_json(send, 200, msgspec.json.encode(said))

    async def _may(self, scope: Scope, send: Send) -> bool:
        if _is_near(scope):
            return True
        denied = Denied(
            403, "not_admin", "this is for programs of the same machine and for admin keys"
        )
        try:
            account = None if self._access is None else await self._access.caller(scope["headers"])
            if account is not None and account.policy.admin:
                account.check_expiry()
                return True
        except Denied as error:
            denied = error
        await open_reply(scope, send).deny(denied)
        return False


def _is_near(scope: Scope) -> bool:
    """Whether a program of this machine asks, and not somebody behind a proxy on it."""
    client: tuple[str, int] | None = scope.get("client")
    headers: dict[bytes, bytes] = dict(scope["headers"])
    if client is None or any(name in headers for name in _FORWARDED):
        return False
    try:
        near = ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False
    return near and names_loopback(headers.get(b"host", b""))
