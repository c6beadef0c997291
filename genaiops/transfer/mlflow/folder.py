"""MLflow's folder `mlruns`: a file for each parameter, metric and tag, and YAML beside them."""

import contextlib
import math
from collections.abc import Generator, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from genaiops.errors import ConfigError
from genaiops.transfer.mlflow import folders
from genaiops.transfer.mlflow.moments import duration, moment, opinion
from genaiops.transfer.mlflow.records import (
    Experiment,
    File,
    Foreign,
    Model,
    Point,
    Run,
    Trace,
)
from genaiops.transfer.mlflow.trees import folders_in, table, values

__all__ = ["Folder", "opened"]

_STATUSES = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
_RESERVED = {"tags", "datasets", "traces", "models"}
_RUNS_AT_ONCE = 50


@contextlib.contextmanager
def opened(path: Path) -> Generator["Folder"]:
    """The folder. Raises ConfigError for one that is none of MLflow's."""
    found = Folder(path)
    if not found.places:
        hint = " (give the mlruns folder in it)" if (path / "mlruns").is_dir() else ""
        raise ConfigError(f"{str(path)!r} is no mlruns folder: it has no experiments{hint}")
    yield found


class Folder:
    """See `Source`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @cached_property
    def places(self) -> list[tuple[Path, Mapping[str, Any]]]:
        """Folders of experiments with what their YAML says, the deleted ones too."""
        found = [*folders_in(self._root), *folders_in(self._root / ".trash")]
        metas = ((path, table(path)) for path in found if path.name not in ("models", ".trash"))
        return [(path, meta) for path, meta in metas if meta is not None and "name" in meta]

    def experiments(self) -> list[Experiment]:
        """See `Source`."""
        return [
            Experiment(
                experiment_id=str(meta.get("experiment_id", path.name)),
                name=str(meta["name"]),
                state=_state(meta),
                created_ms=_whole(meta.get("creation_time")),
                updated_ms=_whole(meta.get("last_update_time")),
                tags=values(path / "tags"),
            )
            for path, meta in self.places
        ]

    def count_runs(self) -> int | None:
        """See `Source`."""
        return sum(1 for _ in self._run_folders())

    def runs(self) -> Iterator[list[Run]]:
        """See `Source`."""
        group: list[Run] = []
        models = self._models_of_runs()
        for experiment_id, path in self._run_folders():
            meta = table(path)
            if meta is None:
                continue
            group.append(_run(path, meta, experiment_id, models.get(path.name, {})))
            if len(group) == _RUNS_AT_ONCE:
                yield group
                group = []
        yield group

    def files(self, uri: str, run_id: str | None = None) -> Iterator[File] | None:
        """See `Source`."""
        del run_id
        return folders.files(uri, beside=self._root.resolve().parent)

    def models(self) -> Iterator[Model]:
        """See `Source`."""
        for path in folders_in(self._root / "models"):
            meta = table(path)
            if meta is None:
                continue
            versions = [
                {**facts, "tags": values(place / "tags")}
                for place in folders_in(path)
                if place.name.startswith("version-")
                and (facts := table(place)) is not None
                and facts.get("current_stage") != "Deleted_Internal"
            ]
            aliases = values(path / "aliases")
            yield Model(
                name=str(meta.get("name", path.name)),
                tags=values(path / "tags"),
                aliases={key: int(value) for key, value in aliases.items() if value.isdecimal()},
                versions=sorted(versions, key=lambda item: _whole(item.get("version"))),
                facts={key: meta[key] for key in meta if key != "latest_versions"},
            )

    def foreign(self) -> Iterator[Foreign]:
        """See `Source`."""
        for path, meta in self._logged_models():
            more = {part: values(path / part) for part in ("tags", "params")}
            yield Foreign(kind="logged_model", name=path.name, data={**meta, **more})

    def traces(self) -> Iterator[Trace]:
        """See `Source`."""
        for place, about in self.places:
            for path in folders_in(place / "traces"):
                meta = table(path, "trace_info.yaml")
                if meta is not None:
                    experiment_id = str(about.get("experiment_id", place.name))
                    yield self._trace(path, meta, experiment_id)

    def _trace(self, path: Path, meta: Mapping[str, Any], experiment_id: str) -> Trace:
        tags = values(path / "tags")
        places = sorted(item for item in (path / "assessments").glob("*.yaml"))
        found = (table(item.parent, item.name) for item in places)
        return Trace(
            trace_id=str(meta.get("trace_id") or meta.get("request_id") or path.name),
            experiment_id=experiment_id,
            start_ms=moment(meta.get("request_time", meta.get("timestamp_ms"))),
            duration_ms=duration(meta),
            status=str(meta.get("state") or meta.get("status") or ""),
            tags=tags,
            metadata=values(path / "request_metadata"),
            request=meta.get("request_preview"),
            response=meta.get("response_preview"),
            spans=folders.spans(self.files, tags),
            opinions=[opinion(item) for item in found if item is not None],
        )

    def _run_folders(self) -> Iterator[tuple[str, Path]]:
        for place, meta in self.places:
            for path in folders_in(place):
                if path.name not in _RESERVED and (path / "meta.yaml").is_file():
                    yield str(meta.get("experiment_id", place.name)), path

    def _logged_models(self) -> Iterator[tuple[Path, Mapping[str, Any]]]:
        for place, _ in self.places:
            for path in folders_in(place / "models"):
                meta = table(path)
                if meta is not None:
                    yield path, meta

    def _models_of_runs(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        logged = [meta for _, meta in self._logged_models()]
        for meta in sorted(logged, key=lambda item: _whole(item.get("last_updated_timestamp"))):
            run_id, uri = meta.get("source_run_id"), meta.get("artifact_location")
            if run_id and uri:
                found.setdefault(str(run_id), {})[str(meta.get("name"))] = str(uri)
        return found


def _run(path: Path, meta: Mapping[str, Any], experiment_id: str, models: Mapping[str, str]) -> Run:
    tags = values(path / "tags")
    status = meta.get("status")
    return Run(
        run_id=str(meta.get("run_id") or meta.get("run_uuid") or path.name),
        experiment_id=experiment_id,
        name=meta.get("run_name") or meta.get("name") or tags.get("mlflow.runName"),
        status=_STATUSES.get(status, "RUNNING") if isinstance(status, int) else str(status),
        start_ms=_whole(meta.get("start_time")),
        end_ms=_whole(meta["end_time"]) if meta.get("end_time") is not None else None,
        state=_state(meta),
        deleted_ms=_whole(meta.get("deleted_time")) or None,
        user=str(meta["user_id"]) if meta.get("user_id") else None,
        source_name=meta.get("source_name") or None,
        artifact_uri=str(meta["artifact_uri"]) if meta.get("artifact_uri") else None,
        params=values(path / "params"),
        tags=tags,
        inputs=list(_inputs(path)),
        points=[*_points(path / "metrics")],
        models=models,
    )


def _points(folder: Path) -> Iterator[Point]:
    """Lines of milliseconds, value and step; what else a line has is of a model."""
    for key, text in values(folder).items():
        for line in text.splitlines():
            parts = line.split()
            try:
                ms, value = int(parts[0]), float(parts[1])
                step = int(parts[2]) if len(parts) > 2 else 0
            except (ValueError, IndexError):
                continue
            yield key, step, ms, math.nan if math.isnan(value) else value


def _inputs(path: Path) -> Iterator[Mapping[str, Any]]:
    for place in folders_in(path / "inputs"):
        link = table(place) or {}
        facts = table(path.parent / "datasets" / str(link.get("source_id", "")))
        if link.get("source_type") == "DATASET" and facts is not None:
            tags = cast("dict[str, Any]", link.get("tags") or {})
            yield {
                **{name: facts.get(name) for name in ("name", "digest", "source_type", "source")},
                **{name: facts.get(name) for name in ("schema", "profile")},
                "context": tags.get("mlflow.data.context"),
            }


def _state(meta: Mapping[str, Any]) -> str:
    return "deleted" if meta.get("lifecycle_stage") == "deleted" else "active"


def _whole(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0
