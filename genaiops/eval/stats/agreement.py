"""How far a judge agrees with people, and people with one another.

The share of equal verdicts is the wrong headline: with most rows good, a judge that always says
"good" agrees on most of them. phi and kappa are 0 for it.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from genaiops.eval.stats.intervals import Interval, wilson

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "Agreement",
    "Bin",
    "Level",
    "agreement_of",
    "cohen_kappa",
    "krippendorff_alpha",
    "phi_of",
]

Level = Literal["nominal", "ordinal", "interval"]
_BINS = 5
_MOST_GRADES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Rows whose verdicts lie close together: what the judge said, and what people said."""

    judged: float
    people: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement of a judge's numbers with people's on the same rows; None is undefined.

    Attributes:
        n: Rows with both.
        agree: Share of equal verdicts, after the cut where people say yes or no.
        phi: Pearson's correlation; for two yes-or-no verdicts that is phi.
        kappa: Cohen's kappa, of grades with quadratic weights; None for other numbers.
        alpha: Krippendorff's alpha of the two, interval level (nominal for yes or no).
        sensitivity: Share of people's yes that the judge finds, with Wilson's interval.
        specificity: Share of people's no that the judge finds, with Wilson's interval.
        bias: Mean of the judge minus mean of people.
        brier: Mean squared difference.
        calibration_error: Mean distance of people's mean from the judge's over the bins,
            weighted by rows.
        confusion: (people, judge) -> rows, where people say yes or no.
        threshold: The judge's numbers from here up count as yes.
    """

    n: int
    agree: float
    phi: float | None
    kappa: float | None
    alpha: float | None
    bias: float
    brier: float
    calibration_error: float
    bins: tuple[Bin, ...]
    sensitivity: Interval | None = None
    specificity: Interval | None = None
    confusion: Mapping[tuple[bool, bool], int] | None = None
    threshold: float | None = None

    @property
    def balanced_accuracy(self) -> float | None:
        """Mean of sensitivity and specificity; a coin has 0.5."""
        if self.sensitivity is None or self.specificity is None:
            return None
        return (self.sensitivity.estimate + self.specificity.estimate) / 2.0

    def __str__(self) -> str:
        def text(name: str, value: float | None) -> str:
            return f"{name} {'undefined' if value is None else f'{value:.3f}'}"

        parts = [
            f"{self.n} rows",
            text("agree", self.agree),
            text("phi", self.phi),
            text("kappa", self.kappa),
            text("alpha", self.alpha),
            f"bias {self.bias:+.3f}",
            text("calibration error", self.calibration_error),
        ]
        for name, found in (("sensitivity", self.sensitivity), ("specificity", self.specificity)):
            if found is not None:
                parts.append(f"{name} {found.estimate:.3f} ({found.low:.3f} to {found.high:.3f})")
        return ", ".join(parts)


def agreement_of(
    people: Sequence[float],
    judged: Sequence[float],
    *,
    scale: tuple[float, float] | None = (0.0, 1.0),
    threshold: float | None = None,
    confidence: float = 0.95,
) -> Agreement:
    """Every measure of `Agreement` at once.

    Args:
        people: Numbers of people, at least one.
        judged: Numbers of the judge on the same rows.
        scale: Smallest and largest number; people say yes or no when only these occur.
        threshold: The judge's numbers from here up count as yes; None for the middle of the scale.
        confidence: Of the intervals of sensitivity and specificity.
    """
    import numpy as np

    y, f = np.asarray(people, dtype=float), np.asarray(judged, dtype=float)
    ends = scale or (0.0, 1.0)
    binary = bool(np.isin(y, ends).all())
    bins = _calibration(y, f)
    error = sum(found.n * abs(found.people - found.judged) for found in bins) / len(y)
    made = Agreement(
        n=len(y),
        agree=float(np.isclose(y, f).mean()),
        phi=phi_of(y, f),
        kappa=None,
        alpha=krippendorff_alpha([list(y), list(f)], level="interval"),
        bias=float((f - y).mean()),
        brier=float(((f - y) ** 2).mean()),
        calibration_error=error,
        bins=bins,
    )
    if binary:
        cut = sum(ends) / 2.0 if threshold is None else threshold
        return _yes_or_no(made, y == ends[1], f >= cut, cut, confidence)
    grades = len(np.unique(np.concatenate([y, f])))
    kappa = cohen_kappa(list(y), list(f), weights="quadratic") if grades <= _MOST_GRADES else None
    return replace(made, kappa=kappa)


def phi_of(a: "Floats", b: "Floats") -> float | None:
    """Pearson's correlation, which is phi for zeros and ones; None when one does not vary."""
    x, y = a - a.mean(), b - b.mean()
    size = math.sqrt(float((x * x).sum()) * float((y * y).sum()))
    return None if size <= 1e-300 else float((x * y).sum()) / size


