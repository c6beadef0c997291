"""Runs: a table with chosen columns, one run with its curves, runs compared."""

from collections.abc import Sequence

import streamlit as st

from dashboard.parts.cells import Column, Marks, Row
from dashboard.parts.guard import nothing_yet, show
from dashboard.parts.run_panel import compare_page, run_page
from dashboard.parts.text import ago, count, ms, one_line, score
from dashboard.parts.urls import param, set_params
from dashboard.parts.views import head, table
from genaiops.query import runs
from genaiops.query.runs import RunRow

_FIRST = (
    "import genaiops",
    "with genaiops.start_run():",
    '    genaiops.log_param("lr", 0.1); genaiops.log_metric("loss", 0.3)',
)
_PAGE = 100


def page() -> None:
    """The page: all runs, one, or several compared."""
    if param("cmp"):
        compare_page([run_id for run_id in param("cmp").split(",") if run_id][:20])
    elif param("run"):
        run_page(param("run"))
    else:
        _all()


def _all() -> None:
    experiments = runs.experiments()
    if not experiments and not runs.search(limit=1).items:
        nothing_yet("No runs yet", _FIRST, key="empty")
        return
    title = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        experiment = st.selectbox(
            "Experiment",
            [row.experiment.name for row in experiments],
            index=None,
            placeholder="All",
            key="exp",
            bind="query-params",
            width=190,
            on_change=_first_page,
        )
        name = st.text_input(
            "Name", key="q", bind="query-params", placeholder="part of a name or id",
            width=220, on_change=_first_page,
        )  # fmt: skip
        known = runs.keys(experiment)
        shown = [key for key in known.metrics if not key.endswith((".low", ".high"))]
        options = [*(f"metric {key}" for key in shown), *(f"param {key}" for key in known.params)]
        standard = [*options[:2], *(f"param {key}" for key in known.params[:2])][:4]
        columns = st.multiselect(
            "Columns", options[:2_000], default=standard, key="cols", bind="query-params"
        )
    found = runs.search(
        experiment=experiment,
        name=name or "",
        metrics=[key[7:] for key in columns if key.startswith("metric ")],
        params=[key[6:] for key in columns if key.startswith("param ")],
        order_by=param("sort", "start_ns DESC"),
        limit=_PAGE,
        page_token=param("after") or None,
    )
    with title:
        more = " or more" if found.next_page_token else ""
        head(
            "Runs",
            note=f"{count(len(found.items))}{more} runs · mark two or more to compare",
            key="title",
        )
    _table(found.items, columns)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if param("after"):
            st.button("First", on_click=_first_page)
        if found.next_page_token:
            st.button("Next", on_click=set_params, args=({"after": found.next_page_token},))


def _table(items: Sequence[RunRow], chosen: Sequence[str]) -> None:
    picked: list[str] = st.session_state.get("picked runs", [])
    columns = [
        Column(key="name", label="Run", kind="pair", width="22%", sort="name"),
        Column(key="status", label="Status", kind="status", width="104px"),
        *(
            Column(key=key, label=key.split(" ", 1)[1], kind="num",
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
        marks=Marks(ids=picked, on_change=_pick),
        empty="No run matches.",
    )
    if len(picked) >= 2:
        compared = {"cmp": ",".join(picked)}
        st.button(
            f"Compare {len(picked)} runs", type="primary", on_click=set_params, args=(compared,)
        )


def _row(item: RunRow, chosen: Sequence[str]) -> Row:
    cells: dict[str, object] = {
        "name": [one_line(item.name, 80) or item.run_id[:8], item.experiment],
        "status": item.status.lower(),
        "took": ms(item.duration_ms),
        "when": ago(item.start_ns),
    }
    for key in chosen:
        kind, name = key.split(" ", 1)
        found = item.metrics.get(name) if kind == "metric" else item.params.get(name)
        cells[key] = None if found is None else score(found)
    return Row(id=item.run_id, cells=cells, params={"run": item.run_id})


def _pick(ids: list[str]) -> None:
    st.session_state["picked runs"] = ids


def _first_page() -> None:
    set_params({"after": ""})


show(page)
