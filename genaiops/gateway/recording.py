"""The span of one model call: what was asked of whom, what came back, what it cost."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any, cast
from urllib.parse import urlsplit

from genaiops.gateway.cost import cost_of
from genaiops.gateway.dialects.openai_chat import read_usage
from genaiops.gateway.limits import Permit
from genaiops.gateway.target import Provider, Target
from genaiops.model import semconv
from genaiops.model.usage import Usage
from genaiops.tracing.begin import begin
from genaiops.tracing.context import Context
from genaiops.tracing.record import Named

__all__ = ["CallRecord"]

_Json = dict[str, Any]
_REQUEST = {
    "temperature": semconv.REQUEST_TEMPERATURE,
    "top_p": semconv.REQUEST_TOP_P,
    "max_tokens": semconv.REQUEST_MAX_TOKENS,
    "max_completion_tokens": semconv.REQUEST_MAX_TOKENS,
    "frequency_penalty": semconv.REQUEST_FREQUENCY_PENALTY,
    "presence_penalty": semconv.REQUEST_PRESENCE_PENALTY,
    "seed": semconv.REQUEST_SEED,
    "reasoning_effort": semconv.REQUEST_REASONING_LEVEL,
}
_USAGE = {
    semconv.USAGE_INPUT_TOKENS: "input_tokens",
    semconv.USAGE_OUTPUT_TOKENS: "output_tokens",
    semconv.USAGE_CACHE_READ_TOKENS: "cache_read_tokens",
    semconv.USAGE_CACHE_WRITE_TOKENS: "cache_write_tokens",
    semconv.USAGE_REASONING_TOKENS: "reasoning_tokens",
}
_DROPPED = "genaiops.gateway.dropped_parameters"


class CallRecord:
    """Records one call. The span begins with the record; `current` makes it the current one.

    Args:
        target: Who is asked.
        request: The OpenAI-shaped request, decoded.
        context: Context to begin under; None is that of the caller.
    """

    def __init__(
        self, target: Target, request: Mapping[str, Any], context: Context | None = None
    ) -> None:
        self._target = target
        self._span = span = begin(_named(target), context)
        self.first_ns = 0
        self._permit: Permit | None = None
        self.begun_ns = time.time_ns()
        if span is not None:
            span.set_inputs(request)
            span.set_attributes(_request_attributes(request))
            span.link_prompt(request)

    @property
    def trace_id(self) -> str:
        """Id of the trace, 32 hex characters; empty when tracing is off."""
        return "" if self._span is None else self._span.trace_id

    @property
    def span_id(self) -> str:
        """Id of the span, 16 hex characters; empty when tracing is off."""
        return "" if self._span is None else self._span.span_id

    def current(self) -> AbstractContextManager[object]:
        """A block in which the span is current; it ends with the block, and fails with it."""
        return nullcontext() if self._span is None else self._span

    def sent(self, attempts: int, dropped: Sequence[str] = ()) -> None:
        """The request went out, that often, without those parameters."""
        if self._span is not None:
            self._span.set_attribute(semconv.GATEWAY_ATTEMPTS, attempts)
            if dropped:
                self._span.set_attribute(_DROPPED, list(dropped))

    def asked_by(self, permit: Permit) -> None:
        """Whose key the call goes on; it is told what the call used."""
        self._permit = permit
        if self._span is not None and permit.name:
            self._span.set_attribute(semconv.GATEWAY_KEY, permit.name)

    def first_chunk(self) -> None:
        """A stream brought its first chunk."""
        if not self.first_ns:
            self.first_ns = time.time_ns()

    def answered(self, completion: Mapping[str, Any]) -> tuple[Usage, float | None]:
        """Records an OpenAI-shaped completion, whole or cut short: its tokens and its cost."""
        usage = read_usage(completion.get("usage"))
        model = str(completion.get("model") or self._target.model)
        cost = cost_of(self._target, usage, completion, model)
        if self._permit is not None:
            self._permit.used(usage, cost)
        if self._span is not None:
            choices = cast("list[_Json]", completion.get("choices") or [])
            attributes: _Json = {name: getattr(usage, field) for name, field in _USAGE.items()}
            attributes |= {
                semconv.RESPONSE_ID: completion.get("id"),
                semconv.RESPONSE_MODEL: completion.get("model"),
                semconv.RESPONSE_FINISH_REASONS: _finish_reasons(choices) or None,
                semconv.OPENAI_SERVICE_TIER: completion.get("service_tier"),
                semconv.COST_TOTAL: cost,
            }
            if self.first_ns:
                waited = (self.first_ns - self.begun_ns) / 1e9
                attributes[semconv.RESPONSE_TIME_TO_FIRST_CHUNK] = waited
            present = {name: value for name, value in attributes.items() if value is not None}
            self._span.set_attributes(present)
            if choices:
                single = len(choices) == 1
                self._span.set_outputs(
                    choices[0].get("message") if single else {"choices": choices}
                )
        return usage, cost

    def broken(self, error: BaseException) -> None:
        """The call failed, or its stream broke; the span ends."""
        if self._span is not None:
            if self.first_ns:
                self._span.set_attribute(semconv.RESPONSE_FINISH_REASONS, ["error"])
            self._span.note_failure(error)
            self._span.end()

    def stopped(self, how: str) -> None:
        """The application stopped a stream: ``closed``, ``abandoned``, ``cancelled``; it ends."""
        if self._span is not None:
            self._span.set_attribute(semconv.STREAM_FINISH, how)
            self._span.set_status("unset")
            self._span.end()

    def end(self) -> None:
        """All went well; the span ends."""
        if self._span is not None:
            self._span.end()


@lru_cache(maxsize=1024)
def _named_for(provider: Provider, provider_name: str, model: str, base_url: str) -> Named:
    attributes: _Json = {
        semconv.OPERATION_NAME: "chat",
        semconv.PROVIDER_NAME: provider.system,
        semconv.REQUEST_MODEL: model,
        semconv.GATEWAY_TARGET: f"{provider_name}/{model}",
    }
    if base_url:
        place = urlsplit(base_url)
        attributes[semconv.SERVER_ADDRESS] = place.hostname
        attributes[semconv.SERVER_PORT] = place.port or (443 if place.scheme == "https" else 80)
    return Named(f"chat {model}", "llm", attributes)


def _named(target: Target) -> Named:
    return _named_for(target.provider, target.provider_name, target.model, target.base_url)


def _request_attributes(request: Mapping[str, Any]) -> _Json:
    attributes = {
        attribute: request[name]
        for name, attribute in _REQUEST.items()
        if request.get(name) is not None
    }
    if request.get("stream"):
        attributes[semconv.REQUEST_STREAM] = True
    if request.get("n") not in (None, 1):
        attributes[semconv.REQUEST_CHOICE_COUNT] = request["n"]
    stop = request.get("stop")
    if stop:
        attributes[semconv.REQUEST_STOP_SEQUENCES] = [stop] if isinstance(stop, str) else stop
    return attributes


def _finish_reasons(choices: Sequence[_Json]) -> list[str]:
    reasons = [c.get("native_finish_reason") or c.get("finish_reason") for c in choices]
    return [str(reason) for reason in reasons if reason is not None]
