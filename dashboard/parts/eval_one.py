"""One evaluation: its scores and its rows."""

from collections.abc import Sequence

import streamlit as st

from dashboard.parts.cells import Chip, Column, Row, status_tone
from dashboard.parts.compare import score_rows
from dashboard.parts.lists import verdict
from dashboard.parts.text import ago, count, one_line, preview
from dashboard.parts.urls import link, param, set_params
from dashboard.parts.views import head, scores, table
from genaiops.query import evals
from genaiops.query.evals import EvalRun, RowResult

__all__ = ["one_evaluation"]


def one_evaluation(run_id: str) -> None:
    """Everything about one evaluation."""
    run = evals.get(run_id)
    head(
        one_line(run.name, 100) or run.run_id[:8],
        kicker=("Evaluations", "eval"),
        copy=run.run_id,
        chips=_facts(run),
        key="title",
    )
    scores(
        ("estimate and interval", ""),
        score_rows(run, None, []),
        key="scores",
        selected=param("judge"),
    )
    others = [item for item in evals.runs(limit=50) if item.run_id != run.run_id]
    names = {item.run_id: f"{one_line(item.name, 60)} · {ago(item.start_ns)}" for item in others}
    st.selectbox(
        "Compare with",
        list(names),
        index=None,
        format_func=lambda run_id: names.get(str(run_id), ""),
        placeholder="Choose a run",
        key="other",
        width=360,
        on_change=_compare,
        args=(run.run_id,),
    )
    found = evals.rows(run.run_id)
    judges = list(dict.fromkeys(judge for row in found for judge in row.verdicts))
    columns = (
        Column(key="row", label="Row", width="90px"),
        Column(key="in", label="Input", kind="wrap"),
        Column(key="out", label="Output", kind="wrap"),
        Column(key="scores", label="Scores", kind="chips", width="34%"),
    )
    table(columns, [_result(row, judges) for row in found], key="rows", page="trace")


def _compare(run_id: str) -> None:
    """Shows the chosen run, as the one compared with, beside this one."""
    other = st.session_state.get("other")
    if other:
        set_params({"a": str(other), "b": run_id})


def _facts(run: EvalRun) -> list[Chip]:
    status = run.status.lower()
    return [
        Chip(value=status, tone=status_tone(status)),
        Chip(label="rows", value=count(run.n_rows)),
        Chip(label="experiment", value=run.experiment),
        Chip(label="run", value=run.run_id[:8], mono=True, go=link("runs", {"run": run.run_id})),
    ]


def _result(row: RowResult, judges: Sequence[str]) -> Row:
    chips = [
        verdict(judge, said.label or said.value, error=said.error).json()
        for judge in judges
        if (said := row.verdicts.get(judge)) is not None
    ]
    return Row(
        id=row.row_id,
        cells={
            "row": row.row_id,
            "in": preview(row.inputs, 500) or None,
            "out": preview(row.outputs, 500) or None,
            "scores": chips,
        },
        params={"id": row.trace_id} if row.trace_id else None,
    )
