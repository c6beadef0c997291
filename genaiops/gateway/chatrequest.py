"""A chat request as it comes in over HTTP: checked, and kept as bytes wherever it can be."""

from dataclasses import dataclass
from typing import Any

import msgspec

from genaiops.gateway.http import Receive, Scope, read_body

__all__ = ["BadRequest", "ChatRequest", "read_request"]

MAX_BODY = 16 * 1024 * 1024
_NEVER = ("api_base", "api_key", "base_url", "callbacks", "litellm_params")
"""Clients never choose where the gateway connects, with which key, or what it runs."""


class BadRequest(Exception):  # noqa: N818 - an answer to the client, not a fault of the program
    """A request that cannot be understood: the status and the sentence to answer with."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A chat request.

    Attributes:
        model: The model as the client names it.
        stream: Whether the answer shall come in pieces.
        fields: Every field as the client wrote it.
        decoded: The same, decoded, for the trace and for other dialects.
    """

    model: str
    stream: bool
    fields: dict[str, msgspec.Raw]
    decoded: dict[str, Any]

    @property
    def include_usage(self) -> bool:
        """Whether the client wants the tokens at the end of a stream."""
        options = self.decoded.get("stream_options")
        return isinstance(options, dict) and bool(options.get("include_usage"))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  any JSON


async def read_request(scope: Scope, receive: Receive) -> ChatRequest:
    """Reads and checks the request.

    Raises: BadRequest; ConnectionAbortedError when the client left.
    """
    headers = dict(scope["headers"])
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind != b"application/json":
        raise BadRequest(415, "send JSON: set the header content-type: application/json")
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise BadRequest(415, "send the body without a content-encoding")
    body = await read_body(receive, most=MAX_BODY)
    if body is None:
        raise BadRequest(413, f"the body is larger than {MAX_BODY >> 20} MiB")
    try:
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        decoded = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(400, f"the body is not a JSON object: {error}") from None
    for name in _NEVER:
        if name in fields:
            raise BadRequest(
                400, f"the field {name!r} is not accepted: the gateway's own file sets it"
            )
    model = decoded.get("model")
    if not isinstance(model, str) or not model:
        raise BadRequest(400, "the field 'model' is missing: name one of GET /v1/models")
    if not _are_messages(decoded.get("messages")):
        raise BadRequest(400, "the field 'messages' must be a list of objects that is not empty")
    stream = decoded.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise BadRequest(400, "the field 'stream' must be true or false")
    return ChatRequest(model, bool(stream), fields, decoded)


def _are_messages(value: object) -> bool:
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(item, dict) for item in value)  # pyright: ignore[reportUnknownVariableType]  any JSON
