"""Tables as files of a run, and the data that a run was made with."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import msgspec

from genaiops.errors import ConfigError
from genaiops.query.found import plain
from genaiops.runs import given
from genaiops.runs.artifacts import log_dict
from genaiops.runs.log import set_tags
from genaiops.runs.rows import read_records

__all__ = ["log_input", "log_table"]


def log_table(data: object, artifact_file: str) -> None:
    """Keeps a table as a JSON file ``{"columns": [...], "data": [[...]]}``, as MLflow does.

    Args:
        data: A pandas or Arrow table, a list of dicts, or a dict of columns of one length.
        artifact_file: Path in the run, which ends in ``.json``.

    Raises: EvalError for other data; ConfigError for columns that are no lists of one length or
        another ending; ConflictError when the run has another table there.
    """
    if not given.text(artifact_file, "path in the run").endswith(".json"):
        raise ConfigError(f"{artifact_file!r} would not be JSON: name it .json")
    if isinstance(data, Mapping):
        records = _from_columns(cast("Mapping[str, Any]", data))
        columns = [str(key) for key in cast("Mapping[str, Any]", data)]
    else:
        records = read_records(data)
        columns = list(dict.fromkeys(key for record in records for key in record))
    rows = [[plain(record.get(column)) for column in columns] for record in records]
    log_dict({"columns": columns, "data": rows}, artifact_file)


def log_input(dataset: object, context: str | None = None) -> None:
    """Records which data the active run used: name, digest, rows and schema, not the rows.

    It stands in the tag ``genaiops.input.<digest>`` (16 characters of it) as JSON.

    Args:
        dataset: A dataset of genaiops, or anything `evaluate` takes.
        context: What it is for, such as ``training``.

    Raises: EvalError for data without rows that can be read.
    """
    records = read_records(dataset)
    digest = getattr(dataset, "digest", None)
    if not isinstance(digest, str):
        text = msgspec.json.encode(plain(records), order="deterministic")
        digest = hashlib.sha256(text).hexdigest()
    known = {
        "name": getattr(dataset, "name", None),
        "version": getattr(dataset, "version", None),
        "digest": digest,
        "rows": len(records),
        "schema": _schema(records),
        "context": context,
    }
    filled = {key: value for key, value in known.items() if value is not None}
    set_tags({f"genaiops.input.{digest[:16]}": msgspec.json.encode(plain(filled)).decode()})


def _from_columns(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    for key, value in columns.items():
        if isinstance(value, str | bytes) or not isinstance(value, Iterable):
            raise ConfigError(f"the column {key!r} is {value!r}: give a list of values")
    lists = {str(key): list(value) for key, value in columns.items()}
    lengths = {key: len(value) for key, value in lists.items()}
    if len(set(lengths.values())) > 1:
        raise ConfigError(f"the columns have different lengths: {lengths}")
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def _schema(records: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The types of every column by name, as Python calls them."""
    kinds: dict[str, set[str]] = {}
    for record in records:
        for key, value in record.items():
            kinds.setdefault(key, set()).add("null" if value is None else type(value).__name__)
    return {key: " | ".join(sorted(found)) for key, found in kinds.items()}
