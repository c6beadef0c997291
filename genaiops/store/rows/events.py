"""Everything that is not a span: how its journal lines become rows, and how rows merge.

Each kind names its table, the SELECT that reads it from journal lines, and the SELECT that merges
rows of one thing (idempotent, so it serves compaction and reading alike). The merge is None where
rows are only ever added.
"""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["JOURNAL", "KINDS", "EventKind"]

JOURNAL: Mapping[str, str] = {
    "k": "VARCHAR",
    "id": "VARCHAR",
    "run_id": "VARCHAR",
    "trace_id": "VARCHAR",
    "span_id": "VARCHAR",
    "experiment": "VARCHAR",
    "key": "VARCHAR",
    "value": "VARCHAR",
    "step": "BIGINT",
    "ts_ns": "BIGINT",
    "data": "JSON",
}
"""Types of the columns of a journal line, for `read_json`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventKind:
    """One kind of event.

    Attributes:
        table: Table in the schema ``data``, and the view of the same name.
        select: Columns of the table, computed from a journal line.
        where: Which journal lines: their ``k`` and what must be there.
        keys: Columns that identify one thing.
        merge: The table's columns, computed over the rows of one thing.
    """

    table: str
    select: str
    where: str
    keys: str
    merge: str

    def rows(self, lines: str) -> str:
        """SELECT of the table's rows from a relation of journal lines."""
        return f"SELECT {self.select} FROM {lines} WHERE {self.where}"

    def merged(self, rows: str) -> str:
        """SELECT of one row a thing."""
        return f"SELECT {self.merge} FROM {rows} GROUP BY {self.keys}"


def _latest(columns: str, by: str) -> str:
    """For each column its newest value that is not NULL, under its own name."""
    return ", ".join(f"arg_max({name}, {by}) AS {name}" for name in columns.split())


def _field(name: str, kind: str = "VARCHAR") -> str:
    text = f"data->>'$.{name}'"
    return f"{text} AS {name}" if kind == "VARCHAR" else f"TRY_CAST({text} AS {kind}) AS {name}"


def _json(name: str) -> str:
    return f"data->'$.{name}' AS {name}"


_RUN_ID = "substr(sha256(experiment), 1, 16)"
_RUN_FACTS = "parent_run_id user source description proc lifecycle artifact_uri"
_ASSESSMENT_FIELDS = (
    "trace_id span_id run_id name kind value number rationale source_type source_id "
    "judge_trace_id cost_usd error"
)
_VERDICT_FIELDS = "trace_id value number label rationale error attempts cached cost_usd duration_ms"

