"""Recording of Anthropic calls, at the one place every request of the SDK passes.

Messages, completions, token counts and batches; sync and async clients, plain, streamed, helped and
raw answers, those of Bedrock and Vertex too. Calls of other endpoints pass untouched.

Version 2 of the SDK makes OpenTelemetry spans itself. Where the application records those, its own
span stays as it is and gains the standard finish reasons; the store keeps one span of the same ids,
with all that the native one lacks.
"""

import re
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, cast

from opentelemetry import trace as otel

from genaiops.model import semconv
from genaiops.tracing import diagnostics
from genaiops.tracing.autolog.anthropic_call import Call
from genaiops.tracing.autolog.anthropic_messages import plain
from genaiops.tracing.autolog.anthropic_tee import async_events, sync_events, tee_body
from genaiops.tracing.autolog.patching import Patches

__all__ = ["autolog"]

_patches = Patches("anthropic", package="anthropic", distribution="anthropic", oldest="1.0.0")
_pending: ContextVar[Call | None] = ContextVar("genaiops_anthropic_call", default=None)
"""The call whose native span the SDK is about to begin."""

_PATH = re.compile(r"/v1/(messages|complete)((?:/[^/?]+)*)/?(?:\?.*)?$")
_BATCHES = {"get": "retrieve", "post": "cancel", "delete": "delete"}


def autolog(*, disable: bool = False) -> None:
    """Records every message, token count and batch made with the ``anthropic`` package.

    Args:
        disable: Puts the package's own functions back.
    """
    _patches.switch(_change, disable=disable)


def _change() -> None:
    from anthropic import AsyncStream, Stream, _base_client  # pyright: ignore[reportPrivateUsage]  no public seam

    if hasattr(_base_client.BaseClient, "_tracer"):
        _patches.replace(_base_client, "start_api_call_span", _native)
    _patches.replace(_base_client.SyncAPIClient, "request", _sync)
    _patches.replace(_base_client.AsyncAPIClient, "request", _async)
    _patches.replace(Stream, "__stream__", sync_events)
    _patches.replace(AsyncStream, "__stream__", async_events)


def _sync(original: Callable[..., Any]) -> Callable[..., Any]:
    def request(self: Any, cast_to: Any, options: Any, **kwargs: Any) -> Any:  # as of the SDK
        call = _open(self, options)
        if call is None:
            return original(self, cast_to, options, **kwargs)
        outer = _pending.get()
        _pending.set(call)
        try:
            result = original(self, cast_to, options, **kwargs)
        except BaseException as error:
            call.failed(error)
            raise
        finally:
            _pending.set(outer)
        _answered(call, result)
        return result

    return request


def _async(original: Callable[..., Any]) -> Callable[..., Any]:
    async def request(self: Any, cast_to: Any, options: Any, **kwargs: Any) -> Any:  # as of the SDK
        call = _open(self, options)
        if call is None:
            return await original(self, cast_to, options, **kwargs)
        outer = _pending.get()
        _pending.set(call)
        try:
            result = await original(self, cast_to, options, **kwargs)
        except BaseException as error:
            call.failed(error)
            raise
        finally:
            _pending.set(outer)
        _answered(call, result)
        return result

    return request


def _native(original: Callable[..., Any]) -> Callable[..., Any]:
    def start_api_call_span(*args: Any, **kwargs: Any) -> Any:  # as of the SDK
        call = _pending.get()
        if call is None or call.native is not None:
            return original(*args, **kwargs)
        _pending.set(None)  # a call inside this one is another
        if call.started:
            return _stand_in(call, kwargs)
        native = original(*args, **kwargs)
        try:
            if native is not None and native.is_recording():
                return call.adopt(native)
            return _stand_in(call, kwargs) if call.open() else native
        except Exception as error:  # noqa: BLE001  tracing never breaks the application
            diagnostics.note("adopting a span of the Anthropic SDK", error)
            return native

    return start_api_call_span


def _stand_in(call: Call, kwargs: Mapping[str, Any]) -> otel.Span | None:
    """A span that records nothing and lets the SDK send the ids of ours where it sent a parent's."""
    if call.span is None or not call.span.parent_int or not kwargs.get("propagation", True):
        return None
    return otel.NonRecordingSpan(call.span.get_span_context())


