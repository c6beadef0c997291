"""`evaluate`: a run, a trace a row, a verdict a judge, each kept the moment it is there."""

import asyncio
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, Literal, cast

from genaiops.errors import EvalError
from genaiops.eval.asking import Asking, stored_answers
from genaiops.eval.case import Prediction, Row, Verdict
from genaiops.eval.dataset import load_rows
from genaiops.eval.judges.base import Judge, ModelJudge
from genaiops.eval.judging import case_of, check_judges, judged, keep, model_of
from genaiops.eval.report import EvalResult, RowVerdict, Score, score_of
from genaiops.eval.retrieved import Watch, watching
from genaiops.eval.task import PredictFn, check_arguments, predict
from genaiops.runs import ActiveRun, active_run, log_metrics, log_params, start_run

__all__ = ["aevaluate", "evaluate"]

AUTO_CONCURRENCY = 16
"""Rows under way at once when `concurrency` is ``"auto"``."""
_NOT_BUILT = ("labels", "budget_usd", "stop", "executor")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What does not change while rows are judged."""

    run_id: str
    fn: PredictFn | None
    judges: Sequence[Judge]
    asking: Mapping[str, Asking]
    timeout_s: float
    watch: Watch


def evaluate(
    data: object,
    predict_fn: PredictFn | None = None,
    judges: Sequence[object] = (),
    *,
    name: str | None = None,
    judge_model: str | None = None,
    cluster: str | Callable[[Mapping[str, Any]], Hashable] | None = None,
    concurrency: int | Literal["auto"] = "auto",
    timeout_s: float = 60.0,
    cache: bool = True,
    confidence: float = 0.95,
    progress: Callable[[int, int], None] | None = None,
    **further: Any,
) -> EvalResult:
    """Scores answers with judges; each score has an interval.

    Args:
        data: Rows: dicts, a data frame, or a path; see docs/evaluation.md.
        predict_fn: Takes a row's inputs as keyword arguments and answers; None scores the rows'
            own outputs.
        judges: What to score with.
        name: Name of the run.
        judge_model: Model of judges that name none, ``provider/model``.
        cluster: Column, or function of a row, whose equal values belong together, such as the
            document a question was made from.
        concurrency: Rows under way at once.
        timeout_s: Seconds for `predict_fn` on one row.
        cache: Reuses a judge model's answer when exactly the same was asked before.
        confidence: Of the intervals.
        progress: Called with rows done and rows in all.
        further: ``repeats``, ``resume``, ``seed`` and options of later versions, which are refused
            when they ask for something that is not built.

    Returns: The scores and verdicts; they are also in the store, under ``result.run_id``.
    Raises: EvalError, ConfigError, before anything is paid for. What fails later is a value.
    """
    made = aevaluate(
        data,
        predict_fn,
        judges,
        name=name,
        judge_model=judge_model,
        cluster=cluster,
        concurrency=concurrency,
        timeout_s=timeout_s,
        cache=cache,
        confidence=confidence,
        progress=progress,
        **further,
    )
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(made)
    return _in_thread(made)  # in a notebook a loop is running already


async def aevaluate(
    data: object,
    predict_fn: PredictFn | None = None,
    judges: Sequence[object] = (),
    *,
    name: str | None = None,
    judge_model: str | None = None,
    cluster: str | Callable[[Mapping[str, Any]], Hashable] | None = None,
    concurrency: int | Literal["auto"] = "auto",
    timeout_s: float = 60.0,
    cache: bool = True,
    confidence: float = 0.95,
    progress: Callable[[int, int], None] | None = None,
    **further: Any,
) -> EvalResult:
    """The asynchronous twin of `evaluate`."""
    _check_options(further, cache=cache, confidence=confidence)
    limit = _limit(concurrency)
    checked = check_judges(judges, judge_model)
    rows = load_rows(data)
    clusters = _clusters(rows, cluster)
    if predict_fn is not None:
        for row in rows:
            check_arguments(predict_fn, row)
    known = stored_answers() if cache and _any_model(checked) else ({} if cache else None)
    asking = {
        judge.name: Asking(judge, model_of(judge, judge_model), known)
        for judge in checked
        if isinstance(judge, ModelJudge)
    }
    with start_run(name, nested=active_run() is not None) as run, watching() as watch:
        log_params({"rows": len(rows), "judges": [judge.name for judge in checked]})
        job = _Job(
            run_id=run.info.run_id,
            fn=predict_fn,
            judges=checked,
            asking=asking,
            timeout_s=timeout_s,
            watch=watch,
        )
        done = await _all(job, rows, limit, progress)
        scores = _scores(checked, done, confidence, clusters)
        _log(scores)
    return _result(run, checked, rows, done, scores, confidence)


_Done = list[tuple[Prediction, list[Verdict]]]


async def _all(
    job: _Job, rows: Sequence[Row], limit: int, progress: Callable[[int, int], None] | None
) -> _Done:
    """Every row, at most `limit` at once, in the order of the data."""
    free = asyncio.Semaphore(limit)
    finished = 0

    async def one(row: Row) -> tuple[Prediction, list[Verdict]]:
        nonlocal finished
        async with free:
            found = await _row(job, row)
        finished += 1
        if progress is not None:
            progress(finished, len(rows))
        return found

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(row)) for row in rows]
    return [task.result() for task in tasks]


async def _row(job: _Job, row: Row) -> tuple[Prediction, list[Verdict]]:
    """One row: its prediction, then each judge; a verdict is kept as soon as it is there."""
    prediction = await asyncio.create_task(
        predict(
            job.fn,
            row,
            watch=job.watch,
            timeout_s=job.timeout_s,
            metadata={"row_id": row.row_id},
        )
    )
    case = case_of(row, prediction)

    async def one(judge: Judge) -> Verdict:
        verdict = await judged(judge, case, prediction, job.asking.get(judge.name))
        keep(job.run_id, row, judge, verdict, prediction.trace_id)
        return verdict

    tasks = [asyncio.create_task(one(judge)) for judge in job.judges]
    return prediction, list(await asyncio.gather(*tasks))


def _scores(
    judges: Sequence[Judge], done: _Done, confidence: float, clusters: Sequence[Hashable] | None
) -> dict[str, Score]:
    return {
        judge.name: score_of(
            judge,
            [verdicts[at] for _, verdicts in done],
            confidence=confidence,
            clusters=clusters,
        )
        for at, judge in enumerate(judges)
    }


def _log(scores: Mapping[str, Score]) -> None:
    """Scores as metrics of the run: NAME, NAME.low, NAME.high."""
    for name, score in scores.items():
        ends = {name: score.estimate, f"{name}.low": score.low, f"{name}.high": score.high}
        log_metrics({key: value for key, value in ends.items() if value is not None})


def _result(
    run: ActiveRun,
    judges: Sequence[Judge],
    rows: Sequence[Row],
    done: _Done,
    scores: Mapping[str, Score],
    confidence: float,
) -> EvalResult:
    verdicts = [
        RowVerdict(row=row, judge=judge.name, verdict=verdict, prediction=prediction)
        for row, (prediction, said) in zip(rows, done, strict=True)
        for judge, verdict in zip(judges, said, strict=True)
    ]
    return EvalResult(run_id=run.info.run_id, scores=scores, rows=verdicts, confidence=confidence)


def _check_options(further: Mapping[str, Any], *, cache: object, confidence: float) -> None:
    """Refuses what is not built, and what nobody knows, before anything runs."""
    for name, value in further.items():
        if name in _NOT_BUILT and value is not None:
            raise EvalError(f"{name}= is not built yet: leave it out")
        if name == "repeats" and value != 1:
            raise EvalError(f"repeats={value!r} is not built yet: leave it out")
        if name not in (*_NOT_BUILT, "repeats", "resume", "seed"):
            raise EvalError(f"evaluate() has no option {name!r}")
    if not isinstance(cache, bool):
        raise EvalError(f"cache={cache!r} is not built yet: use True or False")
    if not 0.5 <= confidence < 1.0:
        raise EvalError(f"confidence is {confidence!r}: use a number from 0.5 to below 1")


def _limit(concurrency: int | str) -> int:
    if concurrency == "auto":
        return AUTO_CONCURRENCY
    if isinstance(concurrency, int) and concurrency >= 1:
        return concurrency
    raise EvalError(f"concurrency is {concurrency!r}: use 'auto' or a whole number of at least 1")


def _any_model(judges: Sequence[Judge]) -> bool:
    return any(isinstance(judge, ModelJudge) for judge in judges)


def _clusters(
    rows: Sequence[Row], cluster: str | Callable[[Mapping[str, Any]], Hashable] | None
) -> list[Hashable] | None:
    if cluster is None:
        return None
    if callable(cluster):
        return [cluster(row.raw) for row in rows]
    found: list[Hashable] = []
    for row in rows:
        value: object = row.raw.get(cluster, row.tags.get(cluster))
        if value is None:
            raise EvalError(
                f"row {row.index + 1} has no {cluster!r}, which cluster= names: add the column"
            )
        found.append(str(value))
    return found


def _in_thread(made: Any) -> EvalResult:  # the coroutine
    """Runs the coroutine in a thread of its own, with this context."""
    outcome: list[EvalResult | BaseException] = []
    context = copy_context()

    def work() -> None:
        try:
            outcome.append(context.run(asyncio.run, made))
        except BaseException as error:  # noqa: BLE001  raised again in the caller's thread
            outcome.append(error)

    thread = threading.Thread(target=work, name="genaiops-evaluate")
    thread.start()
    thread.join()
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return cast("EvalResult", outcome[0])
