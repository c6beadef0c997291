"""Judges as guardrails of the gateway: asked about one text, they let it pass or not.

The gateway stands below and finds this module by name, when its file names a judge.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from genaiops.errors import ConfigError, GenaiopsError
from genaiops.eval import judges
from genaiops.eval.answers import Answers
from genaiops.eval.case import Case, Verdict
from genaiops.eval.judges.base import CodeJudge, Judge, ModelJudge, higher_is_better
from genaiops.eval.judging import judge_case, model_of
from genaiops.eval.record import Recorder
from genaiops.eval.throttle import Policy
from genaiops.gateway.guardrails import Check, Finding

__all__ = ["check_by", "check_named"]

_TIMEOUT_S = 30.0
_OUTER = ("expected", "contexts", "retrieved_ids", "relevant_ids", "tool_calls")
"""What a judge may need of a row, and a gateway does not know."""


def check_named(name: str, options: Mapping[str, Any], *, masks: bool = False) -> Check:
    """The check by a judge of `genaiops.judges`.

    Args:
        name: In snake_case, as its scores are called.
        options: Arguments of the judge.
        masks: Whether it has to say what may stand in the place of a text.

    Raises: ConfigError when there is none of that name, or it cannot judge a text alone.
    """
    found = _TABLE.get(name)
    if found is None:
        offer = ", ".join(sorted(_TABLE.keys() - _BASES))
        raise ConfigError(f"there is no judge {name!r}: use one of {offer}, or module:function")
    try:
        made = found(**options)
    except TypeError:
        known = ", ".join(inspect.signature(found).parameters)
        raise ConfigError(f"judge {name!r} does not take these options: use {known}") from None
    except (ValueError, GenaiopsError) as error:
        raise ConfigError(f"judge {name!r} does not take these options: {error}") from None
    return check_by(made, masks=masks)


def check_by(judge: object, *, masks: bool = False) -> Check:
    """The check by a judge.

    Args:
        judge: Of any kind.
        masks: Whether it has to say what may stand in the place of a text.

    Raises: ConfigError when it is none, needs more than a text, or has no model.
    """
    if not isinstance(judge, CodeJudge | ModelJudge):
        raise ConfigError(f"{judge!r} is no judge and no function")
    missing = [name for name in _OUTER if name in judge.needs]
    if missing:
        raise ConfigError(
            f"judge {judge.name!r} needs {' and '.join(missing)}, which a gateway does not know"
        )
    model = model_of(judge, None)
    mask: Callable[[str], str] | None = getattr(judge, "mask", None)
    if masks and mask is None:
        raise ConfigError(f"judge {judge.name!r} cannot mask: use reject or flag")

    async def check(asked: str, text: str) -> Finding:
        case = Case(inputs=asked, outputs=text)
        verdict = await judge_case(judge, case, answers=_answers(), model=model)
        if verdict.error is not None:
            raise RuntimeError(verdict.error)
        passed = _passes(judge, verdict)
        masked = mask(text) if mask is not None and not passed else None
        return Finding(passed=passed, reason=verdict.rationale or "", replacement=masked)

    return check


def _passes(judge: Judge, verdict: Verdict) -> bool:
    """A yes passes, and a number in the better half of the scale."""
    if isinstance(verdict.value, bool):
        return verdict.value
    low, high = judge.scale or (0.0, 1.0)
    number = verdict.number if verdict.number is not None else low
    better = number >= (low + high) / 2
    return better if higher_is_better(judge) else not better


def _snake(name: str) -> str:
    """``JSONSchema`` as ``json_schema``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _table() -> dict[str, Callable[..., object]]:
    known = {name: getattr(judges, name) for name in judges.__all__}
    return {_snake(name): made for name, made in known.items() if hasattr(made, "needs")}


_TABLE = _table()
_BASES = {"code_judge", "function_judge", "judge", "model_judge"}


def _answers() -> Answers:
    return Answers(recorder=Recorder(), mode="off", policy=Policy(), timeout_s=_TIMEOUT_S)
