"""Streams that pass through: whole events go on as they came, and what they say is read along.

Nothing goes on that a client could not read: an event is passed when its JSON is known to be good.
"""

import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from genaiops.errors import ProviderError
from genaiops.gateway.dialects.openai_chat import fold
from genaiops.gateway.exchange import ChunkReader
from genaiops.gateway.sse import MAX_EVENT
from genaiops.gateway.summary import Summary, UsageShape, of_completion, usage_of
from genaiops.gateway.target import Target

__all__ = ["Passing", "passing"]

_Json = dict[str, Any]
_DONE = b"data: [DONE]\n\n"
_ABSENT = msgspec.Raw()
_END = re.compile(rb"\n\r?\n[\r\n]*").search


class Passing:
    """One stream on its way, in the dialect in which it arrives.

    Args:
        target: Who sends it.
        dialect: What it is in.

    Attributes:
        target: Who sends it.
        begun: It has said something that a reader would see; before, it can still be thrown away.
    """

    def __init__(self, target: Target, dialect: str) -> None:
        self.begun = False
        self.target = target
        self._reader = ChunkReader(target, dialect)
        self._chunks: list[_Json] = []
        self._taken = 0
        self._rest = bytearray()

    @property
    def done(self) -> bool:
        """The provider said that the stream is complete."""
        return self._reader.done

    def feed(self, piece: bytes) -> bytes:
        """What can go on now.

        Raises: ProviderError when the provider sent an error, or nonsense.
        """
        if self._reader.done:
            return b""
        tail = b"%b%b" % (self._rest[-3:], piece)
        if b"\n\n" not in tail and b"\n\r\n" not in tail:
            self._rest += piece
            if len(self._rest) > MAX_EVENT:
                raise ProviderError(
                    f"{self.target.name!r} sent a stream event of more than {MAX_EVENT >> 20} MiB: "
                    "try again",
                    provider=self.target.provider_name,
                )
            return b""
        data = bytes(self._rest) + piece
        at, end = 0, _last_end(data)
        while at < end and not self._reader.done:
            stop = _next_end(data, at, end)
            self._take_in(data[at:stop])
            at = stop
        self._rest = bytearray(data[end:])
        return data[:at]

    def _take_in(self, event: bytes) -> None:
        for chunk in self._reader.feed(event):
            self._chunks.append(chunk)
            self.begun = self.begun or says_something(chunk)

    def finish(self) -> bytes:
        """What is left once the bytes are over, perhaps an end without its blank line.

        Raises: ProviderError when the stream was cut.
        """
        rest = bytes(self._rest).strip(b"\r\n")
        self._rest.clear()
        if rest and not self._reader.done:
            rest += b"\n\n"
            self._take_in(rest)
        self._chunks += self._reader.finish()
        return rest

    def take(self) -> list[_Json]:
        """The chunks since the last time, for those who do not pass bytes on."""
        new, self._taken = self._chunks[self._taken :], len(self._chunks)
        return new

    def summary(self) -> Summary:
        """What the stream has said so far."""
        return of_completion(self.completion())

    def completion(self) -> _Json:
        """The same as a chat completion."""
        return fold(self._chunks)


