"""`optimize_prompt`: better versions of a prompt, chosen on one half of the rows, compared on the other."""

import importlib
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from genaiops.errors import ConfigError, EvalError, ProviderError
from genaiops.eval.compare import Comparison
from genaiops.eval.dataset import load_rows
from genaiops.eval.judging import check_judges
from genaiops.eval.loop import evaluate
from genaiops.eval.record import Recorder
from genaiops.eval.report import EvalResult
from genaiops.eval.rewriting import (
    checked_texts,
    key_of,
    reflections_on,
    registered,
    request_of,
    row_of,
    scored_rows,
    texts_of,
    with_texts,
)
from genaiops.gateway import complete
from genaiops.gateway.config import target_from_environment
from genaiops.prompts import Prompt, load_prompt
from genaiops.prompts.content import hash_of
from genaiops.store import current_store

__all__ = ["Candidate", "Optimized", "optimize_prompt"]

Texts = Mapping[str, str]
_FEWEST = 5  # rows in each half


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimized:
    """What an optimisation found; ``print`` says it in a sentence.

    Attributes:
        prompt: The version that was best on the choosing half; the first one when none was better.
        comparison: Chosen minus first version on the other half; None when they are the same.
        improved: A judge is surely better there, and none surely worse.
        n_refused: Candidates that did not keep the template's variables; they were not stored.
        calls: Calls of the prompt's model and the reflection model, stored answers included.
        n_paid: Those that were not answered from the store.
    """

    base: Prompt
    prompt: Prompt
    comparison: Comparison | None
    improved: bool
    candidates: Sequence[Candidate]
    n_refused: int
    calls: int
    n_paid: int

    def __str__(self) -> str:
        tried = f"{len(self.candidates) - 1} candidates tried in full, {self.n_refused} refused"
        if self.comparison is None:
            return f"no candidate is better than {self.base.uri} ({tried})"
        said = "is better than" if self.improved else "is not surely better than"
        return f"{self.prompt.uri} {said} {self.base.uri} ({tried})\n{self.comparison}"


Optimizer = Callable[[Sequence[Candidate]], Sequence[Texts]]
"""Gets what was tried, the best first; returns the texts to try next, none to end."""


class _SpentError(Exception):
    pass


def optimize_prompt(  # noqa: PLR0913  the options of one search
    name: str,
    data: object,
    judges: Sequence[object],
    *,
    optimizer: str | Optimizer = "gepa",
    max_calls: int = 200,
    model: str | None = None,
    reflection_model: str | None = None,
    judge_model: str | None = None,
    seed: int = 0,
) -> Optimized:
    """Looks for a better version of a prompt and says, on rows it was not chosen by, how much better.

    Candidates become ordinary versions, tagged ``optimization``; no alias is moved. Answers of
    both models are kept in the store as they arrive; the same search pays for none of them again.

    Args:
        name: Prompt to begin with, as `load_prompt` takes it.
        data: Rows whose inputs are the template's variables, as `evaluate` takes them.
        judges: What to score with.
        optimizer: ``"gepa"`` (extra `optimize`), or a function from the candidates so far to the
            texts to try next.
        max_calls: Most calls of the prompt's model and the reflection model, the final comparison
            included; calls of judges are not counted.
        model: ``provider/model`` that answers; the version's `model_config` when omitted.
        reflection_model: Model that proposes texts; `model` when omitted.
        judge_model: Of judges that name none.
        seed: Of the split and the search.

    Raises: ConfigError without a model or the extra; EvalError for too few rows or calls, a row
        that lacks a variable, or when no answer to the first version can be scored; NotFoundError
        for an unknown prompt; ProviderError when the reflection model fails.
    """
    base = load_prompt(name)
    if not texts_of(base.template):
        raise EvalError(
            f"prompt {base.uri!r} has no message that is text: there is none to improve"
        )
    named = model or (base.model_config or {}).get("model")
    if not named:
        raise ConfigError(
            f"prompt {base.uri!r} names no model: give model=, for example 'openai/gpt-5-mini'"
        )
    for asked in {str(named), reflection_model or str(named)}:
        target_from_environment(asked)
    check_judges(judges)
    rows = [row_of(base, row) for row in load_rows(data)]
    if len(rows) < 2 * _FEWEST:
        raise EvalError(
            f"{len(rows)} rows are too few to choose on one half and report on the other: "
            f"give at least {2 * _FEWEST}"
        )
    random.Random(seed).shuffle(rows)  # noqa: S311  a split, no secret
    half = len(rows) // 2
    search = _Search(
        base=base,
        rows=rows[:half],
        judges=judges,
        judge_model=judge_model,
        model=str(named),
        reflection_model=reflection_model or str(named),
        most=max_calls - 2 * (len(rows) - half),
    )
    if search.most < 2 * half:
        raise EvalError(
            f"max_calls is {max_calls}: trying one candidate and comparing takes "
            f"{2 * len(rows)} calls, so give at least that"
        )
    try:
        if callable(optimizer):
            _propose(search, optimizer)
        elif optimizer == "gepa":
            _gepa(search, seed)
        else:
            raise ConfigError(f"optimizer is {optimizer!r}: use 'gepa' or a function")
    except _SpentError:
        pass
    return _report(search, rows[half:])


