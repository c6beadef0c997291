"""The Store protocol: what every backend promises, whichever engine is behind it."""

import importlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from genaiops.model.usage import Usage

__all__ = ["CompactStats", "Group", "Health", "Reader", "Store", "Table", "Txn"]

Group = Literal["spans", "events"]
"""Which kind of journal segment a line belongs to."""


@dataclass(frozen=True, slots=True)
class Table:
    """The answer of a query: column names and rows of Python values.

    JSON columns hold decoded values, timestamps and dates stay what DuckDB returns.
    """

    columns: Sequence[str]
    rows: Sequence[tuple[Any, ...]]

    def dicts(self) -> list[dict[str, Any]]:
        """Each row as a dict."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def df(self) -> Any:  # pandas is optional, so its type cannot be named here
        """The table as a pandas DataFrame (needs pandas)."""
        pandas: Any = importlib.import_module("pandas")
        return pandas.DataFrame(list(self.rows), columns=list(self.columns))

    def arrow(self) -> Any:  # pyarrow is optional
        """The table as a pyarrow Table (needs pyarrow)."""
        pyarrow: Any = importlib.import_module("pyarrow")
        return pyarrow.Table.from_pylist(self.dicts())

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


class Reader(Protocol):
    """One consistent look at everything acknowledged, views of CONTRACT section 3."""

    def query(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> Table:
        """Runs one statement of our own and returns all rows."""
        ...

    def columns(
        self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()
    ) -> Mapping[str, Any]:  # numpy arrays
        """The same for many rows: its columns as numpy arrays, masked where a value is NULL."""
        ...


class Txn(Reader, Protocol):
    """A serialised transaction on the control tables (schema ``data``), committed on exit."""

    def execute(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> None:
        """Runs one statement that changes data."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactStats:
    """What one round of compaction moved."""

    segments: int = 0
    rows: int = 0
    bad_lines: int = 0
    remaining: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a store is, for ``genaiops store info`` and ``doctor``."""

    ok: bool
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    problems: Sequence[str] = ()


class Store(Protocol):
    """Everything above the store talks to this.

    `append` never raises into user code and takes no lock that another process holds; when it
    returned True the lines survive the death of the process and every reader sees them.
    """

    @property
    def uri(self) -> str:
        """Where the store is."""
        ...

    def cost(
        self, provider: str | None, model: str, usage: Usage, *, tier: str | None = None
    ) -> float | None:
        """USD of a call made now, None where its price is not known (yet); waits for nobody.

        Args:
            provider: As ``gen_ai.provider.name`` has it.
            model: As the provider calls it.
            usage: Its tokens.
            tier: The provider's service tier.
        """
        ...

    def append(self, group: Group, lines: bytes) -> bool:
        """Adds whole JSON lines (each ends with a line break) to the journal.

        Returns: False when the lines could not be written; they are counted as dropped.
        """
        ...

    def put_blob(self, data: bytes) -> str:
        """Stores a value once by content; its SHA-256 in hex. Raises StoreError."""
        ...

    def get_blob(self, digest: str) -> bytes:
        """A value stored by `put_blob`. Raises NotFoundError."""
        ...

    def put_artifact(self, run_id: str, path: str, data: bytes | Path) -> None:
        """Writes a file of a run, once; of a Path, its content. Raises ConfigError, ConflictError, StoreError."""
        ...

    def artifacts(self, run_id: str, path: str | None = None) -> list[tuple[str, int]]:
        """Path and bytes of every file of a run at or below a path, sorted."""
        ...

    def artifact(self, run_id: str, path: str) -> Path:
        """A file of a run, to be read. Raises NotFoundError, ConfigError, StoreError."""
        ...

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Waits until everything said so far is readable by every process."""
        ...

    def read(self, *, timeout_s: float = 10.0) -> AbstractContextManager[Reader]:
        """Opens the views for one page of queries. Raises StoreError, StoreBusyError."""
        ...

    def look(self) -> AbstractContextManager[None]:
        """Reads of this thread inside it share one opening, and so one moment of the store.

        It holds up the maintainer meanwhile: for what is read at once, not for what waits. A
        transaction or compaction by the same thread ends that moment; the next read sees it done.
        """
        ...

    def sql(
        self,
        sql: str,
        params: Sequence[Any] | Mapping[str, Any] = (),
        *,
        timeout_s: float = 30.0,
        max_rows: int | None = None,
        stop: threading.Event | None = None,
    ) -> Table:
        """Runs SQL of a user, read-only and locked down, until `stop` is set.

        Raises: FilterError, StoreError.
        """
        ...

    def txn(self, *, timeout_s: float = 10.0) -> AbstractContextManager[Txn]:
        """A control transaction. Raises StoreBusyError naming the holder."""
        ...

    def compact(self, *, budget_bytes: int = 8_000_000) -> CompactStats:
        """Moves sealed segments into the database; does nothing when another process does."""
        ...
