"""Experiments and runs: pages with chosen columns, curves in bins, comparisons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from genaiops.errors import FilterError
from genaiops.model.run import Experiment, Run, RunData, RunInfo
from genaiops.query.ids import resolve, resolve_runs
from genaiops.query.paging import order, pack, unpack
from genaiops.query.run_fields import RUNS
from genaiops.query.where import Where
from genaiops.store import current_store
from genaiops.store.base import Reader
from genaiops.store.filter import parse

__all__ = [
    "Comparison",
    "ExperimentRow",
    "RunKeys",
    "RunPage",
    "RunRow",
    "compare",
    "experiments",
    "get",
    "keys",
    "search",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentRow:
    """An experiment and how many runs it has."""

    experiment: Experiment
    n_runs: int
    last_start_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run with the metrics, params and tags that were asked for.

    Attributes:
        n_children: How many runs are nested in it.
    """

    run_id: str
    experiment_id: str
    experiment: str
    name: str
    status: str
    start_ns: int
    end_ns: int | None
    parent_run_id: str | None
    user: str | None
    n_children: int
    metrics: Mapping[str, float]
    params: Mapping[str, Any]
    tags: Mapping[str, str]

    @property
    def duration_ms(self) -> float | None:
        """Milliseconds from start to end, None while it runs."""
        return None if self.end_ns is None else (self.end_ns - self.start_ns) / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """One page of runs; ``next_page_token`` is None on the last one."""

    items: Sequence[RunRow]
    next_page_token: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunKeys:
    """Which columns the runs of an experiment could show, most used first.

    Attributes:
        same_metrics: Metrics that have one value in all runs; `same_params` likewise.
    """

    metrics: Sequence[str]
    params: Sequence[str]
    tags: Sequence[str]
    same_metrics: frozenset[str]
    same_params: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Runs side by side: for each key one value a run, None where a run has none."""

    runs: Sequence[RunRow]
    params: Mapping[str, Sequence[Any]]
    metrics: Mapping[str, Sequence[float | None]]

    def differing_params(self) -> Mapping[str, Sequence[Any]]:
        """The params that are not the same in all runs."""
        return {
            key: values
            for key, values in self.params.items()
            if any(value != values[0] for value in values[1:])
        }


def experiments() -> list[ExperimentRow]:
    """Active experiments, the most recently used first. Raises StoreError."""
    with current_store().read() as reader:
        rows = reader.query(
            """
            SELECT
              e.experiment_id, e.name, e.state, e.created_ns,
              count(r.run_id) AS n_runs,
              max(r.start_ns) AS last_start_ns
            FROM experiments AS e
            LEFT JOIN runs AS r ON r.experiment_id = e.experiment_id AND r.lifecycle = 'active'
            WHERE e.state = 'active'
            GROUP BY ALL
            ORDER BY last_start_ns DESC NULLS LAST, e.name
            """
        ).dicts()
    return [
        ExperimentRow(
            experiment=Experiment(
                experiment_id=row["experiment_id"],
                name=row["name"],
                state=row["state"] or "active",
                created_ns=row["created_ns"] or 0,
            ),
            n_runs=row["n_runs"],
            last_start_ns=row["last_start_ns"],
        )
        for row in rows
    ]


def search(  # noqa: PLR0913  each argument is one independent choice of the page
    *,
    experiment: str | None = None,
    filter: str = "",  # noqa: A002  the public name of the argument
    name: str = "",
    parent: str | None = None,
    status: str | None = None,
    metrics: Sequence[str] = (),
    params: Sequence[str] = (),
    tags: Sequence[str] = (),
    order_by: str = "start_ns DESC",
    limit: int = 100,
    page_token: str | None = None,
) -> RunPage:
    """One page of runs, only the chosen metrics, params and tags fetched.

    Args:
        experiment: Name of the experiment, None for all.
        filter: MLflow's filter language: ``metrics.acc > 0.9 AND params.model = 'x'``.
        name: Text that the run's name contains, or that its id begins with.
        parent: Id of the run they are nested in; empty for those that are nested in none.
        status: ``RUNNING``, ``FINISHED``, ``FAILED``, ``KILLED`` or ``INTERRUPTED``.
        metrics: Keys of the metrics to fetch.
        params: Keys of the params to fetch.
        tags: Keys of the tags to fetch.
        order_by: ``start_ns``, ``end_ns``, ``name``, ``status``, ``duration_ms`` or
            ``metrics.KEY``; then ``ASC`` or ``DESC``.
        limit: Runs on a page.
        page_token: ``next_page_token`` of the page before.

    Raises: FilterError, StoreError.
    """
    if limit < 1:
        raise FilterError(f"limit is {limit}: use 1 or more")
    offset = unpack(page_token, int)[0] if page_token else 0
    where = Where()
    where.add("r.lifecycle = 'active' AND e.state IS DISTINCT FROM 'deleted'")
    where.add_if("e.name = ?", experiment)
    where.add_if("r.status = ?", status)
    if filter.strip():
        compiled = parse(filter, RUNS)
        where.add(compiled.where, *compiled.params)
    if parent is not None:
        where.add("coalesce(r.parent_run_id, '') = ?", parent)
    if name:
        where.add("(contains(lower(r.name), lower(?)) OR starts_with(r.run_id, ?))", name, name)
    join, by = _sorting(order_by)
    query = f"""
        {_RUNS}
        {join.sql}
        {where.sql}
        ORDER BY {by}, r.run_id
        LIMIT {limit + 1} OFFSET {offset}
    """
    with current_store().read() as reader:
        rows = reader.query(query, [*join.params, *where.params]).dicts()
        items = _filled(reader, rows[:limit], _Wanted(metrics, params, tags))
    more = len(rows) > limit
    return RunPage(items=items, next_page_token=pack(offset + limit) if more else None)


def keys(experiment: str | None = None) -> RunKeys:
    """Names of metrics, params and tags in use, most used first. Raises StoreError."""
    inside = (
        ""
        if experiment is None
        else "WHERE run_id IN (SELECT run_id FROM runs JOIN experiments USING (experiment_id) "
        "WHERE experiments.name = ?)"
    )
    values = [] if experiment is None else [experiment]
    found: dict[str, list[str]] = {}
    same: dict[str, frozenset[str]] = {}
    with current_store().read() as reader:
        for view in ("metrics_latest", "params", "run_tags"):
            rows = reader.query(
                f"""
                SELECT key, min(value) IS NOT DISTINCT FROM max(value) AS same
                FROM {view}
                {inside}
                GROUP BY key
                ORDER BY count(*) DESC, key
                """,
                values,
            ).rows
            found[view] = [str(key) for key, _ in rows]
            same[view] = frozenset(str(key) for key, one in rows if one)
    return RunKeys(
        metrics=found["metrics_latest"],
        params=found["params"],
        tags=found["run_tags"],
        same_metrics=same["metrics_latest"],
        same_params=same["params"],
    )


def get(run_id: str) -> Run:
    """A run with everything logged (latest metrics).

    Args:
        run_id: The id, or at least 4 of its first characters when they name one run only.

    Raises: NotFoundError, StoreError.
    """
    with current_store().read() as reader:
        whole = resolve(reader, "run", run_id)
        row = reader.query("SELECT * FROM runs WHERE run_id = ?", [whole]).dicts()[0]
        data = RunData(
            metrics=dict(_pairs(reader, "metrics_latest", whole)),
            params=dict(_pairs(reader, "params", whole)),
            tags=dict(_pairs(reader, "run_tags", whole)),
        )
    source: object = row["source"]
    info = RunInfo(
        run_id=whole,
        experiment_id=row["experiment_id"] or "",
        run_name=row["name"] or "",
        status=row["status"] or "",
        start_ns=row["start_ns"] or 0,
        end_ns=row["end_ns"],
        parent_run_id=row["parent_run_id"],
        user=row["user"],
        source=cast("dict[str, Any]", source) if isinstance(source, dict) else {},
        description=row["description"],
        lifecycle_stage=row["lifecycle"],
        artifact_uri=row["artifact_uri"],
    )
    return Run(info=info, data=data)


def compare(run_ids: Sequence[str]) -> Comparison:
    """Runs side by side in the order given. Raises NotFoundError, StoreError."""
    with current_store().read() as reader:
        ids = resolve_runs(reader, run_ids)
        rows = reader.query(f"{_RUNS} WHERE r.run_id IN (SELECT unnest(?))", [ids]).dicts()
        found = {row.run_id: row for row in _filled(reader, rows, _Wanted(None, None, None))}
    ordered = [found[run_id] for run_id in ids]
    return Comparison(
        runs=ordered,
        params=_side_by_side([row.params for row in ordered]),
        metrics=_side_by_side([row.metrics for row in ordered]),
    )


_RUNS = """
    SELECT
      r.run_id, coalesce(r.experiment_id, '') AS experiment_id,
      coalesce(e.name, '') AS experiment, coalesce(r.name, '') AS name,
      coalesce(r.status, '') AS status, coalesce(r.start_ns, 0) AS start_ns, r.end_ns,
      r.parent_run_id, r."user"
    FROM runs AS r
    LEFT JOIN experiments AS e ON e.experiment_id = r.experiment_id
