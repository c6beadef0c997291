"""Two runs over the same rows, judge by judge: better, worse, same or unclear."""

from collections.abc import Hashable, Iterator, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from genaiops.errors import EvalError
from genaiops.eval.given import is_number, require
from genaiops.eval.score import RowResult, by_row
from genaiops.eval.stats.multiple import holm
from genaiops.eval.stats.paired import Difference, difference
from genaiops.eval.stopping import sequential_difference
from genaiops.eval.table import cells, number, table

__all__ = ["Change", "Comparison", "compare_rows"]

Outcome = Literal["better", "worse", "same", "unclear"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How one score differs between two runs, on the rows that both judged.

    Attributes:
        higher_is_better: False where less is better: ``better`` is then a negative difference.
        estimate: Mean difference, this run minus the other.
        low: Lower end of its interval; None for fewer than two pairs.
        p: P value of "no difference"; None for fewer than two pairs.
        p_holm: The same, adjusted for the number of judges compared.
        n: Pairs.
        n_unpaired: Rows of either run without a verdict in the other.
        verdict: ``same`` when the interval lies within the margin; ``better`` or ``worse`` when
            it excludes 0 and `p_holm` is small enough; else ``unclear``.
        not_worse: The interval lies on the better side of a loss of the size of the margin.
        wins: Rows that got better.
        losses: Rows that got worse.
        regressions: Ids of the rows that got worse, the largest loss first.
    """

    name: str
    estimate: float
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None
    n: int
    n_unpaired: int
    wins: int
    ties: int
    losses: int
    method: str
    verdict: Outcome
    not_worse: bool
    regressions: tuple[str, ...]
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(Mapping[str, Change]):
    """The changes by score; ``print(comparison)`` shows a table."""

    run_id: str
    other_run_id: str
    margin: float
    changes: Mapping[str, Change]

    def __getitem__(self, name: str) -> Change:
        return self.changes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    def __str__(self) -> str:
        head = ("score", "difference", "interval", "p", "rows", "+ = -", "verdict", "method")
        lines = [
            (
                change.name,
                number(change.estimate, sign="+"),
                cells(change.low, change.high, signed=True),
                number(change.p_holm),
                str(change.n),
                f"{change.wins} {change.ties} {change.losses}",
                change.verdict,
                change.method,
            )
            for change in self.changes.values()
        ]
        margin = f", margin {self.margin:g}" if self.margin else ""
        return f"{table(head, lines)}\nrun {self.run_id} minus {self.other_run_id}{margin}"


def compare_rows(
    rows: Mapping[str, Sequence[RowResult]],
    others: Mapping[str, Sequence[RowResult]],
    *,
    run_ids: tuple[str, str],
    margin: float,
    confidence: float,
    stop_seed: int | None = None,
    scales: Mapping[str, tuple[float, float] | None] | None = None,
    falling: AbstractSet[str] = frozenset(),
) -> Comparison:
    """Pairs rows by id and compares every judge that both runs have.

    Args:
        rows: Row results of this run by judge.
        others: Those of the run to compare with.
        run_ids: Ids of both, for messages.
        margin: Difference that does not matter, at least 0.
        confidence: Of the intervals.
        stop_seed: Seed of a run that could stop early; the test then holds wherever it did.
        scales: Smallest and largest number by judge.
        falling: Judges whose lower number is the better one.

    Raises: EvalError when no row was judged in both, or the margin is negative.
    """
    right = is_number(margin) and margin >= 0.0
    require(right, "margin", margin, "a number of at least 0")
    found = {
        name: pairs
        for name in rows
        if name in others and (pairs := _pairs(rows[name], others[name])).ids
    }
    if not found:
        raise EvalError(
            f"runs {run_ids[0]!r} and {run_ids[1]!r} judged no row in common: compare runs of the "
            "same data and judges"
        )
    gaps = {
        name: _difference(pairs, confidence, stop_seed, (scales or {}).get(name))
        for name, pairs in found.items()
    }
    changes = _changes(found, gaps, margin, confidence, falling)
    return Comparison(run_id=run_ids[0], other_run_id=run_ids[1], margin=margin, changes=changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    ids: Sequence[str]
    mine: Sequence[float]
    theirs: Sequence[float]
    clusters: Sequence[Hashable] | None
    n_unpaired: int


def _pairs(rows: Sequence[RowResult], others: Sequence[RowResult]) -> _Pairs:
    mine, clusters = by_row(rows)
    theirs, _ = by_row(others)
    both = {
        row_id: (a, b)
        for row_id, a in mine.items()
        if a is not None and (b := theirs.get(row_id)) is not None
    }
    clustered = any(cluster is not None for cluster in clusters.values())
    return _Pairs(
        ids=list(both),
        mine=[a for a, _ in both.values()],
        theirs=[b for _, b in both.values()],
        clusters=[clusters[row_id] for row_id in both] if clustered else None,
        n_unpaired=len({*mine, *theirs}) - len(both),
    )


def _difference(
    pairs: _Pairs, confidence: float, stop_seed: int | None, scale: tuple[float, float] | None
) -> Difference:
    if stop_seed is None or scale is None:
        groups = _hashable(pairs.clusters)
        return difference(pairs.mine, pairs.theirs, confidence=confidence, clusters=groups)
    gaps = [a - b for a, b in zip(pairs.mine, pairs.theirs, strict=True)]
    return sequential_difference(
        dict(zip(pairs.ids, gaps, strict=True)),
        dict(zip(pairs.ids, pairs.clusters or [None] * len(gaps), strict=True)),
        seed=stop_seed,
        confidence=confidence,
        width=scale[1] - scale[0],
    )


def _changes(
    found: Mapping[str, _Pairs],
    gaps: Mapping[str, Difference],
    margin: float,
    confidence: float,
    falling: AbstractSet[str],
) -> dict[str, Change]:
    tested = {name: gap.p for name, gap in gaps.items() if gap.p is not None}
    adjusted = dict(zip(tested, holm(list(tested.values())), strict=True))
    return {
        name: _change(
            name,
            found[name],
            gap,
            adjusted.get(name),
            margin,
            1.0 - confidence,
            rising=name not in falling,
        )
        for name, gap in gaps.items()
    }


def _hashable(clusters: Sequence[Hashable] | None) -> list[str] | None:
    return None if clusters is None else [str(cluster) for cluster in clusters]


def _change(
    name: str,
    pairs: _Pairs,
    gap: Difference,
    p_holm: float | None,
    margin: float,
    alpha: float,
    *,
    rising: bool,
) -> Change:
    sign = 1.0 if rising else -1.0
    moved = [sign * (a - b) for a, b in zip(pairs.mine, pairs.theirs, strict=True)]
    ends = (gap.low, gap.high) if rising else (_minus(gap.high), _minus(gap.low))
    lost = sorted((step, row_id) for step, row_id in zip(moved, pairs.ids, strict=True) if step < 0)
    wins = sum(step > 0 for step in moved)
    return Change(
        name=name,
        estimate=gap.estimate,
        low=gap.low,
        high=gap.high,
        p=gap.p,
        p_holm=p_holm,
        n=gap.n,
        n_unpaired=pairs.n_unpaired,
        wins=wins,
        ties=len(moved) - wins - len(lost),
        losses=len(lost),
        method=gap.method,
        verdict=_outcome(*ends, p_holm, margin, alpha),
        not_worse=ends[0] is not None and ends[0] > -margin,
        regressions=tuple(row_id for _, row_id in lost),
        higher_is_better=rising,
    )


def _minus(end: float | None) -> float | None:
    return None if end is None else -end


def _outcome(
    low: float | None, high: float | None, p: float | None, margin: float, alpha: float
) -> Outcome:
    if low is None or high is None or p is None:
        return "unclear"
    if -margin < low and high < margin:
        return "same"
    if p <= alpha and low > 0:
        return "better"
    if p <= alpha and high < 0:
        return "worse"
    return "unclear"
