"""Values of metrics as columns: compared by their sum, one by one only where that differs."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genaiops.store import LocalStore

__all__ = ["Point", "Points", "stored_points"]

Point = tuple[str, int, int, float]
"""Key, step, nanoseconds, value."""


@dataclass(frozen=True, slots=True)
class Points:
    """Keys, steps, nanoseconds and values: a list and three numpy arrays of one length."""

    keys: Sequence[str]
    steps: Any
    ts_ns: Any
    values: Any

    @classmethod
    def of(cls, points: Sequence[Point]) -> "Points":
        """The columns of points."""
        import numpy as np

        return cls(
            [point[0] for point in points],
            np.array([point[1] for point in points], np.int64),
            np.array([point[2] for point in points], np.int64),
            np.array([point[3] for point in points], np.float64),
        )

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[Point]:
        columns = (self.steps.tolist(), self.ts_ns.tolist(), self.values.tolist())
        return zip(self.keys, *columns, strict=True)

    def digest(self) -> str:
        """SHA-256 (hex) of all of them, whatever their order; every NaN is the same."""
        import numpy as np

        names = sorted(set(self.keys))
        places = {name: place for place, name in enumerate(names)}
        keys = np.fromiter((places[key] for key in self.keys), np.int64, len(self.keys))
        values = np.where(np.isnan(self.values), np.nan, self.values).view(np.int64)
        order = np.lexsort((values, self.ts_ns, self.steps, keys))
        found = hashlib.sha256(repr(names).encode(errors="replace"))
        for column in (keys, self.steps, self.ts_ns, values):
            found.update(np.ascontiguousarray(column[order]).tobytes())
        return found.hexdigest()

    def lacking(self, had: "Points | None") -> list[Point]:
        """Those that are not there, each as often as it is missing; NaN equals itself."""
        if had is None or not len(had):
            return list(self)
        if len(had) == len(self) and had.digest() == self.digest():
            return []
        there = Counter(map(_as_text, had))
        missing: list[Point] = []
        for point in self:
            text = _as_text(point)
            if there[text]:
                there[text] -= 1
            else:
                missing.append(point)
        return missing


def stored_points(store: LocalStore, ids: Sequence[str]) -> Mapping[str, Points]:
    """The points of runs in the store, by run; a run without any is left out."""
    import numpy as np

    with store.read() as reader:
        found = reader.columns(
            "SELECT run_id, key, step, ts_ns, value FROM metrics "
            "WHERE run_id IN (SELECT unnest(?)) ORDER BY run_id",
            [list(ids)],
        )
    names, begins = np.unique(found["run_id"].astype(str), return_index=True)
    ends = [*begins[1:].tolist(), len(found["run_id"])]
    return {
        str(name): Points(
            found["key"][begin:end].tolist(),
            found["step"][begin:end],
            found["ts_ns"][begin:end],
            found["value"][begin:end],
        )
        for name, begin, end in zip(names.tolist(), begins.tolist(), ends, strict=True)
    }


def _as_text(point: Point) -> tuple[str, int, int, str]:
    return (*point[:3], repr(point[3]))
