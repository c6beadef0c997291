"""Running a plan: workers take rows, predict, judge, and keep each thing the moment it is there."""

import asyncio
import json
import sys
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass

from genaiops.eval.answers import Answers
from genaiops.eval.case import Prediction, Row, Verdict
from genaiops.eval.judges.base import Judge, ModelJudge, failed
from genaiops.eval.judging import case_of, judge_case
from genaiops.eval.plan import Plan
from genaiops.eval.record import IDENTITY, Recorder, prediction_key
from genaiops.eval.report import EvalResult, result_of
from genaiops.eval.retrieved import Watch, watching
from genaiops.eval.score import RowResult
from genaiops.eval.task import predict
from genaiops.runs import (
    ActiveRun,
    active_run,
    end_run,
    log_metrics,
    log_params,
    set_tag,
    start_run,
)

__all__ = ["run_plan"]

JUDGES_TAG = "eval.judges"
"""Tag of a run: its judges as JSON, with what is needed to compute their scores again."""
_Results = dict[tuple[int, int], list[RowResult]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What does not change while rows are judged."""

    plan: Plan
    run_id: str
    recorder: Recorder
    answers: Answers
    kept: Mapping[str, Prediction]
    source_run: str | None
    watch: Watch


async def run_plan(plan: Plan) -> EvalResult:
    """Runs an evaluation to its end; a run that is cancelled ends as killed. Raises StoreError."""
    recorder = Recorder()
    answers = Answers(
        recorder=recorder,
        mode=plan.cache,
        limit=asyncio.Semaphore(plan.limit),
        timeout_s=plan.options.timeout_s,
    )
    answers.load(
        [
            (judge.version, str(plan.models[judge.name]))
            for judge in plan.judges
            if isinstance(judge, ModelJudge)
        ]
    )
    earlier = _earlier(plan, recorder)
    resumed = earlier if plan.cache != "replay" else None
    kept = {} if earlier is None else recorder.predictions(earlier)
    run = start_run(plan.name, run_id=resumed, nested=active_run() is not None)
    try:
        with watching() as watch:
            _describe(plan, resumed=resumed is not None)
            job = _Job(
                plan=plan,
                run_id=run.info.run_id,
                recorder=recorder,
                answers=answers,
                kept=kept,
                source_run=earlier,
                watch=watch,
            )
            results = await _all_rows(job)
        result = _result(plan, run, recorder, results)
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError | KeyboardInterrupt):
            end_run("KILLED")
        else:
            run.__exit__(type(error), error, error.__traceback__)
        raise
    end_run()
    return result


def _earlier(plan: Plan, recorder: Recorder) -> str | None:
    """The run whose predictions are taken over."""
    if plan.cache == "replay":
        return recorder.earlier(plan.identity, finished_too=True)
    if plan.options.resume and plan.fn is not None:
        return recorder.earlier(plan.identity, finished_too=False)
    return None


def _describe(plan: Plan, *, resumed: bool) -> None:
    names = [judge.name for judge in plan.judges]
    if not resumed:
        log_params({"rows": len(plan.rows), "judges": names, IDENTITY: plan.identity})
    facts = {
        judge.name: {"model": plan.models[judge.name], "scale": judge.scale}
        for judge in plan.judges
    }
    set_tag(JUDGES_TAG, json.dumps(facts))


async def _all_rows(job: _Job) -> list[RowResult]:
    """Every row and repeat, in the order of the data whatever finishes first."""
    repeats = range(job.plan.options.repeats)
    work = iter([(row, repeat) for row in job.plan.rows for repeat in repeats])
    total = len(job.plan.rows) * len(repeats)
    results: _Results = {}
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(job.plan.limit, total)):
                group.create_task(_worker(job, work, results, total))
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
    _show(job.plan, None, total)
    return [result for _, found in sorted(results.items()) for result in found]


async def _worker(
    job: _Job, work: Iterator[tuple[Row, int]], results: _Results, total: int
) -> None:
    for row, repeat in work:
        results[row.index, repeat] = await _row(job, row, repeat)
        _show(job.plan, len(results), total)


async def _row(job: _Job, row: Row, repeat: int) -> list[RowResult]:
    cluster = None if job.plan.clusters is None else job.plan.clusters[row.index]
    prediction = await _prediction(job, row, repeat, cluster)
    case = case_of(row, prediction)

    async def judged(judge: Judge) -> RowResult:
        model = job.plan.models[judge.name]
        if prediction.error is not None:
            verdict: Verdict = failed(prediction.error)
        else:
            verdict = await judge_case(judge, case, answers=job.answers, model=model, repeat=repeat)
        job.recorder.verdict(
            job.run_id,
            row.row_id,
            judge.name,
            verdict,
            repeat=repeat,
            trace_id=prediction.trace_id,
            model=model,
        )
        return RowResult(
            row_id=row.row_id,
            judge=judge.name,
            verdict=verdict,
            repeat=repeat,
            trace_id=prediction.trace_id,
            cluster=cluster,
            case=case,
        )

    return list(await asyncio.gather(*map(judged, job.plan.judges)))


async def _prediction(job: _Job, row: Row, repeat: int, cluster: Hashable) -> Prediction:
    """The prediction of a row: kept from the run that is resumed or replayed, or made now."""
    plan = job.plan
    kept = job.kept.get(prediction_key(job.source_run or "", row.row_id, repeat))
    if kept is None and plan.cache == "replay" and plan.fn is not None:
        return Prediction(
            error="no prediction of this row is stored, and cache='replay' makes none"
        )
    if kept is not None and job.source_run == job.run_id:
        return kept
    facts = {"row_id": row.row_id, "repeat": repeat, "cluster": cluster}
    metadata = {name: value for name, value in facts.items() if value is not None}
    made = await predict(
        plan.fn,
        row,
        watch=job.watch,
        timeout_s=plan.options.timeout_s,
        metadata=metadata,
        kept=kept,
    )
    if plan.fn is not None:
        job.recorder.prediction(job.run_id, row.row_id, repeat, made)
    return made


def _result(plan: Plan, run: ActiveRun, recorder: Recorder, results: list[RowResult]) -> EvalResult:
    result = result_of(
        run.info.run_id,
        results,
        scales={judge.name: judge.scale for judge in plan.judges},
        models=plan.models,
        confidence=plan.options.confidence,
        n_lost=recorder.lost,
    )
    metrics: dict[str, float] = {}
    for name, score in result.scores.items():
        ends = {name: score.estimate, f"{name}.low": score.low, f"{name}.high": score.high}
        metrics |= {key: value for key, value in ends.items() if value is not None}
    log_metrics(metrics)
    return result


def _show(plan: Plan, done: int | None, total: int) -> None:
    """Says how far it is: to the user's function, or on the terminal's line."""
    progress = plan.options.progress
    if callable(progress):
        if done is not None:
            progress(done, total)
    elif progress or (progress is None and sys.stderr.isatty()):
        text = "\r\033[K" if done is None else f"\r{plan.name}: {done} of {total} rows"
        sys.stderr.write(text)
        sys.stderr.flush()