def _open(client: Any, options: Any) -> Call | None:  # of the SDK
    """A call with its span begun, or left to begin to the SDK; None for a call of another kind."""
    if not _patches.on:
        return None
    try:
        operation = _operation(str(options.method).lower(), str(options.url))
        if operation is None:
            return None
        call = Call(operation, _body(options), _identity(client))
        if _makes_spans(client, options):
            return call
        return call if call.open() else None
    except Exception as error:  # noqa: BLE001  tracing never breaks the application
        diagnostics.note("recording an Anthropic request", error)
        return None


def _operation(method: str, url: str) -> str | None:
    """What a request is: by its method and path."""
    found = _PATH.search(url)
    if found is None:
        return None
    kind, rest = found[1], found[2].strip("/").split("/")
    if kind == "complete":
        return "text_completion" if method == "post" else None
    if rest == [""]:
        return "chat" if method == "post" else None
    if rest == ["count_tokens"]:
        return "count_tokens"
    if rest[0] != "batches":
        return None
    if len(rest) == 1:
        return "batches.create" if method == "post" else "batches.list"
    return (
        f"batches.{_BATCHES.get(method)}"
        if len(rest) == 2 or method == "post"
        else "batches.results"
    )


def _makes_spans(client: Any, options: Any) -> bool:  # of the SDK
    """Whether the SDK may record a span of its own for this request."""
    if "opentelemetry.sdk.trace" not in sys.modules or not getattr(options, "span_name", None):
        return False
    return getattr(client, "_tracer", None) is not None


def _body(options: Any) -> Mapping[str, Any]:  # FinalRequestOptions
    found: dict[str, Any] = {}
    parts: tuple[Any, Any] = (options.json_data, getattr(options, "extra_json", None))
    for part in parts:
        if isinstance(part, Mapping):
            found |= cast("Mapping[str, Any]", part)
    return found


def _identity(client: Any) -> dict[str, Any]:  # an Anthropic client
    provider = getattr(client, "_gen_ai_provider_name", None)
    if not isinstance(provider, str):
        name = type(client).__name__
        known = {"Bedrock": "aws.bedrock", "Vertex": "gcp.vertex_ai"}
        provider = next((known[part] for part in known if part in name), "anthropic")
    url = client.base_url
    found = {semconv.PROVIDER_NAME: provider, semconv.SERVER_ADDRESS: url.host}
    return found if url.port is None else found | {semconv.SERVER_PORT: url.port}


def _answered(call: Call, result: Any) -> None:  # whatever the SDK returns
    """Ends the call with its answer, or lets it follow what the application reads later."""
    if not call.started:  # the SDK began no span after all: too late to be its parent
        return
    body: Mapping[str, Any] = {}
    try:
        call.leave()
        response = _response(result)
        if response is None:
            body = plain(result)
            _named(call, getattr(result, "_request_id", None))
        else:
            _named(call, response.headers.get("request-id"))
            if _is_stream(result) or not response.is_closed:
                tee_body(response, call)
                return
            body = _read(response)
    except Exception as error:  # noqa: BLE001  tracing never breaks the application
        diagnostics.note("recording an Anthropic answer", error)
    call.ended(body, how=None, failure=None)


def _response(result: Any) -> Any:  # whatever the SDK returns
    """The HTTP response behind a stream or a raw response; None behind a parsed answer."""
    if _is_stream(result):
        return result.response
    if hasattr(result, "http_response"):
        return result.http_response
    return result if hasattr(result, "is_closed") and hasattr(result, "stream") else None


def _is_stream(result: Any) -> bool:  # whatever the SDK returns
    from anthropic import AsyncStream, Stream

    return isinstance(result, Stream | AsyncStream)


def _named(call: Call, request_id: object) -> None:
    """Keeps the id that Anthropic's support asks for."""
    if isinstance(request_id, str) and call.span is not None:
        call.span.set_attribute("anthropic.request.id", request_id)


def _read(response: Any) -> Mapping[str, Any]:  # of httpx or httpx2
    if "json" not in response.headers.get("content-type", ""):
        return {}
    body = response.json()
    return cast("Mapping[str, Any]", body) if isinstance(body, dict) else {}
