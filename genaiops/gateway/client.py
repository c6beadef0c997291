"""The gateway in process: `complete`, `acomplete` and `stream`.

A model is named ``provider/model``; keys and addresses come from the environment, as the
providers' own SDKs read them. Each call is one span. Synchronous calls share one event loop in the
background and its connections; `acomplete` runs on the caller's own loop.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from genaiops.errors import BadRequestError
from genaiops.gateway import background, calling, config
from genaiops.gateway.attempts import Retry
from genaiops.gateway.completion import Completion
from genaiops.gateway.exchange import prepare
from genaiops.gateway.recording import CallRecord
from genaiops.gateway.streaming import CompletionStream
from genaiops.gateway.target import Target, Timeouts

__all__ = ["acomplete", "available_providers", "complete", "stream"]

Messages = str | Sequence[Mapping[str, Any]]
"""OpenAI-shaped chat messages; a text is one message of the user."""


def complete(
    *,
    model: str,
    messages: Messages,
    timeout_s: float | None = None,
    retries: int = 2,
    **params: Any,  # whatever the provider understands
) -> Completion:
    """Asks a model and waits for its answer.

    Args:
        model: ``provider/model``, for example ``openai/gpt-5-mini`` or ``offline/extractive``.
        messages: The conversation; a prompt formatted from the registry is linked to the span.
        timeout_s: Longest wait for the whole call, retries included; 600 when None.
        retries: Further attempts when the provider is overloaded or cannot be reached.
        **params: Further fields of an OpenAI chat request, such as ``temperature``.

    Raises: ConfigError when the provider is unknown or has no key, NotFoundError when it is known
        not to have the model, ProviderError when it refuses or fails.
    """
    call = _Ready.of(model, messages, params, timeout_s, retries)
    record = CallRecord(call.target, call.request)
    with record.current():
        headers: Mapping[str, str] = {}
        if call.target.provider.local:
            raw = calling.local_answer(call.target, call.request)
        else:
            prepared = prepare(call.target, call.request)
            raw, tried, headers = background.run(calling.ask(call.target, prepared, call.retry))
            record.sent(tried, prepared.dropped)
        return _completion(call.target, record, raw, headers)


async def acomplete(
    *,
    model: str,
    messages: Messages,
    timeout_s: float | None = None,
    retries: int = 2,
    **params: Any,  # whatever the provider understands
) -> Completion:
    """The asynchronous twin of `complete`, on the running loop."""
    call = _Ready.of(model, messages, params, timeout_s, retries)
    record = CallRecord(call.target, call.request)
    with record.current():
        headers: Mapping[str, str] = {}
        if call.target.provider.local:
            raw = calling.local_answer(call.target, call.request)
        else:
            prepared = prepare(call.target, call.request)
            raw, tried, headers = await calling.ask(call.target, prepared, call.retry)
            record.sent(tried, prepared.dropped)
        return _completion(call.target, record, raw, headers)


def stream(
    *,
    model: str,
    messages: Messages,
    timeout_s: float | None = None,
    retries: int = 2,
    **params: Any,  # whatever the provider understands
) -> CompletionStream:
    """Asks a model and gives its answer in pieces, with ``for`` or ``async for``.

    The span ends with the stream: read it to its end, or close it, or use it in a ``with`` block.
    Arguments and errors are those of `complete`; errors of the provider are raised by the first
    piece, and a stream that breaks off raises ProviderError where it broke.
    """
    call = _Ready.of(model, messages, {**params, "stream": True}, timeout_s, retries)
    record = CallRecord(call.target, call.request)
    try:
        prepared = None if call.target.provider.local else prepare(call.target, call.request)
    except BadRequestError as error:
        record.broken(error)
        raise
    return CompletionStream(
        call.target,
        call.request,
        prepared,
        call.retry,
        record,
        lambda raw: _completion(call.target, record, raw),
    )


def available_providers() -> list[str]:
    """Providers that can be called now: their key is in the environment, or they need none."""
    return sorted(config.from_environment().endpoints)


@dataclass(frozen=True, slots=True)
class _Ready:
    target: Target
    request: dict[str, Any]
    retry: Retry

    @classmethod
    def of(
        cls,
        model: str,
        messages: Messages,
        params: Mapping[str, Any],
        timeout_s: float | None,
        retries: int,
    ) -> "_Ready":
        waits = None if timeout_s is None else Timeouts(total_s=timeout_s, idle_s=timeout_s)
        target = config.target_from_environment(model, waits)
        request: dict[str, Any] = {"model": target.model, "messages": _messages(messages)}
        given = {name: value for name, value in params.items() if value is not None}
        if given.get("stream") and target.provider.dialect == "openai":
            given.setdefault("stream_options", {"include_usage": True})
        return cls(target, request | given, Retry(retries=retries))


def _messages(messages: Messages) -> Sequence[Mapping[str, Any]]:
    if isinstance(messages, str):
        return [{"role": "user", "content": messages}]
    wrong = not isinstance(messages, Sequence) or not messages  # pyright: ignore[reportUnnecessaryIsInstance]  callers without types
    if wrong or not all(isinstance(m, Mapping) and "role" in m for m in messages):  # pyright: ignore[reportUnnecessaryIsInstance]  the same
        raise BadRequestError(
            "messages must be text, or a list of dicts with 'role' and 'content' that is not empty"
        )
    return messages


def _completion(
    target: Target,
    record: CallRecord,
    raw: Mapping[str, Any],
    headers: Mapping[str, str] | None = None,
) -> Completion:
    usage, cost = record.answered(raw)
    choices = cast("list[dict[str, Any]]", raw.get("choices") or [{}])
    message = cast("dict[str, Any]", choices[0].get("message") or {"role": "assistant"})
    content = message.get("content")
    return Completion(
        text=content if isinstance(content, str) else "",
        message=message,
        finish_reason=choices[0].get("finish_reason"),
        usage=usage,
        cost_usd=cost,
        model=str(raw.get("model") or target.model),
        provider=target.provider_name,
        trace_id=record.trace_id,
        span_id=record.span_id,
        raw=raw,
        headers=headers or {},
    )
