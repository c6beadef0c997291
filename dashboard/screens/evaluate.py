"""Evaluate: runs with their scores and costs; one of them, or several side by side."""

from collections.abc import Sequence

import streamlit as st

from dashboard.parts.cells import Column, Marks, Row
from dashboard.parts.eval_compare import compare_evaluations
from dashboard.parts.eval_one import one_evaluation
from dashboard.parts.guard import nothing_yet, show
from dashboard.parts.lists import score_cell
from dashboard.parts.text import ago, count, one_line, usd
from dashboard.parts.urls import many, set_params
from dashboard.parts.views import head, table
from genaiops.query import evals, runs
from genaiops.query.evals import EvalRun

_FIRST = (
    "import genaiops",
    'rows = [{"question": "2 + 2?", "answer": "4", "expected": "4"}]',
    "print(genaiops.evaluate(rows, judges=[genaiops.judges.ExactMatch()]))",
)
_SHOWN = 200
_JUDGES = 5
_MOST = 8


def page() -> None:
    """The page: all evaluations, one, or several."""
    asked = list(dict.fromkeys(many("runs")))[:_MOST]
    if len(asked) > 1:
        compare_evaluations(asked)
    elif asked:
        one_evaluation(asked[0])
    else:
        _all()


def _all() -> None:
    title = st.container(horizontal=True, vertical_alignment="center")
    experiment = st.selectbox(
        "Experiment",
        [row.experiment.name for row in runs.experiments()],
        index=None,
        placeholder="All experiments",
        key="exp",
        bind="query-params",
        width=220,
        label_visibility="collapsed",
    )
    found = evals.runs(experiment=experiment, limit=_SHOWN)
    if not found and experiment is None:
        nothing_yet("No evaluations yet", _FIRST, key="empty")
        return
    picked: list[str] = st.session_state.get("picked evaluations", [])
    with title:
        head("Evaluate", note="Mark two or more to see what got better, and by how much for sure.",
             key="title")  # fmt: skip
        st.button(
            f"Compare {len(picked)}",
            type="primary",
            disabled=len(picked) < 2,
            on_click=_compare,
            args=(found, picked),
        )
    judges = list(dict.fromkeys(score.name for run in found for score in run.scores))[:_JUDGES]
    columns = [
        Column(key="name", label="Run", kind="pair", width="22%"),
        Column(key="status", label="Status", kind="status", width="104px"),
        Column(key="rows", label="Rows", kind="num", width="64px"),
        *(Column(key=f"score {judge}", label=judge, kind="score") for judge in judges),
        Column(key="cost", label="Cost", kind="num", width="84px", hint="answers and judges"),
        Column(key="when", label="Started", kind="num", width="92px"),
    ]
    table(
        columns,
        [_row(run, judges) for run in found],
        key="runs",
        marks=Marks(ids=picked, on_change=_pick),
        empty="No evaluation in this experiment.",
    )


def _row(run: EvalRun, judges: Sequence[str]) -> Row:
    by_name = {score.name: score for score in run.scores}
    cells: dict[str, object] = {
        "name": [one_line(run.name, 80) or run.run_id[:8], run.experiment],
        "status": run.status.lower(),
        "rows": count(run.n_rows),
        "cost": usd(run.cost_usd),
        "when": ago(run.start_ns),
    }
    for judge in judges:
        cells[f"score {judge}"] = score_cell(by_name.get(judge))
    return Row(id=run.run_id, cells=cells, params={"runs": run.run_id})


def _pick(ids: list[str]) -> None:
    st.session_state["picked evaluations"] = ids


def _compare(found: Sequence[EvalRun], ids: Sequence[str]) -> None:
    """The marked runs, the oldest first: it is the one that the others are compared with."""
    starts = {run.run_id: run.start_ns for run in found}
    ordered = sorted(ids, key=lambda run_id: starts.get(run_id, 0))[:_MOST]
    set_params({"runs": ",".join(ordered), "exp": ""})


show(page, at_once=True)
