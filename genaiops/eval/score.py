"""From the verdicts of one judge to its score: an estimate, an interval, and what failed."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from genaiops.eval.case import Case, Verdict
from genaiops.eval.judges.base import total
from genaiops.eval.stats.agreement import agreement_of
from genaiops.eval.stats.intervals import UNIT, Interval, interval
from genaiops.eval.stats.ppi import corrected
from genaiops.eval.stopping import sequential_interval

__all__ = ["RowResult", "Score", "by_row", "place_of", "score_of", "share_of_scale"]

TOLERATED_FAILURES = 0.01
"""Share of failed rows above which worst-case bounds are shown."""
_SHOWN = 200  # characters of a value in the line of a row


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RowResult:
    """What one judge said about one row; ``error`` says why it said nothing.

    Attributes:
        repeat: Number of the repetition, from 0.
        case: What the judge saw; None when the result was read back from the store.
    """

    row_id: str
    judge: str
    verdict: Verdict
    repeat: int = 0
    trace_id: str | None = None
    cluster: Hashable = None
    case: Case | None = None

    def __repr__(self) -> str:
        """What matters to somebody who looks at rows: a list of them is printed like this."""
        facts: dict[str, object] = {"value": self.value}
        if self.error is not None:
            facts = {"error": self.error}
        elif self.rationale:
            facts["rationale"] = self.rationale
        if self.case is not None:
            shown = ("inputs", "outputs", "expected")
            found = {name: getattr(self.case, name) for name in shown}
            facts |= {name: value for name, value in found.items() if value is not None}
        said = ", ".join(f"{name}={repr(fact)[:_SHOWN]}" for name, fact in facts.items())
        return f"RowResult({self.row_id!r}, {self.judge!r}, {said})"

    @property
    def value(self) -> bool | float | str | None:
        """The verdict as given."""
        return self.verdict.value

    @property
    def number(self) -> float | None:
        """The verdict as a number, None when the judge failed."""
        return self.verdict.number

    @property
    def rationale(self) -> str | None:
        """Why."""
        return self.verdict.rationale

    @property
    def error(self) -> str | None:
        """Why there is no verdict."""
        return self.verdict.error


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The score of one judge over all rows.

    Attributes:
        estimate: Mean over the rows that have a verdict; None when all failed.
        low: Lower end of the interval.
        n: Rows.
        n_ok: Rows with a verdict; of repeats, the mean counts.
        method: How the interval was made.
        raw: Mean of the judge's verdicts before any correction.
        worst_low: Lower end if every failed row had got the lowest possible number; None while at
            most 1 % of the rows failed.
        worst_high: Upper end if every failed row had got the highest possible number.
        n_labels: Rows with a label by people.
        label_gain: How many labels without the judge one label is worth with it; 1 where the
            judge adds nothing and is left out.
        phi: Correlation of the judge with people, None where one of them does not vary.
        kappa: Cohen's kappa of the judge with people.
        scale: Smallest and largest possible number, None when unknown.
        higher_is_better: False where less is better, as for time and money.
        cost_usd: What the judge's calls cost in this run; None when a price is not known.
        calls: Calls of the judge model that were paid for in this run.
        model: The judge model, None for judges without one.
    """

    name: str
    estimate: float | None
    low: float | None
    high: float | None
    n: int
    n_ok: int
    n_failed: int
    method: str
    confidence: float = 0.95
    raw: float | None = None
    worst_low: float | None = None
    worst_high: float | None = None
    n_labels: int = 0
    label_gain: float | None = None
    phi: float | None = None
    kappa: float | None = None
    cost_usd: float | None = None
    calls: int = 0
    n_cached: int = 0
    model: str | None = None
    scale: tuple[float, float] | None = None
    higher_is_better: bool = True

    @property
    def about(self) -> Literal["people", "judge", "code"]:
        """Whose verdict the estimate stands for.

        ``people`` where labels were used, ``judge`` for a judge model without labels (how far
        people agree with it is unknown), ``code`` for judges without a model.
        """
        if self.n_labels:
            return "people"
        return "code" if self.model is None else "judge"

    @property
    def lower(self) -> float | None:
        """The lower bound that gates test: failures counted as the worst where it matters."""
        return self.low if self.worst_low is None else self.worst_low

    @property
    def upper(self) -> float | None:
        """The upper bound that gates test."""
        return self.high if self.worst_high is None else self.worst_high


def score_of(
    name: str,
    results: Sequence[RowResult],
    *,
    scale: tuple[float, float] | None,
    confidence: float = 0.95,
    model: str | None = None,
    labels: Mapping[str, float] | None = None,
    stop_seed: int | None = None,
) -> Score:
    """The score of one judge from all its row results.

    Args:
        name: Name of the score.
        results: Results of this judge, repeats included.
        scale: Smallest and largest possible number, None when unknown.
        confidence: Of the interval, between 0 and 1.
        model: The judge model, if there is one.
        labels: What people say, by row id; rows that are not there are ignored.
        stop_seed: Seed of the order of an evaluation that could stop early (`stop=`).
    """
    numbers, clusters = by_row(results)
    ok = {row_id: number for row_id, number in numbers.items() if number is not None}
    paid = [result.verdict for result in results if not result.verdict.cached]
    known = labels or {}
    labelled = {row_id: known[row_id] for row_id in numbers if row_id in known}
    score = Score(
        name=name,
        estimate=None,
        low=None,
        high=None,
        n=len(numbers),
        n_ok=len(ok),
        n_failed=len(numbers) - len(ok),
        method="none: all rows failed",
        confidence=confidence,
        raw=sum(ok.values()) / len(ok) if ok else None,
        n_labels=len(labelled),
        cost_usd=_cost(paid, model),
        calls=sum(verdict.attempts for verdict in paid),
        n_cached=len(results) - len(paid),
        model=model,
        scale=scale,
    )
    if labelled:
        return _with_labels(score, numbers, clusters, labelled)
    if not ok:
        return score

    def over(values: Mapping[str, float | None]) -> Interval:
        return _interval(score, values, clusters, stop_seed)

    found = over(numbers)
    score = replace(
        score, estimate=found.estimate, low=found.low, high=found.high, method=found.method
    )
    if score.n_failed <= TOLERATED_FAILURES * score.n:
        return score
    worst, best = _range(scale, list(ok.values()))

    def filled(end: float) -> Interval:
        return over({row: end if number is None else number for row, number in numbers.items()})

    return replace(
        score,
        worst_low=_most(min, filled(worst).low, found.low),
        worst_high=_most(max, filled(best).high, found.high),
    )


