"""`stop=`: ending an evaluation as soon as it is decided, with intervals that hold at every look.

Rows are handed out in a random order (whole clusters one after the other), so that what is there
at any moment is a random sample; bets on them stay fair however often one looks.
"""

import hashlib
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from genaiops.eval.stats.intervals import Interval
from genaiops.eval.stats.paired import Difference
from genaiops.eval.stats.sequential import Bets, e_values

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
class _Watched:
    """One judge while the rows come in: bets on its mean, and its gaps to another run.

    Attributes:
        bets: None where the mean does not matter.
        total: Sum over the cluster that is coming in, on a scale from 0 to 1.
        size: Its rows that have a verdict.
        gap: Sum of its differences to the other run.
    """

    scale: Scale
    bets: Bets | None
    gaps: list[float] = field(default_factory=list[float])
    total: float = 0.0
    size: int = 0
    gap: float = 0.0
    paired: int = 0

    def take(self, number: float, other: float | None) -> None:
        """One row."""
        low, high = self.scale
        self.total += (number - low) / (high - low)
        self.size += 1
        if other is not None:
            self.gap += (number - other) / (high - low)
            self.paired += 1

    def close(self, largest: int) -> None:
        """The end of a cluster; without clusters, of a row."""
        if self.size and self.bets is not None:
            self.bets.add(self.total / largest, self.size / largest)
        if self.paired:
            self.gaps.append(self.gap / largest)
        self.total, self.size, self.gap, self.paired = 0.0, 0, 0.0, 0

    def ends(self) -> Scale:
        """The interval now."""
        low, high = (0.0, 1.0) if self.bets is None else self.bets.look()
        width = self.scale[1] - self.scale[0]
        return self.scale[0] + width * low, self.scale[0] + width * high

    def evidence(self) -> float:
        """Against "as good as the other run"."""
        import numpy as np

        return float(e_values(np.array(self.gaps))[-1]) if self.gaps else 1.0


class Stopper:
    """Told what each row got, says when it is enough.

    Attributes:
        order: Rows as (row id, cluster) in the order they are handed out.
        seed: Of that order.
        reason: Why it stopped, None as long as it goes on.
    """

    def __init__(
        self,
        rule: Rule,
        order: Sequence[tuple[str, Hashable]],
        scales: Mapping[str, Scale],
        *,
        confidence: float,
        seed: int,
        repeats: int = 1,
    ) -> None:
        self.rule = rule
        self.order = order
        self.seed = seed
        self.reason: str | None = None
        self._alpha = 1.0 - confidence
        self._repeats = repeats
        self._watched = {
            name: _Watched(scale=scale, bets=None if rule.others else Bets(self._alpha))
            for name, scale in scales.items()
        }
        sizes = Counter(cluster for _, cluster in order if cluster is not None)
        self._largest = max(sizes.values(), default=1)
        self._parts: dict[str, list[Mapping[str, float | None]]] = {}
        self._taken = 0

    @property
    def ending(self) -> Ending:
        """How it ended."""
        return Ending(seed=self.seed, reason=self.reason)

    def add(self, row_id: str, numbers: Mapping[str, float | None]) -> None:
        """Takes in a row and what each judge said about it, and looks every `EVERY` rows.

        A row that is repeated counts when its last repeat is there, with the means. Rows count in
        the order they were handed out, whichever was done first.
        """
        self._parts.setdefault(row_id, []).append(numbers)
        while self._taken < len(self.order):
            parts = self._parts.get(self.order[self._taken][0], ())
            if len(parts) < self._repeats:
                return
            self._take(parts)
            if self.reason is None and self._taken % EVERY == 0 and self._decided():
                self.reason = f"{self.rule.text}: decided after {self._taken} rows"

    def _take(self, parts: Sequence[Mapping[str, float | None]]) -> None:
        row_id, cluster = self.order[self._taken]
        self._taken += 1
        following = self.order[self._taken][1] if self._taken < len(self.order) else None
        for name, watched in self._watched.items():
            number = _mean(part.get(name) for part in parts)
            if number is not None:
                watched.take(number, self.rule.others.get(name, {}).get(row_id))
            if cluster is None or cluster != following:
                watched.close(self._largest)

    def _decided(self) -> bool:
        if self.rule.others:
            enough = len(self.rule.others) / self._alpha
            return any(self._watched[name].evidence() >= enough for name in self.rule.others)
        ends = {name: watched.ends() for name, watched in self._watched.items()}
        if self.rule.half_width is not None:
            return all((high - low) / 2.0 <= self.rule.half_width for low, high in ends.values())
        return all(
            ends[name][0] > limit or ends[name][1] < limit for name, limit in self.rule.conditions
        )


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
