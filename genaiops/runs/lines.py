"""Values of a run as lines of the journal, each checked before any is written."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from genaiops.errors import ConfigError, ConflictError
from genaiops.runs import given
from genaiops.store import events

__all__ = ["metric_line", "metric_lines", "nanoseconds", "param_lines", "tag_lines"]

_INT64 = 2**63


def metric_line(run_id: str, key: str, value: float, step: int, ts_ns: int) -> bytes:
    """One value of a metric. Raises: ConfigError for no number and no step."""
    number = _number(_key(key), value)
    whole = _whole(step, "step")
    return events.encode("metric", run_id=run_id, key=key, value=number, step=whole, ts_ns=ts_ns)


def metric_lines(run_id: str, points: Iterable[tuple[str, int, int, float]]) -> Iterator[bytes]:
    """Many values of a run, checked before: key, step, nanoseconds and value of each."""
    heads: dict[str, bytes] = {}
    for key, step, ts_ns, value in points:
        head = heads.get(key)
        if head is None:
            line = events.encode("metric", run_id=run_id, key=key, value=0.5, step=0, ts_ns=0)
            head = heads[key] = line[: line.index(b'"value":')] + b'"value":"'
        yield b'%b%b","step":%d,"ts_ns":%d}\n' % (head, repr(value).encode(), step, ts_ns)


def nanoseconds(milliseconds: int) -> int:
    """Nanoseconds since 1970. Raises: ConfigError when a store cannot hold them."""
    return _whole(_whole(milliseconds, "timestamp") * 1_000_000, "timestamp in nanoseconds")


def param_lines(run_id: str, params: Mapping[str, Any], known: dict[str, str]) -> list[bytes]:
    """Parameters; none of them when one is refused.

    Args:
        run_id: Of the run.
        params: Any values; kept as JSON where they have such a form, as text otherwise.
        known: What the run has, as ``repr`` shows it; the new ones are added.

    Raises: ConflictError for one that the run has with another value, ConfigError for a key that
        is no name.
    """
    plain = {_key(key): _as_kept(value) for key, value in params.items()}
    shown = {key: repr(value) for key, value in plain.items()}
    for key, text in shown.items():
        if known.get(key, text) != text:
            raise ConflictError(
                f"the parameter {key!r} of run {run_id!r} is {known[key]} already and cannot "
                f"become {text}: log it under another key"
            )
    known |= shown
    return [
        events.encode("param", run_id=run_id, key=key, value=value) for key, value in plain.items()
    ]


def tag_lines(run_id: str, tags: Mapping[str, Any]) -> list[bytes]:
    """Tags, as text; None removes one. Raises: ConfigError for a key that is no name."""
    texts = {_key(key): None if value is None else _shown(value) for key, value in tags.items()}
    return [events.encode("tag", run_id=run_id, key=key, value=text) for key, text in texts.items()]


def _key(key: object) -> str:
    if not isinstance(key, str) or not key.strip():
        raise ConfigError(f"the key {given.quoted(key)} is no name: use text")
    return key


def _number(key: str, value: Any) -> float:  # whatever it is, it may be a number
    if isinstance(value, str | bytes):
        raise _no_number(key, value)
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise _no_number(key, value) from None


def _no_number(key: str, value: object) -> ConfigError:
    return ConfigError(f"the metric {key!r} is {given.quoted(value)}: log a number")


def _whole(value: Any, what: str) -> int:  # numpy has numbers of its own
    if type(value) is int and -_INT64 <= value < _INT64:
        return value
    try:
        whole = int(value)
    except (TypeError, ValueError, OverflowError):
        whole = _INT64
    if isinstance(value, str | bytes) or not -_INT64 <= whole < _INT64:
        raise ConfigError(
            f"the {what} {given.quoted(value)} is no whole number of 64 bits: give one"
        )
    return whole


def _as_kept(value: Any) -> Any:  # any value becomes one that JSON has
    """The value as JSON has it: numpy scalars become numbers, what JSON lacks becomes text."""
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "shape", None) == ():
        value = item()
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair is no JSON
        return _shown(value).encode(errors="replace").decode()
    except (TypeError, ValueError, RecursionError):
        return _shown(value)
    return json.loads(text)


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    try:
        return str(value)
    except RecursionError:
        raise ConfigError(
            f"a {type(value).__name__} is nested too deeply to be kept: log a summary of it"
        ) from None
    except Exception as error:  # noqa: BLE001  an object of the user's, or too many digits
        raise ConfigError(
            f"a {type(value).__name__} cannot be written as text ({error}): log a summary of it"
        ) from None
