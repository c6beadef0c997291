"""The semantic cache: the answer to a question that means nearly the same, where that is wanted.

Only the last message of the user may differ, everything else has to be equal; the two texts are
compared by their embeddings.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from genaiops.gateway.chatrequest import ChatRequest
from genaiops.gateway.rules import SemanticRule

if TYPE_CHECKING:
    import numpy as np

    Vector = np.ndarray[tuple[int], np.dtype[np.float32]]

__all__ = ["Similar", "question_of"]

_MOST = 10_000


class _Known(NamedTuple):
    vector: "Vector"
    key: str
    until: float


class Similar:
    """Which content key answers a question that means the same.

    Args:
        rule: When two questions count as one.
        ttl_s: Seconds that a question is remembered.
        clock: Seconds.
    """

    def __init__(
        self, rule: SemanticRule, *, ttl_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rule = rule
        self._ttl_s = ttl_s
        self._clock = clock
        self._groups: OrderedDict[str, list[_Known]] = OrderedDict()
        self._count = 0

    def find(self, group: str, embedding: Sequence[float]) -> str | None:
        """The key of the nearest question of the group, if it is near enough."""
        import numpy as np

        known = self._living(group)
        vector = _unit(embedding)
        if not known or vector is None or len(vector) != len(known[0].vector):
            return None
        alike = np.stack([one.vector for one in known]) @ vector
        nearest = int(alike.argmax())
        return known[nearest].key if float(alike[nearest]) >= self.rule.threshold else None

    def remember(self, group: str, embedding: Sequence[float], key: str) -> None:
        """A question of the group is answered under that key."""
        vector = _unit(embedding)
        if vector is None:
            return
        known = self._living(group)
        if known and len(known[0].vector) != len(vector):
            return
        self._groups.setdefault(group, known).append(
            _Known(vector, key, self._clock() + self._ttl_s)
        )
        self._groups.move_to_end(group)
        self._count += 1
        while self._count > _MOST:
            self._forget_one()

    def _living(self, group: str) -> list[_Known]:
        known = self._groups.get(group, [])
        now = self._clock()
        living = [one for one in known if one.until > now]
        self._count -= len(known) - len(living)
        if known:
            self._groups[group] = living
        return living

    def _forget_one(self) -> None:
        group, known = next(iter(self._groups.items()))
        if known:
            known.pop(0)
            self._count -= 1
        if not known:
            del self._groups[group]


def question_of(request: ChatRequest) -> str | None:
    """The text that may be said in other words: the last message, where it is text of the user."""
    last = cast("dict[str, Any]", request.decoded["messages"][-1])
    content = last.get("content")
    return str(content) if last.get("role") == "user" and isinstance(content, str) else None


def _unit(embedding: Sequence[float]) -> "Vector | None":
    """The embedding with length 1; None where it has no direction."""
    import numpy as np

    vector = np.asarray(embedding, dtype=np.float32)
    length = float(np.linalg.norm(vector))
    if vector.ndim != 1 or not np.isfinite(length) or length == 0.0:
        return None
    return cast("Vector", vector / length)
