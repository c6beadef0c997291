"""Everything that is checked before an evaluation runs: rows, judges, models, clusters."""

import inspect
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from genaiops.errors import EvalError
from genaiops.eval.answers import CacheMode
from genaiops.eval.case import Row
from genaiops.eval.given import require, said
from genaiops.eval.identity import identity_of
from genaiops.eval.judges.base import Judge
from genaiops.eval.judging import check_judges, check_models, model_of
from genaiops.eval.labels import Labels, labels_for
from genaiops.eval.options import Cluster, Options, check_options
from genaiops.eval.stopping import Stopper
from genaiops.eval.stoprule import stopper_of
from genaiops.eval.task import PredictFn, check_arguments
from genaiops.eval.throttle import Policy
from genaiops.runs.rows import load_rows

__all__ = ["Plan", "clusters_of", "make_plan"]

_ROWS = 128
"""Rows under way at once when `concurrency` is ``"auto"``."""
_ROWS_STOPPING = 20
"""The same with `stop=`: rows under way when it is decided are paid for in vain."""
_SYNC, _ASYNC = 16, 64
"""Calls of a sync and of an async ``predict_fn`` under way at once then."""
_FROM_THE_ROW = frozenset({"inputs", "expected", "relevant_ids"})


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
    check_options(options)
    checked = check_judges(judges)
    models = {judge.name: model_of(judge, options.judge_model) for judge in checked}
    if options.cache != "replay":
        check_models(checked, models)
    rows = load_rows(data)
    for judge in checked:
        _check_needs(judge, rows, fn)
    if fn is not None:
        require(callable(fn), "predict_fn", fn, "a function")
        for row in rows:
            check_arguments(fn, row)
    clusters = clusters_of(rows, options.cluster)
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
        identity=identity_of(name, rows, fn),
        cache="replay" if options.cache == "replay" else "on" if options.cache else "off",
        limit=given or (_ROWS if options.stop is None else _ROWS_STOPPING),
        predict_limit=given or (_ASYNC if inspect.iscoroutinefunction(fn) else _SYNC),
        policy=Policy() if given is None else Policy(start=given, most=given),
        options=options,
    )


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


def clusters_of(rows: Sequence[Row], cluster: Cluster | None) -> list[Hashable] | None:
    """The cluster of each row; None without clusters. Raises: EvalError for a row that has none."""
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
        raise EvalError(f"row {row.index + 1}: cluster= gave no cluster: {said(error)}") from error
    return value
