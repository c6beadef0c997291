"""A move of an alias that depends on an evaluation: in words, or by the id of a run."""

import math
import operator
import re
import statistics
from collections.abc import Mapping, Sequence

from genaiops.errors import ConflictError, NotFoundError, PromptError
from genaiops.query import evals, prompt_evals
from genaiops.query.evals import EvalRun, EvalScore
from genaiops.query.prompt_evals import Evaluations

__all__ = ["check_condition", "guard", "is_condition"]

_CONDITION = re.compile(
    r"([^<>=]*[^<>=\s])\s*(>=|<=|>|<)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
)
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_COMPARE = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}
_CONFIDENCE = 0.95
_LONGEST = 300  # characters of a condition, or of the id of a run
_Condition = tuple[str, str, float]


def is_condition(text: str) -> bool:
    """Whether this is a condition in words; a run id holds no comparison."""
    return any(sign in text for sign in "<>=")


def check_condition(text: str) -> list[_Condition]:
    """The parts of a condition such as ``groundedness >= 0.8 and safety >= 0.95``.

    Raises: PromptError when it cannot be read.
    """
    parts: list[_Condition] = []
    for part in _AND.split(text):
        match = _CONDITION.fullmatch(part.strip()) if len(part) <= _LONGEST else None
        if match is None:
            raise PromptError(
                f"the condition {text!r:.{_LONGEST}} cannot be read: write it as 'groundedness >= 0.8', more "
                f"than one with 'and'"
            )
        parts.append((match[1], match[2], float(match[3])))
    return parts


def guard(name: str, versions: Sequence[int], current: int | None, if_eval: str) -> str:
    """Why the versions may have the alias: the figures, in words.

    Args:
        name: Of the prompt.
        versions: Those that the alias is to mean.
        current: The version that it means now, None when it means none.
        if_eval: A condition on the newest evaluation of each version, or the id of the evaluation
            of the one version, which must not be worse than the current version's newest.

    Raises: ConflictError with the figures when a version falls short, or has no evaluation;
        PromptError when `if_eval` cannot be read; NotFoundError when there is no such run;
        StoreError.
    """
    if not is_condition(if_eval) and len(if_eval) <= _LONGEST:
        return _by_run(name, versions, current, if_eval)
    conditions = check_condition(if_eval)
    found = prompt_evals.newest(name)
    return "; ".join(
        _by_words(name, version, condition, found)
        for version in versions
        for condition in conditions
    )


def _by_words(name: str, version: int, condition: _Condition, found: Evaluations) -> str:
    judge, sign, limit = condition
    run = found.newest.get(version)
    if run is None:
        raise ConflictError(_no_evaluation(name, version))
    score = next((one for one in run.scores if one.name == judge), None)
    if score is None:
        known = ", ".join(one.name for one in run.scores) or "none"
        raise ConflictError(
            f"the newest evaluation of '{name}/{version}' (run {run.run_id}) has no score "
            f"{judge!r}: its scores are {known}"
        )
    bound, which = (score.low, "lower") if sign in (">=", ">") else (score.high, "upper")
    failed = f", {score.n_failed} of {score.n} judgements failed" if score.n_failed else ""
    figures = f"{judge} of version {version} is {_shown(score)} on {run.n_rows} rows{failed}"
    if bound is None or not _COMPARE[sign](bound, limit):
        why = "there is no interval" if bound is None else f"the {which} bound is {bound:.3f}"
        raise ConflictError(
            f"'{name}/{version}' falls short of {judge} {sign} {limit:g}: {figures}, and {why} "
            f"(run {run.run_id})"
        )
    return f"{figures}, {judge} {sign} {limit:g} holds (run {run.run_id})"


def _by_run(name: str, versions: Sequence[int], current: int | None, run_id: str) -> str:
    if len(versions) != 1:
        raise PromptError(
            f"if_eval={run_id!r} is a run, which judged one version, and {len(versions)} are to "
            f"share the alias: guard a split by a condition"
        )
    (version,) = versions
    try:
        run = evals.get(run_id)
    except NotFoundError as error:
        raise NotFoundError(
            f"if_eval={run_id!r} is no condition, such as 'groundedness >= 0.8', and {error}"
        ) from None
    found = prompt_evals.newest(name)
    if found.version_of(run.run_id) != version:
        used = found.versions.get(run.run_id, ())
        told = (
            f"it used version {', '.join(map(str, used))}" if used else "it counts for none of its"
        )
        raise ConflictError(
            f"run {run.run_id} is no finished evaluation of '{name}/{version}' alone: {told} "
            f"versions; evaluate this version"
        )
    if current is None or current == version:
        return f"run {run.run_id}; there was no other version to compare with"
    other = found.newest.get(current)
    if other is None:
        raise ConflictError(_no_evaluation(name, current))
    return _compared(f"'{name}/{version}'", current, run, other)


def _compared(what: str, current: int, run: EvalRun, other: EvalRun) -> str:
    pairs, falling = prompt_evals.paired(run.run_id, other.run_id)
    if not pairs:
        raise ConflictError(
            f"runs {run.run_id} and {other.run_id} judged no row in common: evaluate both versions "
            f"on the same data with the same judges"
        )
    told: list[str] = []
    worse: list[str] = []
    for judge, both in pairs.items():
        gap = statistics.fmean(mine - theirs for mine, theirs in both)
        figures = f"{judge} {gap:+.3f}{_interval(both)} on {len(both)} rows"
        told.append(figures)
        lost = gap if judge in falling else -gap
        if lost > 0 and not math.isclose(gap, 0.0, abs_tol=1e-12):
            worse.append(figures)
    if worse:
        raise ConflictError(
            f"{what} is worse than version {current}: {'; '.join(worse)} "
            f"(run {run.run_id} minus {other.run_id}, margin 0)"
        )
    return f"{'; '.join(told)} against version {current} (run {run.run_id} minus {other.run_id})"


def _interval(pairs: Sequence[tuple[float, float]]) -> str:
    """Of the mean difference, paired; by Student's t."""
    if len(pairs) < 2:
        return ""
    gaps = [mine - theirs for mine, theirs in pairs]
    mean = statistics.fmean(gaps)
    half = _t_quantile(len(gaps) - 1) * statistics.stdev(gaps) / math.sqrt(len(gaps))
    return f" [{mean - half:+.3f}, {mean + half:+.3f}]"


def _t_quantile(df: int) -> float:
    """Two-sided 95 % quantile of Student's t.

    Source: the expansion in Abramowitz and Stegun, 26.7.5; exact for one and two degrees.
    """
    tail = (1 + _CONFIDENCE) / 2
    if df == 1:
        return math.tan(math.pi * (tail - 0.5))
    if df == 2:
        return (2 * tail - 1) * math.sqrt(2 / (4 * tail * (1 - tail)))
    z = statistics.NormalDist().inv_cdf(tail)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / df**power for power, term in enumerate(terms, start=1))


def _shown(score: EvalScore) -> str:
    ends: Mapping[str, float | None] = {"low": score.low, "high": score.high}
    interval = "" if None in ends.values() else f" [{score.low:.3f}, {score.high:.3f}]"
    return f"{'unknown' if score.estimate is None else f'{score.estimate:.3f}'}{interval}"


def _no_evaluation(name: str, version: int) -> str:
    return (
        f"'{name}/{version}' has no finished evaluation: run genaiops.evaluate with a predict_fn "
        f"that formats this version and sends it to a traced model"
    )
