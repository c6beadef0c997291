"""Sessions: the traces that share a session id, as conversations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genaiops.errors import FilterError, NotFoundError
from genaiops.model.assessment import Assessment
from genaiops.model.span import TraceSummary
from genaiops.query.paging import pack, unpack
from genaiops.query.records import TRACE_COLUMNS, assessment, decode, trace_summary
from genaiops.query.where import Where
from genaiops.store import current_store
from genaiops.store.base import Reader

__all__ = ["Session", "SessionPage", "Turn", "Turns", "search", "turns"]

_SUMMARY = ", ".join(TRACE_COLUMNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session in numbers; times are nanoseconds UTC, None is unknown.

    Attributes:
        opening: The beginning of its first input, as JSON text.
    """

    session_id: str
    user_id: str | None
    first_ns: int
    last_ns: int
    n_traces: int
    n_errors: int
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    opening: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPage:
    """One page of sessions; the token is None on the last one."""

    items: Sequence[Session]
    next_page_token: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One trace of a session: what its root was given, what it gave, what was said about it."""

    summary: TraceSummary
    inputs: Any  # any JSON value
    outputs: Any  # any JSON value
    assessments: Sequence[Assessment]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """A session and a page of its turns, oldest first; the token is None on the last page."""

    session: Session
    items: Sequence[Turn]
    next_page_token: str | None


_SESSION = """
    session_id,
    first(user_id ORDER BY start_ns) FILTER (user_id IS NOT NULL) AS user_id,
    min(start_ns) AS first_ns,
    max(start_ns) AS last_ns,
    count(*) AS n_traces,
    count(*) FILTER (status = 'error') AS n_errors,
    sum(input_tokens)::BIGINT AS input_tokens,
    sum(output_tokens)::BIGINT AS output_tokens,
    sum(cost_usd) AS cost_usd"""


def search(
    filter: str = "",  # noqa: A002  the public name of the argument
    *,
    limit: int = 100,
    page_token: str | None = None,
) -> SessionPage:
    """One page of sessions, the one that spoke last first.

    Args:
        filter: Filter language over traces; a session is counted by those of its traces that match.
        limit: Sessions on a page.
        page_token: ``next_page_token`` of the page before.

    Raises: FilterError, StoreError.
    """
    if limit < 1:
        raise FilterError(f"limit is {limit}: use 1 or more")
    where = Where.of("traces", filter)
    where.add("session_id IS NOT NULL")
    having = ""
    if page_token:
        last_ns, session_id = unpack(page_token, int, str)
        having = "HAVING max(start_ns) <= ? AND (max(start_ns) < ? OR session_id > ?)"
        where.params += [last_ns, last_ns, session_id]
    with current_store().read() as reader:
        rows = reader.query(
            f"""
            SELECT {_SESSION}
            FROM traces
            {where.sql}
            GROUP BY session_id
            {having}
            ORDER BY last_ns DESC, session_id
            LIMIT {limit + 1}
            """,
            where.params,
        ).dicts()
        more = len(rows) > limit
        openings = _openings(reader, rows[:limit])
    items = [_session(row, openings) for row in rows[:limit]]
    token = pack(items[-1].last_ns, items[-1].session_id) if more else None
    return SessionPage(items=items, next_page_token=token)


def turns(session_id: str, *, limit: int = 50, page_token: str | None = None) -> Turns:
    """A session with a page of its turns, oldest first. Raises NotFoundError, StoreError."""
    offset = unpack(page_token, int)[0] if page_token else 0
    with current_store().read() as reader:
        rows = reader.query(
            f"SELECT {_SESSION} FROM traces WHERE session_id = ? GROUP BY session_id", [session_id]
        ).dicts()
        if not rows:
            raise NotFoundError(f"no session {session_id!r} in the store")
        session = _session(rows[0], _openings(reader, rows))
        found = reader.query(
            f"SELECT {_SUMMARY} FROM traces WHERE session_id = ? AND start_ns >= ? "
            f"ORDER BY start_ns, trace_id LIMIT {limit + 1} OFFSET {offset}",
            [session_id, session.first_ns],
        ).dicts()
        summaries = [trace_summary(row) for row in found[:limit]]
        items = _turns(reader, summaries) if summaries else []
    token = pack(offset + limit) if len(found) > limit else None
    return Turns(session=session, items=items, next_page_token=token)


def _openings(reader: Reader, rows: Sequence[Mapping[str, Any]]) -> dict[str, str | None]:
    """The beginning of the first input of some sessions."""
    if not rows:
        return {}
    marks = ", ".join("?" for _ in rows)
    found = reader.query(
        f"""
        SELECT session_id, inputs_preview
        FROM traces
        WHERE session_id IN ({marks})
        AND start_ns IN ({marks})
        """,
        [*(row["session_id"] for row in rows), *(row["first_ns"] for row in rows)],
    ).rows
    return dict(found)


def _session(row: Mapping[str, Any], openings: Mapping[str, str | None]) -> Session:
    return Session(**row, opening=openings.get(row["session_id"]))


def _turns(reader: Reader, summaries: Sequence[TraceSummary]) -> list[Turn]:
    marks = ", ".join("?" for _ in summaries)
    ids = [item.trace_id for item in summaries]
    # One lookup a turn by its exact start: twenty times faster than a list of ids over that time.
    lookups = " UNION ALL ".join(
        f"SELECT trace_id, inputs, outputs FROM spans WHERE start_ns = {item.start_ns} "
        "AND trace_id = ? AND parent_span_id IS NULL"
        for item in summaries
    )
    spoken = reader.query(lookups, ids).rows
    of_root = {trace_id: (inputs, outputs) for trace_id, inputs, outputs in spoken}
    said: dict[str, list[Assessment]] = {}
    for row in reader.query(
        f"SELECT * FROM assessments WHERE trace_id IN ({marks}) ORDER BY created_ns", ids
    ).dicts():
        said.setdefault(row["trace_id"], []).append(assessment(row))
    made: list[Turn] = []
    for item in summaries:
        inputs, outputs = of_root.get(item.trace_id, (item.inputs_preview, item.outputs_preview))
        made.append(
            Turn(
                summary=item,
                inputs=decode(inputs),
                outputs=decode(outputs),
                assessments=said.get(item.trace_id, ()),
            )
        )
    return made
