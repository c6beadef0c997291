"""Verdicts as a table, one line each."""

import importlib
from collections.abc import Sequence
from typing import Any

from genaiops.errors import EvalError
from genaiops.eval.score import RowResult

__all__ = ["frame"]


def frame(rows: Sequence[RowResult]) -> Any:  # pandas is optional, so its type cannot be named
    """A pandas DataFrame. Raises EvalError without pandas."""
    try:
        pandas: Any = importlib.import_module("pandas")
    except ImportError as error:
        raise EvalError(
            "to_df() needs pandas, which is not installed: pip install pandas"
        ) from error
    return pandas.DataFrame([_flat(row) for row in rows])


def _flat(row: RowResult) -> dict[str, Any]:
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
