"""The search of `optimize_prompt`: candidates tried on the choosing half, within calls and money."""

import importlib
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from genaiops.config import settings
from genaiops.errors import EvalError, ProviderError
from genaiops.eval.budget import Budget, BudgetError, is_refusal
from genaiops.eval.compare import Comparison
from genaiops.eval.loop import evaluate
from genaiops.eval.record import Recorder
from genaiops.eval.report import EvalResult
from genaiops.eval.rewriting import (
    checked_texts,
    key_of,
    reflections_on,
    registered,
    request_of,
    scored_rows,
    texts_of,
    with_texts,
)
from genaiops.gateway import Completion, complete
from genaiops.gateway.config import target_from_environment
from genaiops.prompts import Prompt, load_prompt
from genaiops.prompts.content import hash_of
from genaiops.store import current_store
from genaiops.tracing import get_current_active_span

__all__ = ["CLUSTER", "Candidate", "Optimizer", "Search", "SpentError", "by_function", "by_gepa"]

CLUSTER = "genaiops.cluster"
"""Column of a row: which rows it belongs together with."""
Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A version that was tried on all rows of the choosing half.

    Attributes:
        texts: The template's texts by name: ``template``, or the place of a chat message.
        score: Mean place on the judges' scales, 0 to 1; what failed counts 0.
    """

    prompt: Prompt
    texts: Texts
    score: float


Optimizer = Callable[[Sequence[Candidate]], Sequence[Texts]]
"""Gets what was tried, the best first; returns the texts to try next, none to end."""


class SpentError(Exception):
    """Calls or money do not suffice for what is to be done next."""


@dataclass(slots=True, kw_only=True)
class Search:
    """The state of one optimisation; also what gepa calls its adapter.

    Attributes:
        most: Calls of the prompt's model and the reflection model that may be made.
        n_held: Rows of the other half, whose comparison is paid for last.
        budget: What all models have cost, judges too.
    """

    base: Prompt
    rows: Sequence[Mapping[str, Any]]
    judges: Sequence[object]
    judge_model: str | None
    model: str
    reflection_model: str
    most: int
    n_held: int
    budget: Budget
    calls: int = 0
    n_paid: int = 0
    n_refused: int = 0
    tried: dict[str, Candidate] = field(default_factory=dict[str, Candidate])
    failure: ProviderError | None = None
    propose_new_texts: None = None
    _numbers: dict[str, int] = field(default_factory=dict[str, int])
    _known: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    _n_judged: int = 0
    _judged_usd: float = 0.0
    _recorder: Recorder = field(default_factory=Recorder)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        with self._recorder.reading() as kept:
            kinds = {f"optimize:{self.model}", f"optimize:{self.reflection_model}"}
            self._known |= kept.answers(sorted(kinds))
        with current_store().read() as reader:
            self._numbers |= dict(
                reader.query(
                    "SELECT hash, min(version) FROM prompt_versions WHERE name = ? GROUP BY hash",
                    [self.base.name],
                ).rows
            )

    def ranked(self) -> list[Candidate]:
        """What was tried on all rows, the best first."""
        return sorted(self.tried.values(), key=lambda item: -item.score)

    def ask(self, model: str, messages: object, params: Mapping[str, Any]) -> str:
        """An answer from the store, or paid for and stored."""
        key = key_of([model, messages, params])
        with self._lock:
            self.calls += 1
            known = self._known.get(key)
        if known is not None:
            get_current_active_span().link_prompt(messages)  # no call of a model says it
            return str(known["text"])
        answer = self._paid(model, messages, params)
        kept = {"text": answer.text or "", "cost_usd": answer.cost_usd}
        self._recorder.answer(key, f"optimize:{model}", kept)
        with self._lock:
            self.n_paid += 1
            self._known[key] = kept
        return answer.text or ""

    def _paid(self, model: str, messages: Any, params: Mapping[str, Any]) -> Completion:
        """Raises: BudgetError instead of asking when the money is not there."""
        with self._lock:
            self.budget.enter()
        cost: float | None = 0.0
        priced = model
        try:
            answer = complete(model=model, messages=messages, **params)
            cost, priced = answer.cost_usd, answer.model
            if cost is None and self.budget.limit_usd is not None and not settings().disabled:
                system = target_from_environment(model).provider.system
                cost = current_store().learned_cost(system, answer.model, answer.usage)
        finally:
            with self._lock:
                self.budget.leave(cost, priced)
        return answer

    def short_of_money(self, rows: int) -> bool:
        """Whether judging so many rows, and the comparison after that, would cost too much."""
        if self.budget.limit_usd is None:
            return False
        mean = self._judged_usd / self._n_judged if self._n_judged else 0.0
        return self.budget.spent_usd + mean * (rows + 2 * self.n_held) > self.budget.limit_usd

    def spent(self, state: Any) -> bool:
        """Gepa's protocol: whether to stop."""
        if self.failure is not None or self.short_of_money(1):
            return True
        return self.calls >= self.most or state.i >= self.most

    def reflect(self, prompt: object) -> str:
        """Gepa's protocol: new texts. What it raises gepa logs only, so it is kept as well."""
        if self.calls >= self.most or self.short_of_money(len(self.rows)):
            raise SpentError
        try:
            return self.ask(self.reflection_model, prompt, {})
        except BudgetError:
            raise SpentError from None
        except ProviderError as error:
            self.failure = error
            raise

    def judged(self, prompt: Prompt, rows: Sequence[Mapping[str, Any]]) -> EvalResult:
        """An evaluation of one version. Raises: SpentError when calls or money do not suffice."""
        if self.calls + len(rows) > self.most or self.short_of_money(len(rows)):
            raise SpentError
        result = self._evaluated(prompt, rows)
        errors = [item.error for item in result.rows]
        if not self.tried and all(item.number is None for item in result.rows):
            said = result.rows[0]
            raise EvalError(
                f"no answer to {prompt.uri!r} can be scored, {said.judge} first: "
                f"{said.error or said.verdict.rationale}"
            )
        refused = next(filter(is_refusal, errors), None)
        if refused is not None:
            if not self.tried:
                raise EvalError(
                    f"{prompt.uri!r} cannot be judged on the {len(rows)} rows to choose by: {refused}"
                )
            raise SpentError
        return result

    def compared(self, best: Prompt, rows: Sequence[Mapping[str, Any]]) -> Comparison:
        """Chosen minus first version on the other half, with all that is left."""
        self.most += 2 * len(rows)
        self.n_held = 0
        return self._evaluated(best, rows).compare(self._evaluated(self.base, rows))

    def _evaluated(self, prompt: Prompt, rows: Sequence[Mapping[str, Any]]) -> EvalResult:
        def answer(**inputs: Any) -> str:
            request = request_of(prompt, inputs)
            return self.ask(self.model, request.pop("messages"), request)

        before, limit = self.budget.spent_usd, self.budget.limit_usd
        left = None if limit is None else max(limit - before, sys.float_info.min)
        result = evaluate(
            rows,
            answer,
            self.judges,
            name=f"optimize {prompt.name} v{prompt.version}",
            judge_model=self.judge_model,
            cluster=CLUSTER if CLUSTER in rows[0] else None,
            budget_usd=left,
            resume=False,  # `ask` keeps the answers, by model and request
            progress=False,
        )
        verdicts = [item.verdict for item in result.rows]
        self.budget.spent_usd += sum(said.cost_usd or 0.0 for said in verdicts if not said.cached)
        self._n_judged += len(rows)
        self._judged_usd += self.budget.spent_usd - before
        return result

    def version(self, texts: Texts) -> Prompt | None:
        """The version with these texts, registered where it is new; None when it is refused."""
        template = with_texts(self.base.template, texts)
        content = hash_of(replace(self.base.stored, template=template))
        if content == self.base.hash:
            return self.base
        if content in self._numbers:
            return load_prompt(f"{self.base.name}/{self._numbers[content]}")
        made = registered(self.base, template)
        if made is None:
            self.n_refused += 1
        else:
            self._numbers[made.hash] = made.version
        return made

    def evaluate(self, batch: Any, candidate: Texts, capture_traces: bool = False) -> Any:
        """Gepa's protocol: a batch of rows answered with a candidate."""
        from gepa.core.adapter import EvaluationBatch

        prompt = self.version(candidate)
        if prompt is None:
            names = ", ".join(f"{{{{{name}}}}}" for name in self.base.variables)
            lost = [{"Feedback": f"Keep exactly these variables: {names}"}] * len(batch)
            zeros = [0.0] * len(batch)
            return EvaluationBatch(outputs=[""] * len(batch), scores=zeros, trajectories=lost)
        found = scored_rows(
            self.judged(prompt, list({row["id"]: row for row in batch}.values())), batch
        )
        scores = [score for score, _ in found]
        self.keep(prompt, candidate, scores)
        said = [feedback for _, feedback in found]
        return EvaluationBatch(
            outputs=[item["Output"] for item in said],
            scores=scores,
            trajectories=said if capture_traces else None,
        )

    def keep(self, prompt: Prompt, texts: Texts, scores: Sequence[float]) -> None:
        """Notes a candidate that was tried on all rows."""
        if len(scores) == len(self.rows):
            mean = sum(scores) / len(scores)
            self.tried[prompt.hash] = Candidate(prompt=prompt, texts=dict(texts), score=mean)

    def make_reflective_dataset(
        self, _candidate: Texts, eval_batch: Any, components_to_update: Sequence[str]
    ) -> dict[str, Any]:
        """Gepa's protocol: what the reflection model sees of each text."""
        return {name: list(eval_batch.trajectories) for name in components_to_update}