def _report(search: "_Search", held: Sequence[Mapping[str, Any]]) -> Optimized:
    tried = search.ranked()
    best, comparison, improved = search.base, None, False
    if tried[0].score > search.tried[search.base.hash].score:
        best = tried[0].prompt
        search.most += 2 * len(held)
        comparison = search.judged(best, held).compare(search.judged(search.base, held))
        verdicts = {change.verdict for change in comparison.values()}
        improved = "better" in verdicts and "worse" not in verdicts
    return Optimized(
        base=search.base,
        prompt=best,
        comparison=comparison,
        improved=improved,
        candidates=tried,
        n_refused=search.n_refused,
        calls=search.calls,
        n_paid=search.n_paid,
    )


@dataclass(slots=True, kw_only=True)
class _Search:
    """The state of one optimisation; also what gepa calls its adapter."""

    base: Prompt
    rows: Sequence[Mapping[str, Any]]
    judges: Sequence[object]
    judge_model: str | None
    model: str
    reflection_model: str
    most: int
    calls: int = 0
    n_paid: int = 0
    n_refused: int = 0
    tried: dict[str, Candidate] = field(default_factory=dict[str, Candidate])
    failure: ProviderError | None = None
    propose_new_texts: None = None
    _numbers: dict[str, int] = field(default_factory=dict[str, int])
    _known: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
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
        return sorted(self.tried.values(), key=lambda item: -item.score)

    def ask(self, model: str, messages: object, params: Mapping[str, Any]) -> str:
        """An answer from the store, or paid for and stored."""
        key = key_of([model, messages, params])
        with self._lock:
            self.calls += 1
            known = self._known.get(key)
        if known is not None:
            return str(known["text"])
        said: Any = messages
        answer = complete(model=model, messages=said, **params)
        kept = {"text": answer.text or "", "cost_usd": answer.cost_usd}
        self._recorder.answer(key, f"optimize:{model}", kept)
        with self._lock:
            self.n_paid += 1
            self._known[key] = kept
        return answer.text or ""

    def spent(self, state: Any) -> bool:
        """Gepa's protocol: whether to stop."""
        return self.failure is not None or self.calls >= self.most or state.i >= self.most

    def reflect(self, prompt: object) -> str:
        """Gepa's protocol: new texts. What it raises gepa logs only, so it is kept as well."""
        if self.calls >= self.most:
            raise _SpentError
        try:
            return self.ask(self.reflection_model, prompt, {})
        except ProviderError as error:
            self.failure = error
            raise

    def judged(self, prompt: Prompt, rows: Sequence[Mapping[str, Any]]) -> EvalResult:
        """An evaluation of one version. Raises: _SpentError when the calls do not suffice."""
        if self.calls + len(rows) > self.most:
            raise _SpentError

        def answer(**inputs: Any) -> str:
            request = request_of(prompt, inputs)
            return self.ask(self.model, request.pop("messages"), request)

        result = evaluate(
            rows,
            answer,
            self.judges,
            name=f"optimize {prompt.name} v{prompt.version}",
            judge_model=self.judge_model,
            resume=False,  # `ask` keeps the answers, by model and request
            progress=False,
        )
        if not self.tried and all(item.number is None for item in result.rows):
            said = result.rows[0]
            raise EvalError(
                f"no answer to {prompt.uri!r} can be scored, {said.judge} first: "
                f"{said.error or said.verdict.rationale}"
            )
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
        if len(scores) == len(self.rows):
            mean = sum(scores) / len(scores)
            self.tried[prompt.hash] = Candidate(prompt=prompt, texts=dict(texts), score=mean)

    def make_reflective_dataset(
        self, _candidate: Texts, eval_batch: Any, components_to_update: Sequence[str]
    ) -> dict[str, Any]:
        """Gepa's protocol: what the reflection model sees of each text."""
        return {name: list(eval_batch.trajectories) for name in components_to_update}


def _gepa(search: _Search, seed: int) -> None:
    try:
        api: Any = importlib.import_module("gepa")  # its types are partly unknown
    except ImportError as error:
        raise ConfigError(
            "optimizer='gepa' needs gepa: pip install 'genaiops[optimize]'"
        ) from error
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


def _propose(search: _Search, optimizer: Optimizer) -> None:
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
