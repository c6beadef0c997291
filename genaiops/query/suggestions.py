"""What a filter over traces can be made of: its names, and the values that stand in the store."""

from collections.abc import Sequence
from dataclasses import dataclass

from genaiops.query.fields import TRACES
from genaiops.store import current_store

__all__ = ["Suggestion", "suggestions"]

_NEWEST = 2_000
_MANY = 30
_CHARS = 80
_FIXED = {"status": ("ok", "error", "running", "interrupted", "unset")}
_FIRST = (
    "name", "status", "latency_ms", "cost_usd", "model", "input_tokens", "output_tokens",
    "inputs", "outputs", "session_id", "user_id", "experiment", "prompt_name", "prompt_version",
)  # fmt: skip
_FOUND = f"""
    WITH
    edge AS (
      SELECT min(start_ns) AS ns
      FROM (SELECT start_ns FROM traces ORDER BY start_ns DESC LIMIT {_NEWEST})),
    newest AS (
      SELECT name, experiment, user_id, session_id, models, tags
      FROM traces
      WHERE start_ns >= (SELECT ns FROM edge)),
    inner_ones AS (
      SELECT name, span_type, provider, operation, service, prompt_name
      FROM spans
      WHERE start_ns >= (SELECT ns FROM edge)),
    tagged AS (
      SELECT key, json_extract_string(tags, '$."' || key || '"') AS value
      FROM (SELECT tags, unnest(json_keys(tags)) AS key FROM newest WHERE tags IS NOT NULL)
      WHERE NOT regexp_matches(key, '["`]')),
    seen AS (
      SELECT 'name' AS field, name AS value FROM newest
      UNION ALL SELECT 'experiment', experiment FROM newest
      UNION ALL SELECT 'user_id', user_id FROM newest
      UNION ALL SELECT 'session_id', session_id FROM newest
      UNION ALL SELECT 'model', unnest(models) FROM newest
      UNION ALL SELECT 'tags.' || key, value FROM tagged
      UNION ALL SELECT 'span_name', name FROM inner_ones
      UNION ALL SELECT 'span_type', span_type FROM inner_ones
      UNION ALL SELECT 'provider', provider FROM inner_ones
      UNION ALL SELECT 'operation', operation FROM inner_ones
      UNION ALL SELECT 'service', service FROM inner_ones
      UNION ALL SELECT 'prompt_name', prompt_name FROM inner_ones
      UNION ALL
      SELECT 'feedback.' || name, json_extract_string(value, '$')
      FROM assessments
      WHERE kind = 'feedback' AND created_ns >= (SELECT ns FROM edge))
    SELECT field, value
    FROM (SELECT field, value, count(*) AS n FROM seen WHERE value != '' GROUP BY ALL)
    WHERE length(value) <= {_CHARS} AND length(field) <= {_CHARS} AND NOT contains(field, '`')
    QUALIFY row_number() OVER (PARTITION BY field ORDER BY n DESC, value) <= {_MANY}
    ORDER BY field, n DESC, value"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A name of the filter language over traces.

    Attributes:
        kind: ``text``, ``number``, ``list`` or ``any``.
        values: Values that newer traces have, most frequent first.
    """

    name: str
    kind: str
    values: Sequence[str]


def suggestions() -> list[Suggestion]:
    """Names for a filter, the ones most asked for first, with values of the newest 2,000 traces.

    Raises: StoreError.
    """
    with current_store().read() as reader:
        rows = reader.query(_FOUND).rows
    values: dict[str, list[str]] = {name: list(fixed) for name, fixed in _FIXED.items()}
    for name, value in rows:
        values.setdefault(name, []).append(value)
    kinds = {name: field.kind for name, field in TRACES.plain.items()}
    keyed = sorted(name for name in values if name not in kinds)
    named = [*_FIRST, *keyed, *sorted(set(kinds) - set(_FIRST))]
    return [
        Suggestion(name=_quoted(name), kind=kinds.get(name, "any"), values=values.get(name, ()))
        for name in named
    ]


def _quoted(name: str) -> str:
    """The name as a filter takes it: keys of other characters stand in back-ticks."""
    prefix, dot, key = name.partition(".")
    plain = key.replace("_", "").isalnum() and key.isascii() and not key[:1].isdigit()
    return name if not dot or plain else f"{prefix}.`{key}`"
