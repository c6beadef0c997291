"""Asking a judge model: stored before it is read, reused when the same was asked, asked again once."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from genaiops.errors import BadRequestError, ProviderError
from genaiops.eval.judges.base import Answer, ModelJudge
from genaiops.eval.parsing import Labels, UnreadableError, read_answer
from genaiops.gateway import acomplete
from genaiops.model import semconv
from genaiops.store import current_store, events
from genaiops.tracing import start_span
from genaiops.tracing.context import Context, set_context

__all__ = ["Asking", "stored_answers"]

T = TypeVar("T")
_Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """One answer of the model, from the provider or from the store."""

    text: str | None
    finish_reason: str | None
    cost_usd: float | None
    input_tokens: int | None
    output_tokens: int | None
    cached: bool


def stored_answers() -> dict[str, _Json]:
    """Every judge answer in the store, by content key. Raises StoreError."""
    with current_store().read() as reader:
        rows = reader.query("SELECT key, response FROM answers WHERE kind = 'judge'").rows
    return dict(rows)


class Asking:
    """The `Ask` of one judge: all that it says to its model goes through here.

    Args:
        judge: Whose name and version are part of the content key.
        model: The judge model, ``provider/model``.
        known: Answers by content key; new ones are added. None asks always anew.
    """

    def __init__(self, judge: ModelJudge, model: str, known: dict[str, _Json] | None) -> None:
        self._judge = judge
        self._model = model
        self._known = known

    async def __call__(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        schema: Mapping[str, Any],
        read: Callable[[Mapping[str, Any]], T],
        labels: Labels | None = None,
    ) -> Answer[T]:
        """See `genaiops.eval.judges.base.Ask`."""
        set_context(Context())  # a judge's call is a trace of its own, so its cost stands apart
        asked = [dict(message) for message in messages]
        said: list[_Said] = []
        error: str | None = None
        with start_span(
            f"judge {self._judge.name}",
            span_type="judge",
            attributes={semconv.JUDGE: True, semconv.EVALUATION_NAME: self._judge.name},
        ) as span:
            for _ in range(2):
                try:
                    said.append(await self._say(asked, schema))
                    value, stage = read_answer(
                        said[-1].text, said[-1].finish_reason, read=read, labels=labels
                    )
                except UnreadableError as problem:
                    error = str(problem)
                    asked += _again(said[-1].text, error)
                    continue
                except ProviderError as problem:
                    error = str(problem)
                    break
                return self._answer(said, span.trace_id, read=value, error=None, stage=stage)
            span.set_status("error", error or "no answer")
        return self._answer(said, span.trace_id, read=None, error=error, stage="")

    async def _say(self, messages: list[_Json], schema: Mapping[str, Any]) -> _Said:
        """One answer, in the store before anybody reads it. Raises ProviderError."""
        key = self._key(messages, schema)
        known = None if self._known is None else self._known.get(key)
        if known is not None:
            return _Said(**known | {"cached": True, "cost_usd": 0.0})
        form = {"name": "verdict", "schema": schema, "strict": True}
        try:
            done = await acomplete(
                model=self._model,
                messages=messages,
                response_format={"type": "json_schema", "json_schema": form},
            )
        except BadRequestError as refused:
            if "response_format" not in str(refused):
                raise
            done = await acomplete(model=self._model, messages=messages)
        response: _Json = {
            "text": done.text or None,
            "finish_reason": done.finish_reason,
            "cost_usd": done.cost_usd,
            "input_tokens": done.usage.input_tokens,
            "output_tokens": done.usage.output_tokens,
        }
        usage = {name: response[name] for name in ("input_tokens", "output_tokens", "cost_usd")}
        data = {"kind": "judge", "response": response, "usage": usage}
        current_store().append("events", events.encode("answer", id=key, data=data))
        if self._known is not None:
            self._known[key] = response
        return _Said(**response, cached=False)

    def _key(self, messages: list[_Json], schema: Mapping[str, Any]) -> str:
        """Same judge, version, model and rendered messages: same key."""
        parts = (self._judge.name, self._judge.version, self._model, messages, schema)
        return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()

    def _answer(
        self, said: list[_Said], trace_id: str, *, read: T | None, error: str | None, stage: str
    ) -> Answer[T]:
        return Answer(
            read=read,
            error=error,
            raw=said[-1].text if said else None,
            stage=stage,
            attempts=len(said),
            cached=bool(said) and all(item.cached for item in said),
            cost_usd=_sum(item.cost_usd for item in said),
            input_tokens=_sum(item.input_tokens for item in said),
            output_tokens=_sum(item.output_tokens for item in said),
            judge_trace_id=trace_id or None,
        )


def _again(text: str | None, error: str) -> list[_Json]:
    """What is said when an answer could not be read."""
    instruction = (
        f"Your answer could not be read: {error}. Answer again, with the JSON object only."
    )
    return [
        {"role": "assistant", "content": text or "(nothing)"},
        {"role": "user", "content": instruction},
    ]


def _sum(values: Any) -> Any:  # numbers, some of them unknown: the sum is unknown then
    found = list(values)
    return None if not found or any(value is None for value in found) else sum(found)
