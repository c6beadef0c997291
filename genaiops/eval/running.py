"""Running a plan: workers take rows, predict, judge, and keep each thing the moment it is there."""

import asyncio
import json
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, cast

from genaiops.eval.answers import Answers
from genaiops.eval.budget import Budget, BudgetError
from genaiops.eval.case import Prediction, Row, Verdict
from genaiops.eval.judges.base import Judge, ModelJudge, failed, higher_is_better
from genaiops.eval.judging import case_of, judge_case
from genaiops.eval.labels import label_lines
from genaiops.eval.opinions import flip_rate
from genaiops.eval.plan import Plan
from genaiops.eval.progress import reporter
from genaiops.eval.record import IDENTITY, Kept, Recorder, prediction_key
from genaiops.eval.remote import Cluster, cluster_of
from genaiops.eval.report import JUDGES_TAG, STOP_TAG, EvalResult, result_of
from genaiops.eval.retrieved import Watch, watching
from genaiops.eval.score import RowResult
from genaiops.eval.stoprule import handed_out
from genaiops.eval.task import predict, seen
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
    predicting: asyncio.Semaphore
    cluster: Cluster | None
    budget: Budget
    show: Callable[[int], None]


async def run_plan(plan: Plan) -> EvalResult:
    """Runs an evaluation to its end; a run that is cancelled ends as killed. Raises StoreError."""
    recorder, budget = Recorder(), Budget(plan.options.budget_usd)
    answers = Answers(
        recorder=recorder,
        mode=plan.cache,
        policy=plan.policy,
        timeout_s=plan.options.timeout_s,
        budget=budget,
    )
    with recorder.turn():
        with recorder.reading() as store:
            answers.load(store, _asked(plan))
            earlier = _earlier(plan, store)
            kept = {} if earlier is None else store.predictions(earlier)
        resumed = earlier if plan.cache != "replay" else None
        run = start_run(plan.name, run_id=resumed, nested=active_run() is not None)
    try:
        with (
            watching() as watch,
            reporter(plan, budget) as show,
            cluster_of(
                plan.options.executor, plan.fn, run.info.run_id, plan.options.timeout_s
            ) as cluster,
        ):
            _describe(plan, resumed=resumed is not None)
            if plan.clusters is not None or resumed is not None:  # resumed: perhaps others
                ids = [row.row_id for row in plan.rows]
                recorder.clusters(
                    run.info.run_id, dict(zip(ids, plan.clusters or (), strict=False))
                )
            job = _Job(
                plan=plan,
                run_id=run.info.run_id,
                recorder=recorder,
                answers=answers,
                kept=kept,
                source_run=earlier,
                watch=watch,
                predicting=asyncio.Semaphore(_calls_at_once(plan, cluster)),
                cluster=cluster,
                budget=budget,
                show=show,
            )
            results = await _all_rows(job)
        result = _result(plan, run, recorder, results)
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError | KeyboardInterrupt):
            end_run("KILLED")
        else:
            run.__exit__(type(error), error, error.__traceback__)
        raise
    end_run("KILLED" if budget.refused else "FINISHED")  # a run that is killed can be resumed
    return result


def _calls_at_once(plan: Plan, cluster: Cluster | None) -> int:
    """Calls of ``predict_fn`` under way at once: as asked, else two for each CPU of a cluster."""
    if cluster is None or plan.options.concurrency != "auto":
        return plan.predict_limit
    return 2 * cluster.cpus


def _asked(plan: Plan) -> Iterator[tuple[str, str]]:
    """Version and model of everything that is asked; the members of a panel one by one."""
    for judge in plan.judges:
        model = plan.models[judge.name]
        if model is not None:
            asker = cast("ModelJudge", judge)
            members: Sequence[ModelJudge] = getattr(asker, "members", (asker,))
            yield from ((member.version, member.model or model) for member in members)


def _earlier(plan: Plan, store: Kept) -> str | None:
    """The run whose predictions are taken over."""
    if plan.cache == "replay":
        return store.earlier(plan.identity, finished_too=True)
    if plan.options.resume:
        return store.earlier(plan.identity, finished_too=False)
    return None


