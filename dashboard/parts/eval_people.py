"""How far the judges of an evaluation agree with people, and asking people about its rows."""

from collections.abc import Sequence

import streamlit as st

import genaiops
from dashboard.parts.cells import Column, Row
from dashboard.parts.text import count, percent
from dashboard.parts.urls import go_to, link
from dashboard.parts.views import note, table
from genaiops.errors import ConflictError, EvalError
from genaiops.query.evals import EvalRun

__all__ = ["people"]

_ASKED = 30
_COLUMNS = (
    Column(key="judge", label="Judge", width="20%"),
    Column(key="n", label="Labels", kind="num", width="70px"),
    Column(key="agree", label="Agree", kind="num", width="70px", hint="equal verdicts"),
    Column(key="kappa", label="Kappa", kind="num", width="70px",
           hint="0 is what a coin reaches, 1 is full agreement"),
    Column(key="finds", label="Finds yes", kind="num", width="84px",
           hint="of what people call good, the share that the judge calls good"),
    Column(key="bias", label="Bias", kind="num", width="76px", hint="judge minus people"),
    Column(key="judged", label="Judge says", kind="num", width="94px"),
    Column(key="people", label="People would say", kind="num", width="190px",
           hint="the judge's score corrected by the labels, with its interval"),
    Column(key="worth", label="A label is worth", kind="num",
           hint="labels without a judge that one label replaces"),
)  # fmt: skip


def people(run: EvalRun) -> None:
    """What labels of people say about the judges; and a button that asks for more."""
    found, trouble = _labelled(run.run_id)
    rows = [] if found is None else _rows(found, [score.name for score in run.scores])
    if rows:
        table(_COLUMNS, rows, key="people")
    else:
        note(trouble or "Nobody has judged rows of this run yet: what its scores say is what the judges say.",
             key="nobody")  # fmt: skip
    _ask(run)


def _labelled(run_id: str) -> "tuple[genaiops.EvalResult | None, str]":
    """The result corrected by what people said, or why there is none."""
    try:
        return genaiops.load_result(run_id, labels="human"), ""
    except EvalError as error:  # a label that is not on the judge's scale, for one
        return None, str(error)


def _rows(found: "genaiops.EvalResult", judges: Sequence[str]) -> list[Row]:
    return [row for judge in judges if (row := _row(found, judge)) is not None]


def _row(found: "genaiops.EvalResult", judge: str) -> Row | None:
    try:
        alike, score = found.agreement(judge), found[judge]
    except EvalError:  # no label is for this judge
        return None
    corrected = score.about not in ("judge", "code") and score.estimate is not None
    ends = f" ({score.low:.3f} – {score.high:.3f})" if score.low is not None and score.high is not None else ""  # fmt: skip
    return Row(
        id=judge,
        cells={
            "judge": judge,
            "n": count(alike.n),
            "agree": percent(alike.agree),
            "kappa": None if alike.kappa is None else f"{alike.kappa:.2f}",
            "finds": None if alike.sensitivity is None else percent(alike.sensitivity.estimate),
            "bias": f"{alike.bias:+.3f}",
            "judged": None if score.raw is None else f"{score.raw:.3f}",
            "people": f"{score.estimate:.3f}{ends}" if corrected else None,
            "worth": None if score.label_gain is None else f"{score.label_gain:.2f}",
        },
    )


def _ask(run: EvalRun) -> None:
    """A review queue of random rows, as the correction needs them."""
    judges = [score.name for score in run.scores]
    if not judges:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        judge = st.selectbox("Ask people about", judges, key="ask", width=220)
        st.button(
            f"Queue {len(range(_ASKED))} random rows",
            on_click=_queue,
            args=(run, judge),
            icon=":material/rate_review:",
        )


def _queue(run: EvalRun, judge: str) -> None:
    """Makes the queue, or fills it up when it is there, and goes to it."""
    words = "".join(sign if sign.isalnum() or sign in " _./-" else " " for sign in run.name)
    name = f"{' '.join(words.split())[:60]} {run.run_id[:6]} {judge}"[:120].strip()
    found = genaiops.load_result(run.run_id)
    wanted = set(found.to_label(_ASKED))
    try:
        genaiops.create_review_queue(name, judge=judge)
    except ConflictError:
        st.session_state["queue was there"] = True
    picked = {row.row_id: row for row in found.rows if row.row_id in wanted and row.trace_id}
    genaiops.add_to_review_queue(name, list(picked.values()))
    go_to(link("review", {"queue": name}))
