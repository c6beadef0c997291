"""What people and programs say about a trace, and waiting until everything is readable."""

import uuid
from typing import Any

from genaiops.config import settings
from genaiops.store import current_store
from genaiops.store.events import encode
from genaiops.tracing.provider import drain

__all__ = ["flush", "log_expectation", "log_feedback"]


def log_feedback(
    trace_id: str,
    name: str,
    value: Any,  # bool, number, text or any JSON
    *,
    span_id: str | None = None,
    rationale: str | None = None,
    source: str = "human",
) -> str:
    """Says how good a trace or span was.

    Args:
        trace_id: The trace.
        name: What is judged, for example ``helpful``.
        value: The verdict.
        span_id: The span, when it is about one.
        rationale: Why.
        source: ``human``, ``llm`` or ``code``, or the name of a person (then a human).

    Returns: Id of the assessment.
    """
    kind = source if source in ("human", "llm", "code") else "human"
    named = None if source == kind else source
    data = {"kind": "feedback", "rationale": rationale, "source_type": kind, "source_id": named}
    return _assess(trace_id, name, value, span_id=span_id, data=data)


def log_expectation(
    trace_id: str,
    name: str,
    value: Any,  # any JSON
    *,
    span_id: str | None = None,
) -> str:
    """Says what the right answer of a trace or span would be.

    Returns: Id of the assessment.
    """
    data = {"kind": "expectation", "source_type": "human"}
    return _assess(trace_id, name, value, span_id=span_id, data=data)


def flush(timeout_s: float = 5.0) -> bool:
    """Waits until everything said so far is readable by every process.

    Returns: False when that took longer than `timeout_s` seconds or something cannot be written.
    """
    if settings().disabled:
        return True
    drained = drain(timeout_s)
    return current_store().flush(timeout_s) and drained


def _assess(
    trace_id: str, name: str, value: Any, *, span_id: str | None, data: dict[str, Any]
) -> str:
    assessment_id = uuid.uuid4().hex
    if settings().disabled:
        return assessment_id
    number = float(value) if isinstance(value, bool | int | float) else None
    line = encode(
        "assessment",
        id=assessment_id,
        trace_id=trace_id,
        span_id=span_id,
        key=name,
        data=data | {"value": value, "number": number},
    )
    current_store().append("events", line)
    return assessment_id
