"""Looking while the rows come in, as often as one likes, without fooling oneself.

The units (rows, or clusters of rows) must come in an order that has nothing to do with what they
say. Source: Waudby-Smith and Ramdas, Journal of the Royal Statistical Society B 86 (2024).
"""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Bets", "e_values"]

BETS = (0.2, 0.4, 0.6)
_GRID = 1_000
_MOST = 0.75  # share of the capital that may be lost in one bet


def e_values(gaps: "Floats") -> "Floats":
    """Evidence against "no difference" after each unit; stop when it reaches 1 / alpha.

    The capital of bets on either side, averaged. Where there is no difference, the chance that it
    ever reaches ``1 / alpha`` is at most alpha.

    Args:
        gaps: Paired differences between -1 and 1 in the order they came, shape (..., n).

    Returns: Shape (..., n).
    """
    import numpy as np

    capital = [np.cumsum(np.log1p(bet * gaps), axis=-1) for side in BETS for bet in (side, -side)]
    return np.exp(np.logaddexp.reduce(capital, axis=0) - math.log(len(capital)))


def _grid() -> "Floats":
    import numpy as np

    return (np.arange(_GRID, dtype=float) + 0.5) / _GRID


def _zeros() -> "Floats":
    import numpy as np

    return np.zeros(_GRID)


@dataclass(slots=True)
class Bets:
    """A confidence sequence of a mean between 0 and 1: its interval holds at every look.

    For each possible mean two gamblers bet that the truth is above and below it; a mean against
    which one of them got rich is excluded for good.

    Attributes:
        alpha: Chance that the truth is ever excluded.
        low: Lower end so far.
    """

    alpha: float = 0.05
    low: float = 0.0
    high: float = 1.0
    _up: "Floats" = field(default_factory=_zeros)
    _down: "Floats" = field(default_factory=_zeros)
    _grid: "Floats" = field(default_factory=_grid)
    _n: int = 0
    _sum: float = 0.5
    _squares: float = 0.25
    _weights: float = 1.0

    def add(self, total: float, weight: float = 1.0) -> None:
        """Takes in one unit.

        Args:
            total: The unit's value; of a cluster, its sum divided by the largest size.
            weight: 1; of a cluster, its size divided by the largest size.
        """
        import numpy as np

        self._n += 1
        spread = self._squares / self._n
        wanted = math.sqrt(
            2.0 * math.log(2.0 / self.alpha) / (spread * self._n * math.log(1.0 + self._n))
        )
        gap = total - self._grid * weight
        up = np.minimum(wanted, _MOST / np.maximum(self._grid, 1e-12))
        down = np.minimum(wanted, _MOST / np.maximum(1.0 - self._grid, 1e-12))
        self._up = self._up + np.log1p(up * gap)
        self._down = self._down + np.log1p(-down * gap)
        self._sum += total
        self._weights += weight
        self._squares += (total - weight * self._sum / self._weights) ** 2

    def look(self) -> tuple[float, float]:
        """The interval now; it never grows."""
        import numpy as np

        richest = np.maximum(self._up, self._down) + math.log(0.5)
        alive = self._grid[richest < math.log(1.0 / self.alpha)]
        if len(alive):
            half = 0.5 / _GRID
            self.low = max(self.low, float(alive[0]) - half)
            self.high = min(self.high, float(alive[-1]) + half)
        return self.low, self.high
