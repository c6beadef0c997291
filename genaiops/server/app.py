"""The server's ASGI application: a guard, then a table of routes."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from genaiops.gateway.http import Receive, Scope, Send
from genaiops.server.guard import Guard, Refused
from genaiops.server.ingest import Ingest, form_of
from genaiops.server.status import JSON, Refusal, error

__all__ = ["Server"]

REFRESH_S = 0.5
"""Between two looks at whether keys were made or revoked."""

_Handler = Callable[[Scope, Receive, Send], Awaitable[None]]


class Server:
    """The ASGI application.

    Args:
        guard: Who may pass.
        ingest: What takes the spans.
        ready: Whether the server can do its work; asked for by ``/health/ready``.
    """

    def __init__(self, guard: Guard, ingest: Ingest, *, ready: Callable[[], bool]) -> None:
        self._guard = guard
        self._ready = ready
        self._refreshing: asyncio.Task[None] | None = None
        self.routes: dict[tuple[str, str], _Handler] = {
            ("POST", "/v1/traces"): ingest,
            ("GET", "/health/live"): _live,
            ("GET", "/health/ready"): self._readiness,
        }
        self._paths = {path for _, path in self.routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            try:
                await self._handler(scope)(scope, receive, send)
            except (Refused, Refusal) as refused:
                await _refuse(scope, send, refused.status, refused.message)

    def _handler(self, scope: Scope) -> _Handler:
        """What answers the request. Raises Refused, Refusal."""
        method, path = scope["method"], scope["path"]
        self._guard.check(method, path, scope["headers"])
        handler = self.routes.get((method, path))
        if handler is not None:
            return handler
        if path in self._paths:
            raise Refusal(405, f"{method} is not possible on {path}")
        raise Refusal(404, f"there is no such path: use one of {', '.join(sorted(self._paths))}")

    async def _readiness(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        ready = self._ready()
        body = b'{"ready":%s}' % (b"true" if ready else b"false")
        await _answer(send, 200 if ready else 503, body, [(b"content-type", JSON.encode())])

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                if self._guard.keyring is not None:
                    self._refreshing = asyncio.create_task(self._refresh())
                await send({"type": "lifespan.startup.complete"})
                continue
            if self._refreshing is not None:
                self._refreshing.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._refreshing
            await send({"type": "lifespan.shutdown.complete"})
            return

    async def _refresh(self) -> None:
        while self._guard.keyring is not None:
            await asyncio.to_thread(self._guard.keyring.refresh)
            await asyncio.sleep(REFRESH_S)


async def _live(_scope: Scope, _receive: Receive, send: Send) -> None:
    await _answer(send, 200, b'{"live":true}', [(b"content-type", JSON.encode())])


async def _refuse(scope: Scope, send: Send, status: int, message: str) -> None:
    named = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    body, headers = error(status, message, form_of(named) or JSON)
    await _answer(send, status, body, headers)


async def _answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
