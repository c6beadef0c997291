"""Recording of OpenAI chat completions, at the one place every request of the SDK passes.

Sync and async clients, plain, streamed, raw and parsed answers, Azure and compatible servers. Calls
of other endpoints pass untouched.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, cast

from genaiops.model import semconv
from genaiops.tracing import diagnostics
from genaiops.tracing.autolog.content import records_content
from genaiops.tracing.autolog.openai_chat import (
    ChatStream,
    input_messages,
    output_messages,
    request_attributes,
    response_attributes,
)
from genaiops.tracing.begin import begin
from genaiops.tracing.context import get_context
from genaiops.tracing.options import Options
from genaiops.tracing.record import Named
from genaiops.tracing.setup import install
from genaiops.tracing.span import Span
from genaiops.tracing.streams import Recorder, TracedAsyncGenerator, TracedGenerator

__all__ = ["autolog"]

_originals: dict[tuple[type, str], Any] = {}  # the SDK's own methods, by class and name


def autolog(*, disable: bool = False) -> None:
    """Records every chat completion made with the ``openai`` package.

    Args:
        disable: Puts the package's own functions back.
    """
    from openai import AsyncStream, Stream
    from openai._base_client import AsyncAPIClient, SyncAPIClient

    if disable:
        for (kind, name), original in _originals.items():
            setattr(kind, name, original)
        _originals.clear()
        return
    install()
    if not _originals:
        _patch(SyncAPIClient, "request", _sync)
        _patch(AsyncAPIClient, "request", _async)
        _patch(Stream, "close", _sync_close)
        _patch(AsyncStream, "close", _async_close)


def _patch(kind: type, name: str, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    original = getattr(kind, name)
    _originals[kind, name] = original
    setattr(kind, name, functools.wraps(original)(wrap(original)))


def _sync_close(original: Callable[..., Any]) -> Callable[..., Any]:
    def close(self: Any) -> None:  # a Stream
        original(self)
        _closed(self)

    return close


def _async_close(original: Callable[..., Any]) -> Callable[..., Any]:
    async def close(self: Any) -> None:  # an AsyncStream
        await original(self)
        _closed(self)

    return close


def _closed(stream: Any) -> None:  # of the SDK
    iterator = getattr(stream, "_iterator", None)
    if isinstance(iterator, TracedGenerator | TracedAsyncGenerator):
        iterator.recorder.finish("closed")


def _sync(original: Callable[..., Any]) -> Callable[..., Any]:
    def request(self: Any, cast_to: Any, options: Any, **kwargs: Any) -> Any:  # as of the SDK
        span = _open(self, options)
        if span is None:
            return original(self, cast_to, options, **kwargs)
        try:
            result = original(self, cast_to, options, **kwargs)
        except BaseException as error:
            span.fail(error)
            raise
        return _answered(span, result)

    return request


def _async(original: Callable[..., Any]) -> Callable[..., Any]:
    async def request(self: Any, cast_to: Any, options: Any, **kwargs: Any) -> Any:  # as of the SDK
        span = _open(self, options)
        if span is None:
            return await original(self, cast_to, options, **kwargs)
        try:
            result = await original(self, cast_to, options, **kwargs)
        except BaseException as error:
            span.fail(error)
            raise
        return _answered(span, result)

    return request


def _open(client: Any, options: Any) -> Span | None:  # of the SDK
    """A current span for a chat completion, None for every other request."""
    try:
        if options.method.lower() != "post" or not str(options.url).endswith("/chat/completions"):
            return None
        body = _body(options)
        model = str(body.get("model") or "")
        span = begin(
            Named(f"chat {model}".rstrip(), "llm", _identity(client) | request_attributes(body))
        )
        if not isinstance(span, Span):
            return None
        messages = body.get("messages")
        span.link_prompt(body)
        if isinstance(messages, list) and records_content(span):
            asked = {key: body[key] for key in ("messages", "tools") if body.get(key)}
            span.set_inputs(asked)
            if span.runtime.capture.mode == "full":
                span.set_attribute(
                    semconv.INPUT_MESSAGES, input_messages(cast("list[Any]", messages))
                )
        span.activate(get_context())
    except Exception as error:  # noqa: BLE001  tracing never breaks the application
        diagnostics.note("recording an OpenAI request", error)
        return None
    return span


def _body(options: Any) -> Mapping[str, Any]:  # FinalRequestOptions
    parts: tuple[Any, Any] = (options.json_data, options.extra_json)
    found: dict[str, Any] = {}
    for part in parts:
        if isinstance(part, Mapping):
            found |= cast("Mapping[str, Any]", part)
    return found


def _identity(client: Any) -> dict[str, Any]:  # an OpenAI client
    azure = "Azure" in type(client).__name__
    found = {semconv.PROVIDER_NAME: "azure.ai.openai" if azure else "openai"}
    url = client.base_url
    found[semconv.SERVER_ADDRESS] = url.host
    return found if url.port is None else found | {semconv.SERVER_PORT: url.port}


def _answered(span: Span, result: Any) -> Any:  # whatever the SDK returns
    """Ends the span with the answer, or lets it follow the stream; the result is the SDK's own."""
    try:
        span.leave()
        if _follow(span, result):
            return result
        body = _answer(result)
        if body is not None:
            _record(span, body)
    except Exception as error:  # noqa: BLE001  tracing never breaks the application
        diagnostics.note("recording an OpenAI answer", error)
    span.end()
    return result


