"""Review queues: what waits for people, what they said, and what the judge says of the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from genaiops.errors import NotFoundError
from genaiops.query.judges import scale_of
from genaiops.store import current_store
from genaiops.store.base import Reader

__all__ = [
    "Choice",
    "Queue",
    "ReviewItem",
    "Said",
    "choices",
    "items",
    "queue",
    "queues",
    "said",
]

_MOST_CHOICES = 5
_PEOPLE = """
    SELECT
      trace_id, arg_max(value, created_ns) AS value, arg_max(number, created_ns) AS number,
      arg_max(rationale, created_ns) AS rationale, arg_max(source_id, created_ns) AS person,
      max(created_ns) AS said_ns
    FROM assessments
    WHERE name = $judge AND source_type = 'human' AND kind = 'feedback'
    AND span_id IS NULL AND superseded_by IS NULL AND source_id IS DISTINCT FROM 'labels'
    GROUP BY trace_id
"""
"""The newest word of people about each trace by one name."""
_JUDGES = """
    SELECT
      trace_id, arg_max(value, created_ns) AS value, arg_max(number, created_ns) AS number,
      arg_max(rationale, created_ns) AS rationale
    FROM assessments
    WHERE name = $judge AND source_type IS DISTINCT FROM 'human' AND kind = 'feedback'
    AND error IS NULL AND superseded_by IS NULL
    GROUP BY trace_id
"""
_STATE = "CASE WHEN p.trace_id IS NOT NULL THEN 'done' ELSE coalesce(i.state, 'waiting') END"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Traces that wait for one answer each.

    Attributes:
        judge: The name under which the answers are kept: a label of the judge of that name.
        filter: The filter it was filled by, empty when it was filled by hand.
        done: Items that people answered, here or anywhere else.
    """

    name: str
    judge: str
    filter: str
    created_ns: int
    n: int
    done: int
    skipped: int

    @property
    def waiting(self) -> int:
        """Items without an answer."""
        return self.n - self.done - self.skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """One trace of a queue.

    Attributes:
        state: ``waiting``, ``done`` or ``skipped``.
        asked: The beginning of the trace's inputs, JSON text.
        value: What people said, None without; `judged` what the judge says.
    """

    trace_id: str
    row_id: str | None
    state: str
    asked: str | None
    value: Any  # any JSON value
    rationale: str | None
    person: str | None
    judged: Any  # any JSON value
    judge_rationale: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Two numbers about one trace, the person's and the judge's."""

    trace_id: str
    person: float
    judge: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An answer that can be given with one key."""

    label: str
    value: bool | float


def queues() -> list[Queue]:
    """Every queue, the newest first. Raises StoreError."""
    with current_store().read() as reader:
        found = reader.query(
            """
            SELECT name, judge, coalesce(filter, ''), created_ns
            FROM review_queues
            ORDER BY created_ns DESC, name
            """
        ).rows
        return [_queue(reader, row) for row in found]


def queue(name: str) -> Queue:
    """One queue. Raises NotFoundError, StoreError."""
    with current_store().read() as reader:
        return _queue(reader, _row(reader, name))


def items(name: str, *, limit: int = 500) -> list[ReviewItem]:
    """The items of a queue in the order they were added.

    Raises: NotFoundError, StoreError.
    """
    with current_store().read() as reader:
        judge = _row(reader, name)[1]
        rows = reader.query(
            f"""
            SELECT
              i.trace_id, i.row_id, {_STATE} AS state, t.inputs_preview AS asked,
              p.value, p.rationale, p.person, j.value AS judged, j.rationale AS judge_rationale
            FROM (SELECT *, rowid AS place FROM data.review_items WHERE queue = $name) AS i
            LEFT JOIN (
              SELECT trace_id, inputs_preview
              FROM traces
              WHERE trace_id IN (SELECT trace_id FROM data.review_items WHERE queue = $name)
            ) AS t ON t.trace_id = i.trace_id
            LEFT JOIN ({_PEOPLE}) AS p ON p.trace_id = i.trace_id
            LEFT JOIN ({_JUDGES}) AS j ON j.trace_id = i.trace_id
            ORDER BY i.place
            LIMIT {int(limit)}
            """,
            {"name": name, "judge": judge},
        ).dicts()
    return [ReviewItem(**row) for row in rows]


def said(judge: str, queue_name: str | None = None) -> list[Said]:
    """Where people and a judge spoke about the same trace, in the order people spoke.

    Args:
        judge: Name of the judge.
        queue_name: Only traces of this queue; None for all.

    Raises: StoreError.
    """
    scope = "" if queue_name is None else "AND p.trace_id IN (SELECT trace_id FROM review_items WHERE queue = $name)"  # fmt: skip
    params = {"judge": judge} | ({} if queue_name is None else {"name": queue_name})
    with current_store().read() as reader:
        rows = reader.query(
            f"""
            SELECT p.trace_id, p.number, j.number
            FROM ({_PEOPLE}) AS p
            JOIN ({_JUDGES}) AS j ON j.trace_id = p.trace_id
            WHERE isfinite(p.number) AND isfinite(j.number) {scope}
            ORDER BY p.said_ns, p.trace_id
            """,
            params,
        ).rows
    return [Said(trace_id=trace, person=person, judge=other) for trace, person, other in rows]


def choices(judge: str) -> list[Choice]:
    """At most five answers to the question of a judge, the worst first.

    From what it said so far: its words where it has few, yes and no where it says only that, else
    steps of its scale. Yes and no where nothing is known of it. Raises StoreError.
    """
    with current_store().read() as reader:
        words = reader.query(
            """
            SELECT label, avg(number) AS number
            FROM eval_rows
            WHERE judge = ? AND label IS NOT NULL AND isfinite(number)
            GROUP BY label
            ORDER BY number, label
            LIMIT 6
            """,
            [judge],
        ).rows
        plain = reader.query(
            "SELECT count(*) FROM eval_rows WHERE judge = ? AND number NOT IN (0, 1)", [judge]
        ).rows[0][0]
        scale = scale_of(reader, judge)
    if 2 <= len(words) <= _MOST_CHOICES:
        return [Choice(label=str(label), value=float(number)) for label, number in words]
    if not plain and scale in (None, (0.0, 1.0)):
        return [Choice(label="No", value=False), Choice(label="Yes", value=True)]
    low, high = scale or (0.0, 1.0)
    steps = [low + (high - low) * step / 4 for step in range(5)]
    return [Choice(label=f"{step:g}", value=step) for step in steps]


def _row(reader: Reader, name: str) -> tuple[Any, ...]:
    found = reader.query(
        "SELECT name, judge, coalesce(filter, ''), created_ns FROM review_queues WHERE name = ?",
        [name],
    ).rows
    if not found:
        raise NotFoundError(f"there is no review queue {name!r}: make it with create_review_queue")
    return found[0]


def _queue(reader: Reader, row: Sequence[Any]) -> Queue:
    name, judge, text, created_ns = row
    n, done, skipped = reader.query(
        f"""
        SELECT count(*), count(*) FILTER (state = 'done'), count(*) FILTER (state = 'skipped')
        FROM (
          SELECT {_STATE} AS state
          FROM data.review_items AS i
          LEFT JOIN ({_PEOPLE}) AS p ON p.trace_id = i.trace_id
          WHERE i.queue = $name)
        """,
        {"name": name, "judge": judge},
    ).rows[0]
    return Queue(
        name=name,
        judge=judge,
        filter=text,
        created_ns=created_ns or 0,
        n=n,
        done=done,
        skipped=skipped,
    )
