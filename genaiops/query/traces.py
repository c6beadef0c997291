"""Traces: lists, single traces, text search."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from genaiops.errors import FilterError, NotFoundError
from genaiops.model.assessment import Assessment
from genaiops.model.span import SpanRecord, Trace, TraceSummary
from genaiops.query.blobs import is_marker, whole, whole_trace
from genaiops.query.ids import resolve
from genaiops.query.paging import Order, order, pack, unpack
from genaiops.query.records import (
    SPAN_COLUMNS,
    TRACE_COLUMNS,
    assessment,
    span_record,
    trace_summary,
)
from genaiops.query.spans import SpanHit, search_spans
from genaiops.query.where import Where
from genaiops.store import current_store
from genaiops.store.base import Reader

__all__ = [
    "Bin",
    "SpanHit",
    "TracePage",
    "check",
    "count",
    "export",
    "get",
    "get_many",
    "get_span",
    "histogram",
    "is_marker",
    "search",
    "search_spans",
    "whole",
    "whole_trace",
]

_SORTABLE = (
    "start_ns",
    "end_ns",
    "duration_ms",
    "n_spans",
    "n_errors",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "name",
    "status",
)
_SUMMARY = ", ".join(TRACE_COLUMNS)
_SPAN = ", ".join(SPAN_COLUMNS)
_AT_ONCE = 100
_ID_CHARS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePage:
    """One page of a list of traces.

    Attributes:
        next_page_token: Give it back for the next page; None on the last one.
    """

    items: Sequence[TraceSummary]
    next_page_token: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Traces that started from ``start_ns`` up to before ``end_ns`` (nanoseconds UTC)."""

    start_ns: int
    end_ns: int
    n: int
    n_errors: int


def search(
    filter: str = "",  # noqa: A002  the public name of the argument
    *,
    experiment: str | None = None,
    order_by: str = "start_ns DESC",
    limit: int = 100,
    page_token: str | None = None,
    run_id: str | None = None,
    since_ns: int | None = None,
    until_ns: int | None = None,
) -> TracePage:
    """One page of traces.

    Pages by start time stay in step while traces arrive; by another order they are cut by number.

    Args:
        filter: Filter language, as in ``status = 'error' AND latency_ms > 500``.
        experiment: Name of the experiment, None for all.
        order_by: Column and direction, as in ``duration_ms DESC``.
        limit: Traces on a page.
        page_token: ``next_page_token`` of the page before.
        run_id: Only traces of this run.
        since_ns: Only traces that started then or later.
        until_ns: Only traces that started before.

    Raises: FilterError, StoreError.
    """
    if limit < 1:
        raise FilterError(f"limit is {limit}: use 1 or more")
    by = order(order_by, _SORTABLE)
    where = _where(filter, experiment, run_id, since_ns, until_ns)
    offset = 0
    if page_token and by.column == "start_ns":
        _continue_after(where, by, page_token)
    elif page_token:
        offset = unpack(page_token, int)[0]
    way = "DESC" if by.descending else "ASC"
    sorting = f"start_ns {way}" if by.column == "start_ns" else by.sql
    if by.column == "start_ns":
        _narrow(where, by, limit + 1)
    query = f"""
        SELECT {_SUMMARY}
        FROM traces
        {where.sql}
        ORDER BY {sorting}, trace_id {way}
        LIMIT {limit + 1} OFFSET {offset}
    """
    with current_store().read() as reader:
        items = [trace_summary(row) for row in reader.query(query, where.params).dicts()]
    if len(items) <= limit:
        return TracePage(items=items, next_page_token=None)
    last = items[limit - 1]
    token = pack(last.start_ns, last.trace_id) if by.column == "start_ns" else pack(offset + limit)
    return TracePage(items=items[:limit], next_page_token=token)


def check(text: str) -> None:
    """Finds out whether a filter over traces can be understood, without a store.

    Raises: FilterError.
    """
    Where.of("traces", text)


def count(
    filter: str = "",  # noqa: A002  the public name of the argument
    *,
    experiment: str | None = None,
    run_id: str | None = None,
    since_ns: int | None = None,
    until_ns: int | None = None,
) -> int:
    """How many traces match. Raises FilterError, StoreError."""
    where = _where(filter, experiment, run_id, since_ns, until_ns)
    with current_store().read() as reader:
        table = reader.query(f"SELECT count(*) FROM traces {where.sql}", where.params)
    return int(table.rows[0][0])


def get(trace_id: str) -> Trace:
    """A whole trace: spans in order of start, and assessments.

    Args:
        trace_id: The id, or at least 4 of its first characters when they name one trace only.

    Raises: NotFoundError, StoreError.
    """
    with current_store().read() as reader:
        whole_id = trace_id.strip().lower()
        found = _load(reader, [whole_id]) if len(whole_id) == _ID_CHARS else []
        return (found or _load(reader, [resolve(reader, "trace", trace_id)]))[0]


def get_span(trace_id: str, span_id: str, *, start_ns: int) -> SpanRecord:
    """One span with what it holds; its start tells where in the store it is.

    Raises: NotFoundError, StoreError.
    """
    with current_store().read() as reader:
        rows = reader.query(
            f"SELECT {_SPAN} FROM spans WHERE trace_id = ? AND span_id = ? AND start_ns = ?",
            [trace_id, span_id, start_ns],
        ).dicts()
    if not rows:
        raise NotFoundError(f"no span {span_id!r} in trace {trace_id!r}")
    return span_record(rows[0])


