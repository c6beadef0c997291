"""Evaluations: runs with scores and intervals, rows, two runs side by side."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Literal

from genaiops.query.ids import resolve
from genaiops.query.where import Where
from genaiops.store import current_store
from genaiops.store.base import Reader

__all__ = [
    "EvalRun",
    "EvalScore",
    "Outcome",
    "Pair",
    "RowResult",
    "SideBySide",
    "Tally",
    "Verdict",
    "falling_of",
    "get",
    "read_runs",
    "rows",
    "runs",
    "scores",
    "side_by_side",
]

_PREVIEW_CHARS = 2_000
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
    """One row of an evaluation; texts are JSON of its trace, cut at 2,000 characters."""

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
        return list(_rows(reader, resolve(reader, "run", run_id)).values())


def side_by_side(a: str, b: str) -> SideBySide:
    """Two evaluations row by row.

    Args:
        a: Run id of the one compared with.
        b: Run id of the one looked at: it wins where its number is better.

    Raises: NotFoundError, StoreError.
    """
    with current_store().read() as reader:
        first, second = _eval_run(reader, a), _eval_run(reader, b)
        of_a, of_b = _rows(reader, first.run_id), _rows(reader, second.run_id)
        falling = falling_of(reader, second.run_id)
    pairs = [
        _pair(row_id, of_a.get(row_id), of_b.get(row_id), falling)
        for row_id in sorted({*of_a, *of_b})
    ]
    judges = sorted({judge for pair in pairs for judge in pair.outcomes})
    return SideBySide(
        a=first, b=second, pairs=pairs, tallies=[_tally(judge, pairs) for judge in judges]
    )


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
        EvalRun(**row, n_rows=sizes.get(row["run_id"], 0), scores=judged.get(row["run_id"], ()))
        for row in found
    ]


def _sizes(reader: Reader, ids: Sequence[str]) -> dict[str, int]:
    table = reader.query(
        "SELECT run_id, count(DISTINCT row_id) FROM eval_rows "
        "WHERE run_id IN (SELECT unnest(?)) GROUP BY run_id",
        [list(ids)],
    )
    return {run_id: n for run_id, n in table.rows}


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


def _rows(reader: Reader, run_id: str) -> dict[str, RowResult]:
    """The rows of a run by row id, each with its verdicts."""
    verdicts: dict[str, dict[str, Verdict]] = {}
    traces: dict[str, str | None] = {}
    for row in reader.query(
        """
        SELECT
          row_id, judge, first(trace_id ORDER BY repeat) AS trace_id,
          first(value ORDER BY repeat) AS value, avg(number) AS number,
          first(label ORDER BY repeat) AS label, first(rationale ORDER BY repeat) AS rationale,
          CASE WHEN count(number) = 0 THEN first(error ORDER BY repeat) END AS error,
          sum(cost_usd) AS cost_usd
        FROM eval_rows
        WHERE run_id = ?
        GROUP BY row_id, judge
        ORDER BY row_id, judge
        """,
        [run_id],
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


def falling_of(reader: Reader, run_id: str) -> set[str]:
    """Scores of a run that are the better the lower, as its judges said."""
    tags = reader.query(
        "SELECT value FROM run_tags WHERE run_id = ? AND key = 'eval.judges'", [run_id]
    )
    try:
        judges: dict[str, Any] = json.loads(tags.rows[0][0]) if tags.rows else {}
        return {name for name, facts in judges.items() if facts.get("higher_is_better") is False}
    except (AttributeError, TypeError, ValueError):  # a tag that somebody else has written
        return set()


def _pair(row_id: str, a: RowResult | None, b: RowResult | None, falling: AbstractSet[str]) -> Pair:
    said_a: Mapping[str, Verdict] = {} if a is None else a.verdicts
    said_b: Mapping[str, Verdict] = {} if b is None else b.verdicts
    outcomes: dict[str, Outcome] = {}
    deltas: dict[str, float] = {}
    for judge in sorted({*said_a, *said_b}):
        left, right = said_a.get(judge), said_b.get(judge)
        before = None if left is None else left.number
        after = None if right is None else right.number
        if before is None or after is None or math.isnan(before) or math.isnan(after):
            outcomes[judge] = "unknown"
            continue
        deltas[judge] = after - before
        same = math.isclose(before, after, rel_tol=1e-9, abs_tol=1e-12)
        outcomes[judge] = (
            "tie" if same else "win" if (after > before) != (judge in falling) else "loss"
        )
    side = b or a
    return Pair(
        row_id=row_id,
        inputs=None if side is None else side.inputs,
        a=a,
        b=b,
        outcomes=outcomes,
        deltas=deltas,
    )


def _tally(judge: str, pairs: Sequence[Pair]) -> Tally:
    counts = Counter(pair.outcomes.get(judge, "unknown") for pair in pairs)
    deltas = [pair.deltas[judge] for pair in pairs if judge in pair.deltas]
    return Tally(
        judge=judge,
        win=counts["win"],
        tie=counts["tie"],
        loss=counts["loss"],
        unknown=counts["unknown"],
        mean_delta=sum(deltas) / len(deltas) if deltas else None,
    )


def _finite(value: float | None) -> float | None:
    """The number, None where it is unknown or NaN (a score without a verdict)."""
    return None if value is None or math.isnan(value) else value
