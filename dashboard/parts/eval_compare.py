"""Evaluations side by side: what got better or worse for sure, and on which rows."""

from collections.abc import Sequence

import streamlit as st

from dashboard.parts.cells import Chip
from dashboard.parts.charts import scores
from dashboard.parts.eval_rows import (
    View,
    chosen_row,
    ordered,
    outcome_filter,
    page_of,
    pager,
    row_panel,
    rows_table,
    strip,
)
from dashboard.parts.eval_scores import changes, run_names, score_rows
from dashboard.parts.export import csv_button
from dashboard.parts.text import counted, usd
from dashboard.parts.urls import choice, link, number, param, set_params
from dashboard.parts.views import head, note
from genaiops.query import eval_grid
from genaiops.query.eval_grid import Grid

__all__ = ["compare_evaluations"]


def compare_evaluations(run_ids: Sequence[str]) -> None:
    """The page of several evaluations; the first is the one that the others are compared with."""
    grid = eval_grid.grid(run_ids)
    names = run_names(grid.runs)
    _head(grid, names)
    scores(names, score_rows(grid.runs, changes(grid.runs)), key="scores", selected=_judge(grid))
    if not grid.judges:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        run = _against(names)
        view = View(grid=grid, names=names, judge=_judge(grid), run=run)
        only = outcome_filter(view)
        rows = ordered(view, only)
        csv_button(
            "comparison",
            ("row", "judge", *names, "change"),
            lambda: _exported(view, rows),
            key="csv",
            disabled=not rows,
        )
    _rows(view, rows)


def _head(grid: Grid, names: Sequence[str]) -> None:
    ids = [run.run_id for run in grid.runs]
    chips = [
        Chip(
            label=name,
            value=f"{counted(run.n_rows, 'row')} · {usd(run.cost_usd)}",
            go=link("eval", {"runs": run.run_id}),
            hint=f"answers {usd(run.answers_usd)}, judges {usd(run.judges_usd)}",
        )
        for name, run in zip(names, grid.runs, strict=True)
    ]
    swapped = ",".join([ids[-1], *ids[:-1]])
    chips.append(Chip(value="swap", tone="blue", go=link("eval", {"runs": swapped}),
                      hint="the last run becomes the one that the others are compared with"))  # fmt: skip
    title = f"{names[0]} → {names[1]}" if len(names) == 2 else f"{len(names)} evaluations"
    head(title, kicker=("Evaluations", "eval"), chips=chips, key="title")


def _judge(grid: Grid) -> str:
    return choice("judge", grid.judges, grid.judges[0]) if grid.judges else ""


def _against(names: Sequence[str]) -> int:
    """Which run is looked at against the first: the last, unless the URL says another."""
    if len(names) == 2:
        return 1
    said = number("vs")
    place = said if said is not None and 0 < said < len(names) else len(names) - 1
    st.selectbox(
        "Look at",
        list(range(1, len(names))),
        index=place - 1,
        format_func=lambda at: f"{names[at]} against {names[0]}",
        key=f"against {place}",
        on_change=_look_at,
        args=(place,),
        width=300,
        label_visibility="collapsed",
    )
    return place


def _look_at(place: int) -> None:
    set_params({"vs": str(st.session_state[f"against {place}"]), "page": "", "row": ""})


def _rows(view: View, rows: Sequence[int]) -> None:
    if not rows:
        note("No row is like that.", key="none")
        return
    shown = page_of(rows)
    page_ids = [view.grid.row_ids[row] for row in shown]
    chosen = chosen_row(page_ids)
    ids = [run.run_id for run in view.grid.runs]
    full = eval_grid.details(ids, list(dict.fromkeys([*page_ids, chosen])))
    strip(view, rows, chosen)
    left, right = st.columns([1.15, 1], gap="medium")
    with left:
        rows_table(view, shown, full, chosen)
        pager(rows)
    with right:
        if any(side is not None for side in full[chosen]):
            row_panel(view, chosen, full[chosen])
        elif param("row"):
            note(f"No run has a row {chosen!r}.", key="no row")


def _exported(view: View, rows: Sequence[int]) -> list[list[object]]:
    grid, judge = view.grid, view.judge
    return [
        [
            grid.row_ids[row],
            judge,
            *(grid.numbers[judge][run][row] for run in range(len(grid.runs))),
            grid.gain(judge, view.run, row),
        ]
        for row in rows
    ]