def by_gepa(search: Search, seed: int) -> None:
    """Lets gepa propose the texts. Raises: SpentError at the end, ProviderError of its model."""
    api: Any = importlib.import_module("gepa")  # its types are partly unknown
    api.optimize(
        seed_candidate=texts_of(search.base.template),
        trainset=list(search.rows),
        adapter=search,
        reflection_lm=search.reflect,
        reflection_prompt_template=reflections_on(search.base),
        stop_callbacks=search.spent,
        logger=_Quiet(),
        seed=seed,
    )
    if search.failure is not None:
        raise search.failure


def by_function(search: Search, optimizer: Optimizer) -> None:
    """Lets a function propose the texts. Raises: SpentError, EvalError for what are no texts."""
    waiting: Sequence[Texts] = [texts_of(search.base.template)]
    while waiting:
        before = len(search.tried)
        for texts in waiting:
            prompt = search.version(texts)
            if prompt is not None and prompt.hash not in search.tried:
                found = scored_rows(search.judged(prompt, search.rows), search.rows)
                search.keep(prompt, texts, [score for score, _ in found])
        if len(search.tried) == before:
            return
        waiting = checked_texts(optimizer(search.ranked()) or (), texts_of(search.base.template))


class _Quiet:
    def log(self, message: str) -> None:
        """Gepa's progress is in the store already."""
