"""Traces: lists, single traces, text search."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from genaiops.errors import NotFoundError
from genaiops.model.span import SpanRecord, Trace, TraceSummary
from genaiops.query.paging import Order, order, pack, unpack
from genaiops.query.records import (
    SPAN_COLUMNS,
    TRACE_COLUMNS,
    assessment,
    decode,
    span_record,
    trace_summary,
)
from genaiops.store import current_store
from genaiops.store.base import Reader

__all__ = [
    "Bin",
    "SpanHit",
    "TracePage",
    "count",
    "export",
    "get",
    "get_many",
    "histogram",
    "search",
    "search_spans",
    "whole",
]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanHit:
    """A span that holds the phrase looked for.

    Attributes:
        column: ``inputs`` or ``outputs``.
        snippet: Up to 80 characters before and after the phrase, line breaks as spaces.
    """

    trace_id: str
    span_id: str
    name: str
    span_type: str
    status: str
    start_ns: int
    column: str
    snippet: str


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
        order_by: Column and direction, as in ``duration_ms DESC``.
        since_ns: Only traces that started then or later.
        until_ns: Only traces that started before.

    Raises: FilterError, StoreError.
    """
    raise NotImplementedError


def count(
    filter: str = "",  # noqa: A002  the public name of the argument
    *,
    experiment: str | None = None,
    run_id: str | None = None,
    since_ns: int | None = None,
    until_ns: int | None = None,
) -> int:
    """How many traces match. Raises FilterError, StoreError."""
    raise NotImplementedError


def get(trace_id: str) -> Trace:
    """A whole trace: spans in order of start, and assessments.

    Args:
        trace_id: The id, or at least 4 of its first characters when they name one trace only.

    Raises: NotFoundError, StoreError.
    """
    raise NotImplementedError


def get_many(trace_ids: Sequence[str]) -> list[Trace]:
    """Whole traces in the order of the ids; unknown ids are left out. Raises StoreError."""
    raise NotImplementedError


def whole(value: Any) -> Any:  # any JSON value in and out
    """The value with every shortened part (over 64 KB) fetched whole. Raises NotFoundError."""
    raise NotImplementedError


def histogram(
    filter: str = "",  # noqa: A002  the public name of the argument
    *,
    bins: int = 60,
    experiment: str | None = None,
    since_ns: int | None = None,
    until_ns: int | None = None,
) -> list[Bin]:
    """Numbers of matching traces and failed ones over time; no bin is left out.

    Raises: FilterError, StoreError.
    """
    raise NotImplementedError


def search_spans(phrase: str, *, ignore_case: bool = False, limit: int = 50) -> list[SpanHit]:
    """The newest spans whose inputs or outputs contain a phrase, newest first. Raises StoreError."""
    raise NotImplementedError


def export(
    filter: str = "",  # noqa: A002  the public name of the argument
    *,
    experiment: str | None = None,
    since_ns: int | None = None,
    until_ns: int | None = None,
) -> Iterator[Trace]:
    """Every matching trace whole, newest first, a hundred at a time. Raises as `search`."""
    raise NotImplementedError
