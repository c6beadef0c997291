"""An answer over HTTP as it is given: its headers, its pieces, and errors where it stands."""

import time
from collections.abc import Mapping, Sequence

from genaiops.errors import (
    BadRequestError,
    GenaiopsError,
    NotFoundError,
    ProviderError,
    ProviderTimeoutError,
)
from genaiops.gateway.dialects.readers import error_event, error_json
from genaiops.gateway.guardrails import Found
from genaiops.gateway.http import REPLY, Headers, Scope, Send, error_body, send_json
from genaiops.gateway.limits import Denied
from genaiops.gateway.recording import CallRecord
from genaiops.gateway.summary import Summary
from genaiops.gateway.target import Target

__all__ = ["Reply", "code_of", "dialect_of", "open_reply", "status_of"]

_PASSED = ("x-request-id", "retry-after", "retry-after-ms")
_PASSED_PREFIX = ("x-ratelimit-", "openai-")
_CODES = {
    404: "model_not_found",
    502: "upstream_unavailable",
    503: "upstream_unavailable",
    504: "upstream_timeout",
}
_SSE = (b"content-type", b"text/event-stream; charset=utf-8")


class Reply:
    """One answer while it is being given; knows how long the gateway itself took for it.

    Attributes:
        cache: What the cache had for it; empty where it was not asked.
        found: What guardrails did.
        model: As the client names it.
        key: Name of the client's key.
        summary: What the answer said, once it is over.
        code: By which programs know the error that it was, if it was one.
        streamed: It came in pieces.
        first_s: Seconds until the first of them.
    """

    def __init__(self, send: Send, dialect: str = "openai") -> None:
        self.send = send
        self.dialect = dialect
        self.begun = time.perf_counter()
        self.waited_s = 0.0
        self.attempts = 0
        self.started = False
        self.left = False
        self.cost_usd: float | None = None
        self.cache = ""
        self.found: Sequence[Found] = ()
        self.model = ""
        self.key = ""
        self.code = ""
        self.streamed = False
        self.first_s = 0.0
        self.summary: Summary | None = None
        self.target: Target | None = None
        self.record: CallRecord | None = None
        self.extra: Headers = []

    def headers(self, provider: Mapping[str, str] | None = None) -> Headers:
        """What every answer carries besides its content."""
        overhead = (time.perf_counter() - self.begun - self.waited_s) * 1000
        found: Headers = [(b"x-genaiops-overhead-ms", b"%.2f" % overhead)]
        if self.record is not None and self.record.trace_id:
            found.append((b"x-genaiops-trace-id", self.record.trace_id.encode()))
        if self.target is not None:
            found.append((b"x-genaiops-model", _header_value(self.target.name)))
        if self.attempts:
            found.append((b"x-genaiops-attempts", b"%d" % self.attempts))
        if self.cache:
            found.append((b"x-genaiops-cache", self.cache.encode()))
        if self.cost_usd is not None:
            found.append((b"x-genaiops-cost-usd", b"%.10g" % self.cost_usd))
        found += self.extra
        for name, value in (provider or {}).items():
            if name in _PASSED or name.startswith(_PASSED_PREFIX):
                found.append((name.encode("latin-1", "ignore"), _header_value(value)))
        return found

    async def refuse(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        provider: Mapping[str, str] | None = None,
    ) -> None:
        """Answers with an error in the client's shape; in a stream that has begun, as an event."""
        self.code = code or str(status)
        body = error_body(status, message, code=code)
        if self.started:
            event = error_event(self.dialect, body, status)
            await self.send({"type": "http.response.body", "body": event})
        else:
            self.started = True
            said = error_json(self.dialect, body, status)
            await send_json(self.send, status, said, self.headers(provider))

    async def fail(self, error: GenaiopsError) -> None:
        """Answers that the call failed, and when to come back where the error says so."""
        wait_s = error.retry_after_s if isinstance(error, ProviderError) else None
        later = None if wait_s is None else {"retry-after": str(max(round(wait_s), 1))}
        await self.refuse(status_of(error), str(error), code=code_of(error), provider=later)

    async def deny(self, denied: Denied) -> None:
        """Answers that the key is not let in, and when to come back."""
        wait = denied.retry_after_s
        later = None if wait is None else {"retry-after": str(wait)}
        await self.refuse(denied.status, denied.message, code=denied.code, provider=later)

    async def begin_stream(self, provider: Mapping[str, str] | None = None) -> None:
        """Sends the head of a streamed answer."""
        self.started = self.streamed = True
        self.first_s = time.perf_counter() - self.begun
        headers = [_SSE, (b"cache-control", b"no-cache"), *self.headers(provider)]
        await self.send({"type": "http.response.start", "status": 200, "headers": headers})

    async def piece(self, data: bytes) -> None:
        """Sends a piece of a streamed answer."""
        await self.send({"type": "http.response.body", "body": data, "more_body": True})

    async def last(self, data: bytes) -> None:
        """Sends the last piece of a streamed answer."""
        await self.send({"type": "http.response.body", "body": data})


def open_reply(scope: Scope, send: Send, dialect: str = "openai") -> Reply:
    """The answer to a request, which those who watch the gateway find in its scope."""
    made = scope[REPLY] = Reply(send, dialect)
    return made


def dialect_of(scope: Scope) -> str:
    """The dialect of whoever asks: Anthropic's clients always name their version."""
    named = any(name == b"anthropic-version" for name, _ in scope["headers"])
    return "anthropic" if named or scope["path"].startswith("/v1/messages") else "openai"


def status_of(error: GenaiopsError) -> int:
    """The HTTP status that says what the error says."""
    if isinstance(error, NotFoundError):
        return 404
    if isinstance(error, ProviderTimeoutError):
        return 504
    if isinstance(error, BadRequestError):
        return error.status or 400
    status = error.status if isinstance(error, ProviderError) else None
    return status if status is not None and status >= 400 else 502


def code_of(error: GenaiopsError) -> str | None:
    """The code by which a program knows the error."""
    return _CODES.get(status_of(error))


def _header_value(text: str) -> bytes:
    """Text of a model or a provider, without what could end the header."""
    if not text.isprintable():
        text = "".join(c for c in text if c.isprintable())
    return text.encode("latin-1", "replace")
