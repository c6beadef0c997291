"""``/proxy/{provider}/…``: whatever else a provider can do, with its key, within limits, traced."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import NamedTuple, cast

import msgspec

from genaiops.errors import GenaiopsError
from genaiops.gateway.bills import summary_of, values_of
from genaiops.gateway.chatrequest import BadRequest
from genaiops.gateway.faults import error_of_failure, error_of_status, scrub
from genaiops.gateway.http import CALLER, Receive, Scope, Send, read_body
from genaiops.gateway.intake import continued
from genaiops.gateway.limits import Denied, Permit, admit
from genaiops.gateway.plane import Plane
from genaiops.gateway.proxypath import (
    Asked,
    forwarded,
    model_in,
    read_path,
    returned,
    url_of,
)
from genaiops.gateway.recording import OtherRecord
from genaiops.gateway.reply import Reply, open_reply
from genaiops.gateway.target import Target
from genaiops.gateway.upstream import Call, StreamAnswer, UpstreamFailure, upstream
from genaiops.gateway.watching import Watched

__all__ = ["PREFIX", "gemini", "proxy"]

PREFIX = "/proxy/"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_GUARDED = (
    "guardrails cannot look at what is passed on, so nothing is: ask /v1/…, or write "
    "`proxy: true` in the gateway.yaml"
)
_MAX_BODY = 32 * 1024 * 1024
_KEPT = 4 * 1024 * 1024
"""Bytes of an answer that are read along for its trace and its bill."""


class _Passed(NamedTuple):
    """One request on its way."""

    target: Target
    asked: Asked
    call: Call
    kind: str


async def proxy(plane: Plane, scope: Scope, receive: Receive, send: Send) -> None:
    """Passes a request on to the provider that its path names."""
    raw: bytes = scope["raw_path"].partition(b"?")[0]
    name, _, rest = raw[len(PREFIX) :].partition(b"/")
    await _pass_on(plane, scope, receive, send, name.decode("latin-1"), rest)


async def gemini(plane: Plane, scope: Scope, receive: Receive, send: Send) -> None:
    """Passes a request of a client of Gemini's own API on."""
    raw: bytes = scope["raw_path"].partition(b"?")[0]
    await _pass_on(plane, scope, receive, send, "gemini", raw[1:])


async def _pass_on(
    plane: Plane, scope: Scope, receive: Receive, send: Send, name: str, rest: bytes
) -> None:
    reply = open_reply(scope, send)
    try:
        passed = await _read(plane, scope, receive, name, rest)
        reply.target, reply.model = passed.target, passed.target.name
        permit = await admit(scope.get(CALLER), passed.target.name)
    except ConnectionAbortedError:
        return
    except BadRequest as error:
        await reply.refuse(error.status, error.message)
        return
    except Denied as denied:
        await reply.deny(denied)
        return
    reply.key = permit.name
    with permit:
        with continued(scope):
            record = reply.record = OtherRecord(passed.asked.operation, passed.target, permit)
        record.note({"http.request.method": scope["method"], "url.path": f"/{passed.asked.path}"})
        if "json" in passed.kind and passed.call.body:
            record.asked(_json(passed.call.body))
        with Watched(scope, receive, reply):
            await _serve(reply, record, passed, permit)


async def _serve(reply: Reply, record: OtherRecord, passed: _Passed, permit: Permit) -> None:
    try:
        await _answer(reply, record, passed)
    except asyncio.CancelledError as error:
        record.broken(error)
        if not reply.left:
            raise
    except _Refused as refused:
        record.broken(refused.error)
        await _refuse(reply, passed, refused)
    except GenaiopsError as error:
        record.broken(error)
        if not reply.started:
            await reply.fail(error)
        # One that has begun stays without its end, so the server closes the connection, and no
        # client takes it for complete.
    else:
        await permit.settled()
        await reply.last(b"")
        record.end()


class _Refused(Exception):  # noqa: N818 - an answer to the client, not a fault of the program
    """The provider said no: its answer, and the error that says the same."""

    def __init__(self, answer: StreamAnswer, body: bytes, error: GenaiopsError) -> None:
        super().__init__(str(error))
        self.answer = answer
        self.body = body
        self.error = error


