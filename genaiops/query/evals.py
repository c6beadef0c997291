"""Evaluations: runs with scores, intervals and costs, and their rows."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genaiops.query.ids import resolve
from genaiops.query.where import Where
from genaiops.store import current_store
from genaiops.store.base import Reader

__all__ = [
    "EvalRun",
    "EvalScore",
    "RowResult",
    "Verdict",
    "get",
    "read_rows",
    "read_runs",
    "rows",
    "runs",
    "scores",
]

_PREVIEW_CHARS = 2_000


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
    """A run that judged rows.

    Attributes:
        answers_usd: USD that the answers cost, as far as that is known.
    """

    run_id: str
    name: str
    experiment: str
    status: str
    start_ns: int
    end_ns: int | None
    n_rows: int
    scores: Sequence[EvalScore]
    answers_usd: float | None = None

    @property
    def judges_usd(self) -> float | None:
        """USD that judging cost, None when that is not known of any score."""
        known = [score.cost_usd for score in self.scores if score.cost_usd is not None]
        return sum(known) if known else None

    @property
    def cost_usd(self) -> float | None:
        """USD of answers and verdicts together, None when neither is known."""
        known = [part for part in (self.answers_usd, self.judges_usd) if part is not None]
        return sum(known) if known else None


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
    """One row of an evaluation; texts are JSON of its trace, cut at 2,000 characters."""

    row_id: str
    trace_id: str | None
    inputs: str | None
    outputs: str | None
    verdicts: Mapping[str, Verdict]


def runs(*, experiment: str | None = None, limit: int = 100) -> list[EvalRun]:
    """Evaluations, newest first. Raises StoreError."""
    where = Where()
    where.add("r.run_id IN (SELECT run_id FROM eval_rows)")
    where.add_if("e.name = ?", experiment)
    with current_store().read() as reader:
        return _eval_runs(reader, where, limit)


def get(run_id: str) -> EvalRun:
    """One evaluation by id (or by at least 4 first characters). Raises NotFoundError, StoreError."""
    with current_store().read() as reader:
        return _eval_run(reader, run_id)


def scores(run_id: str) -> list[EvalScore]:
    """The scores of an evaluation, by name. Raises NotFoundError, StoreError."""
    return list(get(run_id).scores)


def rows(run_id: str) -> list[RowResult]:
    """The rows of an evaluation, by row id. Raises NotFoundError, StoreError."""
    with current_store().read() as reader:
        return list(read_rows(reader, resolve(reader, "run", run_id)).values())


def read_runs(reader: Reader, ids: Sequence[str]) -> dict[str, EvalRun]:
    """Evaluations by their whole ids, for a question that has the store open already."""
    where = Where()
    where.add("r.run_id IN (SELECT unnest(?))", list(ids))
    return {run.run_id: run for run in _eval_runs(reader, where, max(1, len(ids)))}


def _eval_run(reader: Reader, text: str) -> EvalRun:
    where = Where()
    where.add("r.run_id = ?", resolve(reader, "run", text))
    return _eval_runs(reader, where, 1)[0]


def _eval_runs(reader: Reader, where: Where, limit: int) -> list[EvalRun]:
    found = reader.query(
        f"""
        SELECT
          r.run_id, coalesce(r.name, '') AS name, coalesce(e.name, '') AS experiment,
          coalesce(r.status, '') AS status, coalesce(r.start_ns, 0) AS start_ns, r.end_ns
        FROM runs AS r
        LEFT JOIN experiments AS e ON e.experiment_id = r.experiment_id
        {where.sql}
        ORDER BY r.start_ns DESC, r.run_id
        LIMIT {int(limit)}
        """,
        where.params,
    ).dicts()
    ids = [row["run_id"] for row in found]
    judged = _scores(reader, ids)
    sizes = _sizes(reader, ids)
    return [
        EvalRun(
            **row,
            n_rows=sizes.get(row["run_id"], (0, None))[0],
            answers_usd=sizes.get(row["run_id"], (0, None))[1],
            scores=judged.get(row["run_id"], ()),
        )
        for row in found
    ]


def _sizes(reader: Reader, ids: Sequence[str]) -> dict[str, tuple[int, float | None]]:
    """Rows, and USD of the answers, by run."""
    table = reader.query(
        """
        SELECT e.run_id, count(DISTINCT e.row_id), sum(t.cost_usd)
        FROM (
          SELECT run_id, row_id, trace_id
          FROM eval_rows
          WHERE run_id IN (SELECT unnest(?))
          GROUP BY ALL
        ) AS e
        LEFT JOIN traces AS t ON t.trace_id = e.trace_id
        GROUP BY e.run_id
        """,
        [list(ids)],
    )
    return {run_id: (n, cost) for run_id, n, cost in table.rows}


def _scores(reader: Reader, ids: Sequence[str]) -> dict[str, list[EvalScore]]:
    """Scores by run: the logged estimates with their intervals, else the mean of the verdicts."""
    logged: dict[tuple[str, str], float] = {
        (run_id, key): value
        for run_id, key, value in reader.query(
            "SELECT run_id, key, value FROM metrics_latest WHERE run_id IN (SELECT unnest(?))",
            [list(ids)],
        ).rows
    }
    found: dict[str, list[EvalScore]] = {}
    for row in reader.query(
        """
        SELECT
          run_id, judge, count(*) AS n, count(error) AS n_failed, sum(cost_usd) AS cost_usd,
          avg(number) FILTER (isfinite(number)) AS mean
        FROM eval_rows
        WHERE run_id IN (SELECT unnest(?))
        GROUP BY run_id, judge
        ORDER BY run_id, judge
        """,
        [list(ids)],
    ).dicts():
        run_id, judge = row["run_id"], row["judge"]
        score = EvalScore(
            name=judge,
            estimate=_finite(logged.get((run_id, judge), row["mean"])),
            low=_finite(logged.get((run_id, f"{judge}.low"))),
            high=_finite(logged.get((run_id, f"{judge}.high"))),
            n=row["n"],
            n_failed=row["n_failed"],
            cost_usd=row["cost_usd"],
        )
        found.setdefault(run_id, []).append(score)
    return found


def read_rows(
    reader: Reader, run_id: str, row_ids: Sequence[str] | None = None
) -> dict[str, RowResult]:
    """The rows of a run by row id, each with its verdicts; only these, when they are named."""
    where = Where()
    where.add("run_id = ?", run_id)
    if row_ids is not None:
        where.add("row_id IN (SELECT unnest(?))", list(row_ids))
    verdicts: dict[str, dict[str, Verdict]] = {}
    traces: dict[str, str | None] = {}
    for row in reader.query(
        f"""
        SELECT
          row_id, judge, first(trace_id ORDER BY repeat) AS trace_id,
          first(value ORDER BY repeat) AS value, avg(number) AS number,
          first(label ORDER BY repeat) AS label, first(rationale ORDER BY repeat) AS rationale,
          CASE WHEN count(number) = 0 THEN first(error ORDER BY repeat) END AS error,
          sum(cost_usd) AS cost_usd
        FROM eval_rows
        {where.sql}
        GROUP BY row_id, judge
        ORDER BY row_id, judge
        """,
        where.params,
    ).dicts():
        row_id = row.pop("row_id")
        traces[row_id] = row.pop("trace_id") or traces.get(row_id)
        verdicts.setdefault(row_id, {})[row["judge"]] = Verdict(**row)
    previews = _previews(reader, [trace_id for trace_id in traces.values() if trace_id])
    return {
        row_id: RowResult(
            row_id=row_id,
            trace_id=traces[row_id],
            inputs=previews.get(traces[row_id], (None, None))[0],
            outputs=previews.get(traces[row_id], (None, None))[1],
            verdicts=said,
        )
        for row_id, said in verdicts.items()
    }


def _previews(
    reader: Reader, trace_ids: Sequence[str]
) -> dict[str | None, tuple[str | None, str | None]]:
    """Beginnings of inputs and outputs by trace, from the root spans."""
    table = reader.query(
        f"""
        SELECT trace_id, left(inputs, {_PREVIEW_CHARS}), left(outputs, {_PREVIEW_CHARS})
        FROM spans
        WHERE parent_span_id IS NULL
        AND trace_id IN (SELECT unnest(?))
        """,
        [list(trace_ids)],
    )
    return {trace_id: (inputs, outputs) for trace_id, inputs, outputs in table.rows}


def _finite(value: float | None) -> float | None:
    """The number, None where it is unknown or NaN (a score without a verdict)."""
    return None if value is None or math.isnan(value) else value
