"""Traces by the text they hold: lists of traces in which a phrase stands, with where it stands."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from genaiops.errors import FilterError
from genaiops.model.span import TraceSummary
from genaiops.query.paging import pack, unpack
from genaiops.query.records import TRACE_COLUMNS, trace_summary
from genaiops.query.spans import around
from genaiops.query.where import Where
from genaiops.store import current_store
from genaiops.store.base import Reader

__all__ = ["PhrasePage", "containing"]

_SUMMARY = ", ".join(TRACE_COLUMNS)
_HOLDS = "(contains(lower(inputs), lower(?)) OR contains(lower(outputs), lower(?)))"
_STEPS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class PhrasePage:
    """One page of traces that hold a phrase.

    Attributes:
        snippets: By trace id, the phrase with what stands around it in one of the spans.
        next_page_token: Give it back for the next page; None on the last one.
    """

    items: Sequence[TraceSummary]
    snippets: Mapping[str, str]
    next_page_token: str | None


def containing(
    phrase: str,
    filter: str = "",  # noqa: A002  as everywhere
    *,
    experiment: str | None = None,
    since_ns: int | None = None,
    until_ns: int | None = None,
    limit: int = 100,
    page_token: str | None = None,
) -> PhrasePage:
    """Traces with a phrase, in any case, in the input or output of a span; newest first.

    Looks through the newest traces first and goes back in growing steps until a page is full, so
    that only a rare phrase makes it read everything.

    Args:
        phrase: What to look for, as it is.
        filter: Filter language over traces, all of which must match as well.
        experiment: Name of the experiment, None for all.
        since_ns: Only traces that started then or later.
        until_ns: Only traces that started before.
        limit: Traces on a page.
        page_token: ``next_page_token`` of the page before.

    Raises: FilterError, StoreError.
    """
    if not phrase.strip() or limit < 1:
        raise FilterError("search needs a phrase of one character or more, and a limit from 1")
    wanted = json.dumps(phrase, ensure_ascii=False)[1:-1]  # as it stands inside JSON text
    where = Where.of("traces", filter)
    where.add_if("experiment = ?", experiment)
    where.add_if("start_ns >= ?", since_ns)
    where.add_if("start_ns < ?", until_ns)
    if page_token:
        start_ns, trace_id = unpack(page_token, int, str)
        where.add("start_ns <= ?", start_ns)
        where.add("(start_ns < ? OR trace_id < ?)", start_ns, trace_id)
    found: list[TraceSummary] = []
    with current_store().read() as reader:
        for step in _steps(reader, where):
            found += _step(reader, where, step, wanted, limit + 1 - len(found))
            if len(found) > limit:
                break
        items = found[:limit]
        snippets = _snippets(reader, items, wanted)
    more = len(found) > limit
    token = pack(items[-1].start_ns, items[-1].trace_id) if more else None
    return PhrasePage(items=items, snippets=snippets, next_page_token=token)


def _steps(reader: Reader, where: Where) -> list[tuple[int | None, int | None]]:
    """Ranges of start times, newest first: about 1/64 of the traces, then twice as many each."""
    shares = [1 - (2**step - 1) / 64 for step in range(1, _STEPS + 1)]
    edges = reader.query(
        f"SELECT approx_quantile(start_ns, {shares}) FROM traces {where.sql}", where.params
    ).rows[0][0]
    bounds: list[int | None] = [None, *sorted(set(edges or ()), reverse=True), None]
    return [(bounds[place + 1], bounds[place]) for place in range(len(bounds) - 1)]


def _step(
    reader: Reader, where: Where, step: tuple[int | None, int | None], wanted: str, limit: int
) -> list[TraceSummary]:
    """The traces of one range of start times that hold the phrase, newest first."""
    inside = Where(parts=where.parts.copy(), params=where.params.copy())
    inside.add_if("start_ns >= ?", step[0])
    inside.add_if("start_ns < ?", step[1])
    first, last, open_ones = reader.query(
        f"SELECT min(start_ns), max(end_ns), count(*) - count(end_ns) FROM traces {inside.sql}",
        inside.params,
    ).rows[0]
    if first is None:
        return []
    until = "" if open_ones or last is None else f"AND start_ns <= {int(last)}"
    inside.add(
        f"""trace_id IN (
          SELECT trace_id
          FROM spans
          WHERE start_ns >= {int(first)}
          {until}
          AND {_HOLDS})""",
        wanted,
        wanted,
    )
    rows = reader.query(
        f"""
        SELECT {_SUMMARY}
        FROM traces
        {inside.sql}
        ORDER BY start_ns DESC, trace_id DESC
        LIMIT {limit}
        """,
        inside.params,
    ).dicts()
    return [trace_summary(row) for row in rows]


def _snippets(reader: Reader, items: Sequence[TraceSummary], wanted: str) -> dict[str, str]:
    """For each trace what stands around the phrase, in the first span that holds it."""
    if not items:
        return {}
    marks = ", ".join("?" for _ in items)
    rows = reader.query(
        f"""
        SELECT DISTINCT ON (trace_id) trace_id, inputs, outputs
        FROM spans
        WHERE start_ns >= {min(item.start_ns for item in items)}
        AND trace_id IN ({marks})
        AND {_HOLDS}
        ORDER BY trace_id, start_ns
        """,
        [*(item.trace_id for item in items), wanted, wanted],
    ).rows
    return {
        trace_id: around(inputs, outputs, wanted, ignore_case=True)[1]
        for trace_id, inputs, outputs in rows
    }
