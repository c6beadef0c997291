"""`make_judge`: a judge from instructions in plain words."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from genaiops.errors import EvalError
from genaiops.eval.case import Case, Verdict
from genaiops.eval.given import is_list, is_number, is_text, require
from genaiops.eval.judges.base import Ask
from genaiops.eval.judges.rubric import FIELDS, SYSTEM, block, fill, places, rubric_version
from genaiops.eval.judges.study import Studied
from genaiops.eval.logprobs import expected_number, probability_of
from genaiops.eval.parsing import UnreadableError, labelled, number_in

__all__ = ["MadeJudge", "Values", "label_numbers", "make_judge"]

Values = Sequence[str | float] | Mapping[str, float] | type[float] | type[int]

_POSITIVE = ("yes", "true", "pass", "passed", "correct", "safe")
_NEGATIVE = ("no", "false", "fail", "failed", "incorrect", "unsafe")
_FLOAT_RANGE = (0.0, 1.0)
_INT_RANGE = (1.0, 5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeJudge(Studied):
    """A judge made by `make_judge`.

    Where the verdict is a whole number and the provider gives log-probabilities, the number is the
    mean of all grades weighted by them (`genaiops.eval.logprobs.expected_number`).

    Attributes:
        labels: Number of each label; empty when the verdict is a number.
        scale: Smallest and largest number.
        whole: The number must be whole.
    """

    name: str
    instructions: str
    labels: Mapping[str, float]
    scale: tuple[float, float]
    whole: bool = False
    model: str | None = None
    few_shot: tuple[Mapping[str, Any], ...] = ()
    higher_is_better: bool = True

    _optional: ClassVar[frozenset[str]] = frozenset({"inputs"})

    @property
    def needs(self) -> frozenset[str]:
        """The fields that the instructions name."""
        named = frozenset(places(self.instructions)) - self._optional
        return frozenset("trace_id" if name == "trace" else name for name in named)

    @property
    def rubric(self) -> str:
        """The instructions."""
        return self.instructions

    @property
    def version(self) -> str:
        """Digest of instructions, values and examples."""
        labels, shots = dict(self.labels), json.dumps(self.few_shot, default=str)
        return rubric_version(self.name, self.instructions, labels, self.scale, self.whole, shots)

    async def ask(self, case: Case, ask: Ask) -> Verdict:
        """One question, one verdict."""
        messages = (
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": self._question(case)},
        )
        finder = labelled(("verdict", "score", self.name), tuple(self.labels))
        answer = await ask(
            messages, schema=self._schema(), read=self._read, labels=finder, logprobs=self.whole
        )
        if answer.read is None:
            return answer.verdict()
        value, rationale = answer.read
        number = self.labels[value] if isinstance(value, str) else value
        probability: float | None = None
        if answer.logprobs is not None and self.whole:
            grades = {str(grade): float(grade) for grade in range(*self._grades())}
            weighted = expected_number(answer.logprobs, grades)
            number = number if weighted is None else weighted
            probability = probability_of(f"{value:g}", answer.logprobs, grades)
        return answer.verdict(
            value=value, number=number, rationale=rationale, probability=probability
        )

    def _grades(self) -> tuple[int, int]:
        return int(self.scale[0]), int(self.scale[1]) + 1

    def _question(self, case: Case) -> str:
        parts = [fill(self.instructions, case)]
        if not places(self.instructions):
            fields = ("inputs", "outputs")
            parts.extend(block(field, case) for field in fields)
        if self.few_shot:
            lines = "\n".join(json.dumps(shot, default=str) for shot in self.few_shot)
            parts.append(f"Examples judged by people, one a line:\n{lines}")
        parts.append(f'Answer with {{"rationale": "...", "verdict": {self._allowed()}}}')
        return "\n\n".join(parts)

    def _allowed(self) -> str:
        if self.labels:
            return " or ".join(json.dumps(label) for label in self.labels)
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} from {self.scale[0]:g} to {self.scale[1]:g}"

    def _schema(self) -> Mapping[str, Any]:
        kind: dict[str, Any] = {"type": "integer" if self.whole else "number"}
        verdict = {"type": "string", "enum": list(self.labels)} if self.labels else kind
        return {
            "type": "object",
            "properties": {"rationale": {"type": "string"}, "verdict": verdict},
            "required": ["rationale", "verdict"],
            "additionalProperties": False,
        }

    def _read(self, found: Mapping[str, Any]) -> tuple[str | float, str | None]:
        if "verdict" not in found:
            raise UnreadableError('"verdict" is missing')
        rationale = found.get("rationale")
        reason = rationale if isinstance(rationale, str) else None
        said = found["verdict"]
        if not self.labels:
            return number_in(said, *self.scale, whole=self.whole), reason
        if isinstance(said, bool):
            said = "yes" if said else "no"
        by_fold = {label.casefold(): label for label in self.labels}
        label = by_fold.get(str(said).strip().casefold())
        if label is None:
            raise UnreadableError(f'"verdict" is {str(said)[:100]!r}, not {self._allowed()}')
        return label, reason


def make_judge(
    name: str,
    instructions: str,
    *,
    values: Values = ("yes", "no"),
    model: str | None = None,
    few_shot: Sequence[Mapping[str, Any]] | None = None,
    higher_is_better: bool = True,
) -> MadeJudge:
    """A language-model judge from instructions.

    Args:
        name: Name of the score, snake_case.
        instructions: What to judge; ``{{inputs}} {{outputs}} {{contexts}} {{expected}}`` stand
            for the row's fields, ``{{trace}}`` for what its trace did. Without any of them, inputs
            and outputs are added.
        values: Labels from best to worst (the number of a label is evenly spaced from 1 to 0, and
            of yes and no always 1 and 0), a dict of labels to numbers, numbers to choose from,
            ``float`` (0 to 1) or ``int`` (1 to 5).
        model: ``provider/model``; None for the judge model in force.
        few_shot: Examples, as dicts of the fields with ``verdict``.
        higher_is_better: False where a lower number is better, as for a share of errors.

    Raises: EvalError when a name, a field or the values cannot be used.
    """
    fits = is_text(name) and name.isidentifier()
    require(fits, "the name of a judge", name, "snake_case, which a score can be called")
    require(
        is_text(instructions),
        f"instructions of judge {name!r}",
        instructions,
        "words that say what to judge",
    )
    for field in places(instructions):
        if field not in FIELDS:
            allowed = ", ".join("{{" + known + "}}" for known in FIELDS)
            raise EvalError(f"judge {name!r} names {{{{{field}}}}}: use one of {allowed}")
    whole = values is int
    labels: dict[str, float] = {}
    if isinstance(values, type):
        known = values in (int, float)
        require(known, f"values of judge {name!r}", values, "float, int, or labels")
        scale = _INT_RANGE if whole else _FLOAT_RANGE
    else:
        labels = label_numbers(name, values)
        scale = (min(labels.values()), max(labels.values()))
    return MadeJudge(
        name=name,
        instructions=instructions,
        labels=labels,
        scale=scale,
        whole=whole,
        model=model,
        few_shot=_shots(name, few_shot),
        higher_is_better=higher_is_better,
    )


def _shots(name: str, given: object) -> tuple[Mapping[str, Any], ...]:
    """The examples. Raises EvalError when they are no dicts with a verdict."""
    shots = cast("Sequence[object]", given if is_list(given) else ())
    right = all(isinstance(shot, Mapping) and "verdict" in shot for shot in shots)
    right = right and (given is None or is_list(given))
    require(right, f"few_shot of judge {name!r}", given, "dicts of fields, each with 'verdict'")
    return cast("tuple[Mapping[str, Any], ...]", tuple(shots))


def label_numbers(
    name: str, values: Sequence[str | float] | Mapping[str, float]
) -> dict[str, float]:
    """The number of each label, as `make_judge` explains.

    Raises: EvalError when there are fewer than two labels, or a number is not finite.
    """
    several = isinstance(values, Sequence | Mapping) and not isinstance(values, str)  # pyright: ignore[reportUnnecessaryIsInstance]  callers without types
    wanted = "at least two to choose from"
    require(several and len(values) > 1, f"values of judge {name!r}", values, wanted)
    if isinstance(values, Mapping):
        right = all(map(is_text, values)) and all(map(is_number, values.values()))
        require(right, f"values of judge {name!r}", values, "a dict of texts to numbers")
        numbers = {label: float(number) for label, number in values.items()}
    else:
        right = all(is_text(value) or is_number(value) for value in values)
        require(right, f"values of judge {name!r}", values, "texts or numbers")
        numbers = {str(value): _place(value, place, values) for place, value in enumerate(values)}
    if len(numbers) < len(values) or not all(map(math.isfinite, numbers.values())):
        raise EvalError(f"judge {name!r} has values {values!r}: use distinct, finite ones")
    return numbers


def _place(value: str | float, place: int, values: Sequence[str | float]) -> float:
    if not isinstance(value, str):
        return float(value)
    if len(values) == 2 and value.casefold() in (*_POSITIVE, *_NEGATIVE):
        return float(value.casefold() in _POSITIVE)
    return 1.0 - place / (len(values) - 1)
