"""Spans by the text they hold."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from genaiops.errors import FilterError
from genaiops.store import current_store
from genaiops.store.base import Reader

__all__ = ["SpanHit", "around", "search_spans"]

_AROUND = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanHit:
    """A span that holds the phrase looked for.

    Attributes:
        column: ``inputs`` or ``outputs``.
        snippet: The phrase with up to 80 characters before and after, on one line.
    """

    trace_id: str
    span_id: str
    name: str
    span_type: str
    status: str
    start_ns: int
    column: str
    snippet: str


def search_spans(phrase: str, *, ignore_case: bool = False, limit: int = 50) -> list[SpanHit]:
    """The newest spans whose inputs or outputs contain a phrase, newest first.

    Looks through the newest spans first and goes back in growing steps until enough are found, so
    that only a rare phrase makes it read everything.

    Raises: FilterError when the phrase is empty, StoreError.
    """
    if not phrase or limit < 1:
        raise FilterError("search needs a phrase of one character or more, and a limit from 1")
    wanted = json.dumps(phrase, ensure_ascii=False)[1:-1]  # as it stands inside JSON text
    hits: list[SpanHit] = []
    with current_store().read() as reader:
        for since, until in _windows(reader):
            rows = _window(
                reader,
                wanted,
                ignore_case=ignore_case,
                limit=limit - len(hits),
                since=since,
                until=until,
            )
            hits += [_hit(row, wanted, ignore_case) for row in rows]
            if len(hits) >= limit:
                break
    return hits


def _windows(reader: Reader) -> list[tuple[int | None, int | None]]:
    """Ranges of start times, newest first: about 1/64 of the traces, then twice as many each."""
    shares = [1 - (2**step - 1) / 64 for step in range(1, 7)]
    edges = reader.query(f"SELECT approx_quantile(start_ns, {shares}) FROM traces").rows[0][0]
    bounds: list[int | None] = [None, *sorted(set(edges or ()), reverse=True), None]
    return [(bounds[i + 1], bounds[i]) for i in range(len(bounds) - 1)]


def _window(
    reader: Reader,
    wanted: str,
    *,
    ignore_case: bool,
    limit: int,
    since: int | None,
    until: int | None,
) -> Sequence[dict[str, Any]]:
    """Matching spans that started in one range, newest first."""
    test = "contains(lower({0}), lower(?))" if ignore_case else "contains({0}, ?)"
    ranges = ("" if since is None else f"AND start_ns >= {since}") + (
        "" if until is None else f" AND start_ns < {until}"
    )
    return reader.query(
        f"""
        SELECT trace_id, span_id, name, span_type, status, start_ns, inputs, outputs
        FROM spans
        WHERE ({test.format("inputs")} OR {test.format("outputs")})
        {ranges}
        ORDER BY start_ns DESC
        LIMIT {limit}
        """,
        [wanted, wanted],
    ).dicts()


def _hit(row: dict[str, Any], wanted: str, ignore_case: bool) -> SpanHit:
    column, snippet = around(row["inputs"], row["outputs"], wanted, ignore_case=ignore_case)
    return SpanHit(
        trace_id=row["trace_id"],
        span_id=row["span_id"],
        name=row["name"],
        span_type=row["span_type"],
        status=row["status"],
        start_ns=row["start_ns"],
        column=column,
        snippet=snippet,
    )


def around(
    inputs: str | None, outputs: str | None, wanted: str, *, ignore_case: bool
) -> tuple[str, str]:
    """Which of two JSON texts holds a phrase, and the phrase with what stands around it."""
    texts = {"inputs": inputs or "", "outputs": outputs or ""}
    column, place = "inputs", 0
    for name, text in texts.items():
        at = text.lower().find(wanted.lower()) if ignore_case else text.find(wanted)
        if at >= 0:
            column, place = name, at
            break
    piece = texts[column][max(0, place - _AROUND) : place + len(wanted) + _AROUND]
    piece = piece.replace("\\n", " ").replace("\\t", " ").replace('\\"', '"')
    return column, " ".join(piece.split())