def _answer(result: Any) -> Mapping[str, Any] | None:  # whatever the SDK returns
    """The body of an answer: of a completion, or of a raw response that was read."""
    if hasattr(result, "choices"):
        return result.model_dump(mode="json", exclude_unset=True, warnings=False)
    response = getattr(result, "http_response", None)
    if response is not None and getattr(response, "is_closed", False):
        body = response.json()
        return cast("Mapping[str, Any]", body) if isinstance(body, Mapping) else None
    return None


def _record(span: Span, body: Mapping[str, Any]) -> None:
    span.set_attributes(response_attributes(body))
    if not records_content(span):
        return
    choices: list[dict[str, Any]] = body.get("choices") or []
    messages: list[Any] = [choice.get("message") for choice in choices]
    span.set_outputs(messages[0] if len(messages) == 1 else messages)
    if span.runtime.capture.mode == "full":
        span.set_attribute(semconv.OUTPUT_MESSAGES, output_messages(body))


class _ChatRecorder(Recorder):
    """The span of a streamed completion."""

    __slots__ = ("answer",)

    def __init__(self, span: Span) -> None:
        super().__init__(span.named, Options(), span.inputs, span)
        self.answer = ChatStream()

    def item(self, value: Any) -> Any:  # a chunk
        """Takes in one chunk and hands it on."""
        value = super().item(value)
        self.items.clear()
        try:
            self.answer.add(value)
        except Exception as error:  # noqa: BLE001  a chunk of a compatible server
            diagnostics.note("recording an OpenAI stream", error)
        return value

    def record(self, span: Span, *, failed: bool) -> None:
        """Records the answer as far as it came."""
        body = self.answer.body()
        _record(span, body)
        if failed:
            span.set_attribute(semconv.RESPONSE_FINISH_REASONS, ["error"])


def _follow(span: Span, result: Any) -> bool:  # whatever the SDK returns
    """Puts a recorder into a stream of the SDK; the stream stays the same object."""
    from openai import AsyncStream, Stream

    if not isinstance(result, Stream | AsyncStream):
        return False
    stream = cast("Any", result)
    kind = TracedGenerator if isinstance(result, Stream) else TracedAsyncGenerator
    stream._iterator = kind(stream._iterator, _ChatRecorder(span))  # noqa: SLF001  no public seam
    return True