RUNS = EventKind(
    table="runs",
    select=", ".join(
        (
            "run_id",
            f"coalesce(id, CASE WHEN experiment IS NOT NULL THEN {_RUN_ID} END) AS experiment_id",
            _field("name"),
            _field("status"),
            _field("start_ns", "BIGINT"),
            _field("end_ns", "BIGINT"),
            _field("parent_run_id"),
            _field("user"),
            _json("source"),
            _field("description"),
            _field("proc"),
            _field("lifecycle"),
            _field("artifact_uri"),
            "ts_ns AS updated_ns",
        )
    ),
    where="k = 'run' AND run_id IS NOT NULL",
    keys="run_id",
    merge=(
        f"run_id, {_latest('experiment_id name status start_ns', 'updated_ns')}, "
        "CASE WHEN arg_max(status, updated_ns) IS DISTINCT FROM 'RUNNING' "
        "THEN arg_max(end_ns, updated_ns) END AS end_ns, "
        f"{_latest(_RUN_FACTS, 'updated_ns')}, "
        "max(updated_ns) AS updated_ns"
    ),
)
EXPERIMENTS = EventKind(
    table="experiments",
    select=(
        f"coalesce(id, {_RUN_ID}) AS experiment_id, experiment AS name, "
        "CASE WHEN k = 'experiment' THEN data->>'$.state' END AS state, ts_ns AS created_ns, "
        "CASE WHEN k = 'experiment' THEN ts_ns END AS named_ns, "
        "CASE WHEN k = 'experiment' AND data->>'$.state' IS NOT NULL THEN ts_ns END AS state_ns"
    ),
    where="k IN ('experiment', 'run') AND experiment IS NOT NULL",
    keys="experiment_id",
    merge=(  # a run that begins in an experiment neither renames nor restores it
        "experiment_id, arg_max(name, coalesce(named_ns, -1)) AS name, "
        "arg_max(state, state_ns) AS state, min(created_ns) AS created_ns, "
        "max(named_ns) AS named_ns, max(state_ns) AS state_ns"
    ),
)
EXPERIMENT_TAGS = EventKind(
    table="experiment_tags",
    select="id AS experiment_id, key, value, ts_ns",
    where="k = 'experiment_tag' AND id IS NOT NULL AND key IS NOT NULL",
    keys="experiment_id, key",
    merge="experiment_id, key, arg_max_null(value, ts_ns) AS value, max(ts_ns) AS ts_ns",
)
PARAMS = EventKind(
    table="params",
    select="run_id, key, TRY_CAST(value AS JSON) AS value, ts_ns",
    where="k = 'param' AND run_id IS NOT NULL AND key IS NOT NULL",
    keys="run_id, key",
    merge="run_id, key, arg_min(value, ts_ns) AS value, min(ts_ns) AS ts_ns",
)
RUN_TAGS = EventKind(
    table="run_tags",
    select="run_id, key, value, ts_ns",
    where="k = 'tag' AND run_id IS NOT NULL AND key IS NOT NULL",
    keys="run_id, key",
    merge="run_id, key, arg_max_null(value, ts_ns) AS value, max(ts_ns) AS ts_ns",
)
METRICS = EventKind(
    table="metrics",
    select="run_id, key, TRY_CAST(value AS DOUBLE) AS value, coalesce(step, 0) AS step, ts_ns",
    where="k = 'metric' AND run_id IS NOT NULL AND key IS NOT NULL",
    keys="",
    merge="",
)
_NUMBER = "CASE WHEN NOT isnan(TRY_CAST(value AS DOUBLE)) THEN TRY_CAST(value AS DOUBLE) END"
METRICS_LATEST = EventKind(
    table="metrics_latest",
    select=(
        "run_id, key, TRY_CAST(value AS DOUBLE) AS value, coalesce(step, 0) AS step, ts_ns, "
        f"{_NUMBER} AS min, {_NUMBER} AS max, 1 AS n"
    ),
    where=METRICS.where,
    keys="run_id, key",
    merge=(
        "run_id, key, arg_max_null(value, (step, ts_ns, value)) AS value, max(step) AS step, "
        "arg_max(ts_ns, (step, ts_ns, value)) AS ts_ns, min(min) AS min, max(max) AS max, "
        "sum(n)::BIGINT AS n"
    ),
)
ASSESSMENTS = EventKind(
    table="assessments",
    select=", ".join(
        (
            "id AS assessment_id",
            "trace_id, span_id, run_id, key AS name",
            _field("kind"),
            _json("value"),
            _field("number", "DOUBLE"),
            _field("rationale"),
            _field("source_type"),
            _field("source_id"),
            _field("judge_trace_id"),
            _field("cost_usd", "DOUBLE"),
            _field("error"),
            "ts_ns AS created_ns",
            _field("superseded_by"),
        )
    ),
    where="k = 'assessment' AND id IS NOT NULL",
    keys="assessment_id",
    merge=(
        f"assessment_id, {_latest(_ASSESSMENT_FIELDS, 'created_ns')}, "
        "min(created_ns) AS created_ns, arg_max(superseded_by, created_ns) AS superseded_by"
    ),
)
EVAL_ROWS = EventKind(
    table="eval_rows",
    select=", ".join(
        (
            "run_id, id AS row_id, coalesce(step, 0) AS repeat, trace_id, key AS judge",
            _json("value"),
            _field("number", "DOUBLE"),
            _field("label"),
            _field("rationale"),
            _field("error"),
            _field("attempts", "BIGINT"),
            _field("cached", "BOOLEAN"),
            _field("cost_usd", "DOUBLE"),
            _field("duration_ms", "DOUBLE"),
            "ts_ns",
        )
    ),
    where="k = 'eval_row' AND run_id IS NOT NULL AND id IS NOT NULL",
    keys="run_id, row_id, repeat, judge",
    merge=(
        "run_id, row_id, repeat, "
        + ", ".join(
            f"arg_max_null({name}, ts_ns) AS {name}" if name != "judge" else name
            for name in ("trace_id", "judge", *_VERDICT_FIELDS.split()[1:])
        )
        + ", max(ts_ns) AS ts_ns"
    ),
)
ANSWERS = EventKind(
    table="answers",
    select=f"id AS key, {_field('kind')}, {_json('response')}, {_json('usage')}, "
    "ts_ns AS created_ns",
    where="k = 'answer' AND id IS NOT NULL",
    keys="key",
    merge=f"key, {_latest('kind response usage', 'created_ns')}, max(created_ns) AS created_ns",
)

KINDS = (
    EXPERIMENTS,
    EXPERIMENT_TAGS,
    RUNS,
    PARAMS,
    RUN_TAGS,
    METRICS,
    METRICS_LATEST,
    ASSESSMENTS,
    EVAL_ROWS,
    ANSWERS,
)
