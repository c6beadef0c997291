"""Answers of judge models under a content key: cache, resume and replay are this one mechanism."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from genaiops.errors import BadRequestError, EvalError
from genaiops.eval.record import Recorder
from genaiops.gateway import Completion, acomplete
from genaiops.model import semconv
from genaiops.tracing import start_span

__all__ = ["Answers", "CacheMode", "Question", "Reply", "content_key"]

CacheMode = Literal["on", "off", "replay"]
Messages = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Everything that the answer of a judge model depends on.

    Attributes:
        repeat: Of the row; a repetition is a question of its own.
    """

    judge: str
    version: str
    model: str
    schema: Mapping[str, Any]
    messages: Messages
    repeat: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer, as the provider gave it or as the store kept it."""

    text: str | None
    finish_reason: str | None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    judge_trace_id: str | None = None
    cached: bool = False


def content_key(question: Question) -> str:
    """SHA-256 (hex) of the question; equal questions share an answer, whoever asks."""
    parts = [question.version, question.model, question.schema, question.messages, question.repeat]
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()


def kind_of(version: str, model: str) -> str:
    """What the store calls the answers of one judge version and model."""
    return f"judge:{version}:{model}"


@dataclass(slots=True, kw_only=True)
class Answers:
    """Answers questions from the store or from the provider, and stores before it returns.

    Attributes:
        known: Stored answers by content key.
        limit: Bounds the calls in flight.
        timeout_s: Of one call.
    """

    recorder: Recorder
    mode: CacheMode
    limit: asyncio.Semaphore
    timeout_s: float
    known: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    _unstructured: set[str] = field(default_factory=set[str])

    def load(self, judges: Sequence[tuple[str, str]]) -> None:
        """Reads the stored answers of these (version, model) pairs, all at once."""
        if self.mode != "off":
            kinds = [kind_of(version, model) for version, model in judges]
            self.known |= self.recorder.answers(kinds)

    async def get(self, question: Question) -> Reply:
        """The answer.

        Raises: ProviderError, ConfigError from the gateway, TimeoutError, and EvalError when the
            answer must come from the store and is not there.
        """
        key = content_key(question)
        stored = self.known.get(key)
        if stored is not None:
            return _reply(stored)
        if self.mode == "replay":
            raise EvalError(
                "the judge's answer is not in the store, and cache='replay' asks nobody"
            )
        async with self.limit:
            response = await self._call(question)
        self.recorder.answer(key, kind_of(question.version, question.model), response)
        self.known[key] = response
        return _reply(response, cached=False)

    async def _call(self, question: Question) -> Mapping[str, Any]:
        with start_span(f"judge {question.judge}", span_type="judge") as span:
            span.set_attribute(semconv.JUDGE, question.judge)
            span.set_attribute(semconv.EVALUATION_NAME, question.judge)
            async with asyncio.timeout(self.timeout_s):
                completion = await self._complete(question)
            span.set_outputs(completion.text)
        return {
            "text": completion.text,
            "finish_reason": completion.finish_reason,
            "input_tokens": completion.usage.input_tokens,
            "output_tokens": completion.usage.output_tokens,
            "cost_usd": completion.cost_usd,
            "judge_trace_id": span.trace_id,
        }

    async def _complete(self, question: Question) -> Completion:
        """Asks for structured output, in prose where the model does not know it."""
        model, messages = question.model, list(question.messages)
        if model not in self._unstructured:
            schema = {"name": "verdict", "strict": True, "schema": question.schema}
            wanted = {"type": "json_schema", "json_schema": schema}
            try:
                return await acomplete(model=model, messages=messages, response_format=wanted)
            except BadRequestError:
                self._unstructured.add(model)
        return await acomplete(model=model, messages=messages)


def _reply(stored: Mapping[str, Any], *, cached: bool = True) -> Reply:
    return Reply(
        text=stored.get("text"),
        finish_reason=stored.get("finish_reason"),
        input_tokens=stored.get("input_tokens"),
        output_tokens=stored.get("output_tokens"),
        cost_usd=0.0 if cached else stored.get("cost_usd"),
        judge_trace_id=stored.get("judge_trace_id"),
        cached=cached,
    )
