"""``POST /v1/messages/count_tokens``: asked of Anthropic, estimated for everyone else."""

import msgspec

from genaiops.errors import GenaiopsError
from genaiops.gateway.chatrequest import ChatRequest
from genaiops.gateway.config import Routes
from genaiops.gateway.exchange import prepare_count
from genaiops.gateway.faults import error_of_failure, error_of_status
from genaiops.gateway.http import Receive, Scope, Send, send_json
from genaiops.gateway.intake import take_in
from genaiops.gateway.reply import Reply, code_of, status_of
from genaiops.gateway.target import Target
from genaiops.gateway.upstream import UpstreamFailure, upstream

__all__ = ["count_tokens", "estimate"]

_BYTES_PER_TOKEN = 4  # of English text and JSON; of other scripts fewer, so they count high
_ESTIMATED = (b"x-genaiops-estimated", b"true")


async def count_tokens(routes: Routes, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers how many tokens a request holds. An estimate carries ``"estimated": true``."""
    reply = Reply(send, "anthropic")
    taken = await take_in(reply, routes, scope, receive)
    if taken is None:
        return
    request, target, permit = taken
    with permit:
        await _count(reply, target, request)


async def _count(reply: Reply, target: Target, request: ChatRequest) -> None:
    if not request.speaks(target.provider):
        body = msgspec.json.encode({"input_tokens": estimate(request.fields), "estimated": True})
        await send_json(reply.send, 200, body, [_ESTIMATED, *reply.headers()])
        return
    try:
        pool = await upstream()
        answer = await pool.request(prepare_count(target, request))
        if answer.status != 200:
            raise error_of_status(target, answer.status, answer.headers, answer.body)
    except UpstreamFailure as failure:
        error = error_of_failure(target, failure)
        await reply.refuse(status_of(error), str(error), code=code_of(error))
    except GenaiopsError as error:
        await reply.refuse(status_of(error), str(error), code=code_of(error))
    else:
        await send_json(reply.send, 200, answer.body, reply.headers(answer.headers))


def estimate(fields: dict[str, msgspec.Raw]) -> int:
    """About how many tokens the prompt of a request holds: a quarter of its bytes."""
    counted = (fields[name] for name in ("system", "messages", "tools") if name in fields)
    return max(sum(len(bytes(raw)) for raw in counted) // _BYTES_PER_TOKEN, 1)
