"""Embeddings asked by the gateway itself."""

import math

import msgspec

from genaiops.errors import ProviderError
from genaiops.gateway.attempts import Retry
from genaiops.gateway.calling import Tries, send
from genaiops.gateway.exchange import headers_of
from genaiops.gateway.faults import error_of_status
from genaiops.gateway.limits import Permit
from genaiops.gateway.recording import OtherRecord
from genaiops.gateway.summary import Summary, UsageShape
from genaiops.gateway.target import Target
from genaiops.gateway.upstream import Answer, Call
from genaiops.model.usage import Usage

__all__ = ["PATH", "bill_of", "embed"]

PATH = "/embeddings"
_PATIENCE_S = 10.0


class _Vector(msgspec.Struct):
    embedding: list[float]


class _Embedded(msgspec.Struct):
    data: list[_Vector]


class _Bill(msgspec.Struct):
    model: str | None = None
    usage: UsageShape | None = None


async def embed(target: Target, text: str, permit: Permit) -> tuple[float, ...]:
    """The embedding of a text, on somebody's key; the call is a span of its own.

    Raises: ProviderError when there is none within seconds.
    """
    body = msgspec.json.encode({"model": target.model, "input": text})
    record = OtherRecord("embeddings", target, permit)
    record.asked(body)
    call = Call(f"{target.base_url}{PATH}", headers_of(target), body, target.timeouts)
    try:
        tries = Tries([target], Retry(retries=1), total_s=_PATIENCE_S)
        answer = await tries.run(lambda _target, left_s: send(call, left_s))
        found = _vector(target, answer)
    except BaseException as error:
        record.broken(error)
        raise
    record.used(bill_of(answer.body), last=False)
    record.end()
    return found


def bill_of(body: bytes) -> Summary:
    """What an answer says that it took; what is put out are no tokens."""
    try:
        bill = msgspec.json.decode(body, type=_Bill)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Summary()
    if bill.usage is None or bill.usage.prompt_tokens is None:
        return Summary(model=bill.model)
    usage = Usage(input_tokens=bill.usage.prompt_tokens, output_tokens=0)
    return Summary(model=bill.model, usage=usage, said_usd=bill.usage.cost)


def _vector(target: Target, answer: Answer) -> tuple[float, ...]:
    if answer.status != 200:
        raise error_of_status(target, answer.status, answer.headers, answer.body)
    try:
        [vector] = msgspec.json.decode(answer.body, type=_Embedded).data
        found = tuple(vector.embedding)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError):
        found = ()
    if not found or not all(map(math.isfinite, found)):
        raise ProviderError(
            f"{target.name!r} answered with something that is not an embedding",
            provider=target.provider_name,
        )
    return found
