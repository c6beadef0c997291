"""Everything that is checked before an evaluation runs: options, rows, judges, models, clusters."""

import hashlib
import inspect
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import msgspec

from genaiops.errors import EvalError
from genaiops.eval.answers import CacheMode
from genaiops.eval.case import Row
from genaiops.eval.dataset import load_rows
from genaiops.eval.judges.base import Judge
from genaiops.eval.judging import check_judges, check_models, model_of
from genaiops.eval.labels import Labels, labels_for
from genaiops.eval.remote import check_executor
from genaiops.eval.stopping import Stopper
from genaiops.eval.stoprule import stopper_of
from genaiops.eval.task import PredictFn, check_arguments
from genaiops.eval.throttle import Policy

__all__ = ["Cluster", "Options", "Plan", "Progress", "make_plan"]

Cluster = str | Callable[[Mapping[str, Any]], Hashable]
Progress = bool | Callable[[int, int], None]
_ROWS = 128
"""Rows under way at once when `concurrency` is ``"auto"``."""
_ROWS_STOPPING = 20
"""The same with `stop=`: rows under way when it is decided are paid for in vain."""
_SYNC, _ASYNC = 16, 64
"""Calls of a sync and of an async ``predict_fn`` under way at once then."""
_FROM_THE_ROW = frozenset({"inputs", "expected", "relevant_ids"})


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An evaluation that can begin.

    Attributes:
        models: Judge model of each judge by its name, None for judges without one.
        clusters: Cluster of each row, in the order of the rows; None when there are none.
        labels: What people say about the rows.
        stopper: Says when it is enough; None to go through all rows.
        identity: Digest of name, data and function; equal for a run that can be resumed.
        limit: Rows under way at once.
        predict_limit: Calls of ``predict_fn`` under way at once.
        policy: Of the calls of judge models.
    """

    fn: PredictFn | None
    rows: Sequence[Row]
    judges: Sequence[Judge]
    models: Mapping[str, str | None]
    clusters: Sequence[Hashable] | None
    labels: Labels | None
    stopper: Stopper | None
    name: str
    identity: str
    cache: CacheMode
    limit: int
    predict_limit: int
    policy: Policy
    options: Options


def make_plan(
    data: object, fn: PredictFn | None, judges: Sequence[object], options: Options
) -> Plan:
    """Checks everything that can be checked without running anything.

    Raises: EvalError, ConfigError that name what is wrong.
    """
    _check_options(options)
    checked = check_judges(judges)
    models = {judge.name: model_of(judge, options.judge_model) for judge in checked}
    if options.cache != "replay":
        check_models(checked, models)
    rows = load_rows(data)
    for judge in checked:
        _check_needs(judge, rows, fn)
    if fn is not None:
        if not callable(fn):
            raise EvalError(f"predict_fn is {fn!r}: give a function")
        for row in rows:
            check_arguments(fn, row)
    clusters = _clusters(rows, options.cluster)
    name = options.name or (getattr(fn, "__name__", None) if fn else None) or "evaluate"
    given = None if options.concurrency == "auto" else options.concurrency
    return Plan(
        fn=fn,
        rows=rows,
        judges=checked,
        models=models,
        clusters=clusters,
        labels=None if options.labels is None else labels_for(options.labels, checked, rows),
        stopper=stopper_of(
            options.stop,
            rows,
            clusters,
            {judge.name: judge.scale for judge in checked},
            confidence=options.confidence,
            seed=options.seed,
            repeats=options.repeats,
        ),
        name=name,
        identity=_identity(name, rows, fn),
        cache="replay" if options.cache == "replay" else "on" if options.cache else "off",
        limit=given or (_ROWS if options.stop is None else _ROWS_STOPPING),
        predict_limit=given or (_ASYNC if inspect.iscoroutinefunction(fn) else _SYNC),
        policy=Policy() if given is None else Policy(start=given, most=given),
        options=options,
    )


def _check_options(options: Options) -> None:
    check_executor(options.executor)
    if options.concurrency != "auto" and not _whole(options.concurrency):
        given = options.concurrency
        raise EvalError(f"concurrency is {given!r}: use 'auto' or a whole number of at least 1")
    if not _whole(options.repeats):
        raise EvalError(f"repeats is {options.repeats!r}: use a whole number of at least 1")
    if not _number(options.timeout_s, above=0.0):
        raise EvalError(f"timeout_s is {options.timeout_s!r}: use a number of seconds above 0")
    if options.budget_usd is not None and not _number(options.budget_usd, above=0.0):
        raise EvalError(f"budget_usd is {options.budget_usd!r}: use an amount above 0")
    if not _number(options.confidence, above=0.0) or not 0.5 <= options.confidence < 1.0:
        raise EvalError(f"confidence is {options.confidence!r}: use a number from 0.5 to below 1")
    if options.labels is not None and options.stop is not None:
        raise EvalError("labels= and stop= cannot be used together: leave one out")
    if options.cache not in (True, False, "replay"):
        raise EvalError(f"cache is {options.cache!r}: use True, False or 'replay'")


def _number(value: object, *, above: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > above


def _whole(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 1


def _check_needs(judge: Judge, rows: Sequence[Row], fn: PredictFn | None) -> None:
    """Finds a row that lacks what a judge needs and no prediction can give."""
    known = {field.name for field in fields(Row)}
    given = judge.needs & known if fn is None else judge.needs & _FROM_THE_ROW
    for row in rows:
        for column in sorted(given):
            if getattr(row, column) is None:
                raise EvalError(
                    f"row {row.index + 1} has no {column!r}, which judge {judge.name!r} needs: "
                    "fill it, or leave out the row or the judge"
                )


def _clusters(rows: Sequence[Row], cluster: Cluster | None) -> list[Hashable] | None:
    if cluster is None:
        return None
    if callable(cluster):
        return [_cluster_by(cluster, row) for row in rows]
    found: list[Hashable] = []
    for row in rows:
        value: object = row.raw.get(cluster, row.tags.get(cluster))
        if value is None:
            raise EvalError(
                f"row {row.index + 1} has no {cluster!r}, which cluster= names: add the column"
            )
        found.append(str(value))
    return found


def _cluster_by(cluster: Callable[[Mapping[str, Any]], Hashable], row: Row) -> Hashable:
    try:
        value = cluster(row.raw)
        hash(value)
    except Exception as error:  # whatever a function of the user raises: told by its row
        raise EvalError(
            f"row {row.index + 1}: cluster= gave no cluster: {type(error).__name__}: {error}"
        ) from error
    return value


def _identity(name: str, rows: Sequence[Row], fn: PredictFn | None) -> str:
    data = [(row.row_id, row.inputs, row.outputs, row.contexts, row.retrieved_ids) for row in rows]
    text = msgspec.json.encode([name, data, _source(fn)], order="deterministic")
    return hashlib.sha256(text).hexdigest()


def _source(fn: PredictFn | None) -> str:
    """The source of the function; its name where there is none to see."""
    try:
        return "" if fn is None else inspect.getsource(inspect.unwrap(fn))
    except (OSError, TypeError):
        return f"{getattr(fn, '__module__', '')}.{getattr(fn, '__qualname__', type(fn).__name__)}"
