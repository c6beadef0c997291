"""Reading: frozen results for pages, commands, REST and the public functions.

`get_trace`, `search_traces` and `sql` are the public names; the modules beside them answer the
questions of one subject each.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from genaiops.model.span import Trace
from genaiops.query import traces
from genaiops.store import current_store
from genaiops.store.base import Table

__all__ = ["TraceList", "get_trace", "search_traces", "sql"]


class TraceList(list[Trace]):
    """A page of whole traces: a list that knows how to get the next one.

    Attributes:
        next_page_token: Give it to `search_traces` for the next page; None on the last one.
    """

    __slots__ = ("next_page_token",)

    def __init__(self, items: Iterable[Trace] = (), next_page_token: str | None = None) -> None:
        super().__init__(items)
        self.next_page_token = next_page_token


def get_trace(trace_id: str) -> Trace:
    """A whole trace, values over 64 KB included.

    Args:
        trace_id: The id, or at least 4 of its first characters when they name one trace only.

    Raises: NotFoundError, StoreError.
    """
    return traces.whole_trace(traces.get(trace_id))


def search_traces(
    filter: str | None = None,  # noqa: A002  the public name of the argument
    *,
    experiment: str | None = None,
    order_by: str = "start_ns DESC",
    limit: int = 100,
    page_token: str | None = None,
) -> TraceList:
    """Whole traces that match a filter.

    Args:
        filter: Filter language, as in ``name = 'answer' AND latency_ms > 500``; None for all.
        experiment: Name of the experiment, None for all.
        order_by: Column and direction.
        limit: Traces on a page.
        page_token: ``next_page_token`` of the page before.

    Raises: FilterError, StoreError.
    """
    page = traces.search(
        filter or "",
        experiment=experiment,
        order_by=order_by,
        limit=limit,
        page_token=page_token,
    )
    found = traces.get_many([item.trace_id for item in page.items])
    return TraceList(found, page.next_page_token)


def sql(
    query: str,
    params: Sequence[Any] | Mapping[str, Any] | None = None,  # values of a user's statement
    *,
    timeout_s: float = 30.0,
    max_rows: int | None = None,
    stop: threading.Event | None = None,
) -> Table:
    """Runs SQL of a user over the views, read-only and locked down.

    Args:
        query: One statement of DuckDB SQL.
        params: Values for ``?`` (a sequence) or ``$name`` (a mapping).
        timeout_s: Seconds after which the statement is stopped.
        max_rows: Stop after so many rows; None for all.
        stop: Set from another thread, it stops the statement.

    Raises: FilterError when the statement is refused or wrong, StoreError.
    """
    return current_store().sql(
        query, params or (), timeout_s=timeout_s, max_rows=max_rows, stop=stop
    )
