"""The values of a metric, held as columns: a list of `Metric` to look at, or a table at once."""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast, overload

from genaiops.model.run import Metric

__all__ = ["History"]


class History(Sequence[Metric]):
    """Every logged value of one metric, by step, then time.

    A sequence of `Metric`, made as they are looked at; equal to a list of the same values.
    """

    def __init__(self, key: str, columns: Mapping[str, Any]) -> None:
        self.key = key
        self._columns = columns

    def arrow(self) -> Any:  # pyarrow is optional
        """The columns ``value``, ``step`` and ``ts_ns`` as a pyarrow Table (needs pyarrow)."""
        pyarrow: Any = importlib.import_module("pyarrow")
        return pyarrow.table(dict(self._columns))

    def df(self) -> Any:  # pandas is optional
        """The same as a pandas DataFrame (needs pandas)."""
        pandas: Any = importlib.import_module("pandas")
        return pandas.DataFrame(dict(self._columns))

    def __len__(self) -> int:
        return len(self._columns["step"])

    @overload
    def __getitem__(self, index: int) -> Metric: ...

    @overload
    def __getitem__(self, index: slice) -> "History": ...

    def __getitem__(self, index: int | slice) -> "Metric | History":
        if isinstance(index, slice):
            return History(self.key, {name: item[index] for name, item in self._columns.items()})
        value, step, ts_ns = (self._columns[name][index] for name in ("value", "step", "ts_ns"))
        return Metric(key=self.key, value=float(value), step=int(step), ts_ns=int(ts_ns))

    def __iter__(self) -> Iterator[Metric]:
        columns = (self._columns[name].tolist() for name in ("value", "step", "ts_ns"))
        for value, step, ts_ns in zip(*columns, strict=True):
            yield Metric(key=self.key, value=value, step=step, ts_ns=ts_ns)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, History | list | tuple):
            return list(self) == list(cast("Sequence[object]", other))
        return NotImplemented

    __hash__ = None  # pyright: ignore[reportAssignmentType]  as of a list

    def __repr__(self) -> str:
        return f"History({self.key!r}, {len(self)} values)"
