"""``POST /v1/embeddings``: passed on to a provider that speaks OpenAI's dialect, traced and billed."""

import asyncio

import msgspec

from genaiops.errors import GenaiopsError
from genaiops.gateway.calling import send as send_call
from genaiops.gateway.embedding import PATH, bill_of
from genaiops.gateway.exchange import native
from genaiops.gateway.faults import error_of_status
from genaiops.gateway.http import Receive, Scope, Send, send_json
from genaiops.gateway.intake import Taken, continued, take_in
from genaiops.gateway.plane import Plane
from genaiops.gateway.recording import OtherRecord
from genaiops.gateway.reply import Reply, open_reply
from genaiops.gateway.target import Target
from genaiops.gateway.watching import Watched

__all__ = ["embeddings"]


class _Vectors(msgspec.Struct):
    data: list[msgspec.Raw]


async def embeddings(plane: Plane, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with embeddings; fallbacks and retries are those of the model's route."""
    reply = open_reply(scope, send)
    taken = await take_in(reply, plane, scope, receive, needs="input")
    if taken is None:
        return
    with taken.permit:
        with continued(scope):
            record = OtherRecord("embeddings", taken.route.target, taken.permit)
        reply.record = record
        record.asked(taken.request.body)
        with Watched(scope, receive, reply):
            try:
                await _answer(plane, taken, reply, record)
            except asyncio.CancelledError as error:
                record.broken(error)
                if not reply.left:
                    raise
            except GenaiopsError as error:
                record.broken(error)
                await reply.fail(error)


async def _answer(plane: Plane, taken: Taken, reply: Reply, record: OtherRecord) -> None:
    tries = plane.tries(taken.route, _can_embed)
    try:
        answer = await tries.run(
            lambda target, left_s: send_call(native(target, taken.request, PATH), left_s)
        )
    finally:
        reply.target, reply.attempts, reply.waited_s = tries.target, tries.count, tries.waited_s
        record.goes_to(tries.target)
    if answer.status != 200:
        raise error_of_status(tries.target, answer.status, answer.headers, answer.body)
    reply.summary = bill_of(answer.body)
    record.sent(tries.count)
    record.got(b'{"embeddings":%d}' % _count(answer.body))  # vectors say nothing to a reader
    reply.cost_usd = record.used(reply.summary)
    await taken.permit.settled()
    reply.started = True
    await send_json(reply.send, 200, answer.body, reply.headers(answer.headers))
    record.end()


def _can_embed(target: Target) -> bool:
    return target.provider.dialect == "openai"


def _count(body: bytes) -> int:
    try:
        return len(msgspec.json.decode(body, type=_Vectors).data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return 0
