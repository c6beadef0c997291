"""Evaluations row by row: the numbers of several runs at once, and some rows of them in full."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from genaiops.query import evals
from genaiops.query.evals import EvalRun, RowResult
from genaiops.query.ids import resolve
from genaiops.query.judges import falling_of
from genaiops.store import current_store

__all__ = ["Grid", "Outcome", "Tally", "details", "grid"]

Outcome = Literal["win", "tie", "loss", "unknown"]
"""How a run does against the first on one row; unknown when one has no number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Rows that a run wins, ties and loses against the first by one judge."""

    win: int
    tie: int
    loss: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The numbers of some evaluations.

    Attributes:
        runs: In the order asked for; the first is the one compared with.
        row_ids: Rows of any of the runs, by id.
        judges: By name.
        numbers: judge -> run -> row; None where there is none. Repeats count with their mean.
        falling: Judges whose lower number is the better one.
    """

    runs: Sequence[EvalRun]
    row_ids: Sequence[str]
    judges: Sequence[str]
    numbers: Mapping[str, Sequence[Sequence[float | None]]]
    falling: AbstractSet[str]

    def outcome(self, judge: str, run: int, row: int) -> Outcome:
        """How a run does against the first on a row; all by place."""
        before, after = self.numbers[judge][0][row], self.numbers[judge][run][row]
        if before is None or after is None:
            return "unknown"
        if math.isclose(before, after, rel_tol=1e-9, abs_tol=1e-12):
            return "tie"
        return "win" if (after > before) != (judge in self.falling) else "loss"

    def tally(self, judge: str, run: int) -> Tally:
        """The outcomes of all rows, counted."""
        found = Counter(self.outcome(judge, run, row) for row in range(len(self.row_ids)))
        return Tally(
            win=found["win"], tie=found["tie"], loss=found["loss"], unknown=found["unknown"]
        )

    def gain(self, judge: str, run: int, row: int) -> float | None:
        """How much better than the first a run is on a row; negative is worse, None unknown."""
        before, after = self.numbers[judge][0][row], self.numbers[judge][run][row]
        if before is None or after is None:
            return None
        return (before - after) if judge in self.falling else (after - before)


def grid(run_ids: Sequence[str]) -> Grid:
    """The numbers of evaluations, without texts. Raises NotFoundError, StoreError."""
    with current_store().read() as reader:
        ids = list(dict.fromkeys(resolve(reader, "run", text) for text in run_ids))
        found = evals.read_runs(reader, ids)
        rows = reader.query(
            """
            SELECT judge, run_id, row_id, avg(number) FILTER (isfinite(number)) AS number
            FROM eval_rows
            WHERE run_id IN (SELECT unnest(?))
            GROUP BY judge, run_id, row_id
            """,
            [ids],
        ).rows
        falling = falling_of(reader, ids[-1]) if ids else set[str]()
    row_ids = sorted({row_id for _, _, row_id, _ in rows})
    at_row = {row_id: place for place, row_id in enumerate(row_ids)}
    at_run = {run_id: place for place, run_id in enumerate(ids)}
    judges = sorted({judge for judge, _, _, _ in rows})
    numbers: dict[str, list[list[float | None]]] = {
        judge: [[None] * len(row_ids) for _ in ids] for judge in judges
    }
    for judge, run_id, row_id, number in rows:
        numbers[judge][at_run[run_id]][at_row[row_id]] = number
    return Grid(
        runs=[found[run_id] for run_id in ids],
        row_ids=row_ids,
        judges=judges,
        numbers=numbers,
        falling=falling,
    )


def details(
    run_ids: Sequence[str], row_ids: Sequence[str]
) -> Mapping[str, Sequence[RowResult | None]]:
    """Some rows in full, in each of the runs; None where a run does not have the row.

    Raises: NotFoundError, StoreError.
    """
    with current_store().read() as reader:
        found = [
            evals.read_rows(reader, resolve(reader, "run", run_id), row_ids) for run_id in run_ids
        ]
    return {row_id: [rows.get(row_id) for rows in found] for row_id in row_ids}
