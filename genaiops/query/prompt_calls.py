"""The model calls made with each version of a prompt, in figures.

A call that several layers recorded (LangChain, the provider's client) counts once, as the innermost
of its spans.
"""

from collections.abc import Mapping
from typing import Any

from genaiops.store.base import Reader

__all__ = ["by_version"]

_LINKED = """
    SELECT
      trace_id, span_id, parent_span_id, prompt_version, status, duration_ms, cost_usd,
      input_tokens, output_tokens
    FROM spans
    WHERE prompt_name = ?
    AND prompt_version IS NOT NULL
    AND span_type = 'llm'
    AND status NOT IN ('running', 'interrupted')"""
_FIGURES = """
    SELECT
      prompt_version AS version,
      count(*) AS calls,
      count(*) FILTER (status = 'error') AS errors,
      quantile_cont(duration_ms, 0.5) AS p50_ms,
      quantile_cont(duration_ms, 0.95) AS p95_ms,
      avg(cost_usd) AS cost_per_call_usd,
      avg(input_tokens) AS input_tokens_per_call,
      avg(output_tokens) AS output_tokens_per_call
    FROM linked"""
_SOME_SHARE_A_TRACE = f"""
    SELECT EXISTS (
      SELECT 1 FROM ({_LINKED}) GROUP BY hash(trace_id, prompt_version) HAVING count(*) > 1)"""
"""Only then can several layers have recorded one call; most often none have."""
_CALLS = f"WITH linked AS ({_LINKED}) {_FIGURES} GROUP BY prompt_version"
_CALLS_IN_LAYERS = f"""
    WITH RECURSIVE linked AS ({_LINKED}),
    several AS (
      SELECT trace_id, prompt_version
      FROM linked
      GROUP BY trace_id, prompt_version
      HAVING count(*) > 1
    ),
    rest AS (
      SELECT trace_id, span_id, parent_span_id
      FROM spans
      ANTI JOIN linked USING (trace_id, span_id)
      WHERE trace_id IN (SELECT trace_id FROM several)
      AND parent_span_id IS NOT NULL
    ),
    above AS (
      SELECT trace_id, prompt_version, parent_span_id AS span_id
      FROM linked
      SEMI JOIN several USING (trace_id, prompt_version)
      UNION
      SELECT above.trace_id, above.prompt_version, rest.parent_span_id
      FROM above
      JOIN rest USING (trace_id, span_id)
    )
    {_FIGURES}
    ANTI JOIN above USING (trace_id, prompt_version, span_id)
    GROUP BY prompt_version"""
"""The calls again, each counted as the innermost of the spans that recorded it."""


def by_version(reader: Reader, name: str) -> dict[int, Mapping[str, Any]]:
    """Calls, errors, quantiles and means by version; versions without a call are left out."""
    shared = reader.query(_SOME_SHARE_A_TRACE, [name]).rows[0][0]
    rows = reader.query(_CALLS_IN_LAYERS if shared else _CALLS, [name]).dicts()
    return {row["version"]: row for row in rows}
