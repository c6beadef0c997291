"""Runs as a pandas DataFrame, made from columns: what was logged is never a Python object each."""

import importlib
from collections.abc import Sequence
from typing import Any

from genaiops.store import Reader

__all__ = ["frame"]

_SYSTEM_TAGS = {
    "tags.mlflow.runName": "run_name",
    "tags.mlflow.user": "user",
    "tags.mlflow.parentRunId": "parent_run_id",
    "tags.mlflow.note.content": "description",
}
_PLACES = (
    "(SELECT unnest($ids) AS run_id, generate_subscripts($ids, 1) - 1 AS row) AS r "
    "JOIN {view} AS k ON k.run_id = r.run_id"
)


def frame(reader: Reader, rows: Sequence[dict[str, Any]]) -> Any:  # pandas is optional
    """The rows of a search with their metrics, parameters and tags, as MLflow names them."""
    pandas: Any = importlib.import_module("pandas")
    columns: dict[str, Any] = {
        "run_id": [row["run_id"] for row in rows],
        "experiment_id": [row["experiment_id"] for row in rows],
        "status": [row["status"] for row in rows],
        "artifact_uri": [row["artifact_uri"] or f"runs:/{row['run_id']}" for row in rows],
    }
    for at in ("start", "end"):
        times = pandas.array([row[f"{at}_ns"] for row in rows], dtype="Int64")
        columns[f"{at}_time"] = pandas.to_datetime(times, unit="ns", utc=True)
    ids = [row["run_id"] for row in rows]
    for prefix, view in (("metrics", "metrics_latest"), ("params", "params"), ("tags", "run_tags")):
        columns |= _logged(reader, prefix, view, ids)
    for column, field in _SYSTEM_TAGS.items():
        values = [row[field] for row in rows]
        if column == "tags.mlflow.runName" or any(value is not None for value in values):
            columns[column] = values
    return pandas.DataFrame(columns, copy=False)


def _logged(reader: Reader, prefix: str, view: str, ids: Sequence[str]) -> dict[str, Any]:
    """A column a key, in the order of the ids."""
    import numpy as np

    if not ids:
        return {}
    source = _PLACES.format(view=view)
    keys = reader.query(f"SELECT DISTINCT k.key FROM {source} ORDER BY 1", {"ids": ids})
    names: list[str] = [key for (key,) in keys.rows]
    found = reader.columns(
        f"SELECT n.at, r.row, k.value FROM {source} JOIN "
        "(SELECT unnest($names) AS key, generate_subscripts($names, 1) - 1 AS at) AS n "
        "ON n.key = k.key",
        {"ids": ids, "names": names},
    )
    values = found["value"]
    if view == "metrics_latest":
        table = np.full((len(names), len(ids)), np.nan)
    else:
        table = np.full((len(names), len(ids)), None, dtype=object)
        values = [_shown(value) for value in values.tolist()] if view == "params" else values
    table[found["at"], found["row"]] = values
    return {f"{prefix}.{name}": table[place] for place, name in enumerate(names)}


def _shown(text: str | None) -> str:
    """A parameter as text, which MLflow has of all of them."""
    import msgspec

    return "None" if text is None else str(msgspec.json.decode(text))
