"""What a process has still to tell of the calls that are over."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

__all__ = ["Owed"]

Key = tuple[str, float]
"""Name of a key, and when the period of its budget began."""
_MOST = 500
"""Calls that are told of at once."""


class Owed:
    """USD of calls by their ids, until somebody has heard of them.

    Whether a message was heard is not known where its answer does not come. So it is sent again
    with the same ids, and counted once by who hears it.

    Args:
        new_id: Names what stands for many calls.
    """

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._owed: dict[Key, dict[str, float]] = {}
        self._unsent: dict[Key, str] = {}
        self._untold: dict[Key, float] = {}

    def untold(self, key: Key) -> float:
        """USD of which is not known that anybody has heard of them."""
        return self._untold.get(key, 0.0)

    def add(self, key: Key, call: str, usd: float) -> None:
        """A call is over. What is owed of earlier periods does not matter any more."""
        if key not in self._owed:
            for old in [one for one in self._owed if one[0] == key[0] and one[1] < key[1]]:
                del self._owed[old]
                self._untold.pop(old, None)
        self._untold[key] = self.untold(key) + usd
        owed = self._owed.setdefault(key, {})
        if len(owed) < _MOST:
            owed[call] = usd
            return
        pile = self._unsent.setdefault(key, self._new_id())
        owed[pile] = owed.get(pile, 0.0) + usd

    @contextmanager
    def told(self, key: Key) -> Generator[Mapping[str, float]]:
        """What is told in the block; owed still where the block fails."""
        owed = self._owed.pop(key, {})
        self._unsent.pop(key, None)
        try:
            yield owed
        except BaseException:
            self._owed[key] = owed | self._owed.get(key, {})
            raise
        self._untold[key] = self.untold(key) - sum(owed.values())