def get_many(trace_ids: Sequence[str]) -> list[Trace]:
    """Whole traces in the order of the ids; unknown ids are left out. Raises StoreError."""
    if not trace_ids:
        return []
    with current_store().read() as reader:
        return _load(reader, trace_ids)


def histogram(
    filter: str = "",  # noqa: A002  the public name of the argument
    *,
    bins: int = 60,
    experiment: str | None = None,
    since_ns: int | None = None,
    until_ns: int | None = None,
) -> list[Bin]:
    """Numbers of matching traces and failed ones over time; no bin is left out.

    The range is that of the matching traces where ``since_ns`` or ``until_ns`` is None.

    Raises: FilterError, StoreError.
    """
    if bins < 1:
        raise FilterError(f"bins is {bins}: use 1 or more")
    where = _where(filter, experiment, None, since_ns, until_ns)
    with current_store().read() as reader:
        first, last = reader.query(
            f"SELECT min(start_ns), max(start_ns) FROM traces {where.sql}", where.params
        ).rows[0]
        if first is None:
            return []
        low = first if since_ns is None else since_ns
        high = last + 1 if until_ns is None else until_ns
        width = max(1, -(-(high - low) // bins))
        found = reader.query(
            f"""
            SELECT (start_ns - ?) // ? AS bin, count(*), count(*) FILTER (status = 'error')
            FROM traces
            {where.sql}
            GROUP BY bin
            """,
            [low, width, *where.params],
        ).rows
    counts = {int(number): (n, errors) for number, n, errors in found}
    return [
        Bin(
            start_ns=low + number * width,
            end_ns=low + (number + 1) * width,
            n=counts.get(number, (0, 0))[0],
            n_errors=counts.get(number, (0, 0))[1],
        )
        for number in range(-(-(high - low) // width))
    ]


def export(
    filter: str = "",  # noqa: A002  the public name of the argument
    *,
    experiment: str | None = None,
    since_ns: int | None = None,
    until_ns: int | None = None,
) -> Iterator[Trace]:
    """Every matching trace whole, newest first, a hundred at a time. Raises as `search`."""
    token: str | None = None
    while True:
        page = search(
            filter,
            experiment=experiment,
            since_ns=since_ns,
            until_ns=until_ns,
            limit=_AT_ONCE,
            page_token=token,
        )
        for trace in get_many([item.trace_id for item in page.items]):
            yield whole_trace(trace)
        token = page.next_page_token
        if token is None:
            return


def _where(
    text: str,
    experiment: str | None,
    run_id: str | None,
    since_ns: int | None,
    until_ns: int | None,
) -> Where:
    """The condition on the view ``traces``."""
    where = Where.of("traces", text)
    where.add_if("experiment = ?", experiment)
    where.add_if("run_id = ?", run_id)
    where.add_if("start_ns >= ?", since_ns)
    where.add_if("start_ns < ?", until_ns)
    return where


def _continue_after(where: Where, by: Order, token: str) -> None:
    """Leaves out everything up to the last trace of the page before."""
    start_ns, trace_id = unpack(token, int, str)
    sign = "<" if by.descending else ">"
    where.add(f"start_ns {sign}= ?", start_ns)
    where.add(f"(start_ns {sign} ? OR trace_id {sign} ?)", start_ns, trace_id)


def _narrow(where: Where, by: Order, rows: int) -> None:
    """Adds the start time up to which a page reaches, found from that column alone.

    At a million spans the page's wide columns are then read for its rows only: 8 ms, not 28.
    """
    edge, sign, way = ("min", ">=", "DESC") if by.descending else ("max", "<=", "ASC")
    reach = f"SELECT start_ns FROM traces {where.sql} ORDER BY start_ns {way} LIMIT {rows}"
    where.add(
        f"start_ns {sign} (SELECT {edge}(start_ns) FROM ({reach}))",
        *where.params.copy(),
    )


def _load(reader: Reader, trace_ids: Sequence[str]) -> list[Trace]:
    """Summaries, spans and assessments of some traces, put together."""
    marks = ", ".join("?" for _ in trace_ids)
    ids = list(trace_ids)
    rows = reader.query(f"SELECT {_SUMMARY} FROM traces WHERE trace_id IN ({marks})", ids).dicts()
    summaries = {row["trace_id"]: trace_summary(row) for row in rows}
    if not summaries:
        return []
    first = min(summary.start_ns for summary in summaries.values())
    ends = [summary.end_ns for summary in summaries.values()]
    last = None if None in ends else max(cast("list[int]", ends))
    until = "" if last is None else f"AND start_ns <= {last}"
    spans: dict[str, list[SpanRecord]] = {}
    for row in reader.query(
        f"""
        SELECT {_SPAN}
        FROM spans
        WHERE trace_id IN ({marks})
        AND start_ns >= {first}
        {until}
        ORDER BY start_ns, span_id
        """,
        ids,
    ).dicts():
        spans.setdefault(row["trace_id"], []).append(span_record(row))
    said: dict[str | None, list[Assessment]] = {}
    for row in reader.query(
        f"SELECT * FROM assessments WHERE trace_id IN ({marks}) ORDER BY created_ns", ids
    ).dicts():
        said.setdefault(row["trace_id"], []).append(assessment(row))
    return [
        Trace(summary=summaries[key], spans=spans.get(key, ()), assessments=said.get(key, ()))
        for key in dict.fromkeys(ids)
        if key in summaries
    ]
