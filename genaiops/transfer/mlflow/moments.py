"""Values as MLflow writes them in more than one of its stores: numbers, times, assessments."""

import contextlib
import json
import math
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from genaiops.transfer.mlflow.records import Opinion

__all__ = ["duration", "infinite_again", "moment", "opinion"]


def infinite_again(value: float) -> float:
    """The value; the largest double, as which MLflow's database has an infinity, is one again."""
    return math.copysign(math.inf, value) if abs(value) == sys.float_info.max else value


def moment(value: object) -> int:
    """Milliseconds since 1970, of a number or of a time as text; 0 for anything else."""
    if isinstance(value, datetime):
        return round(value.timestamp() * 1_000)
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            return round(datetime.fromisoformat(value).timestamp() * 1_000)
    return int(value) if isinstance(value, int | float) else 0


def duration(info: Mapping[str, Any]) -> int | None:
    """Milliseconds that a trace took, None where nothing says so."""
    names = ("execution_duration_ms", "execution_time_ms", "execution_duration")
    value = next((info[name] for name in names if info.get(name) is not None), None)
    if isinstance(value, str):  # seconds, as protobuf writes them
        with contextlib.suppress(ValueError):
            return round(float(value.removesuffix("s")) * 1_000)
    return int(value) if isinstance(value, int | float) else None


def opinion(facts: Mapping[str, Any]) -> Opinion:
    """An assessment."""
    kind = "expectation" if facts.get("expectation") else "feedback"
    said = cast("dict[str, Any]", facts.get(kind) or {})
    source = cast("dict[str, Any]", facts.get("source") or {})
    failed = cast("dict[str, Any]", said.get("error") or {})
    value, packed = said.get("value"), said.get("serialized_value")
    if value is None and isinstance(packed, dict):
        value = _unpacked(cast("dict[str, Any]", packed).get("value"))
    return Opinion(
        assessment_id=str(facts.get("assessment_id")),
        span_id=facts.get("span_id"),
        name=str(facts.get("assessment_name") or ""),
        kind=kind,
        value=value,
        error=failed.get("error_message") or failed.get("error_code"),
        rationale=facts.get("rationale"),
        source_type=str(source.get("source_type") or ""),
        source_id=source.get("source_id"),
        created_ms=moment(facts.get("create_time")),
        run_id=facts.get("run_id"),
        overrides=facts.get("overrides"),
    )


def _unpacked(text: object) -> Any:  # any JSON value
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
