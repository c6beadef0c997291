"""What an evaluation found: scores with intervals, rows, comparison with another run, a gate."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genaiops.errors import EvalError, NotFoundError
from genaiops.eval.case import Verdict
from genaiops.eval.compare import Comparison, compare_rows
from genaiops.eval.gate import Gate, condition_of, gate_on
from genaiops.eval.score import RowResult, Score, score_of
from genaiops.eval.table import cells, number, table
from genaiops.query import evals
from genaiops.runs import get_run
from genaiops.store import current_store

__all__ = ["EvalResult", "load_result", "result_of"]

_SHOWN_FAILURES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalResult:
    """What an evaluation found.

    ``result["groundedness"]`` is a `Score`; ``print(result)`` shows all of them.

    Attributes:
        rows: What each judge said, in the order of the data, then of the judges.
        n_lost: Lines that could not be written to the store.
    """

    run_id: str
    scores: Mapping[str, Score]
    rows: Sequence[RowResult]
    confidence: float = 0.95
    n_lost: int = 0

    def __getitem__(self, name: str) -> Score:
        if name not in self.scores:
            raise NotFoundError(f"there is no score {name!r}: use one of {', '.join(self.scores)}")
        return self.scores[name]

    def failures(self) -> list[RowResult]:
        """What could not be judged, each with its error."""
        return [row for row in self.rows if row.error is not None]

    def to_df(self) -> Any:  # pandas is optional, so its type cannot be named
        """One line for each verdict, as a pandas DataFrame (needs pandas)."""
        import pandas as pd

        return pd.DataFrame([_flat(row) for row in self.rows])

    def compare(self, other: "EvalResult | str", margin: float = 0.0) -> Comparison:
        """This run minus the other, judge by judge, on the rows that both judged.

        Args:
            other: A result, or the id of a run.
            margin: Difference that does not matter: within it the verdict is ``same``.

        Raises: EvalError when nothing was judged in both; NotFoundError for an unknown run.
        """
        second = load_result(other) if isinstance(other, str) else other
        return compare_rows(
            _by_judge(self.rows),
            _by_judge(second.rows),
            run_ids=(self.run_id, second.run_id),
            margin=margin,
            confidence=self.confidence,
        )

    def gate(self, condition: str) -> Gate:
        """Whether a bound of a score holds: ``"groundedness >= 0.8"`` tests the lower one.

        Where more than 1 % of the rows failed, they count as the worst (`Score.lower`).

        Returns: A `Gate`, true or false, that prints its reason.
        Raises: EvalError when the condition cannot be read, NotFoundError for an unknown score.
        """
        return gate_on(self[condition_of(condition)[0]], condition)

    def __str__(self) -> str:
        head = ("score", "estimate", f"{self.confidence:.0%} interval", "n", "failed", "cost USD")
        lines = [
            (
                score.name,
                number(score.estimate),
                cells(score.low, score.high),
                str(score.n),
                str(score.n_failed),
                "unknown" if score.cost_usd is None else f"{score.cost_usd:.4f}",
                score.method,
            )
            for score in self.scores.values()
        ]
        return "\n".join([table((*head, "method"), lines), *self._notes(), f"run {self.run_id}"])

    def _notes(self) -> list[str]:
        notes = [
            f"{score.name}: {score.n_failed} of {score.n} rows failed; counted as worst and best "
            f"the interval is {cells(score.worst_low, score.worst_high)}"
            for score in self.scores.values()
            if score.worst_low is not None
        ]
        failures = self.failures()
        notes += [
            f"row {row.row_id}, {row.judge}: {row.error}" for row in failures[:_SHOWN_FAILURES]
        ]
        if len(failures) > _SHOWN_FAILURES:
            notes.append(f"and {len(failures) - _SHOWN_FAILURES} more in result.failures()")
        judged = [score.name for score in self.scores.values() if score.model is not None]
        if judged:
            notes.append(
                f"{', '.join(judged)}: what the judge model says; how far people agree with it is "
                "not measured here"
            )
        if self.n_lost:
            notes.append(f"{self.n_lost} lines could not be written to the store")
        return notes


def result_of(
    run_id: str,
    rows: Sequence[RowResult],
    *,
    scales: Mapping[str, tuple[float, float] | None],
    models: Mapping[str, str | None],
    confidence: float,
    n_lost: int = 0,
) -> EvalResult:
    """The result made of row results; scores stand in the order of the judges."""
    grouped = _by_judge(rows)
    scores = {
        name: score_of(
            name, found, scale=scales.get(name), confidence=confidence, model=models.get(name)
        )
        for name, found in grouped.items()
    }
    return EvalResult(run_id=run_id, scores=scores, rows=rows, confidence=confidence, n_lost=n_lost)


def load_result(run_id: str, *, confidence: float = 0.95) -> EvalResult:
    """The result of a run that is in the store; its rows have no `case`.

    Args:
        run_id: The id, or the beginning of it.
        confidence: Of the intervals.

    Raises: NotFoundError for an unknown run, EvalError for one that judged nothing, StoreError.
    """
    found = evals.get(run_id).run_id
    with current_store().read() as reader:
        records = reader.query(
            """
            SELECT e.*, json_extract_string(t.metadata, '$.cluster') AS cluster
            FROM eval_rows AS e
            LEFT JOIN traces AS t ON t.trace_id = e.trace_id
            WHERE e.run_id = ?
            ORDER BY t.start_ns, e.row_id, e.repeat
            """,
            [found],
        ).dicts()
    if not records:
        raise EvalError(f"run {found!r} judged nothing: name a run made by evaluate()")
    known: dict[str, Any] = json.loads(get_run(found).data.tags.get("eval.judges", "{}"))
    scales = {name: (0.0, 1.0) for name in {record["judge"] for record in records}}
    scales |= {name: _pair(facts.get("scale")) for name, facts in known.items()}
    models = {name: facts.get("model") for name, facts in known.items()}
    rows = [_row_result(record) for record in records]
    order = list(known)
    rows.sort(key=lambda row: order.index(row.judge) if row.judge in order else len(order))
    return result_of(found, rows, scales=scales, models=models, confidence=confidence)


def _row_result(record: Mapping[str, Any]) -> RowResult:
    names = (
        "value",
        "number",
        "rationale",
        "error",
        "attempts",
        "cached",
        "cost_usd",
        "duration_ms",
    )
    return RowResult(
        row_id=record["row_id"],
        judge=record["judge"],
        repeat=record["repeat"] or 0,
        trace_id=record["trace_id"],
        cluster=record["cluster"],
        verdict=Verdict(**{name: record[name] for name in names}),
    )


def _pair(scale: Sequence[float] | None) -> tuple[float, float] | None:
    return None if scale is None else (scale[0], scale[1])


def _by_judge(rows: Sequence[RowResult]) -> dict[str, list[RowResult]]:
    found: dict[str, list[RowResult]] = {}
    for row in rows:
        found.setdefault(row.judge, []).append(row)
    return found


def _flat(row: RowResult) -> dict[str, Any]:
    verdict, case = row.verdict, row.case
    return {
        "row_id": row.row_id,
        "repeat": row.repeat,
        "judge": row.judge,
        "value": verdict.value,
        "number": verdict.number,
        "rationale": verdict.rationale,
        "error": verdict.error,
        "inputs": None if case is None else case.inputs,
        "outputs": None if case is None else case.outputs,
        "expected": None if case is None else case.expected,
        "attempts": verdict.attempts,
        "cached": verdict.cached,
        "input_tokens": verdict.input_tokens,
        "output_tokens": verdict.output_tokens,
        "cost_usd": verdict.cost_usd,
        "duration_ms": verdict.duration_ms,
        "trace_id": row.trace_id,
    }
