"""Runs: a table with chosen columns, one run with its curves and files, runs compared."""

import functools
from collections.abc import Callable, Collection, Sequence

import streamlit as st

from dashboard.parts.cells import Column, Marks, Row
from dashboard.parts.export import csv_button
from dashboard.parts.guard import nothing_yet, show
from dashboard.parts.run_compare import MOST, compare_page
from dashboard.parts.run_curves import is_bound
from dashboard.parts.run_panel import run_page
from dashboard.parts.text import ago, count, counted, figure, ms, one_line
from dashboard.parts.urls import many, param, set_params
from dashboard.parts.views import head, table
from genaiops.errors import FilterError
from genaiops.query import runs
from genaiops.query.runs import ExperimentRow, RunPage, RunRow

_FIRST = (
    "import genaiops",
    "with genaiops.start_run():",
    '    genaiops.log_param("lr", 0.1); genaiops.log_metric("loss", 0.3)',
)
_PAGE = 100
_OPTIONS = 2_000
_WIDE = 8
_FEW = 3


def page() -> None:
    """The page: all runs, one, or several compared."""
    compared = list(dict.fromkeys(many("cmp")))
    if compared:
        compare_page(compared)
    elif param("run"):
        run_page(param("run"))
    else:
        _all()


def _all() -> None:
    experiments = runs.experiments()
    if not experiments and not runs.search(limit=1).items:
        nothing_yet("No runs yet", _FIRST, key="empty")
        return
    title = st.container(horizontal=True, vertical_alignment="center")
    columns = _choices(experiments)
    try:
        found = _found(columns, _PAGE, param("after"))
    except FilterError as error:
        with title:
            head("Runs", trouble=str(error), key="title")
        return
    with title:
        n = len(found.items)
        told = f"{count(n)} runs or more" if found.next_page_token else counted(n, "run")
        head("Runs", note=told, key="title")
        whole = _search(columns)  # asked for now: a download has no session
        csv_button("runs", ["run_id", "name", "status", *columns],
                   lambda: _exported(whole(limit=10_000).items, columns), key="csv")  # fmt: skip
        _compare_button(found, columns)
    _table(found.items, columns)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if param("after"):
            st.button("First", on_click=_first_page)
        if found.next_page_token:
            st.button("Next", on_click=set_params, args=({"after": found.next_page_token},))


