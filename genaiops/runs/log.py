"""Logging to the active run; a line in the journal each, nothing waits."""

import time
from collections.abc import Mapping
from typing import Any

from genaiops.runs import given
from genaiops.runs.active import logged_params, start_run
from genaiops.runs.journal import write
from genaiops.runs.lines import metric_line, nanoseconds, param_lines, tag_lines
from genaiops.tracing.context import active_run as run_of_spans

__all__ = [
    "active_run_id",
    "log_metric",
    "log_metrics",
    "log_param",
    "log_params",
    "set_tag",
    "set_tags",
]


def log_param(key: str, value: Any) -> None:  # any value with a JSON or text form
    """Logs a parameter of the active run; it cannot be changed.

    Args:
        key: Name of the parameter.
        value: Kept as JSON where it has such a form, as text otherwise.

    Raises: ConflictError when this process logged another value under that key to this run, or
        the run had one when it was taken up again; of two processes that log at once, the first
        one's value stays.
    """
    log_params({key: value})


def log_params(params: Mapping[str, Any]) -> None:
    """Logs several parameters, or none of them when one is refused; see `log_param`."""
    given.mapping(params, "parameters")
    run_id = active_run_id()
    write(*param_lines(run_id, params, logged_params(run_id)))


def log_metric(
    key: str, value: float, step: int | None = None, timestamp: int | None = None
) -> None:
    """Logs a value of a metric; NaN and infinities are kept.

    Args:
        key: Name of the metric.
        value: A number.
        step: Step of training, 0 when omitted.
        timestamp: Milliseconds since 1970 as in MLflow, now when omitted.

    Raises: ConfigError when the value is no number, or step or timestamp no whole one.
    """
    ts_ns = time.time_ns() if timestamp is None else nanoseconds(timestamp)
    write(metric_line(active_run_id(), key, value, 0 if step is None else step, ts_ns))


def log_metrics(
    metrics: Mapping[str, float], step: int | None = None, timestamp: int | None = None
) -> None:
    """Logs values of several metrics at one step; see `log_metric`."""
    items = given.mapping(metrics, "metrics").items()
    run_id = active_run_id()
    ts_ns = time.time_ns() if timestamp is None else nanoseconds(timestamp)
    at = 0 if step is None else step
    write(*(metric_line(run_id, key, value, at, ts_ns) for key, value in items))


def set_tag(key: str, value: Any) -> None:  # anything with a text form
    """Sets a tag of the active run; the newest value counts, None removes it."""
    set_tags({key: value})


def set_tags(tags: Mapping[str, Any]) -> None:
    """Sets several tags; see `set_tag`."""
    write(*tag_lines(active_run_id(), given.mapping(tags, "tags")))


def active_run_id() -> str:
    """The active run, begun when there is none, as in MLflow."""
    return run_of_spans.get() or start_run().info.run_id
