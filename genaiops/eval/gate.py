"""A condition on a score that holds only when its interval does."""

import operator
import re
from collections.abc import Iterable
from dataclasses import dataclass

from genaiops.errors import EvalError, NotFoundError
from genaiops.eval.given import is_text
from genaiops.eval.judging import check_judges
from genaiops.eval.score import Score

__all__ = ["Gate", "check_gates", "condition_of", "gate_on"]

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_CONDITION = re.compile(rf"\s*([^<>=\s](?:[^<>=]*[^<>=\s])?)\s*(>=|<=|>|<)\s*({_NUMBER})\s*")
_COMPARE = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Whether a condition holds; true or false in an ``if`` and an ``assert``.

    Attributes:
        bound: The end of the interval that was tested; None when there is none, which fails.
    """

    condition: str
    passed: bool
    bound: float | None
    score: Score

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        verdict = "passed" if self.passed else "failed"
        bound = "there is no interval" if self.bound is None else f"the bound is {self.bound:.4f}"
        whose = (
            f" (the judge {self.score.model}, not people)" if self.score.about == "judge" else ""
        )
        return f"gate {self.condition!r} {verdict}: {bound}{whose}"


def condition_of(text: str) -> tuple[str, str, float]:
    """Score, operator and limit of a condition such as ``groundedness >= 0.8``.

    Raises: EvalError when it cannot be read.
    """
    match = _CONDITION.fullmatch(text) if is_text(text) else None
    if match is None:
        raise EvalError(f"the gate {text!r} cannot be read: write it as 'groundedness >= 0.8'")
    return match[1], match[2], float(match[3])


def check_gates(gates: Iterable[str], judges: Iterable[object]) -> None:
    """Looks at conditions before anything is paid for.

    Raises: EvalError when one cannot be read, NotFoundError when no judge gives its score.
    """
    wanted = [(gate, condition_of(gate)[0]) for gate in gates]
    names = [judge.name for judge in check_judges(list(judges))] if wanted else []
    for gate, name in wanted:
        if name not in names:
            raise NotFoundError(
                f"the gate {gate!r} is on no score of this evaluation: use one of "
                f"{', '.join(names)}"
            )


def gate_on(score: Score, condition: str) -> Gate:
    """Tests the lower bound against ``>=`` and ``>``, the upper one against ``<=`` and ``<``."""
    _, sign, limit = condition_of(condition)
    bound = score.lower if sign in (">=", ">") else score.upper
    passed = bound is not None and _COMPARE[sign](bound, limit)
    return Gate(condition=condition.strip(), passed=passed, bound=bound, score=score)
