"""A chat request as it comes in over HTTP: checked, and kept as bytes wherever it can be."""

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from genaiops.errors import BadRequestError
from genaiops.gateway.dialects import chat_requests, readers
from genaiops.gateway.http import Receive, Scope, read_body
from genaiops.gateway.target import Provider

__all__ = ["VARIABLES", "BadRequest", "ChatRequest", "read_request"]

MAX_BODY = 16 * 1024 * 1024
VARIABLES = "prompt_variables"
"""Field of a request with the values of the variables of a prompt that is served as a model."""
_NEVER = frozenset(("api_base", "api_key", "base_url", "callbacks", "litellm_params"))
"""Clients never choose where the gateway connects, with which key, or what it runs."""

_PASSED = (b"anthropic-beta", b"anthropic-version", b"openai-beta")
_ASKS = {
    "anthropic": frozenset(("messages",)),
    "responses": frozenset(("input", "prompt", "previous_response_id", "conversation")),
}
"""What a request holds at least; the rest is for the provider to check, where it passes through."""
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_BOOLEANS = {b"true": True, b"false": False, b"null": False}

_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_messages = msgspec.json.Decoder(list[dict[str, msgspec.Raw]]).decode
_decode_text = msgspec.json.Decoder(str).decode
_decode_any = msgspec.json.Decoder(dict[str, Any]).decode


class BadRequest(Exception):  # noqa: N818 - an answer to the client, not a fault of the program
    """A request that cannot be understood: the status and the sentence to answer with."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class ChatRequest:
    """A chat request; what only some calls need of it is decoded when it is asked for.

    Args:
        body: As it came.
        dialect: What the client speaks: ``openai``, ``responses`` or ``anthropic``.
        headers: Of the client, which a provider of the same dialect gets.
        query: Of the client's URL, likewise.

    Attributes:
        fields: Every field as the client wrote it.
        spoken: The dialect of `body` and `fields`; the client's, unless the request was changed.
        model: The model as the client names it.
        stream: Whether the answer shall come in pieces.

    Raises: BadRequest.
    """

    __slots__ = (
        "_bare", "_decoded", "_dropped", "body", "dialect", "fields", "headers", "model", "query", "spoken",
        "stream",
    )  # fmt: skip

    def __init__(
        self,
        body: bytes,
        dialect: str = "openai",
        headers: Mapping[str, str] | None = None,
        query: str = "",
    ) -> None:
        self.body = body
        self.dialect = self.spoken = dialect
        self.headers = headers or {}
        self.query = query
        self._decoded: dict[str, Any] | None = None
        self._dropped: tuple[str, ...] = ()
        self.fields = _fields(body)
        self.model = _model(self.fields.get("model"))
        self.stream = _stream(self.fields.get("stream"))
        self._bare = False

    def check(self, *, prompt: bool = False, needs: str | None = None) -> None:
        """Checks that it holds what it must.

        Args:
            prompt: A prompt has messages, so there may be none.
            needs: The field that a request holds which is no chat.

        Raises: BadRequest.
        """
        if needs is not None:
            if prompt or needs not in self.fields:
                wrong = "is for chats only" if prompt else f"needs the field {needs!r}"
                raise BadRequest(400, f"model {self.model!r} {wrong}")
            return
        self._bare = prompt
        if prompt:
            return
        if self.dialect == "openai":
            _check_messages(self.fields.get("messages"))
        elif _ASKS[self.dialect].isdisjoint(self.fields):
            raise BadRequest(400, "the request holds no message")
        if VARIABLES in self.fields:
            raise BadRequest(400, f"the field {VARIABLES!r} is for models that are prompts")

    @property
    def decoded(self) -> dict[str, Any]:
        """The request as OpenAI's chat would say it, for the trace and for other dialects.

        Raises: BadRequestError when it is not of the shape of its API.
        """
        if self._decoded is None:
            try:
                said = _decode_any(self.body)
            except _UNREADABLE as error:
                raise BadRequestError(f"the body cannot be read: {error}", status=400) from None
            if self.spoken != "openai":
                if self._bare:
                    said.setdefault("input" if self.spoken == "responses" else "messages", [])
                asked = readers.REQUESTS[self.spoken](said)
                said, dropped = chat_requests.write_request(asked, extended=True)
                self._dropped = tuple(dropped)
                if not said["messages"] and not self._bare:
                    raise BadRequestError("the request holds no message", status=400)
            self._decoded = said
        return self._decoded

    @property
    def dropped(self) -> tuple[str, ...]:
        """Names of what stands in `fields` only, known once it was decoded."""
        return self._dropped

    def change(self, decoded: dict[str, Any]) -> None:
        """Asks `decoded`, a request of OpenAI's chat, instead; the client's dialect stays."""
        self._decoded = decoded
        self.body = msgspec.json.encode(decoded)
        self.fields = _decode_fields(self.body)
        self.spoken = "openai"

    def wire(self, provider: Provider) -> str:
        """The dialect in which this provider is asked and answers.

        Where it is `spoken` the request passes through, where it is `dialect` the answer does.
        """
        spoken = self.spoken
        speaks = provider.responses if spoken == "responses" else provider.dialect == spoken
        return spoken if speaks else provider.dialect

    @property
    def include_usage(self) -> bool:
        """Whether the client wants the tokens at the end of a stream."""
        options: object = self.decoded.get("stream_options")
        return isinstance(options, dict) and bool(
            cast("dict[str, object]", options).get("include_usage")
        )


async def read_request(scope: Scope, receive: Receive, dialect: str = "openai") -> ChatRequest:
    """Reads and checks the request of a client that speaks this dialect.

    Raises: BadRequest; ConnectionAbortedError when the client left.
    """
    headers: dict[bytes, bytes] = dict(scope["headers"])
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind != b"application/json":
        raise BadRequest(415, "send JSON: set the header content-type: application/json")
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise BadRequest(415, "send the body without a content-encoding")
    body = await read_body(receive, most=MAX_BODY)
    if body is None:
        raise BadRequest(413, f"the body is larger than {MAX_BODY >> 20} MiB")
    if dialect == "openai":
        return ChatRequest(body)
    passed = {name.decode(): headers[name].decode("latin-1") for name in _PASSED if name in headers}
    query: str = scope.get("query_string", b"").decode("latin-1")
    return ChatRequest(body, dialect, passed, query)


def _fields(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        if not body.isascii():
            str(body, "utf-8")  # fields that are passed on are not looked at otherwise
        fields = _decode_fields(body)
    except _UNREADABLE as error:
        raise BadRequest(400, f"the body is not a JSON object: {error}") from None
    if not _NEVER.isdisjoint(fields):
        name = next(iter(_NEVER.intersection(fields)))
        raise BadRequest(400, f"the field {name!r} is not accepted: the gateway's own file sets it")
    return fields


def _model(raw: msgspec.Raw | None) -> str:
    try:
        model = "" if raw is None else _decode_text(raw)
    except msgspec.MsgspecError:
        model = ""
    if not model:
        raise BadRequest(400, "the field 'model' is missing: name one of GET /v1/models")
    return model


def _stream(raw: msgspec.Raw | None) -> bool:
    if raw is None:
        return False
    said = _BOOLEANS.get(bytes(raw).strip())
    if said is None:
        raise BadRequest(400, "the field 'stream' must be true or false")
    return said


def _check_messages(raw: msgspec.Raw | None) -> None:
    try:
        found = raw is not None and _decode_messages(raw)
    except (msgspec.MsgspecError, RecursionError):
        found = False
    if not found:
        raise BadRequest(400, "the field 'messages' must be a list of objects that is not empty")
