"""Review queues: traces that wait for people to answer one question about each."""

import re
import time
from collections.abc import Iterable
from typing import Any, cast

from genaiops.errors import ConflictError, EvalError, NotFoundError
from genaiops.query import reviews, traces as found
from genaiops.query.reviews import Queue
from genaiops.query.traces import TracePage
from genaiops.store import current_store
from genaiops.store.base import Txn
from genaiops.tracing import log_feedback

__all__ = ["add_to_review_queue", "create_review_queue", "log_review", "skip_review"]

_NAME = re.compile(r"[\w .:/-]{1,120}")
_ID = re.compile(r"[0-9a-f]{32}")


def create_review_queue(
    name: str,
    *,
    judge: str,
    filter: str | None = None,  # noqa: A002  the public name of the argument
    limit: int = 200,
) -> Queue:
    """Makes a queue of traces for people to judge, as ``evaluate(labels="human")`` takes labels.

    Args:
        name: Letters, digits, spaces and ``_ . : / -``.
        judge: Under which name the answers are kept: that of the judge they are labels for.
        filter: Takes the newest traces that match, in the filter language; None to fill it later
            with `add_to_review_queue`.
        limit: So many of them at most.

    Raises: EvalError for a name that cannot be used, ConflictError when there is a queue of that
        name, FilterError, StoreError.
    """
    if not _NAME.fullmatch(name) or name != name.strip():
        raise EvalError(
            f"queue name {name!r} cannot be used: use letters, digits, spaces and _ . : / -"
        )
    if not judge.strip():
        raise EvalError("a queue asks for one judge's labels: name it, as in judge='groundedness'")
    matching = () if filter is None else found.search(filter, limit=limit).items
    with current_store().txn() as txn:
        if txn.query("SELECT 1 FROM data.review_queues WHERE name = ?", [name]).rows:
            raise ConflictError(f"there is a review queue {name!r} already: use another name")
        txn.execute(
            "INSERT INTO data.review_queues (name, filter, judge, created_ns) VALUES (?, ?, ?, ?)",
            [name, filter, judge.strip(), time.time_ns()],
        )
        _add(txn, name, [(item.trace_id, None) for item in matching])
    return reviews.queue(name)


def add_to_review_queue(name: str, traces: object) -> int:
    """Lets traces wait in a queue; those that are in it already stay as they are.

    Args:
        name: Of the queue.
        traces: Trace ids, traces, a page of traces, or row results of an evaluation.

    Returns: How many were added.
    Raises: NotFoundError for an unknown queue or trace, EvalError for something else, StoreError.
    """
    wanted = dict(_wanted(traces))
    with current_store().read() as reader:
        rows = reader.query(
            "SELECT trace_id FROM traces WHERE trace_id IN (SELECT unnest(?))", [list(wanted)]
        ).rows
    known = {trace_id for (trace_id,) in rows}
    for trace_id in wanted:
        if trace_id not in known:
            raise NotFoundError(f"there is no trace {trace_id!r}: give ids of stored traces")
    with current_store().txn() as txn:
        _check(txn, name)
        return _add(txn, name, list(wanted.items()))


def log_review(
    name: str,
    trace_id: str,
    value: bool | float | str,
    *,
    rationale: str | None = None,
    source: str = "human",
) -> None:
    """A person's answer to a queue's question about one trace; a later answer replaces it.

    Args:
        name: Of the queue.
        trace_id: One of its traces.
        value: The answer, on the scale of the queue's judge.
        rationale: Why.
        source: ``human``, or the name of the person.

    Raises: NotFoundError when the queue does not have the trace, StoreError.
    """
    judge = _mark(name, trace_id, "done", None if source == "human" else source)
    log_feedback(trace_id, judge, value, rationale=rationale, source=source)


def skip_review(name: str, trace_id: str) -> None:
    """Puts a trace of a queue aside without an answer. Raises NotFoundError, StoreError."""
    _mark(name, trace_id, "skipped", None)


def _mark(name: str, trace_id: str, state: str, assignee: str | None) -> str:
    """Sets the state of an item; the name of the queue's judge."""
    with current_store().txn() as txn:
        judge = _check(txn, name)
        mine = [name, trace_id]
        rows = txn.query(
            "SELECT 1 FROM data.review_items WHERE queue = ? AND trace_id = ?", mine
        ).rows
        if not rows:
            raise NotFoundError(f"queue {name!r} has no trace {trace_id!r}: add it first")
        txn.execute(
            "UPDATE data.review_items SET state = ?, assignee = coalesce(?, assignee) "
            "WHERE queue = ? AND trace_id = ?",
            [state, assignee, *mine],
        )
    return judge


def _check(txn: Txn, name: str) -> str:
    """The judge of a queue. Raises NotFoundError."""
    rows = txn.query("SELECT judge FROM data.review_queues WHERE name = ?", [name]).rows
    if not rows:
        raise NotFoundError(f"there is no review queue {name!r}: make it with create_review_queue")
    return str(rows[0][0])


def _add(txn: Txn, name: str, items: list[tuple[str, str | None]]) -> int:
    inside = txn.query("SELECT trace_id FROM data.review_items WHERE queue = ?", [name]).rows
    known = {trace_id for (trace_id,) in inside}
    new = [(trace_id, row_id) for trace_id, row_id in items if trace_id not in known]
    if new:
        txn.execute(
            "INSERT INTO data.review_items (queue, trace_id, row_id, state) "
            "SELECT ?, unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), 'waiting'",
            [name, [trace_id for trace_id, _ in new], [row_id for _, row_id in new]],
        )
    return len(new)


def _wanted(traces: object) -> Iterable[tuple[str, str | None]]:
    """Trace id and row id of each."""
    several = traces.items if isinstance(traces, TracePage) else traces
    if isinstance(several, str) or not isinstance(several, Iterable):
        several = [several]
    for place, item in enumerate(cast("Iterable[Any]", several), start=1):
        trace_id: object = item if isinstance(item, str) else getattr(item, "trace_id", None)
        if not isinstance(trace_id, str) or not _ID.fullmatch(trace_id):
            raise EvalError(f"item {place} is {item!r:.100}: give trace ids or traces")
        row_id: object = getattr(item, "row_id", None)
        yield trace_id, row_id if isinstance(row_id, str) else None
