"""``POST /v1/messages/count_tokens``: asked of Anthropic, estimated for everyone else."""

import asyncio

import msgspec

from genaiops.errors import GenaiopsError
from genaiops.gateway.chatrequest import ChatRequest
from genaiops.gateway.exchange import prepare_count
from genaiops.gateway.faults import error_of_failure, error_of_status
from genaiops.gateway.http import Receive, Scope, Send, send_json
from genaiops.gateway.intake import Taken, continued, take_in
from genaiops.gateway.plane import Plane
from genaiops.gateway.prompted import put_in
from genaiops.gateway.recording import OtherRecord
from genaiops.gateway.reply import Reply, open_reply
from genaiops.gateway.target import Target
from genaiops.gateway.upstream import UpstreamFailure, upstream
from genaiops.gateway.watching import Watched

__all__ = ["count_tokens", "estimate"]

_BYTES_PER_TOKEN = 4  # of English text and JSON; of other scripts fewer, so they count high
_ESTIMATED = (b"x-genaiops-estimated", b"true")


async def count_tokens(plane: Plane, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers how many tokens a request holds. An estimate carries ``"estimated": true``."""
    reply = open_reply(scope, send, "anthropic")
    taken = await take_in(reply, plane, scope, receive)
    if taken is None:
        return
    with taken.permit:
        with continued(scope):
            record = OtherRecord("count_tokens", taken.route.target, taken.permit)
        reply.record = record
        with Watched(scope, receive, reply):
            try:
                await _count(reply, taken, record)
            except asyncio.CancelledError as error:
                record.broken(error)
                if not reply.left:
                    raise
            except GenaiopsError as error:
                record.broken(error)
                await reply.fail(error)


async def _count(reply: Reply, taken: Taken, record: OtherRecord) -> None:
    request, target = taken.request, taken.route.target
    if taken.route.prompt is not None:
        record.links(await put_in(taken.route.prompt, request))
    record.asked(request.body)
    if request.dialect == "anthropic" and target.provider.dialect == "anthropic":
        body, headers = await _ask(target, request), reply.headers()
    else:
        body = msgspec.json.encode({"input_tokens": estimate(request.fields), "estimated": True})
        headers = [_ESTIMATED, *reply.headers()]
    record.got(body)
    reply.started = True
    await send_json(reply.send, 200, body, headers)
    record.end()


async def _ask(target: Target, request: ChatRequest) -> bytes:
    """What the provider says. Raises ProviderError."""
    try:
        answer = await (await upstream()).request(prepare_count(target, request))
    except UpstreamFailure as failure:
        raise error_of_failure(target, failure) from None
    if answer.status != 200:
        raise error_of_status(target, answer.status, answer.headers, answer.body)
    return answer.body


def estimate(fields: dict[str, msgspec.Raw]) -> int:
    """About how many tokens the prompt of a request holds: a quarter of its bytes."""
    counted = (fields[name] for name in ("system", "messages", "tools") if name in fields)
    return max(sum(len(bytes(raw)) for raw in counted) // _BYTES_PER_TOKEN, 1)
