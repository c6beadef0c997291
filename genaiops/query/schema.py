"""Which views and columns SQL of a user can name, with questions to begin with."""

from collections.abc import Mapping, Sequence

from genaiops.store import current_store

__all__ = ["EXAMPLES", "VIEWS", "columns"]

VIEWS = (
    "spans", "traces", "assessments", "eval_rows", "runs", "params", "metrics", "metrics_latest",
    "run_tags", "experiments", "experiment_tags", "prompts", "prompt_versions", "prompt_aliases",
    "prompt_alias_history", "datasets", "dataset_rows", "review_queues", "review_items",
    "gateway_keys", "server_keys", "answers",
)  # fmt: skip
"""The views, those most asked for first."""

EXAMPLES: Mapping[str, str] = {
    "Cost by model": """SELECT response_model AS model, count(*) AS calls, sum(cost_usd) AS cost_usd
FROM spans
WHERE span_type = 'llm'
GROUP BY model
ORDER BY cost_usd DESC""",
    "Traces an hour": """SELECT time_bucket(INTERVAL 1 HOUR, make_timestamp(start_ns // 1000)) AS hour, count(*) AS traces
FROM traces
GROUP BY hour
ORDER BY hour""",
    "Slowest spans": """SELECT name, span_type, duration_ms, trace_id, span_id
FROM spans
ORDER BY duration_ms DESC NULLS LAST
LIMIT 50""",
    "Scores by prompt": """SELECT s.prompt_name || '@' || s.prompt_version AS prompt, a.name AS judge, count(*) AS n, avg(a.number) AS mean
FROM assessments AS a
JOIN spans AS s USING (trace_id)
WHERE s.prompt_name IS NOT NULL AND a.number IS NOT NULL
GROUP BY ALL
ORDER BY judge, prompt""",
}
"""Questions by their names."""


def columns() -> Mapping[str, Sequence[str]]:
    """The columns of each view, in their order. Raises StoreError."""
    with current_store().read() as reader:
        return {view: reader.query(f"SELECT * FROM {view} LIMIT 0").columns for view in VIEWS}
