"""What every built-in judge can be asked about itself: how far people agree, and how to improve it.

The answers need an evaluation, which stands above judges; `genaiops.eval` hands it in by
`connect`.
"""

from dataclasses import dataclass
from typing import Protocol, cast

from genaiops.eval.judges.base import Judge, check_judge
from genaiops.eval.stats.agreement import Agreement

__all__ = ["Alignment", "Studied", "Study", "connect"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """A judge brought nearer to people on some rows, and measured on others.

    Attributes:
        judge: The judge to use from now on; the old one where nothing was better.
        before: Agreement of the old judge with people on the held-out rows.
        after: Agreement of `judge` on the same rows.
        changed: What was done, empty for nothing.
        n_train: Rows that it was aligned on.
    """

    judge: Judge
    before: Agreement
    after: Agreement
    changed: tuple[str, ...]
    n_train: int

    def __str__(self) -> str:
        done = ", ".join(self.changed) or "nothing was better on the training rows"
        return (
            f"{self.judge.name}: {done} (from {self.n_train} rows)\n"
            f"held out, before: {self.before}\nheld out, after:  {self.after}"
        )


class Study(Protocol):
    """What `connect` takes."""

    def agreement(self, judge: Judge, labels: object, *, judge_model: str | None) -> Agreement:
        """Judges labelled rows and compares."""
        ...

    def align(
        self, judge: Judge, labels: object, *, judge_model: str | None, shots: int, seed: int
    ) -> Alignment:
        """Aligns on one part of labelled rows and reports on the other."""
        ...


_connected: list[Study] = []


def connect(study: Study) -> None:
    """Makes `Studied` work."""
    _connected[:] = [study]


class Studied:
    """Base of the built-in judges."""

    __slots__ = ()

    def __post_init__(self) -> None:
        check_judge(cast("Judge", self))

    def agreement(self, labels: object, *, judge_model: str | None = None) -> Agreement:
        """How far this judge agrees with people.

        Args:
            labels: Rows as for `evaluate`, or their path, each with ``label``: what people say.
            judge_model: Model for judges that name none.

        Raises: EvalError when a row or label cannot be read, or none could be judged.
        """
        return _connected[0].agreement(cast("Judge", self), labels, judge_model=judge_model)

    def align(
        self, labels: object, *, judge_model: str | None = None, shots: int = 4, seed: int = 0
    ) -> Alignment:
        """A judge nearer to people: where to cut its number, and examples it got wrong.

        Half of the rows choose the cut and the examples, and whether they are any better; the
        agreement is reported on the other half, which nothing was chosen on.

        Args:
            labels: Rows as for `evaluate`, or their path, each with ``label``: what people say.
            judge_model: Model for judges that name none.
            shots: Examples at most, for judges made by `make_judge`.
            seed: Of the split.

        Raises: EvalError when a row or label cannot be read, or there are fewer than 20.
        """
        return _connected[0].align(
            cast("Judge", self), labels, judge_model=judge_model, shots=shots, seed=seed
        )
