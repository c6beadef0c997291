"""One judge on one case: the verdict, and the lines that keep it."""

import hashlib
import inspect
import math
import time
from collections.abc import Sequence
from dataclasses import replace

from genaiops.config import settings
from genaiops.errors import ConfigError, EvalError
from genaiops.eval.asking import Asking
from genaiops.eval.case import Case, Prediction, Row, Verdict
from genaiops.eval.judges.base import CodeJudge, Judge, ModelJudge, failed
from genaiops.store import current_store, events

__all__ = ["case_of", "check_judges", "judged", "keep", "model_of"]


def check_judges(judges: Sequence[object], judge_model: str | None) -> list[Judge]:
    """The judges, each with a name of its own and a model where it needs one.

    Raises: EvalError, ConfigError, before any call is made.
    """
    checked: list[Judge] = []
    for judge in judges:
        if not isinstance(judge, CodeJudge | ModelJudge):
            raise EvalError(
                f"{judge!r} is no judge: use one of genaiops.judges, genaiops.make_judge(...) or a "
                "function decorated with @genaiops.judge"
            )
        if judge.name in {other.name for other in checked}:
            raise EvalError(f"two judges are called {judge.name!r}: give one another name")
        if isinstance(judge, ModelJudge):
            model_of(judge, judge_model)
        checked.append(judge)
    if not checked:
        raise EvalError("there is no judge: give at least one in judges=[...]")
    return checked


def model_of(judge: ModelJudge, judge_model: str | None) -> str:
    """The judge's model, the evaluation's, or that of the settings. Raises ConfigError."""
    model = judge.model or judge_model or settings().judge_model
    if model is None:
        raise ConfigError(
            f"the judge {judge.name!r} has no model: give it model=, or judge_model= to evaluate(), "
            "or set GENAIOPS_JUDGE_MODEL, for example to 'openai/gpt-5-mini'"
        )
    return model


def case_of(row: Row, prediction: Prediction) -> Case:
    """What a judge sees of a row and its prediction."""
    return Case(
        row_id=row.row_id,
        inputs=row.inputs,
        outputs=prediction.outputs,
        contexts=prediction.contexts,
        retrieved_ids=prediction.retrieved_ids,
        expected=row.expected,
        relevant_ids=row.relevant_ids,
        tags=row.tags,
        trace_id=prediction.trace_id,
    )


async def judged(
    judge: Judge, case: Case, prediction: Prediction, asking: Asking | None
) -> Verdict:
    """The verdict of a judge; whatever goes wrong is a verdict with an error."""
    began = time.perf_counter()
    missing = sorted(name for name in judge.needs if getattr(case, name) is None)
    if prediction.error is not None:
        verdict = failed(prediction.error)
    elif missing:
        verdict = failed(f"{' and '.join(missing)} missing: neither the row nor predict_fn has it")
    else:
        verdict = await _verdict(judge, case, asking)
    if verdict.number is not None and not math.isfinite(verdict.number):
        verdict = failed(f"{judge.name} gave {verdict.number}, which is no score")
    return replace(verdict, duration_ms=(time.perf_counter() - began) * 1e3)


async def _verdict(judge: Judge, case: Case, asking: Asking | None) -> Verdict:
    try:
        if isinstance(judge, CodeJudge):
            said = judge.score(case)
            return await said if inspect.isawaitable(said) else said
        if asking is None:
            return failed(f"{judge.name} has no model to ask")
        return await judge.ask(case, asking)
    except Exception as error:  # noqa: BLE001  whatever a judge raises is a value of its row
        return failed(f"{judge.name} raised {type(error).__name__}: {error}")


def keep(run_id: str, row: Row, judge: Judge, verdict: Verdict, trace_id: str | None) -> None:
    """Writes a verdict down: as a row of the evaluation, and as what was said of the trace."""
    data = {
        "value": verdict.value,
        "number": verdict.number,
        "label": verdict.label,
        "rationale": verdict.rationale,
        "error": verdict.error,
        "attempts": verdict.attempts,
        "cached": verdict.cached,
        "cost_usd": verdict.cost_usd,
        "duration_ms": verdict.duration_ms,
    }
    line = events.encode(
        "eval_row", run_id=run_id, id=row.row_id, key=judge.name, trace_id=trace_id, data=data
    )
    said = {name: data[name] for name in ("value", "number", "rationale", "error", "cost_usd")}
    said |= {
        "kind": "feedback",
        "source_type": "code" if isinstance(judge, CodeJudge) else "llm",
        "source_id": judge.name,
        "judge_trace_id": verdict.judge_trace_id,
    }
    identity = hashlib.sha256(f"{run_id}/{row.row_id}/{judge.name}".encode()).hexdigest()[:32]
    line += events.encode(
        "assessment", id=identity, trace_id=trace_id, run_id=run_id, key=judge.name, data=said
    )
    current_store().append("events", line)
