"""What a person, a judge or code said about a trace, a span or a run."""

from dataclasses import dataclass
from typing import Any

__all__ = ["Assessment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """One row of the SQL view ``assessments``.

    Attributes:
        kind: ``feedback`` (a judgement) or ``expectation`` (what would be right).
        value: The verdict: bool, number, text, or any JSON.
        number: The verdict as a number where it is one (True is 1.0).
        source_type: ``human``, ``llm`` or ``code``.
        created_ns: Nanoseconds UTC.
    """

    assessment_id: str
    trace_id: str | None
    name: str
    kind: str
    value: Any  # any JSON value
    number: float | None
    source_type: str
    created_ns: int
    span_id: str | None = None
    run_id: str | None = None
    rationale: str | None = None
    source_id: str | None = None
    judge_trace_id: str | None = None
    cost_usd: float | None = None
    error: str | None = None
    superseded_by: str | None = None
