"""Searching runs and experiments with MLflow's grammar; tables with MLflow's column names."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, cast

from genaiops.errors import ConfigError
from genaiops.model.run import Experiment, Run
from genaiops.query.paging import pack, unpack
from genaiops.runs import fields, given
from genaiops.runs.experiments import current_experiment, with_tags
from genaiops.runs.frame import frame
from genaiops.runs.read import INFO, with_data
from genaiops.store import Reader, current_store, events

__all__ = ["Paged", "find_runs", "search_experiments", "search_runs"]

_STATES = {
    "ACTIVE_ONLY": "({life} = 'active' AND {state} IS DISTINCT FROM 'deleted')",
    "DELETED_ONLY": "({life} = 'deleted' OR {state} = 'deleted')",
    "ALL": "true",
}


class Paged(list[Any]):
    """A list, and in `token` what brings the next page; None on the last one."""

    token: str | None = None


def search_runs(
    experiment_names: Sequence[str] | None = None,
    filter_string: str = "",
    order_by: Sequence[str] | None = None,
    max_results: int = 1000,
    *,
    experiment_ids: Sequence[str] | None = None,
    run_view_type: str | int = "ACTIVE_ONLY",
    search_all_experiments: bool = False,
    output_format: Literal["pandas", "list"] = "pandas",
) -> Any:  # a pandas DataFrame, which is optional
    """Runs as a pandas DataFrame with MLflow's column names.

    Args:
        experiment_names: Experiments to look in; the current one when omitted.
        filter_string: As in MLflow: ``metrics.acc > 0.9 AND params.model = 'x'``; OR, NOT and
            parentheses as well.
        order_by: Such as ``["metrics.acc DESC", "start_time"]``; newest first when omitted, and
            between equals.
        max_results: At most so many rows.
        experiment_ids: Ids of experiments, in place of names.
        run_view_type: ``ACTIVE_ONLY``, ``DELETED_ONLY`` or ``ALL``, or MLflow's number of one.
        search_all_experiments: Looks in every experiment.
        output_format: ``list`` gives a list of runs.

    Raises: FilterError, ConfigError, StoreError.
    """
    if output_format not in ("pandas", "list"):
        raise ConfigError(f"the output format {output_format!r} is none: use 'pandas' or 'list'")
    where: tuple[str, list[Any]] = ("true", [])
    if not search_all_experiments:
        ids = _listed(experiment_ids) if experiment_ids is not None else None
        names = [] if ids is not None else _listed(experiment_names or [current_experiment()])
        where = _inside(ids or [], names)
    found = _Runs(where, filter_string, order_by, run_view_type)
    limit = _positive(max_results)
    with current_store().read() as reader:
        rows = found.rows(reader, limit, 0)
        return with_data(reader, rows) if output_format == "list" else frame(reader, rows)


def find_runs(
    experiment_ids: Sequence[str],
    filter_string: str = "",
    run_view_type: str | int = "ACTIVE_ONLY",
    max_results: int = 1000,
    order_by: Sequence[str] | None = None,
    page_token: str | None = None,
) -> Paged:
    """One page of what `search_runs` finds, as runs. Raises FilterError, ConfigError, StoreError."""
    found = _Runs(_inside(_listed(experiment_ids), []), filter_string, order_by, run_view_type)
    limit, offset = _positive(max_results), _offset(page_token)
    with current_store().read() as reader:
        rows = found.rows(reader, limit + 1, offset)
        return _page(with_data(reader, rows[:limit]), len(rows) > limit, offset + limit)


def search_experiments(
    view_type: str | int = "ACTIVE_ONLY",
    max_results: int | None = None,
    order_by: Sequence[str] | None = None,
    filter_string: str = "",
    page_token: str | None = None,
) -> Paged:
    """Experiments, newest first.

    Args:
        view_type: ``ACTIVE_ONLY``, ``DELETED_ONLY`` or ``ALL``, or MLflow's number of one.
        max_results: At most so many, all when omitted; `token` of the answer brings the rest.
        order_by: Such as ``["name", "creation_time DESC"]``.
        filter_string: Such as ``name LIKE 'a%' AND tags.team = 'search'``.
        page_token: `token` of the page before.

    Raises: FilterError, ConfigError, StoreError.
    """
    compiled = fields.condition(filter_string, fields.EXPERIMENTS)
    order, keys = fields.ordering(
        _listed(order_by or "creation_time DESC"), fields.EXPERIMENTS, "e.name"
    )
    state = _STATES[given.view_type(view_type)].format(life="'active'", state="e.state")
    limit, offset = _positive(max_results or 2**31), _offset(page_token)
    with current_store().read() as reader:
        rows = reader.query(
            "SELECT e.experiment_id, e.name, e.state, e.created_ns FROM experiments AS e "
            f"WHERE {state} AND {compiled.where} ORDER BY {order} "
            f"LIMIT {limit + 1} OFFSET {offset}",
            [*compiled.params, *keys],
        ).dicts()
        found: list[Experiment] = with_tags(reader, rows[:limit])
    return _page(found, len(rows) > limit, offset + limit)


class _Runs:
    """The rows of a search, without what was logged to them."""

    def __init__(
        self,
        where: tuple[str, list[Any]],
        filter_string: str,
        order_by: Sequence[str] | None,
        view_type: str | int,
    ) -> None:
        compiled = fields.condition(filter_string, fields.RUNS)
        order, keys = fields.ordering(
            _listed(order_by or []), fields.RUNS, "r.start_ns DESC NULLS LAST, r.run_id"
        )
        state = _STATES[given.view_type(view_type)].format(life="r.lifecycle", state="e.state")
        self._sql = (
            f"{INFO} LEFT JOIN experiments AS e ON e.experiment_id = r.experiment_id "
            f"WHERE {where[0]} AND {state} AND {compiled.where} ORDER BY {order}"
        )
        self._params = [*where[1], *compiled.params, *keys]

    def rows(self, reader: Reader, limit: int, offset: int) -> list[dict[str, Any]]:
        """At most `limit` of them."""
        sql = f"{self._sql} LIMIT {limit} OFFSET {offset}"
        return reader.query(sql, self._params).dicts()


def _inside(ids: Sequence[str], names: Sequence[str]) -> tuple[str, list[Any]]:
    """A condition for the experiments; a name's runs may come before its experiment does."""
    known = [*ids, *map(events.experiment_id, names)]
    sql = (
        "(e.name IN (SELECT unnest(?)) OR "
        "(r.experiment_id IN (SELECT unnest(?)) AND (e.name IS NULL OR r.experiment_id IN "
        "(SELECT unnest(?)))))"
    )
    return sql, [list(names), known, list(ids)]


def _page(items: Iterable[Run | Experiment], more: bool, after: int) -> Paged:
    page = Paged(items)
    page.token = pack(after) if more else None
    return page


def _offset(token: str | None) -> int:
    return 0 if token is None else unpack(given.text(token, "page token"), int)[0]


def _positive(number: object) -> int:
    if type(number) is not int or number < 1:
        raise ConfigError(f"max_results is {number!r}: use a whole number from 1")
    return min(number, 2**31)


def _listed(names: object) -> list[str]:
    """A text alone is a list of one. Raises ConfigError."""
    if isinstance(names, str):
        return [names]
    if not isinstance(names, Iterable):
        raise ConfigError(f"{names!r} is no list of names: give a list of text")
    return [given.text(name, "name in a list") for name in cast("Iterable[object]", names)]
