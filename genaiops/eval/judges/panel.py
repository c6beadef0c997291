"""Several judges as one: a panel, with how far its members differ."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from genaiops.errors import EvalError
from genaiops.eval.case import Case, Verdict
from genaiops.eval.given import is_list, require
from genaiops.eval.judges.base import Ask, ModelJudge, check_judge, combined, higher_is_better
from genaiops.eval.judges.rubric import rubric_version
from genaiops.eval.judges.study import Studied

__all__ = ["Panel"]


@dataclass(frozen=True, slots=True)
class Panel(Studied):
    """The opinions of several judges in one score, such as one rubric asked of three models.

    A member that fails does not count; more than half of them must succeed. Source: Verga et al.,
    Replacing Judges with Juries (2024).

    Attributes:
        members: Judges with a model.
        how: ``mean`` of the numbers, or the verdict of the ``majority`` (a tie gives the mean).
        name: Name of the score; that of the first member when empty.
    """

    members: Sequence[ModelJudge]
    how: Literal["mean", "majority"] = "mean"
    name: str = ""
    model: str | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        members = self.members
        require(is_list(members), "Panel: members", members, "a list of judges with a model")
        if len(self.members) < 2:
            raise EvalError(f"Panel: {len(self.members)} members are no panel: give at least two")
        for member in self.members:
            if not isinstance(member, ModelJudge):  # pyright: ignore[reportUnnecessaryIsInstance]  callers without types
                raise EvalError(f"Panel: {member!r} asks no model: it cannot be a member")
        require(self.how in ("mean", "majority"), "Panel: how", self.how, "'mean' or 'majority'")
        object.__setattr__(self, "name", self.name or self.members[0].name)
        models = [member.model for member in self.members]
        object.__setattr__(self, "model", "+".join(m for m in models if m) if all(models) else None)
        check_judge(self)

    @property
    def needs(self) -> frozenset[str]:
        """What any member needs."""
        return frozenset[str]().union(*(member.needs for member in self.members))

    @property
    def higher_is_better(self) -> bool:
        """As the first member has it."""
        return higher_is_better(self.members[0])

    @property
    def scale(self) -> tuple[float, float] | None:
        """The scale that holds those of all members."""
        scales = [member.scale for member in self.members]
        known = [scale for scale in scales if scale is not None]
        if len(known) < len(scales):
            return None
        return min(low for low, _ in known), max(high for _, high in known)

    @property
    def version(self) -> str:
        """Digest of the members' versions; their answers are stored under their own."""
        return rubric_version("panel", self.how, *(member.version for member in self.members))

    async def ask(self, case: Case, ask: Ask) -> Verdict:
        """Asks every member."""
        said = await asyncio.gather(*(member.ask(case, ask.of(member)) for member in self.members))
        good = [verdict for verdict in said if verdict.error is None]
        lines = [
            f"{member.model or member.name}: {verdict.error or verdict.value}. "
            f"{verdict.rationale or ''}".strip()
            for member, verdict in zip(self.members, said, strict=True)
        ]
        if 2 * len(good) <= len(said):
            return combined(said, error=f"most of the panel failed: {'; '.join(lines)}")
        return combined(said, rationale="\n".join(lines), **self._together(good))

    def _together(self, good: Sequence[Verdict]) -> dict[str, object]:
        numbers = [verdict.number or 0.0 for verdict in good]
        counts = Counter(verdict.value for verdict in good)
        (first, n), *others = counts.most_common()
        differ = 1.0 - n / len(good)
        if self.how == "majority" and not (others and others[0][1] == n):
            number = next(verdict.number for verdict in good if verdict.value == first)
            return {"value": first, "number": number, "disagreement": differ}
        mean = sum(numbers) / len(numbers)
        return {"value": mean, "number": mean, "disagreement": differ}
