"""What the names of MLflow's filters and orders mean, over runs and over experiments."""

from collections.abc import Mapping, Sequence
from typing import Any

from genaiops.store.filter import Field, Fields

__all__ = ["EXPERIMENTS", "IS_NAN", "RUNS"]

_ATTRIBUTES = ("attributes", "attribute", "attr", "run")
_PARAM = (  # as Python shows the value, which is what MLflow stores
    "CASE json_type(k.value) WHEN 'VARCHAR' THEN json_extract_string(k.value, '$') "
    "WHEN 'BOOLEAN' THEN CASE WHEN k.value::VARCHAR = 'true' THEN 'True' ELSE 'False' END "
    "ELSE coalesce(k.value::VARCHAR, 'None') END"
)


def _keyed(view: str, value: str, **more: Any) -> Field:  # further fields of Field
    return Field(
        sql=f"(SELECT {value} FROM {view} AS k WHERE k.run_id = r.run_id AND k.key = ?)", **more
    )


def _named(plain: Mapping[str, Field], prefixes: Sequence[str]) -> dict[str, Field]:
    """Each name alone, and behind each prefix."""
    return dict(plain) | {f"{p}.{name}": field for p in prefixes for name, field in plain.items()}


_RUN_ID, _NAME = Field(sql="r.run_id"), Field(sql="r.name")
_START, _END = (Field(sql=f"r.{at}_ns // 1000000", kind="number") for at in ("start", "end"))
_COLUMNS = _named(
    {
        "run_id": _RUN_ID,
        "run_name": _NAME,
        "Run name": _NAME,
        "Run Name": _NAME,
        "run name": _NAME,
        "status": Field(sql="r.status"),
        "experiment_id": Field(sql="r.experiment_id"),
        "start_time": _START,
        "created": _START,
        "Created": _START,
        "end_time": _END,
        "user": Field(sql='r."user"'),
        "user_id": Field(sql='r."user"'),
        "parent_run_id": Field(sql="r.parent_run_id"),
        "artifact_uri": Field(sql="coalesce(r.artifact_uri, 'runs:/' || r.run_id)"),
    },
    _ATTRIBUTES,
)
_SYSTEM_TAGS = {  # what MLflow keeps as tags and we as columns
    "mlflow.runName": _NAME,
    "mlflow.user": Field(sql='r."user"'),
    "mlflow.parentRunId": Field(sql="r.parent_run_id"),
    "mlflow.note.content": Field(
        sql="coalesce(r.description, "
        "(SELECT k.value FROM run_tags AS k "
        "WHERE k.run_id = r.run_id AND k.key = 'mlflow.note.content'))"
    ),
    "mlflow.source.name": Field(sql="r.source->>'$.command'"),
    "mlflow.source.git.commit": Field(sql="r.source->>'$.git_commit'"),
}
_DATASETS = {
    name: Field(
        sql=f"json_extract_string(k.value, '$.{name}')",
        wrap="r.run_id IN (SELECT k.run_id FROM run_tags AS k "
        "WHERE starts_with(k.key, 'genaiops.input.') AND {})",
    )
    for name in ("name", "digest", "context")
}
_METRIC = _keyed("metrics_latest", "CASE WHEN NOT isnan(k.value) THEN k.value END", kind="number")
IS_NAN = _keyed("metrics_latest", "isnan(k.value)")
_TEXT = {"kind": "any", "booleans": ("False", "True")}
_PARAMS, _TAGS = _keyed("params", _PARAM, **_TEXT), _keyed("run_tags", "k.value", **_TEXT)

RUNS = Fields(
    plain=_COLUMNS
    | {f"{p}.{name}": field for p in ("tags", "tag") for name, field in _SYSTEM_TAGS.items()}
    | {f"{p}.{name}": field for p in ("datasets", "dataset") for name, field in _DATASETS.items()},
    keyed={
        **dict.fromkeys(("metrics", "metric"), _METRIC),
        **dict.fromkeys(("params", "param", "parameters", "parameter"), _PARAMS),
        **dict.fromkeys(("tags", "tag"), _TAGS),
    },
    told="metrics.KEY, params.KEY, tags.KEY, dataset.name, .digest, .context, or attributes.run_id, "
    ".run_name, .status, .start_time, .end_time, .user_id, .experiment_id, .parent_run_id, "
    ".artifact_uri",
)
"""Over ``runs AS r``; NaN is no number that a condition could hold for."""

_EXPERIMENT = {
    "experiment_id": Field(sql="e.experiment_id"),
    "name": Field(sql="e.name"),
    "creation_time": Field(sql="e.created_ns // 1000000", kind="number"),
    "last_update_time": Field(sql="e.created_ns // 1000000", kind="number"),
}
_EXPERIMENT_TAG = Field(
    sql="(SELECT k.value FROM experiment_tags AS k "
    "WHERE k.experiment_id = e.experiment_id AND k.key = ?)",
    kind="any",
)
EXPERIMENTS = Fields(
    plain=_named(_EXPERIMENT, _ATTRIBUTES[:3]),
    keyed=dict.fromkeys(("tags", "tag"), _EXPERIMENT_TAG),
    told="name, experiment_id, creation_time or tags.KEY",
)
"""Over ``experiments AS e``."""
