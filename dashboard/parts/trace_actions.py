"""What can be done with many traces at once: to a dataset, to a review queue, judged again."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

import genaiops
from dashboard.parts.cells import Chip
from dashboard.parts.export import csv_button
from dashboard.parts.jobs import Job, start
from dashboard.parts.judge_again import JUDGES, OWN, judges_of, work
from dashboard.parts.lists import csv_columns, csv_rows
from dashboard.parts.text import count, counted, one_line
from dashboard.parts.trace_filter import Wanted
from dashboard.parts.urls import link
from dashboard.parts.views import chips, note
from genaiops.errors import GenaiopsError
from genaiops.model.span import TraceSummary
from genaiops.query import datasets, phrases, reviews, traces

__all__ = ["JOB", "marked_ids", "outcome", "set_marks", "trace_actions"]

MOST = 1_000
JOB = "judge traces"
_MARKED = "marked traces"
_SAID = "traces said"
_Chosen = Callable[[], Sequence[TraceSummary]]


def marked_ids() -> list[str]:
    """Ids of the traces with a mark."""
    return list(st.session_state.get(_MARKED, []))


def set_marks(ids: list[str]) -> None:
    """Hears of a change of the marks."""
    st.session_state[_MARKED] = ids


def trace_actions(wanted: Wanted) -> None:
    """The buttons; they act on the marked traces, or on all that match when none is marked."""
    marked = marked_ids()
    whom = (
        f"the {count(len(marked))} marked" if marked else f"all that match (at most {count(MOST)})"
    )

    def chosen() -> Sequence[TraceSummary]:
        return _chosen(wanted, marked_ids())

    with st.popover("Dataset", icon=":material/dataset:", type="tertiary", key="to dataset"):
        _to_dataset(whom, chosen)
    with st.popover("Review", icon=":material/rate_review:", type="tertiary", key="to review"):
        _to_review(whom, chosen)
    with st.popover("Judge", icon=":material/balance:", type="tertiary", key="to judges"):
        _judge_again(whom, chosen)
    csv_button(  # with the marks of now: a download has no session
        "traces", csv_columns(), lambda: csv_rows(_chosen(wanted, marked)), key="traces csv"
    )


def outcome() -> None:
    """What the last action said."""
    said = st.session_state.get(_SAID)
    if said is None:
        return

    def close() -> None:
        st.session_state.pop(_SAID, None)

    with st.container(horizontal=True, vertical_alignment="center"):
        chips([said], key="outcome")
        st.button("Close", key="outcome close", on_click=close, type="tertiary")


def _chosen(wanted: Wanted, marked: Sequence[str]) -> Sequence[TraceSummary]:
    if marked:
        return [trace.summary for trace in traces.get_many(marked)]
    match: dict[str, Any] = {
        "experiment": wanted.experiment,
        "since_ns": wanted.since_ns,
        "until_ns": wanted.until_ns,
        "limit": MOST,
    }
    if wanted.phrase:
        return phrases.containing(wanted.phrase, wanted.text, **match).items
    return traces.search(wanted.text, **match).items


def _do(act: Callable[[], Chip | None]) -> None:
    """Acts, and keeps what is to be said about it."""
    try:
        st.session_state[_SAID] = act()
    except GenaiopsError as error:
        st.session_state[_SAID] = Chip(value=str(error), tone="red")


def _to_dataset(whom: str, chosen: _Chosen) -> None:
    names = sorted(item.name for item in datasets.names())

    def act() -> Chip:
        text, items = _typed("dataset name"), chosen()
        rows = [item for item in items if item.inputs_preview]
        if not rows:
            raise genaiops.ConfigError("None of these traces has an input: nothing to learn from.")
        known = {item.name for item in datasets.names()}
        made = (genaiops.add_to_dataset if text in known else genaiops.create_dataset)(text, rows)
        left = len(items) - len(rows)
        said = (
            f"{counted(len(rows), 'trace')} added to {one_line(text, 60)}, version {made.version}"
        )
        said += f"; {count(left)} without an input left out" if left else ""
        return Chip(value=said, tone="green", go=link("datasets", {"name": text}))

    with st.form("to dataset form", border=False):
        note(f"Adds {whom}: question, answer, contexts, what people expected.", key="dataset note")
        _name("Dataset", names, key="dataset name")
        st.form_submit_button("Add", key="add to dataset", on_click=_do, args=(act,))


def _to_review(whom: str, chosen: _Chosen) -> None:
    names = sorted(queue.name for queue in reviews.queues())

    def act() -> Chip:
        text, items = _typed("queue name"), chosen()
        if text not in {queue.name for queue in reviews.queues()}:
            genaiops.create_review_queue(text, judge=_typed("queue judge"))
        added = genaiops.add_to_review_queue(text, [item.trace_id for item in items])
        said = (
            f"{counted(added, 'trace')} {'waits' if added == 1 else 'wait'} in {one_line(text, 60)}"
        )
        return Chip(value=said, tone="green", go=link("review", {"queue": text}))

    with st.form("to review form", border=False):
        note(f"Lets {whom} wait for people; those that wait already stay.", key="review note")
        _name("Queue", names, key="queue name")
        st.text_input("Answers are labels for (of a new queue)", value="helpful", key="queue judge", max_chars=120)  # fmt: skip
        st.form_submit_button("Add", key="add to queue", on_click=_do, args=(act,))


def _judge_again(whom: str, chosen: _Chosen) -> None:
    def act() -> Chip | None:
        judges = judges_of(list(st.session_state.get("judges", ())), _typed("judge rule", ""))
        items = chosen()
        job = Job(title="Judging traces", total=len(items))
        start(JOB, job, work(items, judges, _typed("judge model", "")))
        return None

    with st.form("judge form", border=False):
        note(f"Scores {whom} for what they recorded; nothing is answered again.", key="judge note")
        st.multiselect("Judges", [*JUDGES, OWN], key="judges", default=["groundedness"])
        st.text_input(
            "Judge model", key="judge model", max_chars=200,
            placeholder="openai/gpt-5-mini, else GENAIOPS_JUDGE_MODEL",
        )  # fmt: skip
        st.text_area(
            "Rule of the judge guidelines", key="judge rule", max_chars=4_000, height=70,
            placeholder="The answer names its source.",
        )  # fmt: skip
        st.form_submit_button(
            "Judge", key="judge traces", on_click=_do, args=(act,), type="primary"
        )


def _name(label: str, names: Sequence[str], *, key: str) -> None:
    """A field for a name that exists or a new one."""
    st.selectbox(
        label,
        names,
        index=None,
        accept_new_options=True,
        placeholder="a name, old or new",
        key=key,
    )


def _typed(key: str, default: str | None = None) -> str:
    """What a field holds now, not when it was drawn. Raises ConfigError where a name is missing."""
    text = str(st.session_state.get(key) or "").strip()
    if not text and default is None:
        raise genaiops.ConfigError(f"Fill the {key} first.")
    return text or str(default)
