"""The protocol of a judge: a small frozen dataclass with one method; a failure is a value."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields as dataclass_fields, replace
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from genaiops.eval.case import Case, Claim, Verdict
from genaiops.eval.given import is_scale, is_text, require

__all__ = [
    "Answer",
    "Ask",
    "CodeJudge",
    "Judge",
    "ModelJudge",
    "check_judge",
    "combined",
    "failed",
    "higher_is_better",
    "passed",
    "scored",
    "total",
]

T = TypeVar("T")
N = TypeVar("N", int, float)


class _Named(Protocol):
    @property
    def name(self) -> str:
        """Name of the score, snake_case."""
        ...

    @property
    def needs(self) -> frozenset[str]:
        """Fields of a case without which the judge can say nothing."""
        ...

    @property
    def scale(self) -> tuple[float, float] | None:
        """Smallest and largest number it can give; None when unknown."""
        ...


@runtime_checkable
class CodeJudge(_Named, Protocol):
    """A judge that needs no model."""

    def score(self, case: Case) -> Verdict | Awaitable[Verdict]:
        """The verdict; an exception becomes a verdict with an error."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[T]):
    """An answer of a judge model that could be read, or the reason why it could not.

    Attributes:
        read: What was read from it; None exactly when there is an error.
        logprobs: Log-probabilities of the tokens that could have begun the verdict, where they
            were asked for and given.
    """

    read: T | None
    error: str | None
    raw: str | None
    stage: str
    attempts: int
    cached: bool
    cost_usd: float | None
    input_tokens: int | None
    output_tokens: int | None
    judge_trace_id: str | None
    logprobs: Mapping[str, float] | None = None

    def verdict(
        self,
        *,
        value: bool | float | str | None = None,
        number: float | None = None,
        rationale: str | None = None,
        claims: tuple[Claim, ...] = (),
        probability: float | None = None,
    ) -> Verdict:
        """The verdict made of this answer; without a value, the failure."""
        return Verdict(
            value=value,
            number=number,
            rationale=rationale,
            claims=claims,
            error=self.error,
            attempts=self.attempts,
            cached=self.cached,
            cost_usd=self.cost_usd,
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            stage=self.stage,
            raw=self.raw,
            judge_trace_id=self.judge_trace_id,
            probability=probability,
        )


class Ask(Protocol):
    """Asks the judge model: cached, written ahead, read by the ladder, asked again once."""

    async def __call__(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        schema: Mapping[str, Any],
        read: Callable[[Mapping[str, Any]], T],
        labels: Callable[[str], Mapping[str, Any] | None] | None = None,
        logprobs: bool = False,
    ) -> Answer[T]:
        """One question.

        Args:
            messages: OpenAI-shaped chat messages.
            schema: JSON schema of the answer, sent as structured output.
            read: Turns the answer's object into a value, UnreadableError when it is not right.
            labels: Finds a labelled verdict in prose (``Verdict: yes``), None when there is none.
            logprobs: Asks for the log-probabilities of the verdict.
        """
        ...

    def of(self, judge: "ModelJudge") -> "Ask":
        """The same for another judge, such as a member of a panel."""
        ...


@runtime_checkable
class ModelJudge(_Named, Protocol):
    """A judge that asks a language model."""

    @property
    def model(self) -> str | None:
        """Model of this judge as ``provider/model``; None for the judge model in force."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever the rubric does; part of the key that answers are stored under."""
        ...

    async def ask(self, case: Case, ask: Ask) -> Verdict:
        """The verdict on one case."""
        ...


Judge = CodeJudge | ModelJudge


def higher_is_better(judge: Judge) -> bool:
    """Whether more is better: a judge says so in ``higher_is_better``, else it is."""
    return bool(getattr(judge, "higher_is_better", True))


def check_judge(judge: Judge) -> None:
    """Looks at what every judge has; one of the user's own may have anything.

    Raises: EvalError that says what cannot be used.
    """
    kind = type(judge).__name__
    require(is_text(judge.name), f"the name of a {kind}", judge.name, "text, the score's name")
    model = getattr(judge, "model", None)
    whose = f"{kind} {judge.name!r}"
    require(model is None or is_text(model), f"model of {whose}", model, "'provider/model'")
    scale: object = judge.scale
    right = scale is None or is_scale(scale)
    require(right, f"scale of {whose}", scale, "two numbers, the smaller first, or None")
    fields = {field.name for field in dataclass_fields(Case)}
    needs = judge.needs
    right = type(needs) in (frozenset, set) and needs <= fields
    require(right, f"needs of {whose}", needs, f"a frozenset of {', '.join(sorted(fields))}")


def combined(verdicts: Sequence[Verdict], **found: Any) -> Verdict:
    """One verdict out of several, with what they took together; `found` are its other fields."""
    whole = Verdict(
        attempts=sum(verdict.attempts for verdict in verdicts),
        cached=all(verdict.cached for verdict in verdicts),
        cost_usd=total(verdict.cost_usd for verdict in verdicts),
        input_tokens=total(verdict.input_tokens for verdict in verdicts),
        output_tokens=total(verdict.output_tokens for verdict in verdicts),
        stage=verdicts[-1].stage,
        raw="\n\n".join(verdict.raw or "" for verdict in verdicts),
        judge_trace_id=verdicts[-1].judge_trace_id,
    )
    return replace(whole, **found)


def total(amounts: Iterable[N | None]) -> N | int | None:
    """The sum, None when one of the amounts is not known."""
    found = list(amounts)
    known = [amount for amount in found if amount is not None]
    return sum(known) if len(known) == len(found) else None


def passed(ok: bool, rationale: str | None = None) -> Verdict:
    """A yes-or-no verdict."""
    return Verdict(value=ok, number=float(ok), rationale=rationale)


def scored(number: float, rationale: str | None = None) -> Verdict:
    """A verdict that is a number."""
    return Verdict(value=number, number=number, rationale=rationale)


def failed(error: str) -> Verdict:
    """No verdict, and why."""
    return Verdict(error=error)
