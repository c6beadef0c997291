"""Judging stored traces from a page: which judges there are, and the work that can be cancelled."""

import asyncio
from collections.abc import Callable, Sequence

import genaiops
from dashboard.parts.jobs import Job
from dashboard.parts.text import count, counted
from dashboard.parts.urls import link
from genaiops.errors import GenaiopsError
from genaiops.model.span import TraceSummary

__all__ = ["JUDGES", "OWN", "judges_of", "work"]

_LOOK_S = 0.2
OWN = "guidelines"
"""The judge whose rule is typed."""
JUDGES: dict[str, Callable[[], object]] = {
    "groundedness": genaiops.judges.Groundedness,
    "answer_relevance": genaiops.judges.AnswerRelevance,
    "context_relevance": genaiops.judges.ContextRelevance,
    "safety": genaiops.judges.Safety,
    "pii": genaiops.judges.PII,
    "latency_ms": genaiops.judges.Latency,
    "cost_usd": genaiops.judges.Cost,
}
"""Judges that need nothing but the trace, by the name of their score; and `OWN` besides."""


def judges_of(names: Sequence[str], rule: str) -> list[object]:
    """The judges of these names. Raises EvalError when the rule of `OWN` is missing."""
    made = [JUDGES[name]() for name in names if name in JUDGES]
    return [*made, genaiops.judges.Guidelines(rule)] if OWN in names else made


def work(
    items: Sequence[TraceSummary], judges: Sequence[object], model: str
) -> Callable[[Job], str]:
    """What a job does to have traces judged for what they recorded."""

    def judged(job: Job) -> str:
        return asyncio.run(_judged(job, items, judges, model))

    return judged


async def _judged(
    job: Job, items: Sequence[TraceSummary], judges: Sequence[object], model: str
) -> str:
    def progress(done: int, _total: int) -> None:
        job.done = done

    judging = asyncio.ensure_future(
        genaiops.aevaluate(
            list(items),
            judges=judges,
            name="judged again",
            judge_model=model or None,
            progress=progress,
            resume=False,
        )
    )
    while not judging.done():
        await asyncio.wait({judging}, timeout=_LOOK_S)
        if job.stop.is_set():
            judging.cancel()
    if judging.cancelled():
        return f"Cancelled: {count(job.done)} of {counted(job.total, 'trace')} judged."
    failure = judging.exception()
    if isinstance(failure, GenaiopsError):
        raise failure
    result = judging.result()
    job.where = link("eval", {"runs": result.run_id})
    return f"{counted(len(items), 'trace')} judged: see the evaluation."
