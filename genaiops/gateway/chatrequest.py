"""A chat request as it comes in over HTTP: checked, and kept as bytes wherever it can be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from genaiops.errors import BadRequestError
from genaiops.gateway.dialects import chat_requests, readers
from genaiops.gateway.http import Receive, Scope, read_body
from genaiops.gateway.target import Provider

__all__ = ["BadRequest", "ChatRequest", "read_request"]

MAX_BODY = 16 * 1024 * 1024
_NEVER = ("api_base", "api_key", "base_url", "callbacks", "litellm_params")
"""Clients never choose where the gateway connects, with which key, or what it runs."""

_PASSED = (b"anthropic-beta", b"anthropic-version", b"openai-beta")


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
        decoded: The same as OpenAI's chat would say it, decoded, for the trace and for other dialects.
        dialect: What the client speaks: ``openai``, ``responses`` or ``anthropic``.
        dropped: Names of what stands in `fields` only.
        headers: Of the client, which a provider of the same dialect gets.
        query: Of the client's URL, likewise.
    """

    model: str
    stream: bool
    fields: dict[str, msgspec.Raw]
    decoded: dict[str, Any]
    dialect: str = "openai"
    dropped: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    query: str = ""

    def speaks(self, provider: Provider) -> bool:
        """Whether the provider speaks the client's dialect, so that bytes can pass through."""
        if self.dialect == "responses":
            return provider.responses
        return provider.dialect == self.dialect

    @property
    def include_usage(self) -> bool:
        """Whether the client wants the tokens at the end of a stream."""
        options = self.decoded.get("stream_options")
        return isinstance(options, dict) and bool(options.get("include_usage"))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  any JSON


async def read_request(scope: Scope, receive: Receive, dialect: str = "openai") -> ChatRequest:
    """Reads and checks the request of a client that speaks this dialect.

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
    return _checked(scope, body, dialect)


def _checked(scope: Scope, body: bytes, dialect: str) -> ChatRequest:
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
    if dialect == "openai" and not _are_messages(decoded.get("messages")):
        raise BadRequest(400, "the field 'messages' must be a list of objects that is not empty")
    stream = decoded.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise BadRequest(400, "the field 'stream' must be true or false")
    if dialect == "openai":
        return ChatRequest(model, bool(stream), fields, decoded)
    return _foreign(scope, dialect, fields, decoded)


def _foreign(
    scope: Scope, dialect: str, fields: dict[str, msgspec.Raw], decoded: dict[str, Any]
) -> ChatRequest:
    """A request of another dialect, with what it says in the words of OpenAI's chat."""
    try:
        asked = readers.REQUESTS[dialect](decoded)
        said, dropped = chat_requests.write_request(asked, extended=True)
    except BadRequestError as error:
        raise BadRequest(400, str(error)) from None
    if not _are_messages(said["messages"]):
        raise BadRequest(400, "the request holds no message")
    headers: dict[bytes, bytes] = dict(scope["headers"])
    passed = {n.decode(): v.decode("latin-1") for n, v in headers.items() if n in _PASSED}
    query: str = scope.get("query_string", b"").decode("latin-1")
    model, stream = asked.model, bool(asked.stream)
    return ChatRequest(model, stream, fields, said, dialect, tuple(dropped), passed, query)


def _are_messages(value: object) -> bool:
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(item, dict) for item in value)  # pyright: ignore[reportUnknownVariableType]  any JSON