def _describe(plan: Plan, *, resumed: bool) -> None:
    names = [judge.name for judge in plan.judges]
    if not resumed:
        log_params({"rows": len(plan.rows), "judges": names, IDENTITY: plan.identity})
    facts = {
        judge.name: {
            "model": plan.models[judge.name],
            "scale": judge.scale,
            "higher_is_better": higher_is_better(judge),
        }
        for judge in plan.judges
    }
    set_tag(JUDGES_TAG, json.dumps(facts))


async def _all_rows(job: _Job) -> list[RowResult]:
    """Every row and repeat, in the order of the data whatever finishes first."""
    repeats = range(job.plan.options.repeats)
    work = handed_out(job.plan.rows, len(repeats), job.plan.stopper)
    total = len(job.plan.rows) * len(repeats)
    results: _Results = {}
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(job.plan.limit, total)):
                group.create_task(_worker(job, work, results))
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
    return [result for _, found in sorted(results.items()) for result in found]


async def _worker(job: _Job, work: Iterator[tuple[Row, int]], results: _Results) -> None:
    for row, repeat in work:
        found = results[row.index, repeat] = await _row(job, row, repeat)
        if job.plan.stopper is not None:
            job.plan.stopper.add(row.row_id, {item.judge: item.number for item in found})
        job.show(len(results))


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
    if plan.fn is None and kept is None and row.trace_id is not None:
        return seen(row)
    facts = {"row_id": row.row_id, "repeat": repeat, "cluster": cluster}
    metadata = {name: value for name, value in facts.items() if value is not None}
    made = await _made(job, row, kept, metadata)
    if made.error is None:
        job.recorder.prediction(job.run_id, row.row_id, repeat, made)
    return made


async def _made(
    job: _Job, row: Row, kept: Prediction | None, metadata: Mapping[str, Any]
) -> Prediction:
    """A prediction made now, within the budget and the number of calls allowed at once."""
    fn = None if kept is not None else job.plan.fn
    async with job.predicting if fn is not None else nullcontext():
        try:
            if fn is not None:
                job.budget.enter()
        except BudgetError as error:
            return Prediction(error=str(error))
        if fn is not None and job.cluster is not None:
            sent = await job.cluster.predict(row, metadata)
            job.recorder.carried(sent.lines, sent.blobs)
            made = sent.prediction
        else:
            made = await predict(
                job.plan.fn,
                row,
                watch=job.watch,
                timeout_s=job.plan.options.timeout_s,
                metadata=metadata,
                kept=kept,
            )
        if fn is not None:
            known = 0.0 if made.unpriced is None else None
            job.budget.leave(made.cost_usd or known, made.unpriced or "")
    return made


def _result(plan: Plan, run: ActiveRun, recorder: Recorder, results: list[RowResult]) -> EvalResult:
    ending = plan.stopper and plan.stopper.ending
    if ending is not None:
        set_tag(STOP_TAG, json.dumps({"seed": ending.seed, "reason": ending.reason}))
    if plan.labels is not None:
        traces = {item.row_id: item.trace_id for item in reversed(results)}
        names = [judge.name for judge in plan.judges]
        recorder.said(label_lines(plan.labels, run.info.run_id, traces, names))
    result = result_of(
        run.info.run_id,
        results,
        scales={judge.name: judge.scale for judge in plan.judges},
        models=plan.models,
        falling={judge.name for judge in plan.judges if not higher_is_better(judge)},
        confidence=plan.options.confidence,
        n_lost=recorder.lost,
        labels=None if plan.labels is None else plan.labels.about(results),
        ending=ending,
    )
    metrics: dict[str, float] = {}
    for name, score in result.scores.items():
        ends = {name: score.estimate, f"{name}.low": score.low, f"{name}.high": score.high}
        flips = flip_rate([row for row in result.rows if row.judge == name])
        ends[f"{name}.flip_rate"] = flips
        metrics |= {key: value for key, value in ends.items() if value is not None}
    log_metrics(metrics)
    return result
