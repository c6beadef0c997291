"""Evaluation results that other libraries write as events of a span -> assessments of ours."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from genaiops.model import semconv
from genaiops.store.events import encode
from genaiops.tracing.dialects import Event

__all__ = ["LAST_NS", "assessments"]

LAST_NS = 8 * 10**18
"""The year 2223: the store keeps no later times."""


def assessments(trace_id: str, span_id: str, events: Sequence[Event]) -> list[bytes]:
    """Journal lines of the evaluation results among a span's events; the same events, the same ids."""
    found: list[bytes] = []
    for at, (name, time_ns, body) in enumerate(events):
        key = body.get(semconv.EVALUATION_NAME)
        if name != semconv.EVALUATION_EVENT or not isinstance(key, str):
            continue
        known = f"{trace_id} {span_id} {at} {key}".encode(errors="replace")
        found.append(
            encode(
                "assessment",
                id=hashlib.sha256(known).hexdigest()[:32],
                trace_id=trace_id,
                span_id=span_id,
                key=key,
                ts_ns=time_ns if 0 < time_ns < LAST_NS else None,
                data=_verdict(body),
            )
        )
    return found


def _verdict(body: Mapping[str, Any]) -> dict[str, Any]:
    score, label = body.get(semconv.EVALUATION_SCORE), body.get(semconv.EVALUATION_LABEL)
    return {
        "kind": "feedback",
        "value": label if label is not None else score,
        "number": score if isinstance(score, int | float) else None,
        "rationale": body.get(semconv.EVALUATION_EXPLANATION),
        "source_type": "code",
        "error": body.get(semconv.ERROR_TYPE),
    }