"""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Keys to fetch; None is every key."""

    metrics: Sequence[str] | None
    params: Sequence[str] | None
    tags: Sequence[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Join:
    sql: str = ""
    params: Sequence[str] = ()


def _sorting(text: str) -> tuple[_Join, str]:
    """What must be joined to sort, and the expression to sort by. Raises FilterError."""
    head, _, way = text.strip().rpartition(" ")
    if head.startswith("metrics.") and way.upper() in ("ASC", "DESC"):
        key = head.removeprefix("metrics.").strip("`")
        sql = "LEFT JOIN metrics_latest AS m ON m.run_id = r.run_id AND m.key = ?"
        return _Join(sql=sql, params=[key]), f"m.value {way.upper()} NULLS LAST"
    by = order(text, ("start_ns", "end_ns", "name", "status", "duration_ms"))
    column = "r.end_ns - r.start_ns" if by.column == "duration_ms" else f"r.{by.column}"
    return _Join(), f"{column} {'DESC' if by.descending else 'ASC'} NULLS LAST"


def _filled(reader: Reader, rows: Sequence[Mapping[str, Any]], wanted: _Wanted) -> list[RunRow]:
    """The rows with their metrics, params and tags."""
    ids = [row["run_id"] for row in rows]
    metrics = _values(reader, "metrics_latest", ids, wanted.metrics)
    params = _values(reader, "params", ids, wanted.params)
    tags = _values(reader, "run_tags", ids, wanted.tags)
    children = _children(reader, ids)
    return [
        RunRow(
            **row,
            n_children=children.get(row["run_id"], 0),
            metrics=metrics.get(row["run_id"], {}),
            params=params.get(row["run_id"], {}),
            tags=tags.get(row["run_id"], {}),
        )
        for row in rows
    ]


def _children(reader: Reader, ids: Sequence[str]) -> dict[str, int]:
    """How many active runs are nested in each."""
    rows = reader.query(
        """
        SELECT parent_run_id, count(*)
        FROM runs
        WHERE lifecycle = 'active' AND parent_run_id IN (SELECT unnest(?))
        GROUP BY parent_run_id
        """,
        [list(ids)],
    ).rows
    return dict(rows) if ids else {}


def _values(
    reader: Reader, view: str, ids: Sequence[str], wanted: Sequence[str] | None
) -> dict[str, dict[str, Any]]:
    """Values of the wanted keys by run."""
    if not ids or (wanted is not None and not wanted):
        return {}
    where = Where()
    where.add("run_id IN (SELECT unnest(?))", list(ids))
    if wanted is not None:
        where.add("key IN (SELECT unnest(?))", list(wanted))
    found: dict[str, dict[str, Any]] = {}
    query = f"SELECT run_id, key, value FROM {view} {where.sql} ORDER BY key"
    for run_id, key, value in reader.query(query, where.params).rows:
        found.setdefault(run_id, {})[key] = value
    return found


def _pairs(reader: Reader, view: str, run_id: str) -> list[tuple[str, Any]]:
    table = reader.query(f"SELECT key, value FROM {view} WHERE run_id = ? ORDER BY key", [run_id])
    return [(str(key), value) for key, value in table.rows]


def _side_by_side(tables: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """For each key of any table, its value in every table."""
    names = sorted({name for table in tables for name in table})
    return {name: [table.get(name) for table in tables] for name in names}
