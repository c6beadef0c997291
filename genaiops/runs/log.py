"""Logging to the active run; a line in the journal each, nothing waits."""

import json
import time
from collections.abc import Mapping
from typing import Any

from genaiops.errors import ConfigError, ConflictError
from genaiops.runs.active import logged_params, start_run
from genaiops.runs.journal import write
from genaiops.store import events
from genaiops.tracing.context import active_run as run_of_spans

__all__ = [
    "active_run_id",
    "as_kept",
    "log_metric",
    "log_metrics",
    "log_param",
    "log_params",
    "metric_line",
    "set_tag",
    "set_tags",
]


def log_param(key: str, value: Any) -> None:  # any value with a JSON or text form
    """Logs a parameter of the active run; it cannot be changed.

    Args:
        key: Name of the parameter.
        value: Kept as JSON where it has such a form, as text otherwise.

    Raises: ConflictError when this process logged another value under that key to this run; of
        two processes that disagree, the first one's value stays.
    """
    log_params({key: value})


def log_params(params: Mapping[str, Any]) -> None:
    """Logs several parameters, or none of them when one is refused; see `log_param`."""
    run_id = active_run_id()
    logged = logged_params(run_id)
    plain = {_key(key): as_kept(value) for key, value in params.items()}
    for key, value in plain.items():
        if logged.get(key, repr(value)) != repr(value):
            raise ConflictError(
                f"the parameter {key!r} of run {run_id!r} is {logged[key]} already and cannot "
                f"become {value!r}: log it under another key"
            )
    write(
        *(
            events.encode("param", run_id=run_id, key=key, value=value)
            for key, value in plain.items()
        )
    )
    logged |= {key: repr(value) for key, value in plain.items()}


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
    run_id = active_run_id()
    ts_ns = time.time_ns() if timestamp is None else int(timestamp) * 1_000_000
    write(*(metric_line(run_id, key, value, step or 0, ts_ns) for key, value in metrics.items()))


def metric_line(run_id: str, key: str, value: float, step: int, ts_ns: int) -> bytes:
    """One value of a metric as a line of the journal. Raises ConfigError."""
    number = _number(_key(key), value)
    return events.encode("metric", run_id=run_id, key=key, value=number, step=step, ts_ns=ts_ns)


def set_tag(key: str, value: Any) -> None:  # anything with a text form
    """Sets a tag of the active run; the newest value counts, None removes it."""
    set_tags({key: value})


def set_tags(tags: Mapping[str, Any]) -> None:
    """Sets several tags; see `set_tag`."""
    run_id = active_run_id()
    write(
        *(
            events.encode(
                "tag", run_id=run_id, key=_key(key), value=None if value is None else str(value)
            )
            for key, value in tags.items()
        )
    )


def active_run_id() -> str:
    """The active run, begun when there is none, as in MLflow."""
    return run_of_spans.get() or start_run().info.run_id


def _key(key: object) -> str:
    if not isinstance(key, str) or not key.strip():
        raise ConfigError(f"the key {key!r} is no name: use text")
    return key


def _number(key: str, value: Any) -> float:  # whatever it is, it may be a number
    if isinstance(value, str | bytes):
        raise _no_number(key, value)
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise _no_number(key, value) from None


def _no_number(key: str, value: object) -> ConfigError:
    return ConfigError(f"the metric {key!r} is {value!r}: log a number")


def as_kept(value: Any) -> Any:  # any value becomes one that JSON has
    """The value as JSON has it: numpy scalars become numbers, what JSON lacks becomes text."""
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "shape", None) == ():
        value = item()
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair is no JSON
        return str(value).encode(errors="replace").decode()
    except (TypeError, ValueError, RecursionError):
        return _shown(value)
    return json.loads(text)


def _shown(value: object) -> str:
    try:
        return str(value)
    except RecursionError:
        raise ConfigError(
            f"a {type(value).__name__} is nested too deeply for a parameter: log a summary of it"
        ) from None
