"""MLflow's SQLite database, read without mlflow: any version that has tables for what is asked.

Source: the tables as mlflow 1 to 3.17 make them; what a version lacks counts as empty.
"""

import contextlib
import json
import math
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from genaiops.errors import ConfigError, NotFoundError
from genaiops.transfer.mlflow import folders
from genaiops.transfer.mlflow.moments import infinite_again
from genaiops.transfer.mlflow.records import (
    Experiment,
    File,
    Foreign,
    Model,
    Opinion,
    Point,
    Run,
    Trace,
)

__all__ = ["Database", "opened"]

_RUNS_AT_ONCE = 100
_TRACES_AT_ONCE = 100
Row = Mapping[str, Any]  # a row of a table: values of many types


@contextlib.contextmanager
def opened(path: Path) -> Generator["Database"]:
    """The database, read-only. Raises NotFoundError, ConfigError when it is none of MLflow's."""
    if not path.is_file():
        raise NotFoundError(f"there is no file {str(path)!r}: give an mlflow.db")
    try:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            connection.row_factory = _as_dict
            database = Database(connection, path)
            if not {"experiments", "runs"} <= database.columns.keys():
                raise ConfigError(
                    f"{str(path)!r} is no MLflow database that can be read: it has no table of runs"
                )
            connection.execute("BEGIN")  # one state of it, whoever writes meanwhile
            yield database
    except sqlite3.Error as error:
        raise ConfigError(
            f"{str(path)!r} is no MLflow database that can be read: {error}"
        ) from error


