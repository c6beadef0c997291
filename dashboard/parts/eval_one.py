"""One evaluation: its scores, its rows, and what people say about its judges."""

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard.parts.cells import Chip, Column, Row, status_tone
from dashboard.parts.charts import scores
from dashboard.parts.eval_people import people
from dashboard.parts.eval_rows import View, ordered, page_of, pager, strip
from dashboard.parts.eval_scores import run_names, score_rows
from dashboard.parts.export import csv_button
from dashboard.parts.lists import verdict
from dashboard.parts.text import ago, count, one_line, preview, usd
from dashboard.parts.urls import choice, link, param, set_params
from dashboard.parts.views import head, table
from genaiops.query import eval_grid, evals
from genaiops.query.eval_grid import Grid
from genaiops.query.evals import EvalRun, RowResult

__all__ = ["one_evaluation"]


def one_evaluation(run_id: str) -> None:
    """Everything about one evaluation."""
    grid = eval_grid.grid([run_id])
    run = grid.runs[0]
    head(
        one_line(run.name, 100) or run.run_id[:8],
        kicker=("Evaluations", "eval"),
        copy=run.run_id,
        chips=_facts(run),
        key="title",
    )
    judge = choice("judge", grid.judges, grid.judges[0]) if grid.judges else ""
    scores(["estimate and interval"], score_rows([run], [{}]), key="scores", selected=judge)
    with st.container(horizontal=True, vertical_alignment="center"):
        view = st.segmented_control(
            "View",
            ("Rows", "Judges and people"),
            default="Rows",
            required=True,
            key="view",
            bind="query-params",
            label_visibility="collapsed",
        )
        _other(run)
    if not grid.judges:
        return
    if view == "Rows":
        _rows(grid, judge)
    else:
        people(run)


def _other(run: EvalRun) -> None:
    """Choosing a run to compare with."""
    others = [item for item in evals.runs(limit=50) if item.run_id != run.run_id]
    if not others:
        return
    told = dict(zip((item.run_id for item in others), run_names(others), strict=True))
    when = {item.run_id: ago(item.start_ns) for item in others}
    st.selectbox(
        "Compare with",
        list(told),
        index=None,
        format_func=lambda run_id: f"{told.get(run_id, '')} · {when.get(run_id, '')}",
        placeholder="Compare with …",
        key="other",
        width=360,
        on_change=_compare,
        args=(run.run_id,),
        label_visibility="collapsed",
    )


def _compare(run_id: str) -> None:
    """Shows the chosen run, as the one compared with, beside this one."""
    other = st.session_state.get("other")
    if other:
        set_params({"runs": f"{other},{run_id}", "page": "", "row": ""})


def _facts(run: EvalRun) -> list[Chip]:
    status = run.status.lower()
    return [
        Chip(value=status, tone=status_tone(status)),
        Chip(label="rows", value=count(run.n_rows)),
        Chip(label="answers", value=usd(run.answers_usd)),
        Chip(label="judges", value=usd(run.judges_usd)),
        Chip(label="experiment", value=run.experiment),
        Chip(label="started", value=ago(run.start_ns)),
        Chip(label="run", value=run.run_id[:8], mono=True, go=link("runs", {"run": run.run_id})),
    ]


def _rows(grid: Grid, judge: str) -> None:
    view = View(grid=grid, names=["score"], judge=judge, run=0)
    rows = _worst_first(view)
    shown = page_of(rows)
    ids = [grid.row_ids[row] for row in shown]
    full = eval_grid.details([grid.runs[0].run_id], ids)
    strip(view, rows, param("row"))
    columns = (
        Column(key="row", label="Row", width="90px"),
        Column(key="in", label="Input", kind="wrap"),
        Column(key="out", label="Output", kind="wrap"),
        Column(key="scores", label="Scores", kind="chips", width="34%"),
    )
    found = [_result(row_id, full, grid.judges) for row_id in ids]
    table(columns, found, key="rows", page="trace", selected=param("row"))
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        pager(rows)
        csv_button("evaluation", ("row", *grid.judges), lambda: _exported(grid, rows), key="csv")


def _worst_first(view: View) -> list[int]:
    numbers = view.grid.numbers[view.judge][0]
    sign = -1.0 if view.judge in view.grid.falling else 1.0

    def place(row: int) -> float:
        number = numbers[row]
        return float("-inf") if number is None else sign * number  # a failure comes first

    return sorted(ordered(view, ""), key=place)


def _result(
    row_id: str, full: Mapping[str, Sequence[RowResult | None]], judges: Sequence[str]
) -> Row:
    (row,) = full[row_id]
    if row is None:  # grid and details are two looks at a store that others write to
        return Row(id=row_id, cells={"row": row_id})
    chips = [
        verdict(judge, said.label or said.value, error=said.error).json()
        for judge in judges
        if (said := row.verdicts.get(judge)) is not None
    ]
    return Row(
        id=row_id,
        cells={
            "row": row_id,
            "in": preview(row.inputs, 500) or None,
            "out": preview(row.outputs, 500) or None,
            "scores": chips,
        },
        params={"id": row.trace_id} if row.trace_id else None,
    )


def _exported(grid: Grid, rows: Sequence[int]) -> list[list[object]]:
    return [
        [grid.row_ids[row], *(grid.numbers[judge][0][row] for judge in grid.judges)] for row in rows
    ]
