"""Two answers to one question: which is better, asked in both orders."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from genaiops.eval.case import Case, Verdict
from genaiops.eval.given import is_flag, is_text, require
from genaiops.eval.judges.base import Answer, Ask, check_judge, combined, failed
from genaiops.eval.judges.rubric import SYSTEM, block, rubric_version, tagged
from genaiops.eval.judges.study import Studied
from genaiops.eval.parsing import UnreadableError, labelled

__all__ = ["Pairwise"]

_CRITERIA = """\
The better answer is the one that serves who asked better: it is right, complete, to the point and \
clear, in this order of weight. Length, confidence and the place of an answer do not count."""

_RUBRIC = """\
Two answers to one question are compared. {criteria}

{inputs}

{first}

{second}

Answer with {{"rationale": "...", "verdict": "first" or "second" or "tie"}}; "tie" only where \
neither is better in what counts."""

_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "rationale": {"type": "string"},
        "verdict": {"type": "string", "enum": ["first", "second", "tie"]},
    },
    "required": ["rationale", "verdict"],
    "additionalProperties": False,
}
_LABELS = labelled(("verdict", "winner"), ("first", "second", "tie"))
_NUMBERS = {"win": 1.0, "tie": 0.5, "loss": 0.0}
_Outcome = Literal["win", "tie", "loss"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairwise(Studied):
    """The row's answer against another one: ``win``, ``tie`` or ``loss`` (1, 0.5, 0).

    Both orders are asked, since models favour a place (they change their mind in 5 to 86 % of
    pairs when the order is swapped); where the orders differ the verdict is a tie. How often that
    happened is the flip rate in the result.

    Attributes:
        against: The other answer by row id: a dict, or a result of `evaluate` or `load_result`
            over the same rows; the row's ``expected`` when None.
        criteria: What makes an answer better.
        swap: Asks both orders; False asks only with the row's answer first.
        model: ``provider/model``; None for the judge model in force.
        name: Name of the score.
    """

    against: object = None
    criteria: str = _CRITERIA
    swap: bool = True
    model: str | None = None
    name: str = "pairwise"
    scale: tuple[float, float] = field(default=(0.0, 1.0), init=False, repr=False)

    def __post_init__(self) -> None:
        check_judge(self)
        answers: object = getattr(self.against, "outputs", None)
        other: object = answers() if callable(answers) else self.against
        wanted = "a dict of answers by row id, or a result"
        require(isinstance(other, Mapping | None), "Pairwise: against", other, wanted)
        object.__setattr__(self, "against", other)
        require(is_text(self.criteria), "Pairwise: criteria", self.criteria, "text")
        require(is_flag(self.swap), "Pairwise: swap", self.swap, "True or False")

    @property
    def needs(self) -> frozenset[str]:
        """``expected`` only when no other answers were given."""
        return frozenset({"outputs", "expected"} if self.against is None else {"outputs"})

    @property
    def rubric(self) -> str:
        """What the model is told, without the row."""
        return _RUBRIC.replace("{criteria}", self.criteria)

    @property
    def version(self) -> str:
        """Digest of rubric and criteria."""
        return rubric_version("pairwise", _RUBRIC, self.criteria)

    async def ask(self, case: Case, ask: Ask) -> Verdict:
        """Asks in both orders."""
        others = cast("Mapping[str, Any] | None", self.against)
        other = case.expected if others is None else others.get(case.row_id)
        if other is None:
            return failed(f"there is no other answer to row {case.row_id!r} in against=")
        orders = [(case.outputs, other), (other, case.outputs)]
        answers = await asyncio.gather(
            *(self._one(case, first, second, ask) for first, second in orders[: 1 + self.swap])
        )
        verdicts = [answer.verdict() for answer in answers]
        broken = next((answer.error for answer in answers if answer.error is not None), None)
        if broken is not None:
            return combined(verdicts, error=broken)
        said = [answer.read for answer in answers if answer.read is not None]
        outcomes = [_outcome(winner, swapped=swapped) for swapped, (winner, _) in enumerate(said)]
        outcome = outcomes[0] if len(set(outcomes)) == 1 else "tie"
        reasons = [
            f"{'second' if swapped else 'first'} place, {outcomes[swapped]}: {reason}"
            for swapped, (_, reason) in enumerate(said)
        ]
        return combined(
            verdicts,
            value=outcome,
            number=_NUMBERS[outcome],
            rationale="\n".join(reasons),
            disagreement=float(len(set(outcomes)) > 1) if self.swap else None,
        )

    async def _one(
        self, case: Case, first: object, second: object, ask: Ask
    ) -> Answer[tuple[str, str]]:
        question = _RUBRIC.format(
            criteria=self.criteria,
            inputs=block("inputs", case),
            first=tagged("first", first),
            second=tagged("second", second),
        )
        messages = ({"role": "system", "content": SYSTEM}, {"role": "user", "content": question})
        return await ask(messages, schema=_SCHEMA, read=_read, labels=_LABELS)


def _outcome(winner: str, *, swapped: int) -> _Outcome:
    if winner == "tie":
        return "tie"
    return "win" if (winner == "first") != bool(swapped) else "loss"


def _read(found: Mapping[str, Any]) -> tuple[str, str]:
    said = str(found.get("verdict")).strip().casefold()
    if said not in ("first", "second", "tie"):
        raise UnreadableError(f'"verdict" is {said[:100]!r}, not "first", "second" or "tie"')
    return said, str(found.get("rationale") or "")
