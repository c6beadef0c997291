"""Evaluate: runs with their scores; one run, or two side by side with what got worse."""

import streamlit as st

from dashboard.parts.cells import Chip, Column, Marks, Row
from dashboard.parts.compare import compare_rows, outcome_filter, pair_panel, score_rows
from dashboard.parts.eval_one import one_evaluation
from dashboard.parts.guard import nothing_yet, show
from dashboard.parts.text import ago, count, one_line
from dashboard.parts.urls import link, param, set_params
from dashboard.parts.views import head, scores, table
from genaiops.query import evals
from genaiops.query.evals import EvalRun

_FIRST = (
    "import genaiops",
    'rows = [{"question": "2 + 2?", "answer": "4", "expected": "4"}]',
    "print(genaiops.evaluate(rows, judges=[genaiops.judges.ExactMatch()]))",
)


def page() -> None:
    """The page: all evaluations, one, or two."""
    a, b = param("a"), param("b")
    if a and b:
        _two(a, b)
    elif a or b:
        one_evaluation(a or b)
    else:
        _all()


def _all() -> None:
    runs = evals.runs(limit=200)
    if not runs:
        nothing_yet("No evaluations yet", _FIRST, key="empty")
        return
    head("Evaluate", note="Mark two runs to see them side by side.", key="title")
    judges = list(dict.fromkeys(score.name for run in runs for score in run.scores))[:5]
    columns = [
        Column(key="name", label="Run", kind="pair", width="24%"),
        Column(key="status", label="Status", kind="status", width="104px"),
        Column(key="rows", label="Rows", kind="num", width="64px"),
        *(Column(key=f"score {judge}", label=judge, kind="bar") for judge in judges),
        Column(key="when", label="Started", kind="num", width="92px"),
    ]
    table(
        columns,
        [_run_row(run, judges) for run in runs],
        key="runs",
        marks=Marks(ids=(), on_change=_pick),
    )


def _run_row(run: EvalRun, judges: list[str]) -> Row:
    by_name = {score.name: score for score in run.scores}
    cells: dict[str, object] = {
        "name": [one_line(run.name, 80) or run.run_id[:8], run.experiment],
        "status": run.status.lower(),
        "rows": count(run.n_rows),
        "when": ago(run.start_ns),
    }
    for judge in judges:
        score = by_name.get(judge)
        if score is not None and score.estimate is not None:
            share = score.estimate if 0 <= score.estimate <= 1 else 0.0
            cells[f"score {judge}"] = {"text": f"{score.estimate:.3f}", "share": share}
    return Row(id=run.run_id, cells=cells, params={"a": run.run_id})


def _pick(ids: list[str]) -> None:
    """Two marked runs are compared, the older one first."""
    if len(ids) == 2:
        starts = {run.run_id: run.start_ns for run in evals.runs(limit=200)}
        older, newer = sorted(ids, key=lambda run_id: starts.get(run_id, 0))
        set_params({"a": older, "b": newer})


def _two(a: str, b: str) -> None:
    both = evals.side_by_side(a, b)
    names = (
        one_line(both.a.name, 40) or both.a.run_id[:8],
        one_line(both.b.name, 40) or both.b.run_id[:8],
    )
    head(
        f"{names[0]} → {names[1]}",
        kicker=("Evaluations", "eval"),
        chips=[
            Chip(
                label="rows in both",
                value=count(sum(1 for pair in both.pairs if pair.a and pair.b)),
            ),
            Chip(
                label="a", value=both.a.run_id[:8], mono=True, go=link("eval", {"a": both.a.run_id})
            ),
            Chip(
                label="b", value=both.b.run_id[:8], mono=True, go=link("eval", {"a": both.b.run_id})
            ),
            Chip(
                value="swap", tone="blue", go=link("eval", {"a": both.b.run_id, "b": both.a.run_id})
            ),
        ],
        key="title",
    )
    judges = [tally.judge for tally in both.tallies]
    judge = param("judge") if param("judge") in judges else (judges[0] if judges else "")
    scores(names, score_rows(both.a, both.b, both.tallies), key="scores", selected=judge)
    kept = outcome_filter(both.pairs, judge)
    left, right = st.columns([1.5, 1], gap="medium")
    with left:
        compare_rows(kept, names, judge)
    with right:
        chosen = next(
            (pair for pair in kept if pair.row_id == param("row")), kept[0] if kept else None
        )
        if chosen is not None:
            pair_panel(chosen, names)


show(page)
