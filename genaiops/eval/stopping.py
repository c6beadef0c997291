"""`stop=`: ending an evaluation as soon as it is decided, with intervals that hold at every look.

Rows are handed out in a random order (whole clusters one after the other), so that what is there
at any moment is a random sample; bets on them stay fair however often one looks.
"""

import hashlib
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from genaiops.eval.stats.intervals import Interval
from genaiops.eval.stats.paired import Difference
from genaiops.eval.stats.sequential import Bets, e_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "EVERY",
    "Ending",
    "Rule",
    "Stopper",
    "handing_out",
    "sequential_difference",
    "sequential_interval",
]

EVERY = 20
"""Units between two looks."""
METHOD = "betting, holds at every look"
Scale = tuple[float, float]
_Units = list[tuple[float, float]]  # sum and size of each unit, both relative to the largest size


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When to stop; one of the three is given.

    Attributes:
        text: As the user gave it, for messages.
        conditions: (score, limit) of gates; stop when each is decided.
        half_width: Stop when every score is known this well.
        others: Numbers by judge and row of another run; stop when one score is surely better or
            worse.
    """

    text: str
    conditions: tuple[tuple[str, float], ...] = ()
    half_width: float | None = None
    others: Mapping[str, Mapping[str, float]] = field(
        default_factory=dict[str, Mapping[str, float]]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an evaluation that could stop early ended.

    Attributes:
        seed: Of the order in which the rows were handed out.
        reason: Why it stopped, None when it went through all rows.
    """

    seed: int
    reason: str | None


def handing_out(row_id: str, cluster: Hashable, seed: int) -> tuple[str, str]:
    """What rows are sorted by: a random place of their cluster, then of themselves."""
    own = _digest(f"{seed}/row/{row_id}")
    return (own if cluster is None else _digest(f"{seed}/cluster/{cluster}")), own


def sequential_interval(
    numbers: Mapping[str, float | None],
    clusters: Mapping[str, Hashable],
    *,
    seed: int,
    confidence: float,
    scale: Scale,
) -> Interval:
    """The interval of a mean that holds wherever the evaluation stopped."""
    known = {row_id: number for row_id, number in numbers.items() if number is not None}
    bets = Bets(1.0 - confidence)
    width = scale[1] - scale[0]
    for place, (total, size) in enumerate(_units(known, clusters, seed, scale), start=1):
        bets.add(total, size)
        if place % EVERY == 0:
            bets.look()
    low, high = bets.look()
    mean = sum(known.values()) / len(known)
    low, high = scale[0] + width * low, scale[0] + width * high
    return Interval(estimate=mean, low=min(low, mean), high=max(high, mean), method=METHOD)


def sequential_difference(
    gaps: Mapping[str, float],
    clusters: Mapping[str, Hashable],
    *,
    seed: int,
    confidence: float,
    width: float,
) -> Difference:
    """Difference of two runs of which one may have been stopped by what it showed.

    Args:
        gaps: Paired difference of each row.
        clusters: Cluster of each row.
        seed: Of the order in which the rows were handed out.
        confidence: Of the interval.
        width: Largest possible difference.
    """
    import numpy as np

    found = sequential_interval(
        gaps, clusters, seed=seed, confidence=confidence, scale=(-width, width)
    )
    units = _units(gaps, clusters, seed, (0.0, width))
    evidence = e_values(np.array([total for total, _ in units]))
    return Difference(
        estimate=found.estimate,
        low=found.low,
        high=found.high,
        p=min(1.0, 1.0 / float(evidence.max())),
        n=len(gaps),
        method=METHOD,
    )


