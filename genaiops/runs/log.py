"""Logging to the active run; a line in the journal each, nothing waits."""

import time
from collections.abc import Mapping
from typing import Any, cast

from genaiops.config import settings
from genaiops.errors import ConfigError, ConflictError
from genaiops.runs.active import start_run
from genaiops.store import current_store, events
from genaiops.tracing.context import active_run as run_of_spans

__all__ = ["log_metric", "log_metrics", "log_param", "log_params", "set_tag", "set_tags"]

_params: dict[tuple[str, str], str] = {}
"""Values this process logged, to refuse a different one at once."""


def log_param(key: str, value: Any) -> None:  # any value with a JSON or text form
    """Logs a parameter; it cannot be changed.

    Raises: ConflictError when this process logged another value under that key.
    """
    run_id = _run_id()
    plain = _plain(value)
    known = _params.setdefault((run_id, key), repr(plain))
    if known != repr(plain):
        raise ConflictError(
            f"the parameter {key!r} of run {run_id!r} is {known} already and cannot become "
            f"{plain!r}: log it under another key"
        )
    _append(events.encode("param", run_id=run_id, key=_key(key), value=plain))


def log_params(params: Mapping[str, Any]) -> None:
    """Logs several parameters; see `log_param`."""
    for key, value in params.items():
        log_param(key, value)


def log_metric(
    key: str, value: float, step: int | None = None, timestamp: int | None = None
) -> None:
    """Logs a value of a metric; NaN and infinities are kept.

    Args:
        key: Name of the metric.
        value: A number.
        step: Step of training, 0 when omitted.
        timestamp: Milliseconds since 1970 as in MLflow, now when omitted.

    Raises: ConfigError when the value is no number.
    """
    log_metrics({key: value}, step=step, timestamp=timestamp)


def log_metrics(
    metrics: Mapping[str, float], step: int | None = None, timestamp: int | None = None
) -> None:
    """Logs values of several metrics at one step; see `log_metric`."""
    run_id = _run_id()
    ts_ns = time.time_ns() if timestamp is None else int(timestamp) * 1_000_000
    lines: list[bytes] = []
    for key, value in metrics.items():
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise ConfigError(f"the metric {key!r} is {value!r}: log a number") from None
        lines.append(
            events.encode(
                "metric", run_id=run_id, key=_key(key), value=number, step=step or 0, ts_ns=ts_ns
            )
        )
    _append(b"".join(lines))


def set_tag(key: str, value: Any) -> None:  # anything with a text form
    """Sets a tag of the active run; the newest value counts, None removes it."""
    text = None if value is None else str(value)
    _append(events.encode("tag", run_id=_run_id(), key=_key(key), value=text))


def set_tags(tags: Mapping[str, Any]) -> None:
    """Sets several tags; see `set_tag`."""
    for key, value in tags.items():
        set_tag(key, value)


def _run_id() -> str:
    """The active run, begun when there is none, as in MLflow."""
    return run_of_spans.get() or start_run().info.run_id


def _append(lines: bytes) -> None:
    if lines and not settings().disabled:
        current_store().append("events", lines)


def _key(key: str) -> str:
    if not key.strip():
        raise ConfigError(f"the key {key!r} is empty: name it")
    return key


def _plain(value: Any) -> Any:  # any value becomes one that JSON has
    """The value as JSON has it; numpy scalars become numbers, the rest text."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "shape", None) == ():
        return item()
    return cast("Any", value) if isinstance(value, list | tuple | dict) else str(value)