def cohen_kappa(
    a: Sequence[float], b: Sequence[float], *, weights: Literal["none", "quadratic"] = "none"
) -> float | None:
    """Agreement beyond chance of two raters; None when chance alone agrees always.

    Args:
        a: Verdicts of one rater.
        b: Verdicts of the other.
        weights: ``quadratic`` counts a disagreement by the squared difference of the ranks.

    Source: Cohen, Educational and Psychological Measurement 20 (1960); Psychological Bulletin 70
    (1968).
    """
    import numpy as np

    grades = np.unique(np.concatenate([a, b]))
    k = len(grades)
    at = np.searchsorted(grades, np.asarray(a)) * k + np.searchsorted(grades, np.asarray(b))
    table = np.bincount(at, minlength=k * k).reshape(k, k) / len(a)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0))
    rank = np.arange(k, dtype=float)
    apart = rank[:, np.newaxis] - rank[np.newaxis, :]
    weight = apart**2 if weights == "quadratic" else (apart != 0.0).astype(float)
    by_chance = float((weight * expected).sum())
    return None if by_chance == 0.0 else 1.0 - float((weight * table).sum()) / by_chance


def krippendorff_alpha(
    raters: Sequence[Sequence[float | None]], *, level: Level = "nominal"
) -> float | None:
    """Agreement of any number of raters, verdicts may be missing; None when nothing varies.

    Args:
        raters: For each rater the verdicts on the same units; None where there is none.
        level: What a difference means: ``nominal``, ``ordinal`` or ``interval``.

    Source: Krippendorff, Content Analysis (2004), chapter 11.
    """
    import numpy as np

    table = np.array(
        [[math.nan if said is None else float(said) for said in rater] for rater in raters]
    )
    there = ~np.isnan(table)
    table, there = table[:, there.sum(axis=0) > 1], there[:, there.sum(axis=0) > 1]
    if not table.size:
        return None
    values = np.unique(table[there])
    counts = np.stack([(table == value).sum(axis=0) for value in values])  # value x unit
    pairs = counts.sum(axis=0) - 1.0
    coincidences = (counts / pairs) @ counts.T - np.diag((counts / pairs).sum(axis=1))
    totals = coincidences.sum(axis=1)
    n = float(totals.sum())
    apart = _distance(values, totals, level)
    expected = float((np.outer(totals, totals) * apart).sum()) / (n - 1.0)
    return None if expected == 0.0 else 1.0 - float((coincidences * apart).sum()) / expected


def _distance(values: "Floats", totals: "Floats", level: Level) -> "Floats":
    import numpy as np

    if level == "nominal":
        return (values[:, np.newaxis] != values[np.newaxis, :]).astype(float)
    place = values if level == "interval" else np.cumsum(totals) - totals / 2.0
    return (place[:, np.newaxis] - place[np.newaxis, :]) ** 2


def _calibration(y: "Floats", f: "Floats") -> tuple[Bin, ...]:
    """Rows in order of the judge's number, in bins of about one size; equal numbers together."""
    import numpy as np

    values, sizes = np.unique(f, return_counts=True)
    middles = np.cumsum(sizes) - sizes / 2.0
    number = np.minimum((middles * _BINS / len(f)).astype(int), _BINS - 1)
    places = number[np.searchsorted(values, f)]
    return tuple(
        Bin(
            judged=float(f[places == place].mean()),
            people=float(y[places == place].mean()),
            n=int((places == place).sum()),
        )
        for place in np.unique(places)
    )


def _yes_or_no(
    made: Agreement,
    people: "NDArray[np.bool_]",
    judge: "NDArray[np.bool_]",
    cut: float,
    confidence: float,
) -> Agreement:
    counts = Counter(zip(people.tolist(), judge.tolist(), strict=True))
    confusion = {(a, b): counts[a, b] for a in (True, False) for b in (True, False)}

    def share(side: bool) -> Interval | None:
        n = confusion[side, True] + confusion[side, False]
        return None if n == 0 else wilson(confusion[side, side], n, confidence=confidence)

    a, b = people.astype(float), judge.astype(float)
    return replace(
        made,
        agree=float((people == judge).mean()),
        kappa=cohen_kappa(list(a), list(b)),
        alpha=krippendorff_alpha([list(a), list(b)]),
        sensitivity=share(True),
        specificity=share(False),
        confusion=confusion,
        threshold=cut,
    )