@dataclass(slots=True)
class Stopper:
    """Told what each row got, says when it is enough.

    Attributes:
        order: Rows as (row id, cluster) in the order they are handed out.
        scales: Smallest and largest number of each judge.
        reason: Why it stopped, None as long as it goes on.
    """

    rule: Rule
    order: Sequence[tuple[str, Hashable]]
    scales: Mapping[str, Scale]
    confidence: float
    seed: int
    repeats: int = 1
    reason: str | None = None
    _parts: dict[str, list[Mapping[str, float | None]]] = field(
        default_factory=dict[str, list[Mapping[str, float | None]]]
    )
    _done: dict[str, Mapping[str, float | None]] = field(
        default_factory=dict[str, Mapping[str, float | None]]
    )
    _taken: int = 0

    def add(self, row_id: str, numbers: Mapping[str, float | None]) -> None:
        """Takes in a row and what each judge said about it, and looks every `EVERY` rows.

        A row that is repeated counts when its last repeat is there, with the means.
        """
        parts = self._parts.setdefault(row_id, [])
        parts.append(numbers)
        if len(parts) < self.repeats:
            return
        self._done[row_id] = {name: _mean(part.get(name) for part in parts) for name in numbers}
        before = self._taken // EVERY
        while self._taken < len(self.order) and self.order[self._taken][0] in self._done:
            self._taken += 1
        if self.reason is None and self._taken // EVERY > before:
            self.reason = self._decided()

    @property
    def ending(self) -> Ending:
        """How it ended."""
        return Ending(seed=self.seed, reason=self.reason)

    def _decided(self) -> str | None:
        there = dict(self.order[: self._whole_units()])
        found = f"{self.rule.text}: decided after {len(there)} rows"
        if self.rule.others:
            return found if self._differs(there) else None
        names = {name for name, _ in self.rule.conditions} or set(self.scales)
        ends = {name: self._ends(name, there) for name in names}
        if self.rule.half_width is not None:
            widths = [(high - low) / 2.0 <= self.rule.half_width for low, high in ends.values()]
            return found if all(widths) else None
        decided = [
            ends[name][0] > limit or ends[name][1] < limit for name, limit in self.rule.conditions
        ]
        return found if all(decided) else None

    def _whole_units(self) -> int:
        """Rows that are there, without a cluster of which some are still to come."""
        taken = self._taken
        if taken < len(self.order) and (cluster := self.order[taken][1]) is not None:
            while taken and self.order[taken - 1][1] == cluster:
                taken -= 1
        return taken

    def _ends(self, name: str, there: Mapping[str, Hashable]) -> Scale:
        numbers = {row_id: self._done[row_id].get(name) for row_id in there}
        if all(number is None for number in numbers.values()):
            return self.scales[name]
        found = sequential_interval(
            numbers, there, seed=self.seed, confidence=self.confidence, scale=self.scales[name]
        )
        return found.low or 0.0, found.high or 0.0

    def _differs(self, there: Mapping[str, Hashable]) -> bool:
        import numpy as np

        alpha = (1.0 - self.confidence) / len(self.rule.others)
        for name, others in self.rule.others.items():
            gaps = {
                row_id: mine - theirs
                for row_id in there
                if (mine := self._done[row_id].get(name)) is not None
                and (theirs := others.get(row_id)) is not None
            }
            low, high = self.scales[name]
            units = _units(gaps, there, self.seed, (0.0, high - low))
            evidence: NDArray[np.float64] = e_values(np.array([total for total, _ in units]))
            if len(units) and float(evidence[-1]) >= 1.0 / alpha:
                return True
        return False


def _units(
    numbers: Mapping[str, float], clusters: Mapping[str, Hashable], seed: int, scale: Scale
) -> _Units:
    """Clusters, or rows where there are none, in the order they were handed out."""
    order = sorted(numbers, key=lambda row_id: handing_out(row_id, clusters.get(row_id), seed))
    sums: dict[Hashable, list[float]] = {}
    for row_id in order:
        cluster = clusters.get(row_id)
        key = row_id if cluster is None else ("cluster", cluster)
        unit = (numbers[row_id] - scale[0]) / (scale[1] - scale[0])
        sums.setdefault(key, []).append(unit)
    largest = max(map(len, sums.values()), default=1)
    return [(sum(unit) / largest, len(unit) / largest) for unit in sums.values()]


def _mean(numbers: Iterable[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return sum(known) / len(known) if known else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
