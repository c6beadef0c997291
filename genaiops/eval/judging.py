"""One judge on one case: code judges are called, model judges get an `Ask`; failures are values."""

import inspect
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from genaiops.config import settings
from genaiops.errors import ConfigError, EvalError, GenaiopsError
from genaiops.eval.answers import Answers, Question, Reply
from genaiops.eval.case import Case, Prediction, Row, Verdict
from genaiops.eval.given import require, said
from genaiops.eval.judges.base import (
    Answer,
    CodeJudge,
    Judge,
    ModelJudge,
    check_judge,
    failed,
    total,
)
from genaiops.eval.judges.custom import FunctionJudge
from genaiops.eval.parsing import CutOffError, Labels, UnreadableError, read_answer
from genaiops.eval.task import in_thread
from genaiops.gateway.config import target_from_environment

__all__ = ["Asking", "case_of", "check_judges", "check_models", "judge_case", "model_of"]

T = TypeVar("T")
_ATTEMPTS = 2
_CUT_OFF_ATTEMPTS = 6  # an answer that was cut off is the provider's fault, not the rubric's
_AGAIN = (
    "Your answer could not be used: {error}. Answer again with the JSON object alone, complete "
    "and shorter."
)
_LARGEST = 1e100
_KEPT = 4_000  # characters of an unreadable answer that are shown to the model again


def check_judges(judges: Sequence[object]) -> list[Judge]:
    """The judges, each with a name of its own.

    Raises: EvalError when something is no judge, or two have one name.
    """
    several = isinstance(judges, Iterable) and not isinstance(judges, str)  # pyright: ignore[reportUnnecessaryIsInstance]  callers without types
    require(several, "judges", judges, "a list of judges")
    checked: list[Judge] = []
    for judge in judges:
        if isinstance(judge, type):
            raise EvalError(f"{judge.__name__} is a class: write {judge.__name__}()")
        if not isinstance(judge, CodeJudge | ModelJudge):
            raise EvalError(
                f"{judge!r} is no judge: use one of genaiops.judges, genaiops.make_judge(...) or a "
                "function decorated with @genaiops.judge"
            )
        check_judge(judge)
        if judge.name in {other.name for other in checked}:
            raise EvalError(f"two judges are called {judge.name!r}: give one another name")
        checked.append(judge)
    if not checked:
        raise EvalError("there is no judge: give at least one in judges=[...]")
    return checked


def model_of(judge: Judge, judge_model: str | None) -> str | None:
    """The judge's model, the evaluation's, or that of the settings; None for a code judge.

    Raises: ConfigError that names the three ways to set one.
    """
    if not isinstance(judge, ModelJudge):
        return None
    model = judge.model or judge_model or settings().judge_model
    if model is None:
        raise ConfigError(
            f"the judge {judge.name!r} has no model: give it model=, or judge_model= to evaluate(), "
            "or set GENAIOPS_JUDGE_MODEL, for example to 'openai/gpt-5-mini'"
        )
    return model


def check_models(judges: Sequence[Judge], models: Mapping[str, str | None]) -> None:
    """Finds a model that cannot be asked before anything is paid for.

    Raises: ConfigError when a provider is unknown or has no key, NotFoundError when it is known
        not to have the model.
    """
    for judge in judges:
        model = models[judge.name]
        members: Sequence[ModelJudge] = getattr(judge, "members", ())
        asked = {member.model or model for member in members} if members else {model}
        for name in filter(None, asked):
            target_from_environment(name)


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
        tool_calls=prediction.tool_calls,
        duration_ms=prediction.duration_ms,
        cost_usd=prediction.cost_usd,
    )


async def judge_case(
    judge: Judge, case: Case, *, answers: Answers, model: str | None, repeat: int = 0
) -> Verdict:
    """The verdict of one judge on one case; whatever goes wrong is a verdict with an error."""
    began = time.perf_counter()
    missing = sorted(name for name in judge.needs if getattr(case, name) is None)
    if missing:
        verdict = failed(f"{' and '.join(missing)} missing: neither the row nor predict_fn has it")
    else:
        verdict = await _verdict(judge, case, answers, model, repeat)
    if verdict.error is None and not _is_score(verdict.number):
        verdict = failed(f"{judge.name} gave {verdict.number}, which is no score")
    if verdict.number is not None and judge.scale is not None:
        low, high = judge.scale
        if not low <= verdict.number <= high:
            verdict = failed(
                f"{judge.name} gave {verdict.number:g}, which is outside its scale of {low:g} to "
                f"{high:g}"
            )
    return replace(verdict, duration_ms=(time.perf_counter() - began) * 1e3)