async def _read(plane: Plane, scope: Scope, receive: Receive, name: str, rest: bytes) -> _Passed:
    """What is asked. Raises BadRequest; ConnectionAbortedError when the client left."""
    endpoints = plane.routes.endpoints
    endpoint = endpoints.get(name)
    if endpoint is None or endpoint.provider.local:
        remote = sorted(known for known, one in endpoints.items() if not one.provider.local)
        offer = ", ".join(remote) or "none is set up"
        raise BadRequest(404, f"there is no provider {name!r} to pass on to: use one of {offer}")
    if not plane.routes.passes:
        raise BadRequest(403, _GUARDED)
    if scope["method"] not in _METHODS:
        raise BadRequest(405, f"{scope['method']} is not passed on: use {', '.join(_METHODS)}")
    asked = read_path(rest, scope.get("query_string", b""))
    body = await read_body(receive, most=_MAX_BODY)
    if body is None:
        raise BadRequest(413, f"the body is larger than {_MAX_BODY >> 20} MiB")
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    kind = dict(headers).get(b"content-type", b"").decode("latin-1").lower()
    target = endpoint.target(model_in(asked, kind, body) or "*")
    sent = forwarded(headers, target, asked)
    call = Call(url_of(target, asked), sent, body, target.timeouts, method=scope["method"])
    return _Passed(target, asked, call, kind)


async def _answer(reply: Reply, record: OtherRecord, passed: _Passed) -> None:
    """Passes the answer back as it comes. Raises _Refused, ProviderError."""
    target = passed.target
    began = time.perf_counter()
    kept: list[bytes] = []
    answer: StreamAnswer | None = None
    try:
        answer = await (await upstream()).stream(passed.call)
        reply.attempts, reply.waited_s = 1, time.perf_counter() - began
        record.note({"http.response.status_code": answer.status})
        if answer.status >= 300:
            body = b"".join([piece async for piece in _pieces(answer)])
            error = error_of_status(target, answer.status, answer.headers, body)
            raise _Refused(answer, body, error)
        await _begin(reply, answer)
        size = 0
        async for piece in _pieces(answer):
            record.first_chunk()
            size += len(piece)
            if size <= _KEPT:
                kept.append(piece)
            await reply.piece(piece)
    except UpstreamFailure as failure:
        raise error_of_failure(target, failure) from None
    finally:
        if answer is not None:
            _bill(reply, record, answer, b"".join(kept))
            answer.close()


async def _pieces(answer: StreamAnswer) -> AsyncIterator[bytes]:
    while piece := await answer.read():
        yield piece


def _bill(reply: Reply, record: OtherRecord, answer: StreamAnswer, body: bytes) -> None:
    values = values_of(answer.headers.get("content-type", ""), body)
    reply.summary = summary_of(values)
    if values:
        record.got(msgspec.json.encode(values[0] if len(values) == 1 else values))
    if answer.status < 300:
        reply.cost_usd = record.used(reply.summary)


async def _begin(reply: Reply, answer: StreamAnswer) -> None:
    reply.started = True
    headers = [*returned(answer.headers), *reply.headers()]
    start = {"type": "http.response.start", "status": answer.status, "headers": headers}
    await reply.send(start)


async def _refuse(reply: Reply, passed: _Passed, refused: _Refused) -> None:
    """Says no as the provider did, without its key and address."""
    status, kind = refused.answer.status, refused.answer.headers.get("content-type", "")
    if status < 400 or status in (401, 403) or "json" not in kind:
        await reply.fail(refused.error)
        return
    body = scrub(refused.body.decode("utf-8", "replace"), passed.target).encode()
    reply.started = True
    headers = [*returned(refused.answer.headers), *reply.headers()]
    await reply.send({"type": "http.response.start", "status": status, "headers": headers})
    await reply.send({"type": "http.response.body", "body": body})


def _json(body: bytes) -> bytes:
    """The body, or what stands for it where it is no JSON."""
    try:
        return msgspec.json.encode(cast("object", msgspec.json.decode(body)))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return b'{"unreadable":true}'
