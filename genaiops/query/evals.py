"""Evaluations: runs with scores and intervals, rows, two runs side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = [
    "EvalRun",
    "EvalScore",
    "Outcome",
    "Pair",
    "RowResult",
    "SideBySide",
    "Tally",
    "Verdict",
    "get",
    "rows",
    "runs",
    "scores",
    "side_by_side",
]

Outcome = Literal["win", "tie", "loss", "unknown"]
"""How the second run does against the first on one row; unknown when one has no verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalScore:
    """One score of a run with its interval; None is unknown.

    Attributes:
        n: Verdicts, the failed ones included.
        n_failed: Judgements that ended in an error instead of a verdict.
    """

    name: str
    estimate: float | None
    low: float | None
    high: float | None
    n: int
    n_failed: int
    cost_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalRun:
    """A run that judged rows."""

    run_id: str
    name: str
    experiment: str
    status: str
    start_ns: int
    end_ns: int | None
    n_rows: int
    scores: Sequence[EvalScore]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one judge said about one row (of several repeats: the mean, text of the first)."""

    judge: str
    value: Any  # any JSON value
    number: float | None
    label: str | None
    rationale: str | None
    error: str | None
    cost_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """One row of an evaluation; texts are the previews of its trace, cut at 500 characters or so."""

    row_id: str
    trace_id: str | None
    inputs: str | None
    outputs: str | None
    verdicts: Mapping[str, Verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The same row in two runs; a side is None where that run does not have the row.

    Attributes:
        outcomes: For each judge, how ``b`` does against ``a``.
        deltas: For each judge that has two numbers, ``b`` minus ``a``.
    """

    row_id: str
    inputs: str | None
    a: RowResult | None
    b: RowResult | None
    outcomes: Mapping[str, Outcome]
    deltas: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Rows that the second run wins, ties and loses by one judge."""

    judge: str
    win: int
    tie: int
    loss: int
    unknown: int
    mean_delta: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySide:
    """Two evaluations joined on the row id; ``pairs`` by row id."""

    a: EvalRun
    b: EvalRun
    pairs: Sequence[Pair]
    tallies: Sequence[Tally]


def runs(*, experiment: str | None = None, limit: int = 100) -> list[EvalRun]:
    """Evaluations, newest first. Raises StoreError."""
    raise NotImplementedError


def get(run_id: str) -> EvalRun:
    """One evaluation by id (or by at least 4 first characters). Raises NotFoundError, StoreError."""
    raise NotImplementedError


def scores(run_id: str) -> list[EvalScore]:
    """The scores of an evaluation, by name. Raises NotFoundError, StoreError."""
    raise NotImplementedError


def rows(run_id: str) -> list[RowResult]:
    """The rows of an evaluation, by row id. Raises NotFoundError, StoreError."""
    raise NotImplementedError


def side_by_side(a: str, b: str) -> SideBySide:
    """Two evaluations row by row.

    Args:
        a: Run id of the one compared with.
        b: Run id of the one looked at: it wins where its number is higher.

    Raises: NotFoundError, StoreError.
    """
    raise NotImplementedError