def _is_score(number: float | None) -> bool:
    """Whether it can be counted with: the square of a larger one is infinite."""
    return number is not None and math.isfinite(number) and abs(number) <= _LARGEST


async def _verdict(
    judge: Judge, case: Case, answers: Answers, model: str | None, repeat: int
) -> Verdict:
    try:
        if model is None:
            return await _scored(cast("CodeJudge", judge), case, answers.timeout_s)
        asked = cast("ModelJudge", judge)
        return await asked.ask(case, Asking(answers, asked, model, repeat))
    except TimeoutError as error:
        return failed(str(error) or f"{judge.name} took longer than {answers.timeout_s:g} s")
    except Exception as error:  # noqa: BLE001  whatever a judge raises is a value of its row
        return failed(f"{judge.name} raised {said(error)}")


async def _scored(judge: CodeJudge, case: Case, timeout_s: float) -> Verdict:
    """A code judge's verdict; a user's function may block, so it gets a thread."""
    if isinstance(judge, FunctionJudge) and not inspect.iscoroutinefunction(judge.fn):
        given = await in_thread(lambda: judge.score(case), timeout_s)
    else:
        given = judge.score(case)
    verdict = await given if inspect.isawaitable(given) else given
    if not isinstance(verdict, Verdict):  # pyright: ignore[reportUnnecessaryIsInstance]  a judge of the user
        return failed(f"{judge.name} returned {type(verdict).__name__}: return a Verdict")
    return verdict


@dataclass(frozen=True, slots=True)
class Asking:
    """The `Ask` of one judge on one case: all that it says to its model goes through here."""

    answers: Answers
    judge: ModelJudge
    model: str
    repeat: int = 0

    def of(self, judge: ModelJudge) -> "Asking":
        """The same for another judge, with its own model where it names one."""
        return replace(self, judge=judge, model=judge.model or self.model)

    async def __call__(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        schema: Mapping[str, Any],
        read: Callable[[Mapping[str, Any]], T],
        labels: Labels | None = None,
        logprobs: bool = False,
    ) -> Answer[T]:
        """Asks, reads by the ladder, and asks again with the error when that fails.

        Once more for an answer that cannot be read; more often for one that was cut off.
        """
        replies: list[Reply] = []
        asked, error = messages, ""
        for attempt in range(_CUT_OFF_ATTEMPTS):
            question = Question(
                judge=self.judge.name,
                version=self.answers.version_of(self.judge),
                model=self.model,
                schema=schema,
                messages=asked,
                repeat=self.repeat,
                attempt=attempt,
                logprobs=logprobs,
            )
            try:
                reply = await self.answers.get(question)
                replies.append(reply)
                value, stage = read_answer(
                    reply.text, reply.finish_reason, read=read, labels=labels
                )
                return _answer(replies, read=value, stage=stage)
            except UnreadableError as problem:
                error = f"the answer of {self.model} cannot be read: {problem}"
                asked = [*messages, *_again(replies[-1], str(problem))]
                if attempt + 1 >= _ATTEMPTS and not isinstance(problem, CutOffError):
                    break
            except TimeoutError:
                error = f"{self.model} did not answer within {self.answers.timeout_s:g} s"
                break
            except GenaiopsError as problem:
                error = str(problem)
                break
        return _answer(replies, read=None, error=error)


def _again(reply: Reply, error: str) -> list[Mapping[str, Any]]:
    text = (reply.text or "").strip()[:_KEPT] or "(empty)"
    return [
        {"role": "assistant", "content": text},
        {"role": "user", "content": _AGAIN.format(error=error)},
    ]


def _answer(
    replies: Sequence[Reply], *, read: T | None, stage: str = "", error: str | None = None
) -> Answer[T]:
    last = replies[-1] if replies else None
    return Answer(
        read=read,
        error=error,
        raw=None if last is None else last.text,
        stage=stage,
        attempts=len(replies),
        cached=bool(replies) and all(reply.cached for reply in replies),
        cost_usd=total(reply.cost_usd for reply in replies),
        input_tokens=total(reply.input_tokens for reply in replies),
        output_tokens=total(reply.output_tokens for reply in replies),
        judge_trace_id=None if last is None else last.judge_trace_id,
        logprobs=None if last is None or read is None else last.logprobs,
    )
