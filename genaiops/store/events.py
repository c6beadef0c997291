"""Journal lines of everything that is not a span: runs, metrics, tags, assessments, verdicts.

Events are idempotent: the same line twice changes nothing, and of two that disagree the newer one
wins (of parameters, the older one: they are immutable).
"""

import hashlib
import json
import math
import re
import time
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

__all__ = ["KINDS", "Kind", "encode", "experiment_id"]

Kind = Literal[
    "answer",
    "assessment",
    "eval_row",
    "experiment",
    "experiment_tag",
    "metric",
    "param",
    "run",
    "tag",
]
KINDS: tuple[Kind, ...] = (
    "answer",
    "assessment",
    "eval_row",
    "experiment",
    "experiment_tag",
    "metric",
    "param",
    "run",
    "tag",
)

_SURROGATE = re.compile("[\ud800-\udfff]")
_encoder = msgspec.json.Encoder()


def encode(  # noqa: PLR0913  one keyword a column of the journal
    kind: Kind,
    *,
    id: str | None = None,  # noqa: A002  the column of the journal is called id
    run_id: str | None = None,
    trace_id: str | None = None,
    span_id: str | None = None,
    experiment: str | None = None,
    key: str | None = None,
    value: Any = None,  # any JSON value
    step: int | None = None,
    ts_ns: int | None = None,
    data: Mapping[str, Any] | None = None,
) -> bytes:
    """One event as a journal line.

    The keywords are the columns of a line; docs/internals.md lists those of each kind. `value` is
    any JSON value and a float may be NaN or infinite, `ts_ns` is nanoseconds UTC and now when
    omitted, `data` holds further fields of the kind.
    """
    record = {
        "k": kind,
        "id": id,
        "run_id": run_id,
        "trace_id": trace_id,
        "span_id": span_id,
        "experiment": experiment,
        "key": key,
        "value": _text(kind, value),
        "step": step,
        "ts_ns": time.time_ns() if ts_ns is None else ts_ns,
        "data": data,
    }
    filled = {name: item for name, item in record.items() if item is not None}
    try:
        return _encoder.encode(filled) + b"\n"
    except (UnicodeEncodeError, TypeError, OverflowError, ValueError):
        return _plain(filled) + b"\n"


def experiment_id(name: str) -> str:
    """The id of an experiment: derived from its first name, so that nobody has to ask for it."""
    return hashlib.sha256(name.encode(errors="replace")).hexdigest()[:16]


def _text(kind: Kind, value: Any) -> str | None:  # any JSON value
    """How a value stands in the column: metrics as DuckDB reads a double, others as JSON."""
    if value is None:
        return None
    if kind == "metric":
        number = float(value)
        return repr(number) if math.isfinite(number) else str(number)
    if kind in ("tag", "experiment_tag"):
        return str(value)
    return json.dumps(value, default=str, ensure_ascii=False)


def _plain(record: Mapping[str, Any]) -> bytes:
    """The slow way, for values that msgspec refuses: lone surrogates become U+FFFD."""
    text = json.dumps(record, default=str, ensure_ascii=False)
    return _SURROGATE.sub("\ufffd", text).encode("utf-8")
