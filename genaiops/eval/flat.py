"""A verdict as one line of a table."""

from typing import Any

from genaiops.eval.score import RowResult

__all__ = ["flat"]


def flat(row: RowResult) -> dict[str, Any]:
    """All that is known of a verdict and its row, by the name of the column."""
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
