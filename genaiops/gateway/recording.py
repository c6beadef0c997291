"""The span of one model call: what was asked of whom, what came back, what it cost."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import msgspec

from genaiops.errors import GenaiopsError
from genaiops.gateway.chatrequest import ChatRequest
from genaiops.gateway.cost import cost_of
from genaiops.gateway.limits import Permit
from genaiops.gateway.summary import Summary, of_completion
from genaiops.gateway.target import Provider, Target
from genaiops.model import semconv
from genaiops.model.prompt import PromptRef, link_attributes
from genaiops.model.usage import Usage
from genaiops.tracing.begin import begin
from genaiops.tracing.calls import end_call
from genaiops.tracing.context import Context
from genaiops.tracing.record import Named
from genaiops.tracing.span import Span

__all__ = ["CallRecord", "OtherRecord", "ServedRecord"]

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
_RECORDED = (*_REQUEST, "n", "stop", "stream")
_DROPPED = "genaiops.gateway.dropped_parameters"
_SPAN_TYPES = {"chat": "llm", "embeddings": "embedding"}
_decode = msgspec.json.Decoder().decode


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
        self._begin(target, _named(target), context)
        if self._live is not None:
            self._live.set_inputs(request)
            self._live.set_attributes(_request_attributes(request))
            self._live.link_prompt(request)

    def _begin(self, target: Target, named: Named, context: Context | None = None) -> None:
        self._target = target
        self._span = span = begin(named, context)
        self._live = span if isinstance(span, Span) else None  # None records nothing
        self.first_ns = 0
        self.begun_ns = time.time_ns()

    @property
    def target(self) -> Target:
        """Who is asked, or has answered."""
        return self._target

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

    def note(self, attributes: Mapping[str, Any]) -> None:
        """Adds attributes, each of the type that its name has in the conventions."""
        if self._live is not None:
            self._live.set_attributes(attributes)

    def links(self, ref: PromptRef) -> None:
        """The prompt version that the request was made with, and its values where they may be kept."""
        if self._live is not None:
            full = self._live.runtime.capture.mode == "full"
            self.note(link_attributes(ref, variables=full))

    def sent(self, attempts: int, dropped: Sequence[str] = ()) -> None:
        """The request went out, that often, without those parameters."""
        self.note({semconv.GATEWAY_ATTEMPTS: attempts})
        if dropped:
            self.note({_DROPPED: list(dropped)})

    def first_chunk(self) -> None:
        """A stream brought its first chunk."""
        if not self.first_ns:
            self.first_ns = time.time_ns()

    def answered(self, completion: Mapping[str, Any]) -> tuple[Usage, float | None]:
        """Records an OpenAI-shaped completion, whole or cut short: its tokens and its cost."""
        summary = of_completion(completion)
        return summary.usage, self.says(summary)

    def says(self, summary: Summary) -> float | None:
        """Records what an answer says; what it cost, in USD, where that is known."""
        cost = cost_of(self._target, summary)
        if self._live is not None:
            self.note(self._answer_attributes(summary, cost))
            if summary.outputs is not None:
                self._live.outputs = _captured(self._live, summary.outputs, "outputs")
        return cost

    def _answer_attributes(self, summary: Summary, cost: float | None) -> _Json:
        usage = summary.usage
        found: _Json = {
            semconv.USAGE_INPUT_TOKENS: usage.input_tokens,
            semconv.USAGE_OUTPUT_TOKENS: usage.output_tokens,
            semconv.USAGE_CACHE_READ_TOKENS: usage.cache_read_tokens,
            semconv.USAGE_CACHE_WRITE_TOKENS: usage.cache_write_tokens,
            semconv.USAGE_REASONING_TOKENS: usage.reasoning_tokens,
            semconv.RESPONSE_ID: summary.id,
            semconv.RESPONSE_MODEL: summary.model,
            semconv.RESPONSE_FINISH_REASONS: summary.finish_reasons,
            semconv.OPENAI_SERVICE_TIER: summary.tier,
            semconv.COST_TOTAL: cost,
        }
        if self.first_ns:
            waited = (self.first_ns - self.begun_ns) / 1e9
            found[semconv.RESPONSE_TIME_TO_FIRST_CHUNK] = waited
        return {name: value for name, value in found.items() if value is not None}

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


class ServedRecord(CallRecord):
    """Records one call that came over HTTP; most of the work is done when the answer is out.

    Args:
        request: What the client asks.
        target: Who is asked first.
        permit: Whose key the call goes on; it is told what the call used.
    """

    def __init__(self, request: ChatRequest, target: Target, permit: Permit) -> None:
        self._begin(target, _named(target))
        self._request = request
        self._permit = permit
        self._facts: _Json = {}
        self._shown: bytes | None = None
        if permit.name:
            self._facts[semconv.GATEWAY_KEY] = permit.name

    def note(self, attributes: Mapping[str, Any]) -> None:
        """See `CallRecord.note`."""
        self._facts.update(attributes)

    def goes_to(self, target: Target) -> None:
        """Another target is asked, or has answered."""
        if target is not self._target:
            self._target = target
            if self._live is not None:
                self._live.named = _named(target)

    def says(self, summary: Summary) -> float | None:
        """See `CallRecord.says`."""
        cost = super().says(summary)
        self._permit.used(summary.usage, cost)
        return cost

    def shows(self, completion: Mapping[str, Any]) -> None:
        """What the client got is this, and not what the provider said."""
        self._shown = of_completion(completion).outputs

    def repeats(self, summary: Summary) -> None:
        """Records an answer that was had before: it costs nothing and counts for nobody."""
        if self._live is not None:
            self.note(self._answer_attributes(summary, 0.0))
            if summary.outputs is not None:
                self._live.outputs = _captured(self._live, summary.outputs, "outputs")

    def broken(self, error: BaseException) -> None:
        """See `CallRecord.broken`."""
        if self._live is not None:
            self._close(self._live)
            self._live.set_attributes(self._facts)
        super().broken(error)

    def end(self) -> None:
        """See `CallRecord.end`."""
        if self._live is not None:
            self._close(self._live)
            end_call(self._live, self._facts)

    def _close(self, span: Span) -> None:
        if self._shown is not None:
            span.outputs = _captured(span, self._shown, "outputs")
        request = self._request
        if request.spoken == "openai":
            span.inputs = _captured(span, request.body, "inputs")
            self._facts |= _fields_attributes(request.fields)
            return
        try:
            said: Mapping[str, Any] = request.decoded
        except GenaiopsError:  # the provider may know more of its own dialect than we do
            span.inputs = _captured(span, request.body, "inputs")
        else:
            span.set_inputs(said)
            self._facts |= _request_attributes(said)


class OtherRecord(CallRecord):
    """Records a call that is no chat: embeddings, a count of tokens, a request passed on.

    Args:
        operation: What is done, as ``gen_ai.operation.name`` has it.
        target: Who is asked.
        permit: Whose key the call goes on; it is told what the call used.
    """

    def __init__(self, operation: str, target: Target, permit: Permit | None = None) -> None:
        self._operation = operation
        self._begin(target, _named(target, operation))
        self._permit = permit
        if permit is not None and permit.name:
            self.note({semconv.GATEWAY_KEY: permit.name})

    def goes_to(self, target: Target) -> None:
        """Another target is asked, or has answered."""
        if target is not self._target:
            self._target = target
            if self._live is not None:
                self._live.named = _named(target, self._operation)

    def asked(self, body: bytes) -> None:
        """The request, as JSON."""
        if self._live is not None:
            self._live.inputs = _captured(self._live, body, "inputs")

    def got(self, body: bytes) -> None:
        """The answer, as JSON."""
        if self._live is not None:
            self._live.outputs = _captured(self._live, body, "outputs")

    def used(self, summary: Summary, *, last: bool = True) -> float | None:
        """Records and bills what the call used; what it cost, in USD, where that is known.

        Args:
            summary: What the answer says.
            last: Whether nothing else of the permit is still under way.
        """
        cost = cost_of(self._target, summary)
        self.note(self._answer_attributes(summary, cost))
        if self._permit is not None:
            self._permit.used(summary.usage, cost, last=last)
        return cost


def _captured(span: Span, data: bytes, path: str) -> bytes:
    return span.runtime.capture.json(data, path)


@lru_cache(maxsize=1024)
def _named_for(
    provider: Provider, provider_name: str, model: str, base_url: str, operation: str
) -> Named:
    attributes: _Json = {
        semconv.OPERATION_NAME: operation,
        semconv.PROVIDER_NAME: provider.system,
        semconv.REQUEST_MODEL: model,
        semconv.GATEWAY_TARGET: f"{provider_name}/{model}",
    }
    if base_url:
        place = urlsplit(base_url)
        attributes[semconv.SERVER_ADDRESS] = place.hostname
        attributes[semconv.SERVER_PORT] = place.port or (443 if place.scheme == "https" else 80)
    return Named(f"{operation} {model}", _SPAN_TYPES.get(operation, "gateway"), attributes)


def _named(target: Target, operation: str = "chat") -> Named:
    return _named_for(
        target.provider, target.provider_name, target.model, target.base_url, operation
    )


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
    stop: Any = request.get("stop")
    if stop:
        attributes[semconv.REQUEST_STOP_SEQUENCES] = [stop] if isinstance(stop, str) else stop
    return attributes


def _fields_attributes(fields: Mapping[str, msgspec.Raw]) -> _Json:
    """The same of a request that was not decoded."""
    found = {name: fields[name] for name in _RECORDED if name in fields}
    return _request_attributes({name: _decode(raw) for name, raw in found.items()}) if found else {}
