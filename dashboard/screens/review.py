"""Review: queues of traces that wait for people; one item after the other, a key an answer."""

from collections.abc import Sequence

import streamlit as st

import genaiops
from dashboard.parts.cells import Chip, Column, Row
from dashboard.parts.guard import nothing_yet, show
from dashboard.parts.review_item import agreement_panel, item_list, keys, shown_item
from dashboard.parts.text import ago, count, percent
from dashboard.parts.urls import leaving, param, set_params
from dashboard.parts.views import head, note, table
from genaiops.errors import GenaiopsError
from genaiops.query import reviews
from genaiops.query.reviews import Queue, ReviewItem

_LABELS = 'result = genaiops.evaluate(rows, answer, judges=[...], labels="human")'
_FIRST = (
    "import genaiops",
    'genaiops.create_review_queue("week 48", judge="helpful", filter="status = \'ok\'", limit=30)',
    _LABELS,
)
_COLUMNS = (
    Column(key="name", label="Queue", width="32%"),
    Column(key="judge", label="Labels for", width="22%"),
    Column(key="waiting", label="Waiting", kind="num", width="84px"),
    Column(key="done", label="Answered", kind="bar", width="110px"),
    Column(key="skipped", label="Skipped", kind="num", width="84px"),
    Column(key="when", label="Made", kind="num", width="92px"),
)


def page() -> None:
    """The page: all queues, or one item of a queue."""
    if param("queue"):
        _one(param("queue"))
    else:
        _all()


def _all() -> None:
    found = reviews.queues()
    if found:
        head("Review", note="What people say about traces are labels: they correct the judges.",
             key="title")  # fmt: skip
        table(_COLUMNS, [_row(queue) for queue in found], key="queues")
    else:
        nothing_yet("Nothing waits for review", _FIRST, key="empty")
    _new()


def _row(queue: Queue) -> Row:
    share = queue.done / queue.n if queue.n else 0.0
    return Row(
        id=queue.name,
        cells={
            "name": queue.name,
            "judge": queue.judge,
            "waiting": count(queue.waiting),
            "done": {"text": f"{count(queue.done)} · {percent(share)}", "share": share},
            "skipped": count(queue.skipped),
            "when": ago(queue.created_ns),
        },
        params={"queue": queue.name},
    )


def _new() -> None:
    """Makes a queue from the newest traces that match a filter."""
    with st.form("new queue", border=True):
        first, second, third, fourth = st.columns([2, 2, 3, 1])
        name = first.text_input("New queue", max_chars=120, placeholder="week 48")
        judge = second.text_input("Labels for the judge", max_chars=120, placeholder="helpful")
        text = third.text_input(
            "Newest traces that match",
            max_chars=2_000,
            placeholder="status = 'ok' AND name = 'answer'",
        )
        limit = fourth.number_input("At most", min_value=1, max_value=1_000, value=50)
        sent = st.form_submit_button("Make the queue", type="primary")
    if not sent:
        return
    try:
        made = genaiops.create_review_queue(
            (name or "").strip(), judge=judge or "", filter=text or "", limit=int(limit)
        )
    except GenaiopsError as error:
        note(str(error), key="refused")
        return
    set_params({"queue": made.name})
    st.rerun()


def _one(name: str) -> None:
    queue = reviews.queue(name)
    if not queue.n:
        head(name, kicker=("Review", "review"), key="title",
             note="This queue is empty: add traces with genaiops.add_to_review_queue.")  # fmt: skip
        return
    st.fragment(_apart)(name)


def _apart(name: str) -> None:
    """A run of its own, so that the next item is there at once."""
    if leaving():
        st.rerun()
    show(lambda: _at_work(name), at_once=True)


def _at_work(name: str) -> None:
    """One item: what is to be judged, and the keys to judge it."""
    queue = reviews.queue(name)
    items = reviews.items(name, limit=queue.n)
    place = _place(items)
    item = items[place]
    head(
        name,
        kicker=("Review", "review"),
        chips=[
            Chip(label="labels for", value=queue.judge, tone="violet"),
            Chip(label="item", value=f"{count(place + 1)} of {count(queue.n)}"),
            Chip(label="waiting", value=count(queue.waiting), tone="gray" if queue.waiting else "green"),
        ],
        key="title",
    )  # fmt: skip
    if not queue.waiting:
        note("Nothing waits any more. The answers are labels: they correct the judge where you say so.",
             commands=(_LABELS,), key="all answered")  # fmt: skip
    left, right = st.columns([1.5, 1], gap="medium")
    with left:
        shown_item(item)
    with right:
        keys(queue, item, _choices(queue.judge), _move)
        item_list(items, place)
        agreement_panel(reviews.said(queue.judge, name), queue.judge)


@st.cache_data(ttl=300, max_entries=32, show_spinner=False)
def _choices(judge: str) -> list[reviews.Choice]:
    """They change with evaluations only."""
    return reviews.choices(judge)


def _place(items: Sequence[ReviewItem]) -> int:
    """The item of the URL, else the first that waits, else the first."""
    asked = param("trace")
    for place, item in enumerate(items):
        if item.trace_id == asked:
            return place
    waiting = (place for place, item in enumerate(items) if item.state == "waiting")
    return next(waiting, 0)


def _move(items: Sequence[ReviewItem], trace_id: str, where: str) -> None:
    """To the neighbour, or to the next item that waits (from the beginning again at the end)."""
    n = len(items)
    place = next((at for at, item in enumerate(items) if item.trace_id == trace_id), 0)
    if where == "back":
        to = max(0, place - 1)
    elif where == "next":
        to = min(n - 1, place + 1)
    else:
        after = ((place + step) % n for step in range(1, n))
        to = next((at for at in after if items[at].state == "waiting"), place)
    set_params({"trace": items[to].trace_id})


show(page, at_once=True)
