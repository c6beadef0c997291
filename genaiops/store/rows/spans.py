"""Spans and the roll-up of their traces: from journal lines to rows."""

from collections.abc import Sequence

__all__ = [
    "COLUMNS",
    "JOURNAL",
    "ROLLED",
    "ROLLUP_COLUMNS",
    "TRACE_COLUMNS",
    "from_journal",
    "newest",
    "rollup",
]


def words(text: str) -> list[str]:
    """The column names of a line of text."""
    return text.split()


_TEXT = words(
    "trace_id span_id parent_span_id name span_type status status_message service experiment "
    "run_id session_id user_id operation provider request_model response_model response_id "
    "prompt_name trace_name proc"
)
_BIG = words(
    "start_ns end_ns input_tokens output_tokens cache_read_tokens cache_write_tokens "
    "reasoning_tokens"
)
_COUNTS = [name for name in _BIG if name.endswith("_tokens")]
_LAST_NS, _MOST_TOKENS = 8 * 10**18, 10**12  # the year 2223; sums of either stay in 64 bits
_DEEP = 10_000
_VARIANT = ("attributes", "events", "links")

COLUMNS = words(
    "trace_id span_id parent_span_id name span_type status status_message start_ns end_ns service "
    "experiment run_id session_id user_id operation provider request_model response_model "
    "response_id finish_reasons input_tokens output_tokens cache_read_tokens cache_write_tokens "
    "reasoning_tokens cost_usd ttft_ms prompt_name prompt_version inputs outputs attributes events "
    "links trace_name tags metadata proc"
)
"""Columns of the table ``data.spans``, in order."""

JOURNAL = (
    {"k": "VARCHAR"}
    | dict.fromkeys(_TEXT, "VARCHAR")
    | dict.fromkeys(_BIG, "BIGINT")
    | {"cost_usd": "DOUBLE", "ttft_ms": "DOUBLE", "prompt_version": "INTEGER"}
    | {"finish_reasons": "VARCHAR[]"}
    | dict.fromkeys(("inputs", "outputs", "tags", "metadata", *_VARIANT), "JSON")
)
"""Types of the columns of a journal line, for `read_json`."""

ROLLUP_COLUMNS = words(
    "trace_id span_id parent_span_id name status start_ns end_ns experiment run_id session_id "
    "user_id request_model input_tokens output_tokens cost_usd inputs outputs trace_name tags "
    "metadata proc"
)
"""Those that the roll-up of a trace needs: a list of traces reads no others of the journal."""

ROLLED = {"k": "VARCHAR"} | {name: JOURNAL[name] for name in ROLLUP_COLUMNS}
"""Their types in a journal line."""

TRACE_COLUMNS = words(
    "trace_id name status start_ns end_ns n_spans n_errors input_tokens output_tokens cost_usd "
    "models session_id user_id experiment run_id tags metadata inputs_preview outputs_preview"
)
"""Columns of the table ``data.traces``, in order."""

PREVIEW_CHARS = 160


def from_journal(lines: str, columns: Sequence[str], *, previews: bool = False) -> str:
    """Rows of ``data.spans`` plus ``k``, from a relation of journal lines that has the columns.

    Args:
        lines: The relation.
        columns: Those of the result.
        previews: Of inputs and outputs the beginning is enough.

    VARIANT is cast here and not later: a union of VARIANT and JSON silently becomes JSON.
    """
    special = {name: f"{_variant(name)} AS {name}" for name in _VARIANT}
    special |= {name: f"{_within(name)} AS {name}" for name in (*_COUNTS, "end_ns")}
    special["start_ns"] = f"coalesce({_within('start_ns')}, {_within('end_ns')}, 0) AS start_ns"
    special["cost_usd"] = "CASE WHEN isfinite(cost_usd) THEN cost_usd END AS cost_usd"
    special["ttft_ms"] = "CASE WHEN isfinite(ttft_ms) THEN ttft_ms END AS ttft_ms"
    for name in ("inputs", "outputs"):
        text = f"left({name}::VARCHAR, {PREVIEW_CHARS})" if previews else f"{name}::VARCHAR"
        special[name] = f"{text} AS {name}"
    values = ", ".join(special.get(name, name) for name in columns)
    return (
        f"SELECT coalesce(k, 'span') AS k, {values} FROM {lines} "
        "WHERE trace_id <> '' AND span_id <> ''"
    )


def _variant(name: str) -> str:
    """The JSON as VARIANT; as text where it may be nested so deep that DuckDB's cast crashes."""
    text = f"{name}::VARCHAR"
    brackets = f"length({text}) - length(translate({text}, '[{{', ''))"
    deep = f"strlen({text}) > {_DEEP} AND {brackets} > {_DEEP}"
    return f"TRY_CAST(CASE WHEN {deep} THEN to_json({text}) ELSE {name} END AS VARIANT)"