class Database:
    """See `Source`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @cached_property
    def columns(self) -> Mapping[str, frozenset[str]]:
        """Names of the columns by table."""
        tables = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {
            row["name"]: frozenset(
                column["name"]
                for column in self._connection.execute(f'PRAGMA table_info("{row["name"]}")')
            )
            for row in tables.fetchall()
        }

    def experiments(self) -> list[Experiment]:
        """See `Source`."""
        tags = self._pairs("experiment_tags", "experiment_id", None)
        return [
            Experiment(
                experiment_id=str(row["experiment_id"]),
                name=row["name"],
                state=_state(row.get("lifecycle_stage")),
                created_ms=row.get("creation_time") or 0,
                updated_ms=row.get("last_update_time") or row.get("creation_time") or 0,
                tags=tags.get(row["experiment_id"], {}),
            )
            for row in self._rows("experiments", order="experiment_id")
        ]

    def count_runs(self) -> int | None:
        """See `Source`."""
        return int(self._connection.execute("SELECT count(*) AS n FROM runs").fetchone()["n"])

    def runs(self) -> Iterator[list[Run]]:
        """See `Source`."""
        order = "start_time, run_uuid"
        for rows in _groups(self._rows("runs", order=order), _RUNS_AT_ONCE):
            ids = [row["run_uuid"] for row in rows]
            params = self._pairs("params", "run_uuid", ids)
            tags = self._pairs("tags", "run_uuid", ids)
            points, inputs, models = self._points(ids), self._inputs(ids), self._models_of(ids)
            yield [
                _run(
                    row,
                    params=params.get(row["run_uuid"], {}),
                    tags=tags.get(row["run_uuid"], {}),
                    points=points.get(row["run_uuid"], []),
                    inputs=inputs.get(row["run_uuid"], []),
                    models=models.get(row["run_uuid"], {}),
                )
                for row in rows
            ]

    def files(self, uri: str, run_id: str | None = None) -> Iterator[File] | None:
        """See `Source`; relative folders are looked for beside the database."""
        del run_id
        return folders.files(uri, beside=self._path.resolve().parent)

    def models(self) -> Iterator[Model]:
        """See `Source`."""
        tags = self._pairs("registered_model_tags", "name", None)
        aliases: dict[str, dict[str, int]] = {}
        for row in self._rows("registered_model_aliases"):
            aliases.setdefault(row["name"], {})[row["alias"]] = row["version"]
        of_versions: dict[tuple[str, int], dict[str, str]] = {}
        for row in self._rows("model_version_tags"):
            of = of_versions.setdefault((row["name"], row["version"]), {})
            of[row["key"]] = row["value"] or ""
        versions: dict[str, list[Row]] = {}
        for row in self._rows("model_versions", order="name, version"):
            if row.get("current_stage") != "Deleted_Internal":
                more = {"tags": of_versions.get((row["name"], row["version"]), {})}
                versions.setdefault(row["name"], []).append({**row, **more})
        for row in self._rows("registered_models", order="name"):
            name = row["name"]
            yield Model(
                name=name,
                tags=tags.get(name, {}),
                aliases=aliases.get(name, {}),
                versions=versions.get(name, []),
                facts=row,
            )

    def foreign(self) -> Iterator[Foreign]:
        """See `Source`."""
        parts: dict[str, dict[str, dict[str, Any]]] = {}
        for part in ("tags", "params"):
            for row in self._rows(f"logged_model_{part}"):
                of = parts.setdefault(row["model_id"], {}).setdefault(part, {})
                of[row[f"{part[:-1]}_key"]] = row[f"{part[:-1]}_value"]
        for row in self._rows("logged_models", order="creation_timestamp_ms, model_id"):
            data = {**row, **parts.get(row["model_id"], {})}
            yield Foreign(kind="logged_model", name=row["model_id"], data=data)

    def traces(self) -> Iterator[Trace]:
        """See `Source`."""
        rows = self._rows("trace_info", order="timestamp_ms, request_id")
        for group in _groups(rows, _TRACES_AT_ONCE):
            ids = [row["request_id"] for row in group]
            tags = self._pairs("trace_tags", "request_id", ids)
            metadata = self._pairs("trace_request_metadata", "request_id", ids)
            spans: dict[str, list[Any]] = {}
            for row in self._rows("spans", "trace_id", ids, order="start_time_unix_nano, span_id"):
                spans.setdefault(row["trace_id"], []).append(json.loads(row["content"]))
            opinions: dict[str, list[Opinion]] = {}
            for row in self._rows("assessments", "trace_id", ids, order="created_timestamp"):
                opinions.setdefault(row["trace_id"], []).append(_opinion(row))
            for row in group:
                key = row["request_id"]
                own, about = tags.get(key, {}), metadata.get(key, {})
                if row.get("trace_name"):  # columns of newer versions
                    own = {"mlflow.traceName": row["trace_name"], **own}
                if row.get("session_id"):
                    about = {"mlflow.trace.session": row["session_id"], **about}
                yield Trace(
                    trace_id=key,
                    experiment_id=str(row["experiment_id"]),
                    start_ms=row["timestamp_ms"] or 0,
                    duration_ms=row["execution_time_ms"],
                    status=row["status"] or "",
                    tags=own,
                    metadata=about,
                    request=row.get("request_preview"),
                    response=row.get("response_preview"),
                    spans=spans.get(key) or folders.spans(self.files, own),
                    opinions=opinions.get(key, []),
                )

    def _rows(
        self, table: str, key: str = "", ids: Sequence[str] | None = None, *, order: str = ""
    ) -> list[Row]:
        """Rows of a table, of those ids only; none where the version has no such table."""
        if table not in self.columns:
            return []
        where = "" if ids is None else f"WHERE {key} IN ({', '.join('?' for _ in ids)})"
        by = f"ORDER BY {order}" if order else ""
        return self._connection.execute(f"SELECT * FROM {table} {where} {by}", ids or []).fetchall()

    def _pairs(
        self, table: str, owner: str, ids: Sequence[str] | None
    ) -> dict[Any, dict[str, str]]:
        """Keys and values by their owner; NULL is the empty text, as MLflow reads it."""
        found: dict[Any, dict[str, str]] = {}
        for row in self._rows(table, owner, ids, order="key"):
            found.setdefault(row[owner], {})[row["key"]] = row["value"] or ""
        return found

    def _points(self, ids: Sequence[str]) -> dict[str, list[Point]]:
        """MLflow keeps NaN as 0 with a flag, and an infinity as the largest double."""
        if "metrics" not in self.columns:
            return {}
        nan = "is_nan" if "is_nan" in self.columns["metrics"] else "0"
        cursor = self._connection.cursor()
        cursor.row_factory = None  # a million rows: tuples
        cursor.execute(
            f"SELECT run_uuid, key, step, timestamp, value, {nan} FROM metrics "
            f"WHERE run_uuid IN ({', '.join('?' for _ in ids)})",
            ids,
        )
        found: dict[str, list[Point]] = {}
        for run_id, key, step, at, value, is_nan in cursor:
            number = math.nan if is_nan else infinite_again(float(value))
            found.setdefault(run_id, []).append((key, step or 0, at or 0, number))
        return found

    def _inputs(self, ids: Sequence[str]) -> dict[str, list[Row]]:
        if not {"datasets", "inputs"} <= self.columns.keys():
            return {}
        marks = ", ".join("?" for _ in ids)
        rows = self._connection.execute(
            "SELECT i.input_uuid, i.destination_id, d.* FROM inputs AS i "
            "JOIN datasets AS d ON d.dataset_uuid = i.source_id "
            "WHERE i.destination_type = 'RUN' AND i.source_type = 'DATASET' "
            f"AND i.destination_id IN ({marks}) ORDER BY d.name, d.digest, i.input_uuid",
            ids,
        ).fetchall()
        tags: dict[str, dict[str, str]] = {}
        for row in self._rows("input_tags", "input_uuid", [row["input_uuid"] for row in rows]):
            tags.setdefault(row["input_uuid"], {})[row["name"]] = row["value"]
        found: dict[str, list[Row]] = {}
        for row in rows:
            facts = {
                "name": row["name"],
                "digest": row["digest"],
                "source_type": row["dataset_source_type"],
                "source": row["dataset_source"],
                "schema": row["dataset_schema"],
                "profile": row["dataset_profile"],
                "context": tags.get(row["input_uuid"], {}).get("mlflow.data.context"),
            }
            found.setdefault(row["destination_id"], []).append(facts)
        return found

    def _models_of(self, ids: Sequence[str]) -> dict[str, dict[str, str]]:
        """Folders of logged models by run and name; of one name the newest."""
        found: dict[str, dict[str, str]] = {}
        order = "last_updated_timestamp_ms, model_id"
        for row in self._rows("logged_models", "source_run_id", ids, order=order):
            found.setdefault(row["source_run_id"], {})[row["name"]] = row["artifact_location"]
        return found


def _run(row: Row, *, models: dict[str, str], **logged: Any) -> Run:  # what was logged
    return Run(
        run_id=row["run_uuid"],
        experiment_id=str(row["experiment_id"]),
        name=row["name"] or logged["tags"].get("mlflow.runName"),
        status=row["status"] or "RUNNING",
        start_ms=row["start_time"] or 0,
        end_ms=row["end_time"],
        state=_state(row.get("lifecycle_stage")),
        deleted_ms=row.get("deleted_time"),
        user=row["user_id"] or None,
        source_name=row["source_name"] or None,
        artifact_uri=row.get("artifact_uri"),
        models=models,
        **logged,
    )


def _opinion(row: Row) -> Opinion:
    return Opinion(
        assessment_id=row["assessment_id"],
        span_id=row["span_id"],
        name=row["name"],
        kind=row["assessment_type"],
        value=json.loads(row["value"]) if row["value"] else None,
        error=row["error"],
        rationale=row["rationale"],
        source_type=row["source_type"],
        source_id=row["source_id"],
        created_ms=row["created_timestamp"],
        run_id=row["run_id"],
        overrides=row["overrides"],
    )


def _state(stage: str | None) -> str:
    return "deleted" if stage == "deleted" else "active"


def _as_dict(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}


def _groups(rows: Sequence[Row], size: int) -> Iterable[Sequence[Row]]:
    return (rows[at : at + size] for at in range(0, len(rows), size))
