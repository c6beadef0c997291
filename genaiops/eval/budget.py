"""Money: what an evaluation has spent, and when it must stop."""

from dataclasses import dataclass

from genaiops.errors import EvalError

__all__ = ["Budget", "BudgetError", "is_refusal"]

_REFUSED = "not asked: "


class BudgetError(EvalError):
    """A call was not made because the money for it is not there."""


@dataclass(slots=True)
class Budget:
    """Counts what is paid; calls under way are counted with the mean of those that are paid.

    Attributes:
        limit_usd: None for any amount.
        unpriced: Calls whose price is not known.
        unknown: A model whose price is not known, by the name that ``prices.toml`` takes.
        refused: Calls that were not made.
    """

    limit_usd: float | None = None
    spent_usd: float = 0.0
    unpriced: int = 0
    unknown: str = ""
    refused: int = 0
    _paid: int = 0
    _flying: int = 0

    def enter(self) -> None:
        """Called before a call.

        Raises: BudgetError when it could go beyond the budget.
        """
        if self.limit_usd is not None:
            self._check(self.limit_usd)
        self._flying += 1

    def leave(self, cost_usd: float | None = 0.0, model: str = "") -> None:
        """Called after it with its cost, None where no price of the model is known."""
        self._flying -= 1
        if cost_usd is None:
            self.unpriced += 1
            self.unknown = model
        elif cost_usd > 0.0:
            self.spent_usd += cost_usd
            self._paid += 1

    def _check(self, limit_usd: float) -> None:
        mean = self.spent_usd / self._paid if self._paid else 0.0
        if self.spent_usd + (self._flying + 1) * mean > limit_usd or self.spent_usd >= limit_usd:
            self.refused += 1
            raise BudgetError(
                f"{_REFUSED}{self.spent_usd:.4f} of the budget of {limit_usd:g} USD are spent; "
                "run again with a larger budget_usd to go on"
            )
        if self.unpriced:
            self.refused += 1
            raise BudgetError(
                f"{_REFUSED}no price of the model {self.unknown!r} is known, so the budget of "
                f"{limit_usd:g} USD cannot be kept: add it to prices.toml in the store's folder, or "
                "leave out budget_usd"
            )


def is_refusal(error: str | None) -> bool:
    """Whether the error of a row says that the money was not there."""
    return error is not None and _REFUSED in error
