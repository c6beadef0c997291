"""The HTTP gateway: one plain ASGI function over a table of routes.

Where the provider speaks the caller's dialect, the bytes pass through; only ``model`` is changed.
"""

import time
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from functools import partial
from typing import Any

from genaiops.gateway import guard
from genaiops.gateway.access import Access
from genaiops.gateway.accesslog import AccessLog
from genaiops.gateway.admin import Admin, Reload
from genaiops.gateway.chat import chat_completions
from genaiops.gateway.config import Routes
from genaiops.gateway.counting import count_tokens
from genaiops.gateway.embeddings import embeddings
from genaiops.gateway.http import CALLER, REPLY, WHOLE, Headers, Receive, Scope, Send, send_json
from genaiops.gateway.limits import Denied
from genaiops.gateway.listing import models, one_model
from genaiops.gateway.observing import Observer
from genaiops.gateway.plane import Plane
from genaiops.gateway.proxying import gemini, proxy
from genaiops.gateway.reply import dialect_of, open_reply

__all__ = ["Gateway"]

_Handler = Callable[[Plane, Scope, Receive, Send], Awaitable[None]]
_FAMILIES: tuple[tuple[str, _Handler], ...] = (
    ("/proxy/", proxy),
    ("/v1beta/", gemini),
    ("/v1/models/", one_model),
)
"""Paths that go on after these words; `one_model` is for reading only."""
_WITH_KEY = ("/v1/", "/v1beta/", "/proxy/")


class Gateway:
    """The ASGI application.

    Args:
        routes: What is served.
        host: The address that the server listens on; requests may name it besides loopback.
        access: The keys that are asked for; None asks for none.
        ready: Whether the gateway can do its work; asked for by ``/health/ready``.
        log: Where a line goes for each request; None for nowhere.
        reload: Reads the configuration again; None where there is nothing to read.
        started: Called when the server begins.
        stopped: Called when it ends, once every answer is out.
    """

    def __init__(
        self,
        routes: Routes,
        *,
        host: str = "127.0.0.1",
        access: Access | None = None,
        ready: Callable[[], bool] = lambda: True,
        log: AccessLog | None = None,
        reload: Reload | None = None,
        started: Callable[[], None] = lambda: None,
        stopped: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.plane = Plane(routes)
        self.observer = Observer(self.plane, log)
        self._host = host.encode()
        self._access = access
        self._ready = ready
        self._started = started
        self._stopped = stopped
        admin = Admin(access, self.observer, reload)
        self._table: dict[tuple[str, str], _Handler] = {
            ("POST", "/v1/chat/completions"): chat_completions,
            ("POST", "/v1/responses"): partial(chat_completions, dialect="responses"),
            ("POST", "/v1/messages"): partial(chat_completions, dialect="anthropic"),
            ("POST", "/v1/messages/count_tokens"): count_tokens,
            ("POST", "/v1/embeddings"): embeddings,
            ("GET", "/v1/models"): models,
            ("GET", "/metrics"): admin.metrics,
            ("POST", "/admin/reload"): admin.reload,
            ("GET", "/health/live"): _live,
            ("GET", "/health/ready"): self._readiness,
            ("GET", "/"): _live,
            ("HEAD", "/"): _live,
        }
        self._paths = {path for _, path in self._table}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        began = time.perf_counter()
        seen = _Seen(send, scope.pop(WHOLE, None))
        metrics = self.observer.metrics
        metrics.in_flight += 1
        try:
            await self._answer(scope, receive, seen)
        finally:
            metrics.in_flight -= 1
            self.observer.over(scope, seen.status, began)
            scope.pop(
                REPLY, None
            )  # it leads back to the scope: garbage that waits for a collection

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        try:
            with_keys = self._access is not None and self._access.needed
            guard.check(method, scope["headers"], also=self._host, any_host=with_keys)
        except guard.Refused as refused:
            reply = open_reply(scope, send, dialect_of(scope))
            await reply.refuse(refused.status, refused.message)
            return
        handler = self._table.get((method, path)) or _of_family(method, path)
        if self._access is not None and path.startswith(_WITH_KEY):
            try:
                scope[CALLER] = await self._access.caller(scope["headers"])
            except Denied as denied:
                await open_reply(scope, send, dialect_of(scope)).deny(denied)
                return
        if handler is not None:
            await handler(self.plane, scope, receive, send)
            return
        reply = open_reply(scope, send, dialect_of(scope))
        if path in self._paths:
            await reply.refuse(405, f"{method} is not possible on {path}")
        else:
            offer = ", ".join(sorted(self._paths))
            await reply.refuse(404, f"there is no {path}: use one of {offer}")

    async def _readiness(self, _plane: Plane, _scope: Scope, _receive: Receive, send: Send) -> None:
        ready = self._ready()
        await send_json(
            send, 200 if ready else 503, b'{"ready":%s}' % (b"true" if ready else b"false")
        )

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._started()
                await send({"type": "lifespan.startup.complete"})
            else:
                if self._stopped is not None:
                    await self._stopped()
                await send({"type": "lifespan.shutdown.complete"})
                return


class _Seen:
    """Passes an answer on and remembers its status."""

    __slots__ = ("_send", "_whole", "status")

    def __init__(
        self, send: Send, whole: Callable[[int, Headers, bytes], bool] | None = None
    ) -> None:
        self._send = send
        self._whole = whole
        self.status = 0

    def whole(self, status: int, headers: Headers, body: bytes) -> bool:
        """Passes on an answer that is complete; False where that has to go piece by piece."""
        if self._whole is None or self.status or not self._whole(status, headers, body):
            return False
        self.status = status
        return True

    def __call__(self, message: MutableMapping[str, Any]) -> Coroutine[Any, Any, None]:
        if not self.status:
            self.status = message.get("status", 0)
        return self._send(message)  # pyright: ignore[reportReturnType]  servers give a coroutine


def _of_family(method: str, path: str) -> _Handler | None:
    for start, handler in _FAMILIES:
        if path.startswith(start) and (handler is not one_model or method == "GET"):
            return handler
    return None


async def _live(_plane: Plane, scope: Scope, _receive: Receive, send: Send) -> None:
    await send_json(send, 200, b"" if scope["method"] == "HEAD" else b'{"live":true}')
