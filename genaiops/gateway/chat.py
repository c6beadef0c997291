"""``POST /v1/chat/completions``: plain and streamed, traced, in OpenAI's dialect."""

import asyncio
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, cast

import msgspec

from genaiops.errors import GenaiopsError
from genaiops.gateway.attempts import Retry, attempt
from genaiops.gateway.calling import open_stream, read_chunks
from genaiops.gateway.chatrequest import ChatRequest
from genaiops.gateway.config import Routes
from genaiops.gateway.dialects.openai_chat import fold
from genaiops.gateway.dialects.readers import Outgoing, write_completion
from genaiops.gateway.exchange import ChunkReader, Prepared, decode_completion, prepare_request
from genaiops.gateway.faults import error_of_failure, error_of_status, scrub
from genaiops.gateway.http import Receive, Scope, Send, send_json
from genaiops.gateway.intake import take_in
from genaiops.gateway.limits import Permit
from genaiops.gateway.recording import CallRecord
from genaiops.gateway.reply import Reply, code_of, status_of
from genaiops.gateway.target import Target
from genaiops.gateway.upstream import Answer, StreamAnswer, UpstreamFailure, upstream
from genaiops.tracing import extract

__all__ = ["chat_completions"]

_Json = dict[str, Any]
_FAMILY = {"openai": "openai", "responses": "openai", "anthropic": "anthropic"}
"""Whose errors a client of each dialect understands."""


async def chat_completions(
    routes: Routes, scope: Scope, receive: Receive, send: Send, dialect: str = "openai"
) -> None:
    """Answers a request for a completion, in any of the dialects that clients speak."""
    reply = Reply(send, dialect)
    taken = await take_in(reply, routes, scope, receive)
    if taken is None:
        return
    request, target, permit = taken
    with permit:
        await _serve(reply, target, request, permit, scope, receive)


async def _serve(
    reply: Reply,
    target: Target,
    request: ChatRequest,
    permit: Permit,
    scope: Scope,
    receive: Receive,
) -> None:
    task = cast("asyncio.Task[None]", asyncio.current_task())
    watcher = asyncio.ensure_future(_until_gone(receive))
    watcher.add_done_callback(_when_gone(reply, task))
    record = reply.record = _begin(scope, target, request)
    record.asked_by(permit)
    try:
        await _answer(reply, target, record, request)
    except asyncio.CancelledError as error:
        record.broken(error)
        if not reply.left:
            raise
    except UpstreamFailure as failure:
        reply.attempts = reply.attempts or failure.attempts
        await _fail(reply, record, error_of_failure(target, failure))
    except GenaiopsError as failure:
        await _fail(reply, record, failure)
    finally:
        watcher.cancel()


async def _fail(reply: Reply, record: CallRecord, error: GenaiopsError) -> None:
    record.broken(error)
    await reply.refuse(status_of(error), str(error), code=code_of(error))


def _begin(scope: Scope, target: Target, request: ChatRequest) -> CallRecord:
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    remote = any(name == b"traceparent" for name, _ in headers)
    with extract(headers) if remote else nullcontext():
        return CallRecord(target, request.decoded)


async def _answer(reply: Reply, target: Target, record: CallRecord, request: ChatRequest) -> None:
    if target.provider.local:
        await _answer_here(reply, target, record, request)
        return
    prepared = prepare_request(target, request)
    if request.stream:
        await _answer_stream(reply, target, record, request, prepared)
    else:
        await _answer_plain(reply, target, record, request, prepared)


async def _answer_plain(
    reply: Reply, target: Target, record: CallRecord, request: ChatRequest, prepared: Prepared
) -> None:
    pool = await upstream()
    before = time.perf_counter()
    answer, reply.attempts = await attempt(
        lambda: pool.request(prepared.call), Retry(), total_s=target.timeouts.total_s
    )
    reply.waited_s = time.perf_counter() - before
    record.sent(reply.attempts, prepared.dropped)
    if answer.status != 200:
        await _pass_refusal(reply, target, record, answer)
        return
    same = request.speaks(target.provider)
    completion = decode_completion(target, answer.body, request.dialect if same else "")
    body = answer.body if same else write_completion(request.dialect, completion)
    _, reply.cost_usd = record.answered(completion)
    reply.started = True
    await send_json(reply.send, 200, body, reply.headers(answer.headers))
    record.end()


