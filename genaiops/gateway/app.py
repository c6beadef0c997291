"""The HTTP gateway: one plain ASGI function over a table of routes.

Where the provider speaks the caller's dialect, the bytes pass through; only ``model`` is changed.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec

from genaiops.gateway import guard
from genaiops.gateway.chat import chat_completions
from genaiops.gateway.config import Routes
from genaiops.gateway.counting import count_tokens
from genaiops.gateway.http import Receive, Scope, Send, error_body, send_json

__all__ = ["Gateway"]

_Handler = Callable[[Routes, Scope, Receive, Send], Awaitable[None]]


class Gateway:
    """The ASGI application.

    Args:
        routes: What is served.
        host: The address that the server listens on; requests may name it besides loopback.
        ready: Whether the gateway can do its work; asked for by ``/health/ready``.
    """

    def __init__(
        self, routes: Routes, *, host: str = "127.0.0.1", ready: Callable[[], bool] = lambda: True
    ) -> None:
        self._routes = routes
        self._host = host.encode()
        self._ready = ready
        self._table: dict[tuple[str, str], _Handler] = {
            ("POST", "/v1/chat/completions"): chat_completions,
            ("POST", "/v1/responses"): partial(chat_completions, dialect="responses"),
            ("POST", "/v1/messages"): partial(chat_completions, dialect="anthropic"),
            ("POST", "/v1/messages/count_tokens"): count_tokens,
            ("GET", "/v1/models"): _models,
            ("GET", "/health/live"): _live,
            ("GET", "/health/ready"): self._readiness,
            ("GET", "/"): _live,
            ("HEAD", "/"): _live,
        }
        self._paths = {path for _, path in self._table}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        method, path = scope["method"], scope["path"]
        try:
            guard.check(method, scope["headers"], also=self._host)
        except guard.Refused as refused:
            await send_json(send, refused.status, error_body(refused.status, refused.message))
            return
        handler = self._table.get((method, path))
        if handler is not None:
            await handler(self._routes, scope, receive, send)
        elif path in self._paths:
            await send_json(send, 405, error_body(405, f"{method} is not possible on {path}"))
        else:
            offer = ", ".join(sorted(self._paths))
            await send_json(send, 404, error_body(404, f"there is no {path}: use one of {offer}"))

    async def _readiness(
        self, _routes: Routes, _scope: Scope, _receive: Receive, send: Send
    ) -> None:
        ready = self._ready()
        await send_json(
            send, 200 if ready else 503, b'{"ready":%s}' % (b"true" if ready else b"false")
        )


async def _live(_routes: Routes, scope: Scope, _receive: Receive, send: Send) -> None:
    await send_json(send, 200, b"" if scope["method"] == "HEAD" else b'{"live":true}')


async def _models(routes: Routes, _scope: Scope, _receive: Receive, send: Send) -> None:
    listed: list[dict[str, Any]] = [
        {
            "id": name,
            "object": "model",
            "created": 0,
            "owned_by": routes.resolve(name).provider_name,
        }
        for name in routes.names()
    ]
    await send_json(send, 200, msgspec.json.encode({"object": "list", "data": listed}))


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await send({"type": "lifespan.shutdown.complete"})
            return