def _within(name: str) -> str:
    """The number, unknown where it is no time or count: sums and differences must not overflow."""
    limit = _LAST_NS if name.endswith("_ns") else _MOST_TOKENS
    return f"CASE WHEN {name} BETWEEN 0 AND {limit} THEN {name} END"


def newest(rows: str) -> str:
    """One row a span from rows with ``k``: an end beats a start, then the later one wins."""
    return (
        f"SELECT * FROM {rows} QUALIFY row_number() OVER (PARTITION BY trace_id, span_id "
        "ORDER BY k = 'start', end_ns DESC NULLS LAST) = 1"
    )


def rollup(spans: str, covered: str | None) -> str:
    """Rows of ``data.traces`` from a relation that holds whole traces.

    Args:
        spans: Relation with the columns of ``data.spans``.
        covered: Relation of (trace_id, span_id) whose usage an inner span reports again, None
            when there is none.
    """
    usage = "s.span_id IS NOT NULL"
    join = ""
    if covered is not None:
        join = f"LEFT JOIN {covered} AS c ON c.trace_id = s.trace_id AND c.span_id = s.span_id"
        usage = "c.span_id IS NULL"
    root = "s.parent_span_id IS NULL"
    return f"""
    SELECT
      s.trace_id,
      coalesce(
        last(s.trace_name ORDER BY s.start_ns) FILTER (s.trace_name IS NOT NULL),
        first(s.name ORDER BY s.start_ns) FILTER ({root}),
        first(s.name ORDER BY s.start_ns)) AS name,
      coalesce(
        first(s.status ORDER BY s.start_ns) FILTER ({root}),
        CASE
          WHEN bool_or(s.status = 'running') THEN 'running'
          WHEN bool_or(s.status = 'interrupted') THEN 'interrupted'
          WHEN bool_or(s.status = 'error') THEN 'error'
          ELSE max(s.status) END) AS status,
      min(s.start_ns) AS start_ns,
      CASE WHEN bool_or(s.status = 'running') THEN NULL
        ELSE greatest(max(s.end_ns), max(s.start_ns)) END AS end_ns,
      count(*) AS n_spans,
      count(*) FILTER (s.status = 'error') AS n_errors,
      sum(s.input_tokens) FILTER ({usage})::BIGINT AS input_tokens,
      sum(s.output_tokens) FILTER ({usage})::BIGINT AS output_tokens,
      sum(s.cost_usd) FILTER ({usage}) AS cost_usd,
      list_sort(list_distinct(
        list(s.request_model) FILTER (s.request_model IS NOT NULL))) AS models,
      first(s.session_id ORDER BY s.start_ns) FILTER (s.session_id IS NOT NULL) AS session_id,
      first(s.user_id ORDER BY s.start_ns) FILTER (s.user_id IS NOT NULL) AS user_id,
      first(s.experiment ORDER BY s.start_ns) FILTER (s.experiment IS NOT NULL) AS experiment,
      first(s.run_id ORDER BY s.start_ns) FILTER (s.run_id IS NOT NULL) AS run_id,
      last(s.tags ORDER BY s.start_ns) FILTER (s.tags IS NOT NULL) AS tags,
      last(s.metadata ORDER BY s.start_ns) FILTER (s.metadata IS NOT NULL) AS metadata,
      left(first(s.inputs ORDER BY s.start_ns) FILTER ({root}), {PREVIEW_CHARS})
        AS inputs_preview,
      left(first(s.outputs ORDER BY s.start_ns) FILTER ({root}), {PREVIEW_CHARS})
        AS outputs_preview
    FROM {spans} AS s
    {join}
    GROUP BY s.trace_id"""


NESTED_USAGE = """
    SELECT count(*) FROM {spans} AS s
    JOIN {spans} AS child ON child.trace_id = s.trace_id AND child.parent_span_id = s.span_id
    WHERE s.input_tokens IS NOT NULL OR s.output_tokens IS NOT NULL OR s.cost_usd IS NOT NULL"""
"""How many spans report usage and have children: only then can usage be reported twice."""

COVERED = """
    WITH RECURSIVE
    reporting AS (
      SELECT trace_id, span_id, parent_span_id FROM {spans}
      WHERE input_tokens IS NOT NULL OR output_tokens IS NOT NULL OR cost_usd IS NOT NULL),
    above(trace_id, span_id) AS (
      SELECT trace_id, parent_span_id FROM reporting WHERE parent_span_id IS NOT NULL
      UNION
      SELECT s.trace_id, s.parent_span_id FROM {spans} AS s
      JOIN above ON above.trace_id = s.trace_id AND above.span_id = s.span_id
      WHERE s.parent_span_id IS NOT NULL)
    SELECT DISTINCT reporting.trace_id, reporting.span_id
    FROM reporting JOIN above USING (trace_id, span_id)"""
"""Spans with usage that have a descendant with usage: the descendant is the provider call."""
