"""Runs as they stand in the store, and searching them with MLflow's grammar and column names."""

import importlib
import re
from collections.abc import Sequence
from typing import Any

from genaiops.errors import FilterError, NotFoundError
from genaiops.model.run import Metric, Run, RunData, RunInfo
from genaiops.runs.experiments import current_experiment
from genaiops.store import Reader, current_store, events
from genaiops.store.filter import Field, Fields, parse

__all__ = ["find_runs", "get_metric_history", "get_run", "search_runs"]

_INFO = (
    "SELECT run_id, experiment_id, name AS run_name, status, start_ns, end_ns, parent_run_id, "
    '"user", source FROM runs AS r'
)


def _keyed(view: str, kind: str) -> Field:
    value = "json_extract_string(k.value, '$')" if view == "params" else "k.value"
    sql = f"(SELECT {value} FROM {view} AS k WHERE k.run_id = r.run_id AND k.key = ?)"
    return Field(sql=sql, kind="number" if kind == "number" else "any")


_PLAIN = {
    "run_id": Field(sql="r.run_id"),
    "run_name": Field(sql="r.name"),
    "status": Field(sql="r.status"),
    "experiment_id": Field(sql="r.experiment_id"),
    "start_time": Field(sql="r.start_ns // 1000000", kind="number"),
    "end_time": Field(sql="r.end_ns // 1000000", kind="number"),
    "user": Field(sql='r."user"'),
    "parent_run_id": Field(sql="r.parent_run_id"),
}
_FIELDS = Fields(
    plain=_PLAIN | {f"attributes.{name}": field for name, field in _PLAIN.items()},
    keyed={
        "metrics": _keyed("metrics_latest", "number"),
        "params": _keyed("params", "text"),
        "tags": _keyed("run_tags", "text"),
    },
)
_ALWAYS = ("run_id", "experiment_id", "status", "start_time", "end_time", "tags.mlflow.runName")
_ORDER = re.compile(r"(?P<name>.+?)(?:\s+(?P<way>ASC|DESC))?\s*", re.IGNORECASE)


def get_run(run_id: str) -> Run:
    """A run with its latest metrics, parameters and tags. Raises NotFoundError, StoreError."""
    with current_store().read() as reader:
        rows = reader.query(f"{_INFO} WHERE run_id = ?", [run_id]).dicts()
        if not rows:
            raise NotFoundError(f"there is no run {run_id!r} in the store {current_store().uri!r}")
        return _runs(reader, rows)[0]


def get_metric_history(run_id: str, key: str) -> list[Metric]:
    """Every logged value of a metric, by step, then time. Raises StoreError."""
    with current_store().read() as reader:
        rows = reader.query(
            "SELECT key, value, step, ts_ns FROM metrics WHERE run_id = ? AND key = ? "
            "ORDER BY step, ts_ns",
            [run_id, key],
        ).dicts()
    return [Metric(**row) for row in rows]


def search_runs(
    experiment_names: Sequence[str] | None = None,
    filter_string: str = "",
    order_by: Sequence[str] | None = None,
    max_results: int = 1000,
) -> Any:  # a pandas DataFrame, which is optional
    """Runs as a pandas DataFrame with MLflow's column names.

    Args:
        experiment_names: Experiments to look in; the current one when omitted.
        filter_string: As in MLflow: ``metrics.acc > 0.9 AND params.model = 'x'``.
        order_by: Such as ``["metrics.acc DESC", "start_time"]``; newest first when omitted.
        max_results: At most so many rows.

    Raises: FilterError, StoreError.
    """
    names = [current_experiment()] if experiment_names is None else _listed(experiment_names)
    runs = find_runs(_ids(names), filter_string, order_by, max_results)
    pandas: Any = importlib.import_module("pandas")
    table = pandas.DataFrame([_columns(pandas, run) for run in runs])
    return table if runs else pandas.DataFrame(columns=list(_ALWAYS))


