"""The few things the data plane needs of ASGI: a body read within limits, and answers."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any

import msgspec

__all__ = [
    "CALLER",
    "LEAVING",
    "REPLY",
    "WHOLE",
    "Headers",
    "Receive",
    "Scope",
    "Send",
    "error_body",
    "read_body",
    "send_json",
]

Scope = MutableMapping[str, Any]  # ASGI's own types
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
CALLER = "genaiops.caller"
"""Entry of a scope: the `Account` whose key the request shows, where keys are in use."""
REPLY = "genaiops.reply"
"""Entry of a scope: the `Reply` that answers it."""
LEAVING = "genaiops.leaving"
"""Entry of a scope: functions to call when the client leaves, where the server tells."""
WHOLE = "genaiops.whole"
"""Entry of a scope: sends a status, headers and a body in one go, where the server can; or False."""
Headers = list[tuple[bytes, bytes]]

_JSON_HEADER = (b"content-type", b"application/json")
_TYPE_OF_STATUS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


async def read_body(receive: Receive, *, most: int) -> bytes | None:
    """The whole body, or None when it is larger than `most` bytes.

    Raises: ConnectionAbortedError when the client left before it was complete.
    """
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError
        piece = message.get("body", b"")
        size += len(piece)
        if size > most:
            return None
        pieces.append(piece)
        if not message.get("more_body", False):
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def send_json(
    send: Send, status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    """Sends a whole answer."""
    length = (b"content-length", b"%d" % len(body))
    lines = [_JSON_HEADER, length, *headers]
    whole = getattr(send, "whole", None)
    if whole is not None and whole(status, lines, body):
        return
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body})


def error_body(
    status: int, message: str, *, code: str | None = None, extra: Mapping[str, Any] | None = None
) -> bytes:
    """An error in OpenAI's shape."""
    kind = _TYPE_OF_STATUS.get(status, "invalid_request_error" if status < 500 else "api_error")
    error = {"message": message, "type": kind, "param": None, "code": code, **(extra or {})}
    return msgspec.json.encode({"error": error})