async def _answer_here(
    reply: Reply, target: Target, record: CallRecord, request: ChatRequest
) -> None:
    model = target.provider.local[target.model]
    if not request.stream:
        completion = await asyncio.to_thread(model.answer, request.decoded)
        body = write_completion(request.dialect, completion)
        _, reply.cost_usd = record.answered(completion)
        reply.started = True
        await send_json(reply.send, 200, body, reply.headers())
        record.end()
        return
    chunks = await asyncio.to_thread(lambda: list(model.chunks(request.decoded)))
    record.first_chunk()
    await reply.begin_stream()
    outgoing = Outgoing(request.dialect, include_usage=request.include_usage)
    for chunk in chunks:
        await reply.piece(outgoing.feed(chunk))
    await reply.last(outgoing.finish())
    record.answered(fold(chunks))
    record.end()


async def _answer_stream(
    reply: Reply, target: Target, record: CallRecord, request: ChatRequest, prepared: Prepared
) -> None:
    before = time.perf_counter()
    answer, reply.attempts = await open_stream(target, prepared.call, Retry())
    reply.waited_s = time.perf_counter() - before
    record.sent(reply.attempts, prepared.dropped)
    if isinstance(answer, Answer):
        await _pass_refusal(reply, target, record, answer)
        return
    chunks: list[_Json] = []
    try:
        if request.speaks(target.provider):
            reader = ChunkReader(target, request.dialect)
            await _pass_stream(reply, reader, record, answer, chunks)
        else:
            outgoing = Outgoing(request.dialect, include_usage=request.include_usage)
            async for chunk in read_chunks(answer, target):
                record.first_chunk()
                if not reply.started:
                    await reply.begin_stream(answer.headers)
                chunks.append(chunk)
                await reply.piece(outgoing.feed(chunk))
            await reply.piece(outgoing.finish())
        await reply.last(b"")
    finally:
        record.answered(fold(chunks))
        await answer.chunks.aclose()
    record.end()


async def _pass_stream(
    reply: Reply, reader: ChunkReader, record: CallRecord, answer: StreamAnswer, chunks: list[_Json]
) -> None:
    """Passes the bytes of a stream through as they come, and reads along.

    Raises: ProviderError when the provider did not end it properly; UpstreamFailure.
    """
    async for piece in answer.chunks:
        if not reply.started:
            record.first_chunk()
            await reply.begin_stream(answer.headers)
        await reply.piece(piece)
        chunks += reader.feed(piece)
    chunks += reader.finish()


async def _pass_refusal(reply: Reply, target: Target, record: CallRecord, answer: Answer) -> None:
    """Answers as the provider did, without its key: some providers send it back."""
    error = error_of_status(target, answer.status, answer.headers, answer.body)
    record.broken(error)
    own = target.provider.dialect == _FAMILY[reply.dialect] and answer.status not in (401, 403)
    if own and answer.status >= 400 and _has_error(answer.body):
        body = scrub(answer.body.decode("utf-8", "replace"), target).encode()
        reply.started = True
        await send_json(reply.send, answer.status, body, reply.headers(answer.headers))
        return
    status = answer.status if answer.status >= 400 else 502
    await reply.refuse(status, str(error), code=code_of(error), provider=answer.headers)


def _has_error(body: bytes) -> bool:
    try:
        return "error" in msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _when_gone(reply: Reply, task: "asyncio.Task[None]") -> Callable[["asyncio.Task[None]"], None]:
    """Cancels the answer, and with it the call to the provider, when nobody waits any more."""

    def gone(watcher: "asyncio.Task[None]") -> None:
        if not watcher.cancelled():
            reply.left = True
            task.cancel()

    return gone
