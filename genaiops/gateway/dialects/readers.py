"""Which reader and which writers serve a client of each dialect."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from genaiops.gateway.dialects import anthropic, chat_requests, chat_streams, openai_responses
from genaiops.gateway.dialects.form import Answer, Event, Request
from genaiops.gateway.sse import DONE, write_event

__all__ = ["PATHS", "REQUESTS", "Outgoing", "error_event", "error_json", "write_completion"]

_Json = dict[str, Any]

REQUESTS: Mapping[str, Callable[[Mapping[str, Any]], Request]] = {
    "openai": chat_requests.read_request,
    "responses": openai_responses.read_request,
    "anthropic": anthropic.read_request,
}
PATHS = {
    "openai": "/chat/completions",
    "responses": openai_responses.PATH,
    "anthropic": anthropic.PATH,
}
_ANSWERS: Mapping[str, Callable[[Answer], _Json]] = {
    "responses": openai_responses.write_response,
    "anthropic": anthropic.write_response,
}
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class _Writer(Protocol):
    def feed(self, event: Event) -> bytes: ...


class Outgoing:
    """Writes chat chunks as the bytes of one stream in the client's dialect.

    Args:
        dialect: What the client speaks.
        include_usage: Whether a client of the chat API asked for the tokens.
    """

    def __init__(self, dialect: str, *, include_usage: bool = True) -> None:
        self._include_usage = include_usage
        self._reader = chat_streams.EventReader()
        self._writer: _Writer | None = None
        if dialect == "anthropic":
            self._writer = anthropic.EventWriter()
        elif dialect == "responses":
            self._writer = openai_responses.EventWriter()

    def feed(self, chunk: _Json) -> bytes:
        """The bytes that say the chunk, often none."""
        if self._writer is None:
            wanted = chunk.get("choices") or self._include_usage
            return write_event(msgspec.json.encode(chunk)) if wanted else b""
        return b"".join(map(self._writer.feed, self._reader.feed(chunk)))

    def finish(self) -> bytes:
        """The bytes that end the stream well."""
        if self._writer is None:
            return write_event(DONE)
        return b"".join(map(self._writer.feed, self._reader.finish()))


def write_completion(dialect: str, completion: Mapping[str, Any]) -> bytes:
    """A chat completion as a whole answer in the client's dialect."""
    write = _ANSWERS.get(dialect)
    said = completion if write is None else write(chat_streams.read_response(completion))
    return msgspec.json.encode(said)


def error_json(dialect: str, body: bytes, status: int) -> bytes:
    """An error in OpenAI's shape, in the client's dialect."""
    if dialect != "anthropic":
        return body
    message = msgspec.json.decode(body)["error"]["message"]
    kind = _KINDS.get(status, "invalid_request_error" if status < 500 else "api_error")
    return msgspec.json.encode({"type": "error", "error": {"type": kind, "message": message}})


def error_event(dialect: str, body: bytes, status: int) -> bytes:
    """The same, as an event of a stream that has begun."""
    if dialect == "responses":
        error = msgspec.json.decode(body)["error"]
        event = {"type": "error", "code": error["code"], "message": error["message"], "param": None}
        return write_event(msgspec.json.encode(event), "error")
    name = "error" if dialect == "anthropic" else ""
    return write_event(error_json(dialect, body, status), name)
