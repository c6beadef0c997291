"""Answers of judge models under a content key: cache, resume and replay are this one mechanism."""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec

from genaiops.errors import BadRequestError, EvalError
from genaiops.eval.budget import Budget
from genaiops.eval.judges.base import ModelJudge
from genaiops.eval.limiter import Limiter
from genaiops.eval.logprobs import verdict_logprobs
from genaiops.eval.prices import Prices
from genaiops.eval.record import Kept, Recorder
from genaiops.eval.throttle import Policy
from genaiops.gateway import Completion, acomplete
from genaiops.gateway.config import target_from_environment
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
        attempt: From 0; from the third on, an equal question is asked anew.
        logprobs: Log-probabilities of the verdict are wanted.
    """

    judge: str
    version: str
    model: str
    schema: Mapping[str, Any]
    messages: Messages
    repeat: int = 0
    attempt: int = 0
    logprobs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer, as the provider gave it or as the store kept it."""

    text: str | None
    finish_reason: str | None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    judge_trace_id: str | None = None
    logprobs: Mapping[str, float] | None = None
    cached: bool = False


def content_key(question: Question) -> str:
    """SHA-256 (hex) of the question; equal questions share an answer, whoever asks."""
    parts = [question.version, question.model, question.schema, question.messages, question.repeat]
    if question.logprobs:
        parts.append("logprobs")
    if question.attempt > 1:
        parts.append(question.attempt)
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()


def kind_of(version: str, model: str) -> str:
    """What the store calls the answers of one judge version and model."""
    return f"judge:{version}:{model}"


@dataclass(slots=True, kw_only=True)
class Answers:
    """Answers questions from the store or from the provider, and stores before it returns.

    Attributes:
        known: Stored answers by content key.
        policy: Of the calls in flight, for each model.
        timeout_s: Of one call; what it waits for its turn is not counted.
    """

    recorder: Recorder
    mode: CacheMode
    policy: Policy
    timeout_s: float
    budget: Budget = field(default_factory=Budget)
    prices: Prices = field(default_factory=Prices)
    known: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    _refused: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    _limiters: dict[str, Limiter] = field(default_factory=dict[str, Limiter])
    _versions: dict[int, tuple[ModelJudge, str]] = field(
        default_factory=dict[int, tuple[ModelJudge, str]]
    )
    _asked: dict[str, "asyncio.Future[None]"] = field(
        default_factory=dict[str, "asyncio.Future[None]"]
    )

    def load(self, kept: Kept, judges: Iterable[tuple[str, str]]) -> None:
        """Reads the stored answers of these (version, model) pairs, all at once."""
        if self.mode != "off":
            self.known |= kept.answers([kind_of(version, model) for version, model in judges])

    def version_of(self, judge: ModelJudge) -> str:
        """The judge's version, computed once."""
        kept = self._versions.get(id(judge))
        if kept is None:
            kept = self._versions[id(judge)] = (judge, judge.version)
        return kept[1]

    async def get(self, question: Question) -> Reply:
        """The answer; of equal questions at the same time, one is asked.

        Raises: ProviderError, ConfigError from the gateway, TimeoutError, and EvalError when the
            answer must come from the store and is not there, or the budget is spent.
        """
        key = content_key(question)
        while (same := self._asked.get(key)) is not None:
            await same
        stored = self.known.get(key)
        if stored is not None:
            return _reply(stored)
        if self.mode == "replay":
            raise EvalError(
                "the judge's answer is not in the store, and cache='replay' asks nobody"
            )
        asked = self._asked[key] = asyncio.get_running_loop().create_future()
        try:
            response = await self._call(question)
            self.recorder.answer(key, kind_of(question.version, question.model), response)
            self.known[key] = response
        finally:
            del self._asked[key]
            asked.set_result(None)
        return _reply(response, cached=False)

    async def _call(self, question: Question) -> Mapping[str, Any]:
        limiter = self._limiters.get(question.model)
        if limiter is None:
            limiter = self._limiters[question.model] = Limiter(self.policy)
        with start_span(f"judge {question.judge}", span_type="judge") as span:
            span.set_attributes(
                {semconv.JUDGE: question.judge, semconv.EVALUATION_NAME: question.judge}
            )
            completion = await limiter.call(lambda: self._once(question))
            span.set_outputs(completion.text)
        response: dict[str, Any] = {
            "text": completion.text,
            "finish_reason": completion.finish_reason,
            "input_tokens": completion.usage.input_tokens,
            "output_tokens": completion.usage.output_tokens,
            "cost_usd": completion.cost_usd,
            "judge_trace_id": span.trace_id,
        }
        if question.logprobs:
            response["logprobs"] = verdict_logprobs(completion.raw)
        return response

    async def _once(self, question: Question) -> Completion:
        """Asks once, within the budget and the time."""
        self.budget.enter()
        cost: float | None = 0.0
        model = question.model
        try:
            async with asyncio.timeout(self.timeout_s):
                completion = await self._complete(question)
            cost, model = completion.cost_usd, completion.model
            if cost is None:
                system = target_from_environment(question.model).provider.system
                tier = completion.raw.get("service_tier")
                tier = tier if isinstance(tier, str) else None
                cost = await self.prices.cost(system, completion.model, completion.usage, tier)
        finally:
            self.budget.leave(cost, model)
        return replace(completion, cost_usd=cost)

    async def _complete(self, question: Question) -> Completion:
        """Asks for all that is wanted, and for less where the model refuses some of it."""
        wanted = self._wanted(question)
        while True:
            params = {name: value for parameters in wanted.values() for name, value in parameters}
            try:
                return await acomplete(
                    model=question.model, messages=list(question.messages), retries=0, **params
                )
            except BadRequestError as error:
                if not wanted or error.status not in (400, 422):
                    raise
                self._refused.add((question.model, wanted.popitem()[0]))

    def _wanted(self, question: Question) -> dict[str, list[tuple[str, Any]]]:
        """Parameters by what they are for; the last one is given up first."""
        schema = {"name": "verdict", "strict": True, "schema": question.schema}
        wanted: dict[str, list[tuple[str, Any]]] = {
            "structured": [("response_format", {"type": "json_schema", "json_schema": schema})]
        }
        if question.logprobs:
            wanted["logprobs"] = [("logprobs", True), ("top_logprobs", 20)]
        refused = {name for model, name in self._refused if model == question.model}
        return {name: parameters for name, parameters in wanted.items() if name not in refused}


def _reply(stored: Mapping[str, Any], *, cached: bool = True) -> Reply:
    return Reply(
        text=stored.get("text"),
        finish_reason=stored.get("finish_reason"),
        input_tokens=stored.get("input_tokens"),
        output_tokens=stored.get("output_tokens"),
        cost_usd=0.0 if cached else stored.get("cost_usd"),
        judge_trace_id=stored.get("judge_trace_id"),
        logprobs=stored.get("logprobs"),
        cached=cached,
    )
