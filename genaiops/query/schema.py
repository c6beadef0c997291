"""Which views and columns SQL of a user can name."""

from collections.abc import Mapping, Sequence

from genaiops.store import current_store

__all__ = ["VIEWS", "columns"]

VIEWS = (
    "spans", "traces", "assessments", "eval_rows", "runs", "params", "metrics", "metrics_latest",
    "run_tags", "experiments", "experiment_tags", "prompts", "prompt_versions", "prompt_aliases",
    "prompt_alias_history", "datasets", "dataset_rows", "review_queues", "review_items",
    "gateway_keys", "server_keys", "answers",
)  # fmt: skip
"""The views, those most asked for first."""


def columns() -> Mapping[str, Sequence[str]]:
    """The columns of each view, in their order. Raises StoreError."""
    with current_store().read() as reader:
        return {view: reader.query(f"SELECT * FROM {view} LIMIT 0").columns for view in VIEWS}
