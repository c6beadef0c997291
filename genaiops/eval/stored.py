"""What an evaluation said about its rows, read back from the store."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from genaiops.eval.case import Case, Claim, Verdict
from genaiops.eval.record import (
    DETAILS,
    Kept,
    clusters_kind,
    details_kind,
    prediction_key,
    verdict_key,
)
from genaiops.eval.score import RowResult
from genaiops.query import evals
from genaiops.store import current_store

__all__ = ["answers_of", "stored_cases", "stored_rows"]

_COLUMNS = ("value", "number", "rationale", "error", "attempts", "cached", "cost_usd")


def stored_rows(run_id: str) -> list[RowResult]:
    """The row results of a run in the order of its traces, without cases. Raises StoreError."""
    with current_store().read() as reader:
        records = reader.query(
            """
            SELECT e.*, json_extract_string(t.metadata, '$.cluster') AS cluster
            FROM eval_rows AS e
            LEFT JOIN traces AS t ON t.trace_id = e.trace_id
            WHERE e.run_id = ?
            ORDER BY t.start_ns, e.row_id, e.repeat
            """,
            [run_id],
        ).dicts()
        kept = Kept(reader)
        details = kept.answers([details_kind(run_id)])
        for clusters in kept.answers([clusters_kind(run_id)]).values():
            for record in records:
                record["cluster"] = clusters.get(record["row_id"])
    return [_row_result(run_id, record, details) for record in records]


def stored_cases(run_id: str) -> dict[str, Case]:
    """What is stored of a run's rows: inputs at a glance, answers and their contexts whole."""
    with current_store().read() as reader:
        kept = Kept(reader).predictions(run_id)
    cases: dict[str, Case] = {}
    for row in evals.rows(run_id):
        made = kept.get(prediction_key(run_id, row.row_id, 0))
        cases[row.row_id] = Case(
            inputs=_decoded(row.inputs),
            outputs=_decoded(row.outputs) if made is None else made.outputs,
            contexts=None if made is None else made.contexts,
        )
    return cases


def answers_of(run_id: str, rows: Sequence[RowResult]) -> dict[str, Any]:
    """The answer to each row that was judged, of repeats the first. Raises StoreError."""
    found = {row.row_id: row.case.outputs for row in reversed(rows) if row.case is not None}
    without = {row.row_id for row in rows} - found.keys()
    if without:
        with current_store().read() as reader:
            kept = Kept(reader).predictions(run_id)
        for row_id in without:
            prediction = kept.get(prediction_key(run_id, row_id, 0))
            if prediction is not None:
                found[row_id] = prediction.outputs
    return found


def _row_result(
    run_id: str, record: Mapping[str, Any], details: Mapping[str, Mapping[str, Any]]
) -> RowResult:
    row_id, judge, repeat = record["row_id"], record["judge"], record["repeat"] or 0
    told = details.get(verdict_key(run_id, row_id, judge, repeat), {})
    more = {name: told[name] for name in DETAILS if name in told}
    more["claims"] = tuple(Claim(**claim) for claim in told.get("claims", ()))
    known = {name: record[name] for name in (*_COLUMNS, "duration_ms")}
    return RowResult(
        row_id=row_id,
        judge=judge,
        repeat=repeat,
        trace_id=record["trace_id"],
        cluster=record["cluster"],
        verdict=Verdict(**known, **more),
    )


def _decoded(text: str | None) -> Any:  # any JSON value
    """JSON that may be cut; what cannot be read stays text."""
    try:
        return None if text is None else msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
