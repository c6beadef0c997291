"""The HTTP gateway: one plain ASGI function over a table of routes.

Where the provider speaks the caller's dialect, the bytes pass through; only ``model`` is changed.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec

from genaiops.errors import NotFoundError
from genaiops.gateway import guard
from genaiops.gateway.access import Access
from genaiops.gateway.chat import chat_completions
from genaiops.gateway.config import Routes
from genaiops.gateway.counting import count_tokens
from genaiops.gateway.http import CALLER, Receive, Scope, Send, send_json
from genaiops.gateway.limits import Account, Denied
from genaiops.gateway.reply import Reply

__all__ = ["Gateway"]

_EPOCH = "1970-01-01T00:00:00Z"
_Handler = Callable[[Routes, Scope, Receive, Send], Awaitable[None]]


class Gateway:
    """The ASGI application.

    Args:
        routes: What is served.
        host: The address that the server listens on; requests may name it besides loopback.
        access: The keys that are asked for; None asks for none.
        ready: Whether the gateway can do its work; asked for by ``/health/ready``.
    """

    def __init__(
        self,
        routes: Routes,
        *,
        host: str = "127.0.0.1",
        access: Access | None = None,
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        self._routes = routes
        self._host = host.encode()
        self._access = access
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
            with_keys = self._access is not None and self._access.needed
            guard.check(method, scope["headers"], also=self._host, any_host=with_keys)
        except guard.Refused as refused:
            await _reply(scope, send).refuse(refused.status, refused.message)
            return
        handler = self._table.get((method, path))
        if self._access is not None and path.startswith("/v1/"):
            try:
                scope[CALLER] = await self._access.caller(scope["headers"])
            except Denied as denied:
                await _reply(scope, send).deny(denied)
                return
        if handler is not None:
            await handler(self._routes, scope, receive, send)
        elif path in self._paths:
            await _reply(scope, send).refuse(405, f"{method} is not possible on {path}")
        else:
            offer = ", ".join(sorted(self._paths))
            await _reply(scope, send).refuse(404, f"there is no {path}: use one of {offer}")

    async def _readiness(
        self, _routes: Routes, _scope: Scope, _receive: Receive, send: Send
    ) -> None:
        ready = self._ready()
        await send_json(
            send, 200 if ready else 503, b'{"ready":%s}' % (b"true" if ready else b"false")
        )


async def _live(_routes: Routes, scope: Scope, _receive: Receive, send: Send) -> None:
    await send_json(send, 200, b"" if scope["method"] == "HEAD" else b'{"live":true}')


def _reply(scope: Scope, send: Send) -> Reply:
    return Reply(send, _dialect(scope))


def _dialect(scope: Scope) -> str:
    """The dialect of whoever asks: Anthropic's clients always name their version."""
    named = any(name == b"anthropic-version" for name, _ in scope["headers"])
    return "anthropic" if named or scope["path"].startswith("/v1/messages") else "openai"


async def _models(routes: Routes, scope: Scope, _receive: Receive, send: Send) -> None:
    """The models that the caller may ask for by name, in the shape of the caller's dialect."""
    caller: Account | None = scope.get(CALLER)
    names = routes.names()
    if caller is not None:
        allowed = [name for name in caller.policy.models if _is_served(routes, name)]
        names = [name for name in dict.fromkeys([*names, *allowed]) if caller.policy.allows(name)]
    if _dialect(scope) == "anthropic":
        shown = [
            {"type": "model", "id": name, "display_name": name, "created_at": _EPOCH}
            for name in names
        ]
        ends = {"first_id": names[0] if names else None, "last_id": names[-1] if names else None}
        await send_json(send, 200, msgspec.json.encode({"data": shown, "has_more": False, **ends}))
        return
    listed: list[dict[str, Any]] = [
        {
            "id": name,
            "object": "model",
            "created": 0,
            "owned_by": routes.resolve(name).provider_name,
        }
        for name in names
    ]
    await send_json(send, 200, msgspec.json.encode({"object": "list", "data": listed}))


def _is_served(routes: Routes, name: str) -> bool:
    try:
        routes.resolve(name)
    except NotFoundError:
        return False
    return True


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await send({"type": "lifespan.shutdown.complete"})
            return
