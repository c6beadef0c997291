"""`evaluate`: a run, a trace a row, a verdict a judge, each kept the moment it is there."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextvars import copy_context
from typing import Any, Literal, TypeVar

from genaiops.eval.options import Cluster, Options, Progress
from genaiops.eval.plan import make_plan
from genaiops.eval.report import EvalResult
from genaiops.eval.running import run_plan
from genaiops.eval.task import PredictFn

__all__ = ["aevaluate", "evaluate"]

T = TypeVar("T")


def evaluate(  # noqa: PLR0913  the signature is a promise
    data: object,
    predict_fn: PredictFn | None = None,
    judges: Sequence[object] = (),
    *,
    name: str | None = None,
    judge_model: str | None = None,
    labels: object = None,
    cluster: Cluster | None = None,
    repeats: int = 1,
    concurrency: int | Literal["auto"] = "auto",
    timeout_s: float = 60.0,
    budget_usd: float | None = None,
    cache: bool | Literal["replay"] = True,
    resume: bool = True,
    seed: int = 0,
    confidence: float = 0.95,
    stop: object = None,
    executor: object = None,
    progress: Progress | None = None,
) -> EvalResult:
    """Scores answers with judges; each score has an interval.

    Makes a run, and in it a trace for each row with the judges' verdicts on it. Whatever fails on
    the way (a row, a judge, a provider) is a value in the result. Killed and started again, it
    pays for no stored answer twice; Ctrl-C leaves what is done in the store.

    Args:
        data: Rows as dicts, a pandas or Arrow table, the path of a ``.jsonl``, ``.csv`` or
            ``.parquet`` file, a dataset, or traces (the answer of `search_traces`): these are
            scored for what they recorded, and carry the verdicts.
        predict_fn: Takes a row's inputs as keyword arguments (text as ``question=``), sync or
            async; returns the answer, or a dict with ``outputs``, ``contexts``,
            ``retrieved_ids``. None scores the rows' own outputs.
        judges: What to score with.
        name: Name of the run; the function's name when omitted.
        judge_model: Model of judges that name none, ``provider/model``.
        labels: What people say about some rows picked at random: ``{row_id: {judge: value}}``,
            rows with ``id``, ``judge`` and ``value`` (or their path), assessments, or ``"human"``
            for what is stored about the rows' traces. The score is then what people would say
            about all rows; the judge makes its interval shorter where it agrees with them.
        cluster: Column or tag, or a function of the row, whose equal values belong together, such
            as the document a question was made from; intervals and comparisons count them in.
        repeats: How often each row is answered and judged; a row counts with its mean.
        concurrency: Rows, and calls of a judge model, under way at once. ``"auto"`` begins with
            few calls, makes more while the provider accepts them, and fewer when it refuses.
        timeout_s: Seconds for `predict_fn` on one row, and for one call of a judge model.
        budget_usd: So much may judges and `predict_fn` cost, by what providers say and else by
            the store's prices. Then no further call is made, what is missing is an error of its
            row, and the run can be resumed.
        cache: True reuses stored answers of judge models; False asks anew; ``"replay"`` takes
            predictions and judge answers from the store only.
        resume: Goes on with an unfinished run of the same name, data and function: its source and
            the plain values (a model's name, a number) that it uses.
        seed: Of the order of the rows with `stop`.
        confidence: Of the intervals, 0.5 to below 1.
        stop: Ends as soon as it is decided, looking every 20 rows in a random order: a condition
            such as ``"groundedness >= 0.8"`` (or several), the half-width that the intervals
            shall have, or a result or run id that one score is surely better or worse than. The
            intervals hold wherever it ends, and are about twice as wide as those of all rows.
        executor: ``"ray"`` calls `predict_fn` on a Ray cluster, ``"ray://host:port"`` or
            ``"ray:host:port"`` on that one: one row a task, with the same traces, journal and
            result. Judges are asked from here, where the provider's limits are kept.
        progress: None shows a line on a terminal; True and False say so; a function is called
            with rows done and rows in all.

    Raises: EvalError, ConfigError when something is wrong, before anything is paid for.
    """
    options = Options(
        name=name,
        judge_model=judge_model,
        labels=labels,
        cluster=cluster,
        repeats=repeats,
        concurrency=concurrency,
        timeout_s=timeout_s,
        budget_usd=budget_usd,
        cache=cache,
        resume=resume,
        seed=seed,
        confidence=confidence,
        stop=stop,
        executor=executor,
        progress=progress,
    )
    plan = make_plan(data, predict_fn, judges, options)
    return _run(lambda: run_plan(plan))


async def aevaluate(  # noqa: PLR0913  the signature is a promise
    data: object,
    predict_fn: PredictFn | None = None,
    judges: Sequence[object] = (),
    *,
    name: str | None = None,
    judge_model: str | None = None,
    labels: object = None,
    cluster: Cluster | None = None,
    repeats: int = 1,
    concurrency: int | Literal["auto"] = "auto",
    timeout_s: float = 60.0,
    budget_usd: float | None = None,
    cache: bool | Literal["replay"] = True,
    resume: bool = True,
    seed: int = 0,
    confidence: float = 0.95,
    stop: object = None,
    executor: object = None,
    progress: Progress | None = None,
) -> EvalResult:
    """The asynchronous twin of `evaluate`, with the same arguments, result and errors."""
    options = Options(
        name=name,
        judge_model=judge_model,
        labels=labels,
        cluster=cluster,
        repeats=repeats,
        concurrency=concurrency,
        timeout_s=timeout_s,
        budget_usd=budget_usd,
        cache=cache,
        resume=resume,
        seed=seed,
        confidence=confidence,
        stop=stop,
        executor=executor,
        progress=progress,
    )
    return await run_plan(make_plan(data, predict_fn, judges, options))


def _run(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Runs a coroutine to its end, beside the running loop where there is one (a notebook)."""
    if _in_loop():
        return _beside(make)
    results: list[T] = []

    async def kept() -> None:  # asyncio.run takes the repr of what it returns, which is long
        results.append(await make())

    asyncio.run(kept())
    return results[0]


def _in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _beside(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Runs a coroutine on a loop in another thread, with this context; Ctrl-C cancels it."""
    results: list[T] = []
    failures: list[BaseException] = []
    cancels: list[Callable[[], object]] = []

    async def cancellable() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        if task is not None:
            cancels.append(lambda: loop.call_soon_threadsafe(task.cancel))
        return await make()

    def work() -> None:
        try:
            results.append(asyncio.run(cancellable()))
        except BaseException as error:  # noqa: BLE001  raised again in the caller's thread
            failures.append(error)

    thread = threading.Thread(target=copy_context().run, args=(work,), name="genaiops-evaluate")
    thread.start()
    try:
        thread.join()
    except KeyboardInterrupt:
        for cancel in cancels:
            cancel()
        thread.join()
        raise
    if failures:
        raise failures[0]
    return results[0]
