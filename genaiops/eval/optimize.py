"""`optimize_prompt`: better versions of a prompt, chosen on one half of the rows, compared on the other."""

import importlib.util
import random
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genaiops.errors import ConfigError, EvalError
from genaiops.eval.budget import Budget
from genaiops.eval.compare import Comparison
from genaiops.eval.given import is_number, is_text, is_whole, require
from genaiops.eval.judging import check_judges
from genaiops.eval.options import Cluster
from genaiops.eval.plan import clusters_of
from genaiops.eval.rewriting import row_of, texts_of
from genaiops.eval.searching import (
    CLUSTER,
    Candidate,
    Optimizer,
    Search,
    SpentError,
    by_function,
    by_gepa,
)
from genaiops.gateway.config import target_from_environment
from genaiops.prompts import Prompt, load_prompt
from genaiops.query.prompt_evals import SEARCH_TAG
from genaiops.runs import active_run, log_params, start_run
from genaiops.runs.rows import load_rows

__all__ = ["Candidate", "Optimized", "optimize_prompt"]

_FEWEST = 5  # rows in each half
_Rows = list[dict[str, Any]]  # as `evaluate` takes them


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
        cost_usd: What they cost, the judges' included; calls without a known price count 0.
    """

    base: Prompt
    prompt: Prompt
    comparison: Comparison | None
    improved: bool
    candidates: Sequence[Candidate]
    n_refused: int
    calls: int
    n_paid: int
    cost_usd: float

    def __str__(self) -> str:
        tried = f"{len(self.candidates) - 1} candidates tried in full, {self.n_refused} refused"
        if self.comparison is None:
            return f"no candidate is better than {self.base.uri} ({tried})"
        said = "is better than" if self.improved else "is not surely better than"
        return f"{self.prompt.uri} {said} {self.base.uri} ({tried})\n{self.comparison}"


def optimize_prompt(  # noqa: PLR0913  the options of one search
    name: str,
    data: object,
    judges: Sequence[object],
    *,
    optimizer: str | Optimizer = "gepa",
    max_calls: int = 200,
    budget_usd: float | None = None,
    cluster: Cluster | None = None,
    model: str | None = None,
    reflection_model: str | None = None,
    judge_model: str | None = None,
    seed: int = 0,
) -> Optimized:
    """Looks for a better version of a prompt and says, on rows it was not chosen by, how much better.

    Candidates become ordinary versions, tagged ``optimization``; no alias is moved. Answers of
    both models are kept in the store as they arrive; the same search pays for none of them again.
    The evaluations of the search lie in a run of their own and count for no `if_eval`; those of
    the comparison do.

    Args:
        name: Prompt to begin with, as `load_prompt` takes it.
        data: Rows whose inputs are the template's variables, as `evaluate` takes them.
        judges: What to score with.
        optimizer: ``"gepa"`` (extra `optimize`), or a function from the candidates so far to the
            texts to try next.
        max_calls: Most calls of the prompt's model and the reflection model, the final comparison
            included; calls of judges are not counted.
        budget_usd: So much may all of it cost, judges and comparison included, by what providers
            say and else by the store's prices. The search ends early enough to leave the money
            for the comparison.
        cluster: As for `evaluate`; rows that belong together stay in one half.
        model: ``provider/model`` that answers; the version's `model_config` when omitted.
        reflection_model: Model that proposes texts; `model` when omitted.
        judge_model: Of judges that name none.
        seed: Of the split and the search.

    Raises: ConfigError without a model or the extra; EvalError for arguments that cannot be used,
        too few rows, calls or money, a row that lacks a variable, or when no answer to the first
        version can be scored; NotFoundError for an unknown prompt; ProviderError when the
        reflection model fails.
    """
    _check(optimizer, max_calls=max_calls, budget_usd=budget_usd, seed=seed)
    base = load_prompt(name)
    named = _models(base, model, reflection_model)
    check_judges(judges)
    chosen_by, held = _halves(base, data, cluster, seed)
    search = Search(
        base=base,
        rows=chosen_by,
        judges=judges,
        judge_model=judge_model,
        model=named[0],
        reflection_model=named[1],
        most=max_calls - 2 * len(held),
        n_held=len(held),
        budget=Budget(budget_usd),
    )
    if search.most < 2 * len(chosen_by):
        raise EvalError(
            f"max_calls is {max_calls}: trying one candidate and comparing takes "
            f"{2 * (len(chosen_by) + len(held))} calls, so give at least that"
        )
    nested = active_run() is not None
    with start_run(f"optimize {base.name}", nested=nested, tags={SEARCH_TAG: base.uri}):
        log_params({"rows": len(chosen_by), "max_calls": max_calls, "seed": seed})
        try:
            if callable(optimizer):
                by_function(search, optimizer)
            else:
                by_gepa(search, seed)
        except SpentError:
            pass
    return _report(search, held)


def _check(optimizer: object, *, max_calls: object, budget_usd: object, seed: object) -> None:
    if not callable(optimizer) and optimizer != "gepa":
        raise ConfigError(f"optimizer is {optimizer!r}: use 'gepa' or a function")
    if optimizer == "gepa" and importlib.util.find_spec("gepa") is None:
        raise ConfigError(
            "optimizer='gepa' needs the package gepa, which is not installed: "
            "pip install 'genaiops[optimize]', or give optimizer= a function that proposes texts"
        )
    require(is_whole(max_calls), "max_calls", max_calls, "a whole number of at least 1")
    enough = budget_usd is None or is_number(budget_usd, above=0.0)
    require(enough, "budget_usd", budget_usd, "an amount above 0, or None")
    require(is_whole(seed, least=0), "seed", seed, "a whole number of at least 0")


def _models(base: Prompt, model: str | None, reflection_model: str | None) -> tuple[str, str]:
    """The model that answers and the one that proposes, each with a key in the environment."""
    if not texts_of(base.template):
        raise EvalError(
            f"prompt {base.uri!r} has no message that is text: there is none to improve"
        )
    for option, given in (("model", model), ("reflection_model", reflection_model)):
        require(given is None or is_text(given), option, given, "'provider/model', or None")
    named = model or (base.model_config or {}).get("model")
    if not named:
        raise ConfigError(
            f"prompt {base.uri!r} names no model: give model=, for example 'openai/gpt-5-mini'"
        )
    answering, proposing = str(named), reflection_model or str(named)
    for asked in {answering, proposing}:
        target_from_environment(asked)
    return answering, proposing


def _halves(base: Prompt, data: object, cluster: Cluster | None, seed: int) -> tuple[_Rows, _Rows]:
    """The rows to choose by and the rows to report on; a cluster is in one of them as a whole."""
    loaded = load_rows(data)
    clusters = clusters_of(loaded, cluster)
    groups: dict[Hashable, _Rows] = {}
    for place, row in enumerate(loaded):
        key: Hashable = place if clusters is None else clusters[place]
        column = {} if clusters is None else {CLUSTER: str(key)}
        groups.setdefault(key, []).append(row_of(base, row) | column)
    mixed = list(groups.values())
    random.Random(seed).shuffle(mixed)  # noqa: S311  a split, no secret
    halves: tuple[_Rows, _Rows] = ([], [])
    for group in mixed:
        halves[len(halves[0]) >= len(loaded) // 2].extend(group)
    if min(map(len, halves)) < _FEWEST:
        what = "" if clusters is None else f" in {len(groups)} clusters"
        raise EvalError(
            f"{len(loaded)} rows{what} are too few to choose on one half and report on the other: "
            f"give at least {2 * _FEWEST}{' in clusters of like size' if clusters else ''}"
        )
    return halves


def _report(search: Search, held: Sequence[Mapping[str, Any]]) -> Optimized:
    tried = search.ranked()
    best, comparison, improved = search.base, None, False
    if tried[0].score > search.tried[search.base.hash].score:
        best = tried[0].prompt
        comparison = search.compared(best, held)
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
        cost_usd=search.budget.spent_usd,
    )
