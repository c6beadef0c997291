"""What an evaluation found: scores with intervals, rows, comparison with another run, a gate."""

import importlib
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from genaiops.errors import EvalError, NotFoundError
from genaiops.eval.case import Prediction, Row, Verdict
from genaiops.eval.judges.base import Judge
from genaiops.eval.stats.intervals import interval
from genaiops.eval.stats.paired import Difference, difference

__all__ = ["EvalResult", "RowVerdict", "Score", "score_of"]

_GATE = re.compile(r"\s*([\w.]+)\s*(>=|>)\s*([-+]?\d*\.?\d+)\s*")
_WORST_CASE_SHARE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The mean of one judge's verdicts, with an interval.

    Attributes:
        low: Lower end of the interval, None when there are too few verdicts for one. Above 1 %
            failures it counts every failure as the worst verdict, and `high` as the best.
        n: Rows, the failed ones included.
        method: How the interval was made.
        raw: The judge's mean before any correction by human labels.
    """

    name: str
    estimate: float | None
    low: float | None
    high: float | None
    n: int
    n_ok: int
    n_failed: int
    method: str
    raw: float | None
    n_labels: int = 0
    label_gain: float | None = None
    phi: float | None = None
    kappa: float | None = None
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowVerdict:
    """One verdict of the run, with its row and prediction."""

    row: Row
    judge: str
    verdict: Verdict
    prediction: Prediction

    def flat(self) -> dict[str, Any]:  # a row of the data frame
        """The verdict as a flat dict."""
        return {
            "row_id": self.row.row_id,
            "judge": self.judge,
            "value": self.verdict.value,
            "number": self.verdict.number,
            "rationale": self.verdict.rationale,
            "error": self.verdict.error,
            "inputs": self.row.inputs,
            "outputs": self.prediction.outputs,
            "expected": self.row.expected,
            "attempts": self.verdict.attempts,
            "cached": self.verdict.cached,
            "cost_usd": self.verdict.cost_usd,
            "duration_ms": self.verdict.duration_ms,
            "trace_id": self.prediction.trace_id,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalResult:
    """What an evaluation found.

    ``result["groundedness"]`` is a `Score`; ``print(result)`` shows all of them.

    Attributes:
        rows: Every verdict, in the order of the data, then of the judges.
    """

    run_id: str
    scores: Mapping[str, Score]
    rows: Sequence[RowVerdict]
    confidence: float = 0.95
    stopped: bool = field(default=False)

    def __getitem__(self, name: str) -> Score:
        if name not in self.scores:
            raise NotFoundError(f"there is no score {name!r}: use one of {', '.join(self.scores)}")
        return self.scores[name]

    def failures(self) -> list[RowVerdict]:
        """Verdicts that could not be given, with their errors."""
        return [item for item in self.rows if item.verdict.error is not None]

    def to_df(self) -> Any:  # pandas is optional
        """One line a verdict, as a pandas DataFrame."""
        pandas: Any = importlib.import_module("pandas")
        return pandas.DataFrame([item.flat() for item in self.rows])

    def compare(self, other: "EvalResult", margin: float = 0.0) -> dict[str, Difference]:
        """This run minus the other, per score, on the rows that both judged.

        Args:
            other: The run to compare with.
            margin: What is still as good: it is added to the difference and its interval, so that
                an interval above zero means not worse by more than this.

        Raises: EvalError when the runs have no judged rows in common.
        """
        found: dict[str, Difference] = {}
        for name in self.scores:
            mine, theirs = self._numbers(name), other._numbers(name)
            both = [row_id for row_id in mine if row_id in theirs]
            if both:
                gap = difference(
                    [mine[row_id] for row_id in both],
                    [theirs[row_id] for row_id in both],
                    confidence=self.confidence,
                )
                found[name] = _moved(gap, margin)
        if not found:
            raise EvalError(
                f"runs {self.run_id!r} and {other.run_id!r} judged no row in common: compare runs "
                "of the same data and judges"
            )
        return found

    def gate(self, condition: str) -> bool:
        """Whether the lower bound of a score holds: ``"groundedness >= 0.8"``.

        Raises: EvalError when the condition cannot be read, NotFoundError for an unknown score.
        """
        match = _GATE.fullmatch(condition)
        if match is None:
            raise EvalError(
                f"the gate {condition!r} cannot be read: write it as 'groundedness >= 0.8'"
            )
        low, limit = self[match[1]].low, float(match[3])
        return low is not None and (low >= limit if match[2] == ">=" else low > limit)

    def __str__(self) -> str:
        head = ("score", "estimate", f"{self.confidence:.0%} interval", "n", "failed", "method")
        lines = [head] + [
            (
                score.name,
                _number(score.estimate),
                "–" if score.low is None else f"{_number(score.low)} – {_number(score.high)}",
                str(score.n),
                str(score.n_failed),
                score.method,
            )
            for score in self.scores.values()
        ]
        widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
        table = "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )
        costs = [score.cost_usd for score in self.scores.values() if score.cost_usd is not None]
        cost = f", judges cost {sum(costs):.4f} USD" if costs and sum(costs) else ""
        stopped = " (interrupted: scores of what is done)" if self.stopped else ""
        return f"{table}\nrun {self.run_id}{cost}{stopped}"

    def _numbers(self, name: str) -> dict[str, float]:
        return {
            item.row.row_id: item.verdict.number
            for item in self.rows
            if item.judge == name and item.verdict.number is not None
        }


def score_of(
    judge: Judge,
    verdicts: Sequence[Verdict],
    *,
    confidence: float,
    clusters: Sequence[Hashable] | None,
) -> Score:
    """The score of one judge over its verdicts, which may be failures."""
    good = [(at, v.number) for at, v in enumerate(verdicts) if v.number is not None]
    numbers = [number for _, number in good]
    n_failed = len(verdicts) - len(numbers)
    costs = [v.cost_usd for v in verdicts if v.cost_usd is not None]
    base = {
        "name": judge.name,
        "n": len(verdicts),
        "n_ok": len(numbers),
        "n_failed": n_failed,
        "cost_usd": sum(costs) if costs else None,
    }
    if not numbers:
        return Score(**base, estimate=None, low=None, high=None, method="no verdicts", raw=None)

    def over(values: list[float], at: list[int]) -> Any:  # an Interval
        groups = None if clusters is None else [clusters[i] for i in at]
        return interval(values, confidence=confidence, clusters=groups, scale=judge.scale)

    found = over(numbers, [at for at, _ in good])
    low, high, method = found.low, found.high, found.method
    if n_failed > _WORST_CASE_SHARE * len(verdicts) and judge.scale is not None:
        worst, best = judge.scale
        every = list(range(len(verdicts)))
        low = over([worst if v.number is None else v.number for v in verdicts], every).low
        high = over([best if v.number is None else v.number for v in verdicts], every).high
        method = f"{method}, failures as worst and best"
    return Score(
        **base, estimate=found.estimate, low=low, high=high, method=method, raw=found.estimate
    )


def _moved(gap: Difference, margin: float) -> Difference:
    if not margin:
        return gap
    return Difference(
        estimate=gap.estimate + margin,
        low=None if gap.low is None else gap.low + margin,
        high=None if gap.high is None else gap.high + margin,
        p=None,
        n=gap.n,
        method=f"{gap.method}, margin {margin:g}",
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
