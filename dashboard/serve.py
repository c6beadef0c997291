"""Serves the dashboard: pages and routes as one ASGI application under uvicorn, in one process.

    python -P dashboard/serve.py HOST PORT [STORE]

Run as a file and in safe-path mode by `genaiops ui`, so that no folder of a user's stands in for
a package. Settings that would open it to other machines are overridden here, whatever a
configuration file of Streamlit's says.
"""

import sys
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
if str(_HERE.parent) not in sys.path:
    sys.path.insert(0, str(_HERE.parent))

from starlette.middleware import Middleware
from streamlit.starlette import App

from dashboard.parts.guard import unexpected
from genaiops import config
from genaiops.config import configure
from genaiops.server.guard import Guard, Refused

__all__ = ["Shield", "make_app", "serve", "settings"]

Message = MutableMapping[str, Any]  # as ASGI has it
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Message, Receive, Send], Awaitable[None]]

_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_CLOSED = ("/_stcore/agent", "/_stcore/metrics", "/auth/", "/oauth2callback")
"""Routes of Streamlit's that the dashboard has no use for."""


class Shield:
    """The outermost layer: foreign hosts and origins are refused, every answer says what may load.

    With its Content-Security-Policy the browser itself loads and sends nothing beyond this origin,
    whatever a page is made to hold.
    """

    def __init__(self, app: Asgi, host: str) -> None:
        self._app = app
        self._guard = Guard(host=host, keyring=None)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request, as ASGI has it."""
        if scope["type"] != "http":  # a WebSocket's Host and Origin are Streamlit's to check
            await self._app(scope, receive, send)
            return
        path = str(scope["path"])
        try:
            self._guard.check(scope["method"], path, scope["headers"])
        except Refused as refused:
            await _answer(send, refused.status, refused.message)
            return
        if path.startswith(_CLOSED):
            await _answer(send, 404, "the dashboard has no such route")
            return

        async def shielded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        await self._app(scope, receive, shielded)


async def _answer(send: Send, status: int, sentence: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": sentence.encode()})


def make_app(host: str = "127.0.0.1") -> App:
    """The application: pages, Streamlit's own routes, and the shield around them."""
    return App(
        _HERE / "app.py",
        lifespan=_warm,
        middleware=[Middleware(Shield, host=host)],
        on_script_error=unexpected,
    )


@asynccontextmanager
async def _warm(_app: App) -> AsyncGenerator[None]:
    """Loads what the first page needs while the browser still loads its scripts."""
    threading.Thread(target=_load, name="genaiops warm-up", daemon=True).start()
    yield


def _load() -> None:
    from genaiops.errors import GenaiopsError
    from genaiops.query import store, traces

    try:
        store.keep_warm()
        traces.search(limit=1)
    except GenaiopsError:
        return  # the page that asks next says so


def settings(host: str, port: int) -> dict[str, Any]:
    """What Streamlit is told, whatever a configuration file says.

    Its own defaults listen on every address for any host, show tracebacks in the browser, report
    usage and take uploads of 200 MB.
    """
    return {
        "server.address": host,
        "server.port": port,
        "server.headless": True,
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.allowedHosts": ["localhost", "127.0.0.1", "[::1]"],
        "server.fileWatcherType": "none",
        "server.maxUploadSize": 1,
        "server.enableStaticServing": False,
        "browser.gatherUsageStats": False,
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "client.disableDataExport": True,
        "client.toolbarMode": "viewer",
        "global.developmentMode": False,
        "global.disableWidgetStateDuplicationWarning": True,  # callbacks set what has a default
        "logger.level": "warning",
        "logger.hideWelcomeMessage": True,
    }


def serve(host: str, port: int, store: str = "") -> None:
    """Serves until the process is told to end: this store, or that of the settings."""
    if store:
        configure(tracking_uri=store)
    if config.settings().disabled:  # for programs; a dashboard shows their store all the same
        configure(disabled=False)
    make_app(host).run(config=settings(host, port))


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), *sys.argv[3:4])