def find_runs(
    experiment_ids: Sequence[str],
    filter_string: str = "",
    order_by: Sequence[str] | None = None,
    max_results: int = 1000,
) -> list[Run]:
    """What `search_runs` finds, as runs. Raises FilterError, StoreError."""
    where = ["r.experiment_id IN (SELECT unnest(?))"]
    params: list[Any] = [list(experiment_ids)]
    if filter_string.strip():
        compiled = parse(filter_string, _FIELDS)
        where.append(compiled.where)
        params.extend(compiled.params)
    order, keys = _ordering(_listed(order_by or "start_time DESC"))
    sql = f"{_INFO} WHERE {' AND '.join(where)} ORDER BY {order} LIMIT {int(max_results)}"
    with current_store().read() as reader:
        rows = reader.query(sql, [*params, *keys]).dicts()
        return _runs(reader, rows)


def _listed(names: Sequence[str]) -> list[str]:
    """A text alone is a list of one."""
    return [names] if isinstance(names, str) else list(names)


def _ids(names: Sequence[str]) -> list[str]:
    """Ids of the experiments: by name as stored, and as derived."""
    with current_store().read() as reader:
        rows = reader.query(
            "SELECT experiment_id FROM experiments WHERE name IN (SELECT unnest(?))", [list(names)]
        ).rows
    return sorted({*(row[0] for row in rows), *map(events.experiment_id, names)})


def _ordering(order_by: Sequence[str]) -> tuple[str, list[str]]:
    """SQL of the order, and the keys it binds."""
    parts: list[str] = []
    keys: list[str] = []
    for item in order_by:
        match = _ORDER.fullmatch(item.strip())
        name = match.group("name") if match else item
        way = (match.group("way") or "ASC").upper() if match else "ASC"
        prefix, _, key = name.partition(".")
        if name in _FIELDS.plain:
            parts.append(f"{_FIELDS.plain[name].sql} {way} NULLS LAST")
        elif key and prefix in _FIELDS.keyed:
            parts.append(f"{_FIELDS.keyed[prefix].sql} {way} NULLS LAST")
            keys.append(key.strip('`"'))
        else:
            raise FilterError(f"runs cannot be ordered by {item!r}: use one of {_FIELDS.names()}")
    return ", ".join(parts), keys


def _runs(reader: Reader, rows: Sequence[dict[str, Any]]) -> list[Run]:
    """Runs with what was logged to them, in the order of the rows."""
    ids = [row["run_id"] for row in rows]
    data: dict[str, RunData] = {run_id: RunData(metrics={}, params={}, tags={}) for run_id in ids}
    for view, field in (("metrics_latest", "metrics"), ("params", "params"), ("run_tags", "tags")):
        found = reader.query(
            f"SELECT run_id, key, value FROM {view} WHERE run_id IN (SELECT unnest(?))", [ids]
        )
        for run_id, key, value in found.rows:
            getattr(data[run_id], field)[key] = value
    for row in rows:
        row["source"] = row["source"] or {}
    return [Run(info=RunInfo(**row), data=data[row["run_id"]]) for row in rows]


def _columns(pandas: Any, run: Run) -> dict[str, Any]:  # one row of the DataFrame
    info = run.info
    row: dict[str, Any] = {
        "run_id": info.run_id,
        "experiment_id": info.experiment_id,
        "status": info.status,
        "start_time": pandas.Timestamp(info.start_ns, unit="ns", tz="UTC"),
        "end_time": None
        if info.end_ns is None
        else pandas.Timestamp(info.end_ns, unit="ns", tz="UTC"),
        "tags.mlflow.runName": info.run_name,
    }
    row |= {f"metrics.{key}": value for key, value in run.data.metrics.items()}
    row |= {f"params.{key}": str(value) for key, value in run.data.params.items()}
    return row | {f"tags.{key}": value for key, value in run.data.tags.items()}
