"""One call in the dialect of its target: the request as bytes, the answer as OpenAI's shapes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import msgspec

from genaiops.errors import BadRequestError, ProviderError
from genaiops.gateway.chatrequest import ChatRequest
from genaiops.gateway.dialects import (
    anthropic,
    chat_requests,
    chat_streams,
    openai_chat,
    openai_responses,
    readers,
)
from genaiops.gateway.sse import DONE, Event, Splitter
from genaiops.gateway.target import Target
from genaiops.gateway.upstream import Call

__all__ = [
    "ChunkReader",
    "Prepared",
    "decode_completion",
    "encode",
    "headers_of",
    "native",
    "prepare",
    "prepare_count",
    "prepare_request",
]

_Json = dict[str, Any]
_OF_THE_WAY = {"anthropic-version"}
_COUNTED = ("model", "messages", "system", "tools", "tool_choice", "thinking")
_encode = msgspec.json.Encoder().encode
_UNDECODABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request as it will be sent, and the parameters that its dialect has no word for."""

    call: Call
    dropped: tuple[str, ...] = ()


def prepare(target: Target, request: Mapping[str, Any]) -> Prepared:
    """The request for this target; every field that the target's dialect knows survives.

    Args:
        target: Where it goes; its model takes the place of the request's.
        request: An OpenAI-shaped chat request; values may be `msgspec.Raw` where the target speaks
            OpenAI's dialect.

    Raises: BadRequestError when it cannot be put into the target's dialect or into JSON.
    """
    named = {**request, "model": target.model}
    dropped: list[str] = []
    path = openai_chat.PATH
    if target.provider.dialect == "anthropic":
        path = anthropic.PATH
        named, dropped = anthropic.write_request(chat_requests.read_request(named))
    call = Call(f"{target.base_url}{path}", headers_of(target), encode(named), target.timeouts)
    return Prepared(call, tuple(dropped))


def prepare_request(target: Target, request: ChatRequest) -> Prepared:
    """The request of a client for this target; in its own dialect it keeps every byte it can.

    Raises: BadRequestError when it cannot be put into the target's dialect.
    """
    wire = request.wire(target.provider)
    if wire == request.spoken:
        return Prepared(native(target, request, readers.PATHS[wire]))
    said: Mapping[str, Any] = request.decoded
    dropped: list[str] = []
    if request.spoken != "openai" and wire == "openai":
        said, dropped = chat_requests.write_request(chat_requests.read_request(said))
    prepared = prepare(target, said)
    names = {*request.dropped, *dropped, *prepared.dropped, *request.headers} - _OF_THE_WAY
    return Prepared(prepared.call, tuple(sorted(names)))


def prepare_count(target: Target, request: ChatRequest) -> Call:
    """The call that asks Anthropic how many tokens a request holds.

    Raises: BadRequestError when it cannot be put into Anthropic's dialect.
    """
    if request.spoken == "anthropic":
        return native(target, request, f"{anthropic.PATH}/count_tokens")
    asked = chat_requests.read_request({**request.decoded, "model": target.model})
    written, _ = anthropic.write_request(asked)
    body = encode({name: written[name] for name in _COUNTED if name in written})
    return Call(
        f"{target.base_url}{anthropic.PATH}/count_tokens", headers_of(target), body, target.timeouts
    )


def native(target: Target, request: ChatRequest, path: str) -> Call:
    """The request as the client wrote it, for another path of a provider that speaks alike."""
    headers = headers_of(target)
    if request.headers:
        headers = {**headers, **request.headers}
    query = f"?{request.query}" if request.query else ""
    body = _encode({**request.fields, "model": target.model})
    return Call(f"{target.base_url}{path}{query}", headers, body, target.timeouts)


@lru_cache(maxsize=1024)
def headers_of(target: Target) -> dict[str, str]:
    """Those of every request to this target; not to be changed."""
    headers = {"content-type": "application/json"}
    return headers | target.provider.headers(target.key) if target.key else headers


def encode(value: object, *, ordered: bool = False) -> bytes:
    """JSON of a request, keys in order if wanted. Raises BadRequestError when it is not JSON."""
    try:
        order = "deterministic" if ordered else None
        return msgspec.json.encode(value, enc_hook=_plain, order=order)
    except (TypeError, UnicodeEncodeError, RecursionError, msgspec.MsgspecError) as error:
        raise BadRequestError(f"the request cannot be written as JSON: {error}") from None


def decode_completion(target: Target, body: bytes, dialect: str = "") -> _Json:
    """The completion in a whole answer; in the target's dialect, when no other is named.

    Raises: ProviderError when it is something else.
    """
    try:
        value = msgspec.json.decode(body, type=_Json)
        dialect = dialect or target.provider.dialect
        if dialect == "responses":
            value = chat_streams.write_response(openai_responses.read_response(value))
        elif dialect == "anthropic":
            value = chat_streams.write_response(anthropic.read_response(value))
    except (*_UNDECODABLE, AttributeError, KeyError, TypeError):
        value = None
    if value is None or not openai_chat.is_completion(value):
        raise ProviderError(
            f"{target.name!r} answered with something that is not a chat completion: "
            f"check {target.provider.base_url_env or 'the base_url of the provider'}",
            provider=target.provider_name,
        )
    return value


class ChunkReader:
    """Reads the bytes of a stream as ``chat.completion.chunk`` objects.

    Attributes:
        done: The provider said that the stream is complete.
    """

    def __init__(self, target: Target, dialect: str = "") -> None:
        self.done = False
        self._target = target
        self._splitter = Splitter()
        dialect = dialect or target.provider.dialect
        responses = dialect == "responses"
        self._reader = openai_responses.EventReader() if responses else anthropic.EventReader()
        self._chunk_writer = chat_streams.ChunkWriter()
        self._translate = dialect in ("responses", "anthropic")

    def feed(self, piece: bytes) -> Iterator[_Json]:
        """The chunks that these bytes complete.

        Raises: ProviderError when the provider sent an error or something else than a chunk; the
            chunks before it come first.
        """
        for event in self._splitter.feed(piece):
            yield from self._chunks(event)

    def finish(self) -> list[_Json]:
        """The last chunks, once the bytes are over.

        Raises: ProviderError when the stream was cut.
        """
        last = [c for event in self._splitter.rest() for c in self._chunks(event)]
        if not self.done:
            raise ProviderError(
                f"the stream of {self._target.name!r} ended before it was complete: try again",
                provider=self._target.provider_name,
            )
        return last

    def _chunks(self, event: Event) -> list[_Json]:
        if self.done:
            return []
        if event.data.strip() == DONE:
            self.done = True
            return []
        try:
            value = msgspec.json.decode(event.data, type=_Json)
            if self._translate:
                events = self._reader.feed(value)
                self.done = self._reader.done
                return [chunk for event in events for chunk in self._chunk_writer.feed(event)]
        except (*_UNDECODABLE, AttributeError, KeyError, TypeError) as error:
            raise ProviderError(
                f"{self._target.name!r} streamed something that is not a chat completion: try again",
                provider=self._target.provider_name,
            ) from error
        if value.get("error"):
            raise self._broken_off(value["error"])
        return [value]

    def _broken_off(self, error: object) -> ProviderError:
        said = cast("_Json", error).get("message") if isinstance(error, dict) else error
        return ProviderError(
            f"{self._target.name!r} broke the stream off: {said or 'it gave no reason'}",
            provider=self._target.provider_name,
        )


def _plain(value: object) -> object:
    """Formatted prompts are text that remembers its version; JSON needs the text alone."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, object]", value))
    raise TypeError(f"{type(value).__name__} is not JSON")
