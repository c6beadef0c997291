"""From the verdicts of one judge to its score: an estimate, an interval, and what failed."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

from genaiops.eval.case import Case, Verdict
from genaiops.eval.stats.intervals import Interval, interval

__all__ = ["RowResult", "Score", "by_row", "score_of"]

TOLERATED_FAILURES = 0.01
"""Share of failed rows above which worst-case bounds are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
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
        n_labels: Human labels used; so far none are.
        label_gain: How much more a human label is worth with the judge than alone.
        phi: Correlation of the judge with people.
        kappa: Cohen's kappa of the judge with people.
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
) -> Score:
    """The score of one judge from all its row results.

    Args:
        name: Name of the score.
        results: Results of this judge, repeats included.
        scale: Smallest and largest possible number, None when unknown.
        confidence: Of the interval, between 0 and 1.
        model: The judge model, if there is one.
    """
    numbers, clusters = by_row(results)
    ok = [row_id for row_id, number in numbers.items() if number is not None]
    paid = [result.verdict for result in results if not result.verdict.cached]
    n, failed = len(numbers), len(numbers) - len(ok)
    score = Score(
        name=name,
        estimate=None,
        low=None,
        high=None,
        n=n,
        n_ok=len(ok),
        n_failed=failed,
        method="none: all rows failed",
        confidence=confidence,
        cost_usd=_cost(paid, model),
        calls=sum(verdict.attempts for verdict in paid),
        n_cached=len(results) - len(paid),
        model=model,
    )
    if not ok:
        return score
    values = [number for number in numbers.values() if number is not None]
    groups = [clusters[row_id] for row_id in ok] if _clustered(clusters) else None
    found = interval(values, confidence=confidence, clusters=groups, scale=scale)
    score = replace(
        score,
        estimate=found.estimate,
        raw=found.estimate,
        low=found.low,
        high=found.high,
        method=found.method,
    )
    if failed <= TOLERATED_FAILURES * n:
        return score
    every = list(clusters.values()) if _clustered(clusters) else None

    def filled(end: float) -> Interval:
        numbered = [end if number is None else number for number in numbers.values()]
        return interval(numbered, confidence=confidence, clusters=every, scale=scale)

    worst, best = scale or (min(values), max(values))
    lowest, highest = filled(worst).low, filled(best).high
    return replace(
        score,
        worst_low=_most(min, lowest, found.low),
        worst_high=_most(max, highest, found.high),
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


def _most(pick: Callable[[float, float], float], a: float | None, b: float | None) -> float | None:
    return b if a is None else a if b is None else pick(a, b)


def _clustered(clusters: Mapping[str, Hashable]) -> bool:
    return any(cluster is not None for cluster in clusters.values())


def _cost(paid: Sequence[Verdict], model: str | None) -> float | None:
    costs = [verdict.cost_usd for verdict in paid if verdict.attempts]
    if model is None or None in costs:
        return 0.0 if model is None else None
    return sum(cost for cost in costs if cost is not None)
