"""A judge whose number becomes yes or no at a threshold that was learned from people."""

from collections.abc import Awaitable
from dataclasses import dataclass, replace

from genaiops.eval.case import Case, Verdict
from genaiops.eval.judges.base import Ask, CodeJudge, Judge, ModelJudge, higher_is_better
from genaiops.eval.judges.study import Studied

__all__ = ["CutCodeJudge", "CutModelJudge", "cut_at"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut(Studied):
    """Says yes where the other judge's number is at least the threshold."""

    judge: Judge
    threshold: float

    @property
    def name(self) -> str:
        """Name of the other judge."""
        return self.judge.name

    @property
    def higher_is_better(self) -> bool:
        """As the other judge has it."""
        return higher_is_better(self.judge)

    @property
    def needs(self) -> frozenset[str]:
        """Needs of the other judge."""
        return self.judge.needs

    @property
    def scale(self) -> tuple[float, float]:
        """No and yes."""
        return (0.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CutCodeJudge(_Cut):
    """A judge without a model, cut."""

    judge: CodeJudge

    def score(self, case: Case) -> Verdict | Awaitable[Verdict]:
        """The other judge's verdict, cut."""
        said = self.judge.score(case)
        return _cut(said, self.threshold) if isinstance(said, Verdict) else self._later(said)

    async def _later(self, said: Awaitable[Verdict]) -> Verdict:
        return _cut(await said, self.threshold)


@dataclass(frozen=True, slots=True, kw_only=True)
class CutModelJudge(_Cut):
    """A judge with a model, cut."""

    judge: ModelJudge

    @property
    def model(self) -> str | None:
        """Model of the other judge."""
        return self.judge.model

    @property
    def version(self) -> str:
        """That of the other judge: the model is asked the same, so its answers are reused."""
        return self.judge.version

    async def ask(self, case: Case, ask: Ask) -> Verdict:
        """The other judge's verdict, cut."""
        return _cut(await self.judge.ask(case, ask), self.threshold)


def cut_at(judge: Judge, threshold: float) -> Judge:
    """The judge with yes or no instead of a number."""
    if isinstance(judge, ModelJudge):
        return CutModelJudge(judge=judge, threshold=threshold)
    return CutCodeJudge(judge=judge, threshold=threshold)


def _cut(verdict: Verdict, threshold: float) -> Verdict:
    if verdict.number is None:
        return verdict
    yes = verdict.number >= threshold
    return replace(verdict, value=yes, number=float(yes))
