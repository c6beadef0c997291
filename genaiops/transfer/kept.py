"""What other programs keep and genaiops has no place of its own for, kept as JSON."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from genaiops.store import current_store

__all__ = ["keep_records"]


def keep_records(
    program: str, records: Sequence[tuple[str, str, Mapping[str, Any]]]
) -> set[tuple[str, str]]:
    """Writes records that are new or changed, in one transaction.

    Args:
        program: Where they come from, such as ``mlflow``.
        records: Kind, name and content of each; content is any JSON.

    Returns: Kind and name of those that were written.
    Raises: StoreError.
    """
    wanted = {
        (kind, name): json.dumps(dict(data), default=str, sort_keys=True)
        for kind, name, data in records
    }
    if not wanted:
        return set()
    query = "SELECT kind, name, data::VARCHAR FROM imported_records WHERE program = ?"
    with current_store().read() as reader:
        there = {(kind, name): text for kind, name, text in reader.query(query, [program]).rows}
    changed = {key: text for key, text in wanted.items() if there.get(key) != text}
    if not changed:
        return set()
    with current_store().txn() as txn:
        for (kind, name), text in changed.items():
            values = [program, kind, name]
            txn.execute(
                "DELETE FROM data.imported_records WHERE program = ? AND kind = ? AND name = ?",
                values,
            )
            txn.execute(
                "INSERT INTO data.imported_records VALUES (?, ?, ?, ?, ?)",
                [*values, text, time.time_ns()],
            )
    return set(changed)
