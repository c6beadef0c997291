"""Datasets: named rows with versions; a version is made only when the rows differ."""

import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from genaiops.errors import EvalError, NotFoundError
from genaiops.model.example import Row
from genaiops.runs.rows import load_rows
from genaiops.store import current_store
from genaiops.store.base import Reader

__all__ = ["Dataset", "add_to_dataset", "create_dataset", "get_dataset"]

_NAME = re.compile(r"[\w.-]+(?:/[\w.-]+)*")
_JSON = ("inputs", "outputs", "contexts", "retrieved_ids", "expected", "relevant_ids", "tags")
_COLUMNS = ("row_id", *_JSON, "trace_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One version of a dataset; `evaluate` takes it as data.

    Attributes:
        digest: SHA-256 (hex) of the rows and their order.
        rows: Rows as `evaluate` takes them.
        created_ns: Nanoseconds UTC.
    """

    name: str
    version: int
    digest: str
    rows: Sequence[Mapping[str, Any]]
    created_ns: int

    def __len__(self) -> int:
        return len(self.rows)


def create_dataset(name: str, rows: object) -> Dataset:
    """Stores rows under a name. Rows that are those of the newest version make no new one.

    Args:
        name: Letters, digits, ``_ . -``, in parts divided by ``/``.
        rows: What `evaluate` takes: dicts, a data frame, a file, traces.

    Raises: EvalError that names the row and the column when something is wrong, StoreError.
    """
    if not _NAME.fullmatch(name):
        raise EvalError(f"dataset name {name!r} cannot be used: use letters, digits and _ . - /")
    return _kept(name, load_rows(rows))


def get_dataset(name: str, version: int | None = None) -> Dataset:
    """A version of a dataset, the newest when None. Raises NotFoundError, StoreError."""
    with current_store().read() as reader:
        found = _versions(reader, name)
        if not found:
            raise NotFoundError(f"there is no dataset {name!r}: make it with create_dataset()")
        wanted = max(found) if version is None else version
        if wanted not in found:
            known = ", ".join(map(str, sorted(found)))
            raise NotFoundError(f"dataset {name!r} has no version {version}: it has {known}")
        digest, created_ns = found[wanted]
        rows = _rows(reader, name, wanted)
    return Dataset(name=name, version=wanted, digest=digest, rows=rows, created_ns=created_ns)


def add_to_dataset(name: str, rows: object) -> Dataset:
    """Adds rows, or traces, to the newest version; a row with a known id takes its place.

    Raises: NotFoundError for an unknown dataset, EvalError for wrong rows, StoreError.
    """
    merged = {row.row_id: row for row in load_rows(get_dataset(name))}
    merged |= {row.row_id: row for row in load_rows(rows)}
    return _kept(name, list(merged.values()))


def _kept(name: str, rows: Sequence[Row]) -> Dataset:
    """Writes a new version, unless the newest one is the same."""
    records = [_record(row) for row in rows]
    text = msgspec.json.encode(records, order="deterministic")
    digest, now = hashlib.sha256(text).hexdigest(), time.time_ns()
    with current_store().txn() as txn:
        found = _versions(txn, name)
        newest = max(found, default=0)
        if newest and found[newest][0] == digest:
            version, now = newest, found[newest][1]
        else:
            version = newest + 1
            txn.execute(
                "INSERT INTO data.datasets VALUES (?, ?, ?, ?, ?)",
                [name, version, digest, len(rows), now],
            )
            lines = [
                {"place": place} | {column: _text(column, record) for column in _COLUMNS}
                for place, record in enumerate(records)
            ]
            columns = ", ".join(("place", *_COLUMNS))
            txn.execute(
                f"INSERT INTO data.dataset_rows (name, version, {columns}) "
                f"SELECT ?, ?, {columns} FROM (SELECT unnest(?::{_STRUCT}[], recursive := true))",
                [name, version, lines],
            )
    return Dataset(name=name, version=version, digest=digest, rows=records, created_ns=now)


_STRUCT = f"STRUCT(place BIGINT, {', '.join(f'{column} VARCHAR' for column in _COLUMNS)})"


def _versions(reader: Reader, name: str) -> dict[int, tuple[str, int]]:
    table = reader.query("SELECT version, digest, created_ns FROM datasets WHERE name = ?", [name])
    return {version: (digest, created_ns) for version, digest, created_ns in table.rows}


def _rows(reader: Reader, name: str, version: int) -> list[dict[str, Any]]:
    table = reader.query(
        f"SELECT {', '.join(_COLUMNS)} FROM dataset_rows "
        "WHERE name = ? AND version = ? ORDER BY place",
        [name, version],
    )
    found = [{"id" if key == "row_id" else key: row[key] for key in row} for row in table.dicts()]
    return [{key: value for key, value in row.items() if value is not None} for row in found]


def _record(row: Row) -> dict[str, Any]:
    """A row as `evaluate` takes it."""
    filled: dict[str, Any] = {"id": row.row_id}
    for name in _COLUMNS[1:]:
        value: Any = getattr(row, name)
        if value not in (None, {}):
            filled[name] = list(cast("Sequence[Any]", value)) if type(value) is tuple else value
    return filled


def _text(column: str, record: Mapping[str, Any]) -> str | None:
    value = record.get("id" if column == "row_id" else column)
    if value is None or column not in _JSON:
        return value
    return msgspec.json.encode(value).decode()
