"""Completions over HTTP, plain and streamed, in every dialect: routed, traced, answered."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from genaiops.errors import GenaiopsError, ProviderError
from genaiops.gateway.answering import Began, Ready, ask, begin
from genaiops.gateway.calling import Tries
from genaiops.gateway.dialects.readers import Outgoing, write_completion
from genaiops.gateway.faults import error_of_failure, error_of_status, scrub
from genaiops.gateway.http import Receive, Scope, Send, send_json
from genaiops.gateway.intake import continued, take_in
from genaiops.gateway.passing import says_something
from genaiops.gateway.plane import Plane
from genaiops.gateway.recording import ServedRecord
from genaiops.gateway.replay import chunks_of
from genaiops.gateway.reply import code_of, open_reply
from genaiops.gateway.steps import Hit, Refusal, Step, Turn
from genaiops.gateway.summary import of_completion
from genaiops.gateway.upstream import Answer, UpstreamFailure
from genaiops.gateway.watching import Watched

__all__ = ["chat_completions"]

_Json = dict[str, Any]
_FAMILY = {"openai": "openai", "responses": "openai", "anthropic": "anthropic"}
"""Whose errors a client of each dialect understands."""


async def chat_completions(
    plane: Plane, scope: Scope, receive: Receive, send: Send, dialect: str = "openai"
) -> None:
    """Answers a request for a completion, in any of the dialects that clients speak."""
    reply = open_reply(scope, send, dialect)
    taken = await take_in(reply, plane, scope, receive)
    if taken is None:
        return
    request, route, permit, steps = taken
    with permit:
        with continued(scope):
            record = reply.record = ServedRecord(request, route.target, permit)
        turn = Turn(request, route, permit, reply, record, scope)
        with Watched(scope, receive, reply):
            await _serve(plane, turn, steps)


async def _serve(plane: Plane, turn: Turn, steps: Sequence[Step]) -> None:
    try:
        await _answer(plane, turn, steps)
    except asyncio.CancelledError as error:
        turn.record.broken(error)
        if not turn.reply.left:
            raise
    except Refusal as refusal:
        turn.record.broken(refusal)
        await turn.reply.refuse(refusal.status, refusal.message, code=refusal.code)
    except GenaiopsError as failure:
        turn.record.broken(failure)
        await turn.reply.fail(failure)
    finally:
        turn.reply.summary = turn.summary
        for step in steps:
            step.finished(turn)


async def _answer(plane: Plane, turn: Turn, steps: Sequence[Step]) -> None:
    for step in steps:
        await step.before(turn)
        if turn.hit is not None:
            await _replay(turn, turn.hit)
            return
    watching = [step for step in reversed(steps) if step.watches(turn)] if steps else []
    tries = plane.tries(turn.route)
    try:
        if turn.request.stream:
            await _answer_stream(turn, tries, watching)
        else:
            await _answer_plain(turn, tries, watching)
    finally:
        _tried(turn, tries)


def _tried(turn: Turn, tries: Tries) -> None:
    reply = turn.reply
    reply.target, reply.attempts, reply.waited_s = tries.target, tries.count, tries.waited_s
    turn.record.goes_to(tries.target)


async def _answer_plain(turn: Turn, tries: Tries, steps: list[Step]) -> None:
    request, reply, record = turn.request, turn.reply, turn.record
    answer = await tries.run(lambda target, left_s: ask(target, request, left_s))
    _tried(turn, tries)
    if isinstance(answer, Answer):
        await _pass_refusal(turn, answer)
        return
    record.sent(tries.count, answer.dropped)
    turn.summary = answer.summary
    reply.cost_usd = record.says(answer.summary)
    await turn.permit.settled()
    completion: _Json | None = None
    for step in steps:
        completion = await step.after(turn, completion or answer.completion)
    if completion is None and answer.wire == request.dialect:
        body = answer.body
    else:
        body = write_completion(request.dialect, completion or answer.completion)
    reply.started = True
    await send_json(reply.send, 200, body, reply.headers(answer.headers))
    turn.said = answer
    record.end()


async def _answer_stream(turn: Turn, tries: Tries, steps: list[Step]) -> None:
    request, reply, record = turn.request, turn.reply, turn.record
    answer = await tries.run(
        lambda target, left_s: begin(target, request, left_s, as_bytes=not steps)
    )
    _tried(turn, tries)
    if isinstance(answer, Answer):
        await _pass_refusal(turn, answer)
        return
    record.sent(tries.count, answer.dropped)
    record.first_chunk()
    try:
        if steps:
            await _write_watched(turn, answer, steps)
        elif isinstance(answer, Began) and request.wire(tries.target.provider) == request.dialect:
            await reply.begin_stream(answer.headers)
            while piece := await answer.read():
                await reply.piece(piece)
        else:
            await reply.begin_stream(answer.headers)
            await _write_chunks(turn, answer)
    except UpstreamFailure as failure:
        tries.broke_off()
        raise error_of_failure(tries.target, failure) from None
    except ProviderError:
        tries.broke_off()
        raise
    finally:
        answer.close()
        turn.summary = answer.summary()
        reply.cost_usd = record.says(turn.summary)
    await turn.permit.settled()
    await reply.last(b"")
    turn.said = answer
    record.end()


async def _write_chunks(turn: Turn, answer: Began | Ready) -> None:
    """Writes a stream in the client's dialect."""
    outgoing = Outgoing(turn.request.dialect, include_usage=turn.request.include_usage)
    async for several in answer.chunks():
        await turn.reply.piece(b"".join(map(outgoing.feed, several)))
    await turn.reply.piece(outgoing.finish())


async def _write_watched(turn: Turn, answer: Began | Ready, steps: Sequence[Step]) -> None:
    """The same through steps that want to see it; begins with the first word that they let pass."""
    reply = turn.reply
    outgoing = Outgoing(turn.request.dialect, include_usage=turn.request.include_usage)
    chunks = _one_by_one(answer)
    for step in steps:
        chunks = step.through(turn, chunks)
    held: list[bytes] = []
    async for chunk in chunks:
        held.append(outgoing.feed(chunk))
        if reply.started or says_something(chunk):
            if not reply.started:
                await reply.begin_stream(answer.headers)
            await reply.piece(b"".join(held))
            held.clear()
    if not reply.started:
        await reply.begin_stream(answer.headers)
    await reply.piece(b"".join([*held, outgoing.finish()]))


async def _one_by_one(answer: Began | Ready) -> AsyncIterator[_Json]:
    async for several in answer.chunks():
        for chunk in several:
            yield chunk


async def _replay(turn: Turn, hit: Hit) -> None:
    """Answers with what a step had."""
    request, reply, record = turn.request, turn.reply, turn.record
    turn.summary = of_completion(hit.completion)
    if request.stream:
        await reply.begin_stream()
        await _write_chunks(turn, Ready(list(chunks_of(hit.completion))))
        await reply.last(b"")
    else:
        reply.started, reply.cost_usd = True, 0.0
        body = hit.body or write_completion(request.dialect, hit.completion)
        await send_json(reply.send, 200, body, reply.headers())
    record.repeats(turn.summary)
    record.end()


async def _pass_refusal(turn: Turn, answer: Answer) -> None:
    """Answers as the provider did, without its key: some providers send it back."""
    reply, target = turn.reply, turn.record.target
    reply.code = str(answer.status)
    error = error_of_status(target, answer.status, answer.headers, answer.body)
    turn.record.broken(error)
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
