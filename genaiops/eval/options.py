"""The keyword arguments of `evaluate`, and what each may be."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from genaiops.errors import EvalError
from genaiops.eval.given import (
    CONFIDENCE,
    is_confidence,
    is_flag,
    is_number,
    is_text,
    is_whole,
    require,
)
from genaiops.eval.remote import check_executor

__all__ = ["Cluster", "Options", "Progress", "check_options"]

Cluster = str | Callable[[Mapping[str, Any]], Hashable]
Progress = bool | Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The keyword arguments of `evaluate`, as they were given."""

    name: str | None
    judge_model: str | None
    labels: object
    cluster: Cluster | None
    repeats: int
    concurrency: int | Literal["auto"]
    timeout_s: float
    budget_usd: float | None
    cache: bool | Literal["replay"]
    resume: bool
    seed: int
    confidence: float
    stop: object
    executor: object
    progress: Progress | None


def check_options(options: Options) -> None:
    """Looks at the options one by one. Raises EvalError that names the first wrong one."""
    check_executor(options.executor)
    for name, (right, wanted) in _WANTED.items():
        value: object = getattr(options, name)
        require(right(value), name, value, wanted)
    if options.labels is not None and options.stop is not None:
        raise EvalError("labels= and stop= cannot be used together: leave one out")


def _or_none(right: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or right(value)


def _above_zero(value: object) -> bool:
    return is_number(value, above=0.0)


_WANTED: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "name": (_or_none(is_text), "text, or None"),
    "judge_model": (_or_none(is_text), "'provider/model', or None"),
    "cluster": (
        lambda value: value is None or is_text(value) or callable(value),
        "the name of a column or tag, or a function of the row",
    ),
    "repeats": (is_whole, "a whole number of at least 1"),
    "concurrency": (
        lambda value: is_whole(value) or (isinstance(value, str) and value == "auto"),
        "'auto' or a whole number of at least 1",
    ),
    "timeout_s": (_above_zero, "a number of seconds above 0"),
    "budget_usd": (_or_none(_above_zero), "an amount above 0, or None"),
    "cache": (
        lambda value: is_flag(value) or (isinstance(value, str) and value == "replay"),
        "True, False or 'replay'",
    ),
    "resume": (is_flag, "True or False"),
    "seed": (lambda value: is_whole(value, least=0), "a whole number of at least 0"),
    "confidence": (is_confidence, CONFIDENCE),
    "progress": (
        lambda value: value is None or is_flag(value) or callable(value),
        "True, False, None, or a function of rows done and rows in all",
    ),
}
