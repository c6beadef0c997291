"""`POST /v1/traces`: a request's spans into the journal, and 200 only once they are there."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterable

import msgspec

from genaiops.config import settings
from genaiops.errors import StoreError
from genaiops.gateway.http import Receive, Scope, Send
from genaiops.server.status import JSON, PROTOBUF, Form, Refusal
from genaiops.store import Group, Store
from genaiops.tracing.capture import encode
from genaiops.tracing.otlp import Batch, Malformed, Receiver, TooLarge, from_json, from_protobuf
from genaiops.tracing.redact import Masker

__all__ = ["Ingest", "form_of"]

RAW_BYTES = 16 * 1024 * 1024
INFLATED_BYTES = 64 * 1024 * 1024
HELD_BYTES = 64 * 1024 * 1024
"""Of bodies that are being received or wait for their turn; more is answered 503."""
BODY_S = 60.0
AT_ONCE = 2
"""Large bodies that are worked on side by side, in threads of their own."""
SMALL_BYTES = 32_768
_APPEND_BYTES = 1_000_000


class Ingest:
    """Takes OTLP requests.

    Args:
        store: Where spans go.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._masker = Masker(settings().redact, encode)
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request. Raises Refusal."""
        headers = dict(scope["headers"])
        form = form_of(headers.get(b"content-type", b""))
        if form is None:
            raise Refusal(415, "the content type is not application/x-protobuf or application/json")
        packed = _is_gzip(headers.get(b"content-encoding", b"").strip().lower())
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length[:20]) > RAW_BYTES:
            raise _too_large(RAW_BYTES)
        taken = 0
        pieces: list[bytes] = []
        try:
            async with asyncio.timeout(BODY_S):
                async for piece in _body(receive):
                    taken += len(piece)
                    self._held += len(piece)
                    if taken > RAW_BYTES:
                        raise _too_large(RAW_BYTES)
                    if self._held > HELD_BYTES:
                        raise Refusal(503, "too much is being received at once: try again")
                    pieces.append(piece)
            body = b"".join(pieces)
            pieces.clear()
            answer = await self._take(body, form, packed=packed)
        except TimeoutError:
            raise Refusal(408, f"the body did not arrive within {BODY_S:g} s") from None
        except ConnectionAbortedError:
            return
        finally:
            self._held -= taken
        start = {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", form.encode()), (b"content-length", b"%d" % len(answer))],
        }
        await send(start)
        await send({"type": "http.response.body", "body": answer})

    async def _take(self, body: bytes, form: Form, *, packed: bool) -> bytes:
        if len(body) <= SMALL_BYTES and not packed:
            return self._work(body, form, packed=packed)
        async with self._slots:
            return await asyncio.to_thread(self._work, body, form, packed=packed)

    def _work(self, body: bytes, form: Form, *, packed: bool) -> bytes:
        """Everything between the bytes of a request and those of its answer. Raises Refusal."""
        data = _inflate(body) if packed else body
        batch = Batch()
        try:
            request = from_protobuf(data) if form == PROTOBUF else from_json(data)
            receiver = Receiver(
                experiment=settings().experiment,
                masker=self._masker,
                put_blob=self._store.put_blob,
                capture=settings().capture,
            )
            self._append("spans", receiver.lines(request, batch))
            self._append("events", batch.verdicts)
        except TooLarge as error:
            raise Refusal(413, str(error)) from error
        except Malformed as error:
            raise Refusal(400, str(error)) from error
        except StoreError as error:
            raise Refusal(503, f"the spans cannot be stored: {error}") from error
        return _accepted(batch, form)

    def _append(self, group: Group, lines: Iterable[bytes]) -> None:
        waiting: list[bytes] = []
        size = 0
        for line in lines:
            waiting.append(line)
            size += len(line)
            if size >= _APPEND_BYTES:
                self._write(group, b"".join(waiting))
                waiting, size = [], 0
        if waiting:
            self._write(group, b"".join(waiting))

    def _write(self, group: Group, lines: bytes) -> None:
        if not self._store.append(group, lines):
            raise StoreError("the journal cannot be written, perhaps the disk is full")


def form_of(content_type: bytes) -> Form | None:
    """The encoding of a body by its content type, None for others."""
    plain = content_type.partition(b";")[0].strip().lower()
    if plain in (b"application/x-protobuf", b"application/protobuf"):
        return PROTOBUF
    return JSON if plain == b"application/json" else None


def _is_gzip(encoding: bytes) -> bool:
    if encoding in (b"", b"identity"):
        return False
    if encoding == b"gzip":
        return True
    raise Refusal(415, "the content encoding is not gzip: send gzip, once, or none")


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    """The pieces of a body. Raises ConnectionAbortedError when the client leaves before its end."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


def _too_large(most: int) -> Refusal:
    return Refusal(413, f"the body is larger than {most // 1024 // 1024} MiB: send smaller batches")


def _inflate(body: bytes) -> bytes:
    """The one gzip member that the body is. Raises Refusal."""
    inflater = zlib.decompressobj(31)
    try:
        data = inflater.decompress(body, INFLATED_BYTES + 1)
    except zlib.error as error:
        raise Refusal(400, "the body is no gzip, though its header says so") from error
    if len(data) > INFLATED_BYTES:
        raise _too_large(INFLATED_BYTES)
    if not inflater.eof or inflater.unused_data:
        raise Refusal(400, "the gzip of the body is cut short or followed by something else")
    return data


def _accepted(batch: Batch, form: Form) -> bytes:
    """An ExportTraceServiceResponse: empty, or with what was refused and why."""
    if form == JSON:
        if not batch.refused:
            return b"{}"
        partial = {"rejectedSpans": str(batch.refused), "errorMessage": batch.reason}
        return msgspec.json.encode({"partialSuccess": partial})
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    answer = ExportTraceServiceResponse()
    if batch.refused:
        answer.partial_success.rejected_spans = batch.refused
        answer.partial_success.error_message = batch.reason
    return answer.SerializeToString()