class _Delta(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: str | None = None
    content: str | None = None
    refusal: None = None
    tool_calls: None = None
    function_call: None = None
    reasoning_content: None = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta
    index: int = 0
    finish_reason: str | None = None
    native_finish_reason: str | None = None


class _Chunk(msgspec.Struct, gc=False):
    choices: list[_Choice]
    id: str | None = None
    model: str | None = None
    service_tier: str | None = None
    usage: UsageShape | None = None
    error: None = None


_decode_chunk = msgspec.json.Decoder(_Chunk).decode
_decode_chunks = msgspec.json.Decoder(list[_Chunk]).decode
_encode = msgspec.json.Encoder().encode


class _ChatPassing(Passing):
    """The same for streams of OpenAI's chat whose chunks hold text only, at a fraction of the cost.

    From the first chunk that holds anything else on, the general way takes over.
    """

    def __init__(self, target: Target, dialect: str) -> None:
        super().__init__(target, dialect)
        self._first: _Chunk | None = None
        self._tier: str | None = None
        self._texts: list[str] = []
        self._reason: str | None = None
        self._usage: UsageShape | None = None
        self._plain = True
        self._done = False
        self._passed: list[bytes] = []

    @property
    def done(self) -> bool:
        """See `Passing.done`."""
        return self._done or self._reader.done

    def feed(self, piece: bytes) -> bytes:
        """See `Passing.feed`."""
        if not self._plain:
            return super().feed(piece)
        if self._done:
            return b""
        found = self._read(piece)
        if found is None:
            return self._take_over(piece)
        for chunk in found:
            if not self._listen(chunk):
                return self._take_over(piece)
        self._passed.append(piece)
        return piece

    def _listen(self, chunk: _Chunk) -> bool:
        """Keeps what the chunk says, not the chunk; False when it is about a second choice."""
        if self._first is None:
            self._first = chunk
        for choice in chunk.choices:
            if choice.index:
                return False
            text, reason = choice.delta.content, choice.finish_reason
            if text:
                self._texts.append(text)
                self.begun = True
            if reason:
                self.begun = True
            self._reason = choice.native_finish_reason or reason or self._reason
        self._tier = chunk.service_tier
        self._usage = chunk.usage or self._usage
        return True

    def _read(self, piece: bytes) -> list[_Chunk] | None:
        """The chunks in a piece of whole events; None when it is anything else."""
        if not (piece.startswith(b"data: ") and piece.endswith(b"\n\n") and _is_text(piece)):
            return None
        data = piece[6:-2]
        done = data.endswith(b"[DONE]") and (data == b"[DONE]" or piece.endswith(b"\n\n" + _DONE))
        if done:
            data = data[: -len(_DONE)] if len(data) > len(b"[DONE]") else b""
        try:
            if b"\n" not in data:
                found = [_decode_chunk(data)] if data else []
            else:
                found = _decode_chunks(b"[%b]" % data.replace(b"\n\ndata: ", b","))
        except (msgspec.MsgspecError, RecursionError):
            return None
        if done and not (found or self._first):
            return None
        self._done = done
        return found

    def _take_over(self, piece: bytes) -> bytes:
        """Reads again in the general way what was read so far."""
        self._plain = self._done = False
        for passed in self._passed:
            super().feed(passed)
        self._passed.clear()
        self._texts.clear()
        return super().feed(piece)

    def finish(self) -> bytes:
        """See `Passing.finish`."""
        if self._plain and self._done:
            return b""
        if self._plain:
            self._take_over(b"")
        return super().finish()

    def summary(self) -> Summary:
        """See `Passing.summary`."""
        first, reason, usage = self._first, self._reason, self._usage
        if not self._plain or first is None:
            return super().summary()
        message = {"role": "assistant", "content": "".join(self._texts)}
        return Summary(
            id=first.id,
            model=first.model,
            tier=self._tier or first.service_tier,
            usage=usage_of(usage),
            said_usd=None if usage is None else usage.cost,
            finish_reasons=None if reason is None else [reason],
            outputs=_encode(message),
        )

    def completion(self) -> _Json:
        """See `Passing.completion`."""
        if self._plain:
            self._take_over(b"")
        return super().completion()


def passing(target: Target, dialect: str) -> Passing:
    """Reads along a stream of this dialect of which the bytes pass through."""
    return (_ChatPassing if dialect == "openai" else Passing)(target, dialect)


def says_something(chunk: Mapping[str, Any]) -> bool:
    """Whether a chat chunk holds anything that a reader would see, or the end of an answer."""
    choices: object = chunk.get("choices")
    for choice in cast("list[object]", choices) if isinstance(choices, list) else ():
        if not isinstance(choice, dict):
            continue
        table = cast("_Json", choice)
        delta: object = table.get("delta")
        said = cast("_Json", delta).items() if isinstance(delta, dict) else ()
        if table.get("finish_reason") or any(v for name, v in said if name != "role"):
            return True
    return False


def _last_end(data: bytes) -> int:
    """Where the last whole event ends, 0 when there is none."""
    if data.endswith(b"\n\n"):
        return len(data)
    ends = [data.rfind(end) + len(end) for end in (b"\n\n", b"\n\r\n") if end in data]
    return max(ends, default=0)


def _next_end(data: bytes, at: int, end: int) -> int:
    """Where the first whole event at or after `at` ends, and further blank lines with it."""
    found = _END(data, at, end)
    return end if found is None else found.end()


def _is_text(piece: bytes) -> bool:
    if piece.isascii():
        return True
    try:
        str(piece, "utf-8")
    except UnicodeDecodeError:
        return False
    return True