def _choices(experiments: Sequence[ExperimentRow]) -> list[str]:
    """Experiment, filter and nesting, kept in the URL. Returns: The chosen columns."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="run-choices"):
        st.selectbox("Experiment", [row.experiment.name for row in experiments], index=None,
                     placeholder="All", key="exp", bind="query-params", width=190,
                     on_change=_first_page)  # fmt: skip
        st.text_input("Filter", key="filter", bind="query-params", width=380, on_change=_first_page,
                      placeholder="metrics.loss < 0.5 AND params.model = 'x'",
                      help="MLflow's filter language, with OR, NOT and parentheses as well.")  # fmt: skip
        st.text_input("Name", key="q", bind="query-params", placeholder="part of a name or id",
                      width=190, on_change=_first_page)  # fmt: skip
        st.toggle("Only the outermost", key="top", bind="query-params", on_change=_first_page)
    known = runs.keys(st.session_state["exp"])
    shown = [key for key in known.metrics if not is_bound(key)]
    options = [*(f"metric {key}" for key in shown), *(f"param {key}" for key in known.params)]
    standard = [
        *(f"metric {key}" for key in _telling(shown, known.same_metrics)),
        *(f"param {key}" for key in _telling(known.params, known.same_params)),
    ]
    usual = list(dict.fromkeys([*many("cols"), *standard]))
    offered = list(dict.fromkeys([*(key for key in usual if key in options), *options[:_OPTIONS]]))
    return st.multiselect("Columns", offered, default=standard, key="cols", bind="query-params")


def _telling(keys: Sequence[str], same: Collection[str]) -> list[str]:
    """The keys to begin with: those whose values differ, or the first ones where none does."""
    plain = [key for key in keys if "." not in key] or list(keys)
    return ([key for key in plain if key not in same] or plain)[:_FEW]


def _found(columns: Sequence[str], limit: int, token: str) -> RunPage:
    """The runs that the URL asks for, with the chosen columns only. Raises FilterError."""
    return _search(columns)(limit=limit, page_token=token or None)


def _search(columns: Sequence[str]) -> Callable[..., RunPage]:
    """The search that the URL asks for, to be run with a limit."""
    state = st.session_state
    return functools.partial(
        runs.search,
        experiment=state["exp"],
        filter=state["filter"] or "",
        name=state["q"] or "",
        parent="" if state["top"] else None,
        metrics=[key[7:] for key in columns if key.startswith("metric ")],
        params=[key[6:] for key in columns if key.startswith("param ")],
        order_by=param("sort", "start_ns DESC"),
    )


def _compare_button(found: RunPage, columns: Sequence[str]) -> None:
    """Compares the marked runs; without marks, the first ones of this list and order."""
    picked: list[str] = st.session_state.get("picked runs", [])
    marked = len(picked) >= 2
    n = len(picked) if marked else len(found.items) if not found.next_page_token else MOST

    def compare() -> None:
        ids = picked if marked else [item.run_id for item in _found(columns[:1], MOST, "").items]
        st.session_state["view"] = "Parameters"  # not what was looked at last
        set_params({"cmp": ",".join(ids[:MOST])})

    if marked or len(found.items) > 1:
        part = not marked and found.next_page_token
        st.button(
            f"Compare the first {count(n)}" if part else f"Compare {count(n)}",
            on_click=compare, key="compare", type="primary" if marked else "secondary",
        )  # fmt: skip


def _table(items: Sequence[RunRow], chosen: Sequence[str]) -> None:
    width = "" if len(chosen) <= _WIDE else "110px"
    columns = [
        Column(key="name", label="Run", kind="pair", width="22%" if not width else "220px", sort="name"),
        Column(key="status", label="Status", kind="status", width="104px"),
        *(
            Column(key=key, label=key.partition(" ")[2], kind="num", width=width,
                   sort=f"metrics.{key[7:]}" if key.startswith("metric ") else "")
            for key in chosen
        ),
        Column(key="took", label="Took", kind="num", width="92px", sort="duration_ms"),
        Column(key="when", label="Started", kind="num", width="92px", sort="start_ns"),
    ]  # fmt: skip
    table(
        columns,
        [_row(item, chosen) for item in items],
        key="runs",
        sort=param("sort", "start_ns DESC"),
        marks=Marks(ids=st.session_state.get("picked runs", []), on_change=_pick),
        empty="No run matches.",
    )


def _row(item: RunRow, chosen: Sequence[str]) -> Row:
    where = [one_line(item.experiment, 60)]
    if item.n_children:
        where.append(f"{count(item.n_children)} nested")
    if item.parent_run_id:
        where.append(f"in {item.parent_run_id[:8]}")
    cells: dict[str, object] = {
        "name": [one_line(item.name, 80) or item.run_id[:8], " · ".join(filter(None, where))],
        "status": item.status.lower(),
        "took": ms(item.duration_ms),
        "when": ago(item.start_ns),
    }
    for key in chosen:
        found = _value(item, key)
        cells[key] = None if found is None else figure(found)
    return Row(id=item.run_id, cells=cells, params={"run": item.run_id, "view": "Overview"})


def _value(item: RunRow, column: str) -> object:
    kind, _, name = column.partition(" ")
    return item.metrics.get(name) if kind == "metric" else item.params.get(name)


def _exported(items: Sequence[RunRow], chosen: Sequence[str]) -> list[list[object]]:
    return [
        [item.run_id, item.name, item.status, *(_value(item, key) for key in chosen)]
        for item in items
    ]


def _pick(ids: list[str]) -> None:
    st.session_state["picked runs"] = ids


def _first_page() -> None:
    set_params({"after": ""})


show(page)