def _interval(
    score: Score,
    numbers: Mapping[str, float | None],
    clusters: Mapping[str, Hashable],
    stop_seed: int | None,
) -> Interval:
    """The interval of the rows that have a number."""
    if stop_seed is not None and score.scale is not None:
        return sequential_interval(
            numbers, clusters, seed=stop_seed, confidence=score.confidence, scale=score.scale
        )
    known = {row_id: number for row_id, number in numbers.items() if number is not None}
    groups = [clusters[row_id] for row_id in known] if _clustered(clusters) else None
    values = list(known.values())
    return interval(values, confidence=score.confidence, clusters=groups, scale=score.scale)


def _with_labels(
    score: Score,
    numbers: Mapping[str, float | None],
    clusters: Mapping[str, Hashable],
    labels: Mapping[str, float],
) -> Score:
    """The score corrected by labels of people.

    A row that the judge failed on counts as its mean verdict: the correction is right for any
    rule that gives labelled and other rows their number in the same way.
    """
    middle = 0.0 if score.raw is None else score.raw
    filled = {row: middle if number is None else number for row, number in numbers.items()}
    others = [row_id for row_id in filled if row_id not in labels]
    groups = None
    if _clustered(clusters):
        groups = ([clusters[row] for row in labels], [clusters[row] for row in others])
    found = corrected(
        list(labels.values()),
        [filled[row_id] for row_id in labels],
        [filled[row_id] for row_id in others],
        confidence=score.confidence,
        scale=score.scale,
        clusters=groups,
    )
    pairs = [
        (label, number) for row, label in labels.items() if (number := numbers[row]) is not None
    ]
    if pairs:
        people, judged = zip(*pairs, strict=True)
        alike = agreement_of(people, judged, scale=score.scale)
        score = replace(score, phi=alike.phi, kappa=alike.kappa)
    made = found.interval
    score = replace(
        score,
        estimate=made.estimate,
        low=made.low,
        high=made.high,
        method=made.method,
        label_gain=found.gain,
    )
    unknown = sum(number is None and row not in labels for row, number in numbers.items())
    if unknown <= TOLERATED_FAILURES * score.n or made.low is None or made.high is None:
        return score
    share, every = unknown / score.n, [*labels.values(), *filled.values()]
    worst, best = _range(score.scale, every)
    return replace(
        score,
        worst_low=min(made.low, (1.0 - share) * made.low + share * worst),
        worst_high=max(made.high, (1.0 - share) * made.high + share * best),
    )


def by_row(
    results: Sequence[RowResult],
) -> tuple[dict[str, float | None], Mapping[str, Hashable]]:
    """The number of each row (the mean of its repeats, None when all failed) and its cluster."""
    numbers: dict[str, list[float]] = {}
    clusters: dict[str, Hashable] = {}
    for result in results:
        clusters[result.row_id] = result.cluster
        said = numbers.setdefault(result.row_id, [])
        if result.number is not None:
            said.append(result.number)
    means = {row_id: sum(said) / len(said) if said else None for row_id, said in numbers.items()}
    return means, clusters


def share_of_scale(result: RowResult, score: Score | None) -> float | None:
    """Where a number stands on its scale, from 0 (the worst) to 1; None where that is unknown."""
    if result.number is None or score is None or score.scale is None:
        return None
    low, high = score.scale if score.higher_is_better else score.scale[::-1]
    return (result.number - low) / ((high - low) or 1.0)


def place_of(result: RowResult, score: Score) -> float:
    """How good a number is: its place on the scale, the number itself where that is unknown."""
    share = share_of_scale(result, score)
    number = result.number or 0.0
    return (number if score.higher_is_better else -number) if share is None else share


def _range(scale: tuple[float, float] | None, values: Sequence[float]) -> tuple[float, float]:
    """What a failed row might have got; of an unknown scale, what others got."""
    return scale or (UNIT if set(values) <= set(UNIT) else (min(values), max(values)))


def _most(pick: Callable[[float, float], float], a: float | None, b: float | None) -> float | None:
    return b if a is None else a if b is None else pick(a, b)


def _clustered(clusters: Mapping[str, Hashable]) -> bool:
    return any(cluster is not None for cluster in clusters.values())


def _cost(paid: Sequence[Verdict], model: str | None) -> float | None:
    if model is None:
        return 0.0
    return total(verdict.cost_usd for verdict in paid if verdict.attempts)
