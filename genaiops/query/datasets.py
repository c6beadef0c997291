"""Datasets: names, versions, rows in pages, and what a version changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genaiops.errors import FilterError, NotFoundError
from genaiops.query.paging import pack, unpack
from genaiops.query.where import Where
from genaiops.store import current_store
from genaiops.store.base import Reader

__all__ = [
    "DatasetChange",
    "DatasetName",
    "DatasetPage",
    "DatasetRow",
    "DatasetVersion",
    "changes",
    "names",
    "rows",
    "versions",
]

_CHARS = 2_000
_JSON = ("inputs", "outputs", "expected", "contexts", "retrieved_ids", "relevant_ids", "tags")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetVersion:
    """One version: `digest` is the SHA-256 (hex) of its rows and their order."""

    version: int
    digest: str
    n_rows: int
    created_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetName:
    """A dataset and its newest version."""

    name: str
    n_versions: int
    newest: DatasetVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetRow:
    """One row; values are JSON text cut at 2,000 characters, None where there is none."""

    row_id: str
    inputs: str | None
    outputs: str | None
    expected: str | None
    contexts: str | None
    retrieved_ids: str | None
    relevant_ids: str | None
    tags: str | None
    trace_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetPage:
    """One page of rows in the order of the dataset; the token is None on the last one."""

    items: Sequence[DatasetRow]
    next_page_token: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetChange:
    """How many rows came, went and became different between two versions."""

    added: int
    removed: int
    changed: int


def names() -> list[DatasetName]:
    """Every dataset, the most recently changed first. Raises StoreError."""
    with current_store().read() as reader:
        found = reader.query(
            """
            SELECT
              name, count(*) AS n, max(version) AS version, arg_max(digest, version) AS digest,
              arg_max(n_rows, version) AS n_rows, arg_max(created_ns, version) AS created_ns
            FROM datasets
            GROUP BY name
            ORDER BY created_ns DESC, name
            """
        ).rows
    return [
        DatasetName(
            name=name,
            n_versions=n,
            newest=DatasetVersion(
                version=version, digest=digest, n_rows=n_rows, created_ns=created_ns
            ),
        )
        for name, n, version, digest, n_rows, created_ns in found
    ]


def versions(name: str) -> list[DatasetVersion]:
    """The versions of a dataset, newest first. Raises NotFoundError, StoreError."""
    with current_store().read() as reader:
        found = reader.query(
            """
            SELECT version, digest, n_rows, created_ns
            FROM datasets
            WHERE name = ?
            ORDER BY version DESC
            """,
            [name],
        ).dicts()
    if not found:
        raise NotFoundError(f"there is no dataset {name!r}: make it with create_dataset()")
    return [DatasetVersion(**row) for row in found]


def rows(
    name: str,
    version: int,
    *,
    text: str = "",
    row_id: str | None = None,
    limit: int = 100,
    page_token: str | None = None,
) -> DatasetPage:
    """Rows of a version in its order.

    Args:
        name: Of the dataset.
        version: Of its versions.
        text: Only rows whose id, inputs, expected or outputs contain it, in any case.
        row_id: Only this row.
        limit: Rows on a page.
        page_token: ``next_page_token`` of the page before.

    Raises: FilterError, StoreError.
    """
    if limit < 1:
        raise FilterError(f"limit is {limit}: use 1 or more")
    offset = unpack(page_token, int)[0] if page_token else 0
    where = Where()
    where.add("name = ?", name)
    where.add("version = ?", version)
    where.add_if("row_id = ?", row_id)
    if text.strip():
        said = "concat_ws(' ', row_id, inputs, expected, outputs)"
        where.add(f"contains(lower({said}), lower(?))", text.strip())
    cut = ", ".join(f"left({column}::VARCHAR, {_CHARS}) AS {column}" for column in _JSON)
    with current_store().read() as reader:
        found = reader.query(
            f"""
            SELECT row_id, {cut}, trace_id
            FROM dataset_rows
            {where.sql}
            ORDER BY place, row_id
            LIMIT {limit + 1} OFFSET {offset}
            """,
            where.params,
        ).dicts()
    items = [DatasetRow(**row) for row in found[:limit]]
    more = len(found) > limit
    return DatasetPage(items=items, next_page_token=pack(offset + limit) if more else None)


def changes(name: str, old: int, new: int) -> DatasetChange:
    """What the new version of a dataset changed against the old one. Raises StoreError."""
    with current_store().read() as reader:
        before, after = _digests(reader, name, old), _digests(reader, name, new)
    return DatasetChange(
        added=len(after.keys() - before.keys()),
        removed=len(before.keys() - after.keys()),
        changed=sum(before[key] != after[key] for key in before.keys() & after.keys()),
    )


def _digests(reader: Reader, name: str, version: int) -> Mapping[str, Any]:
    """A hash of each row's content by row id."""
    columns = ", ".join(f"{column}::VARCHAR" for column in _JSON)
    return dict(
        reader.query(
            f"SELECT row_id, hash({columns}, trace_id) FROM dataset_rows "
            "WHERE name = ? AND version = ?",
            [name, version],
        ).rows
    )
