"""How many rows a comparison needs: `result.power` and ``genaiops eval power``."""

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from genaiops.errors import EvalError
from genaiops.eval.given import is_number, require
from genaiops.eval.score import RowResult, by_row
from genaiops.eval.stats.power import detectable, paired_deviation, power_of, rows_for
from genaiops.eval.stats.spread import cluster_codes, cluster_variance
from genaiops.eval.table import table

__all__ = ["Power", "PowerTable", "plan_power", "power_table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """What a paired comparison can show.

    Attributes:
        detect: The true difference.
        n: Rows.
        deviation: Standard deviation of a row's difference between the two runs.
        design: How many times more rows are needed because they come in clusters; 1 without.
        power: Chance that n rows show the difference.
        rows: Rows that show it with the wanted chance.
        detectable: Smallest difference that n rows show with the wanted chance.
    """

    name: str
    detect: float
    n: int
    deviation: float
    design: float
    power: float
    rows: float
    detectable: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerTable(Mapping[str, Power]):
    """`Power` by score; ``print`` shows a table."""

    wanted: float
    scores: Mapping[str, Power]

    def __getitem__(self, name: str) -> Power:
        return self.scores[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.scores)

    def __len__(self) -> int:
        return len(self.scores)

    def __str__(self) -> str:
        share = f"{self.wanted:.0%}"
        head = ("score", "difference", "rows", "power", f"rows for {share}", f"found in {share}")
        lines = [
            (
                found.name,
                f"{found.detect:g}",
                str(found.n),
                f"{found.power:.3f}",
                "–" if math.isinf(found.rows) else str(math.ceil(found.rows)),
                f"{found.detectable:.3f}",
            )
            for found in self.scores.values()
        ]
        return table(head, lines)


def power_table(
    rows: Mapping[str, Sequence[RowResult]],
    others: Mapping[str, Sequence[RowResult]] | None,
    *,
    detect: float,
    correlation: float,
    power: float,
    confidence: float,
) -> PowerTable:
    """The power of each judge with at least two verdicts that are not all alike.

    Args:
        rows: Row results by judge.
        others: Those of a second run over the same rows; None to assume `correlation`.
        detect: The true difference.
        correlation: Of a row's numbers in two runs, below 1.
        power: The wanted chance.
        confidence: Of the test.

    Raises: EvalError for numbers out of range, and when nothing varies.
    """
    _check(detect, correlation, power)
    found: dict[str, Power] = {}
    for name, results in rows.items():
        theirs = None if others is None else others.get(name, ())
        spread = _deviation(results, theirs, correlation)
        if spread is not None:
            n, deviation, design = spread
            found[name] = _power(name, detect, n, deviation, design, power, confidence)
    if not found:
        raise EvalError("no score varies between rows, so there is nothing to plan from")
    return PowerTable(wanted=power, scores=found)


def plan_power(
    *,
    rate: float,
    detect: float,
    n: int,
    correlation: float = 0.5,
    power: float = 0.8,
    confidence: float = 0.95,
) -> PowerTable:
    """The power of comparing two pass rates before anything was run.

    Args:
        rate: Expected pass rate, between 0 and 1.
        detect: The true difference, at most 1.
        n: Rows.
        correlation: Of a row's verdicts in the two runs, below 1.
        power: The wanted chance.
        confidence: Of the test.

    Raises: EvalError for numbers out of range.
    """
    _check(detect, correlation, power)
    require(detect <= 1.0, "detect", detect, "a difference of rates, at most 1")
    if not 0.0 < rate < 1.0 or n < 1:
        raise EvalError(f"rate {rate:g} over {n} rows: use a rate between 0 and 1, 1 row or more")
    deviation = paired_deviation(math.sqrt(rate * (1.0 - rate)), correlation)
    found = _power(f"rate {rate:g}", detect, n, deviation, 1.0, power, confidence)
    return PowerTable(wanted=power, scores={found.name: found})


def _check(detect: float, correlation: float, power: float) -> None:
    require(is_number(detect, above=0.0), "detect", detect, "a difference above 0")
    right = is_number(correlation) and -1.0 <= correlation < 1.0
    require(right, "correlation", correlation, "a number from -1 to below 1")
    right = is_number(power, above=0.0) and power < 1.0
    require(right, "power", power, "a number between 0 and 1")


def _power(
    name: str,
    detect: float,
    n: int,
    deviation: float,
    design: float,
    wanted: float,
    confidence: float,
) -> Power:
    worth = n / design
    return Power(
        name=name,
        detect=detect,
        n=n,
        deviation=deviation,
        design=design,
        power=power_of(detect, n=worth, deviation=deviation, confidence=confidence),
        rows=design * rows_for(detect, deviation=deviation, power=wanted, confidence=confidence),
        detectable=detectable(worth, deviation=deviation, power=wanted, confidence=confidence),
    )


def _deviation(
    results: Sequence[RowResult], others: Sequence[RowResult] | None, correlation: float
) -> tuple[int, float, float] | None:
    """Rows, deviation of their differences and design effect; None when nothing varies."""
    import numpy as np

    numbers, clusters = by_row(results)
    values = {row: number for row, number in numbers.items() if number is not None}
    if others is not None:
        theirs, _ = by_row(others)
        values = {
            row: number - there
            for row, number in values.items()
            if (there := theirs.get(row)) is not None
        }
    x = np.array(list(values.values()))
    if len(x) < 2 or np.ptp(x) == 0.0:
        return None
    deviation = float(x.std(ddof=1))
    if others is None:
        deviation = paired_deviation(deviation, correlation)
    groups: list[Hashable] = [clusters[row] for row in values]
    design = 1.0
    if any(group is not None for group in groups):
        variance, _, count = cluster_variance(x, cluster_codes(groups))
        if count > 1:
            design = max(1.0, variance / (float(x.var(ddof=1)) / len(x)))
    return len(x), deviation, design
