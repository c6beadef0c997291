"""A tracking server of MLflow, asked over its REST API.

Source: MLflow's REST API 2.0, and 3.0 for traces, as mlflow 3.17 answers it.
"""

import contextlib
import json
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from genaiops.errors import ConfigError, NotFoundError
from genaiops.transfer.mlflow import folders
from genaiops.transfer.mlflow.api import Api, Json, listed, table
from genaiops.transfer.mlflow.moments import duration, infinite_again, moment, opinion
from genaiops.transfer.mlflow.records import Experiment, File, Foreign, Model, Point, Run, Trace

__all__ = ["Server", "opened"]

_PAGE = 200
_POINTS = 25_000
_NO_NUMBERS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_PROMPTS = "tags.`mlflow.prompt.is_prompt` = 'true'"
"""A search leaves prompts out unless it asks for them."""


@contextlib.contextmanager
def opened(url: str) -> Generator["Server"]:
    """A server that answers. Raises NotFoundError, ConfigError."""
    server = Server(Api(url))
    with contextlib.closing(server.api):
        yield server


class Server:
    """See `Source`."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._ids: list[str] = []

    def experiments(self) -> list[Experiment]:
        """See `Source`."""
        body = {"view_type": "ALL", "max_results": _PAGE}
        rows = list(self.api.pages("/api/2.0/mlflow/experiments/search", body, "experiments"))
        self._ids = [row["experiment_id"] for row in rows]
        return [
            Experiment(
                experiment_id=row["experiment_id"],
                name=row["name"],
                state=_state(row),
                created_ms=int(row.get("creation_time") or 0),
                updated_ms=int(row.get("last_update_time") or 0),
                tags=_pairs(row.get("tags")),
            )
            for row in rows
        ]

    def count_runs(self) -> int | None:
        """See `Source`."""
        return None

    def runs(self) -> Iterator[list[Run]]:
        """See `Source`."""
        for experiment_id in self._ids:
            body = {
                "experiment_ids": [experiment_id],
                "run_view_type": "ALL",
                "max_results": _PAGE,
                "order_by": ["attributes.start_time ASC"],
            }
            group: list[Run] = []
            for row in self.api.pages("/api/2.0/mlflow/runs/search", body, "runs"):
                group.append(self._run(row))
                if len(group) == _PAGE:
                    yield group
                    group = []
            yield group

    def files(self, uri: str, run_id: str | None = None) -> Iterator[File] | None:
        """See `Source`."""
        if uri.startswith("mlflow-artifacts:"):
            return self._proxied(unquote(urlsplit(uri).path).strip("/"))
        folder = folders.local_folder(uri, beside=Path())
        if folder is not None and folder.is_dir():
            return folders.files(uri, beside=Path())
        return None if run_id is None else self._of_run(run_id)

    def models(self) -> Iterator[Model]:
        """See `Source`."""
        token, path = "", "/api/2.0/mlflow/registered-models/search"
        for text in ("", _PROMPTS):
            token = ""
            while True:
                query = {"max_results": _PAGE} | ({"filter": text} if text else {})
                answer = self.api.get(path, **query, **({"page_token": token} if token else {}))
                for row in listed(answer, "registered_models"):
                    yield self._model(row)
                token = answer.get("next_page_token") or ""
                if not token:
                    break

    def foreign(self) -> Iterator[Foreign]:
        """See `Source`."""
        for row in self._logged_models():
            info = table(row, "info")
            yield Foreign(
                kind="logged_model",
                name=info.get("model_id", ""),
                data={**info, "data": row.get("data")},
            )

    def traces(self) -> Iterator[Trace]:
        """See `Source`."""
        for experiment_id in self._ids:
            place = {
                "type": "MLFLOW_EXPERIMENT",
                "mlflow_experiment": {"experiment_id": experiment_id},
            }
            body = {
                "locations": [place],
                "max_results": _PAGE,
                "order_by": ["timestamp_ms ASC"],
            }
            try:
                for row in self.api.pages("/api/3.0/mlflow/traces/search", body, "traces"):
                    yield self._trace(row, experiment_id)
            except NotFoundError:  # a server of MLflow 2
                return

    def _run(self, row: Json) -> Run:
        info, data = table(row, "info"), table(row, "data")
        run_id = info.get("run_id") or info["run_uuid"]
        tags = _pairs(data.get("tags"))
        keys = [item["key"] for item in listed(data, "metrics")]
        return Run(
            run_id=run_id,
            experiment_id=info["experiment_id"],
            name=info.get("run_name") or tags.get("mlflow.runName"),
            status=info.get("status") or "RUNNING",
            start_ms=int(info.get("start_time") or 0),
            end_ms=int(info["end_time"]) if info.get("end_time") else None,
            state=_state(info),
            deleted_ms=None,
            user=info.get("user_id") or None,
            source_name=None,
            artifact_uri=info.get("artifact_uri"),
            params=_pairs(data.get("params")),
            tags=tags,
            inputs=[_input(item) for item in listed(row, "inputs", "dataset_inputs")],
            points=[point for key in dict.fromkeys(keys) for point in self._points(run_id, key)],
            models=self._models_of(row),
        )

    def _points(self, run_id: str, key: str) -> Iterator[Point]:
        token, path = "", "/api/2.0/mlflow/metrics/get-history"
        while True:
            more = {"page_token": token} if token else dict[str, str]()
            answer = self.api.get(path, run_id=run_id, metric_key=key, max_results=_POINTS, **more)
            for item in listed(answer, "metrics"):
                value = item.get("value", 0.0)
                number = _NO_NUMBERS[value] if value in _NO_NUMBERS else float(value)
                step, at = int(item.get("step") or 0), int(item.get("timestamp") or 0)
                yield key, step, at, infinite_again(number)
            token = answer.get("next_page_token") or ""
            if not token:
                return

    def _models_of(self, row: Json) -> dict[str, str]:
        found: dict[str, str] = {}
        for item in listed(row, "outputs", "model_outputs"):
            with contextlib.suppress(NotFoundError):
                answer = self.api.get(f"/api/2.0/mlflow/logged-models/{quote(item['model_id'])}")
                info = table(answer, "model", "info")
                found[str(info.get("name"))] = str(info.get("artifact_uri"))
        return found

    def _logged_models(self) -> Iterator[Json]:
        if self._ids:
            body = {"experiment_ids": self._ids, "max_results": 50}
            with contextlib.suppress(NotFoundError):  # a server of MLflow 2
                yield from self.api.pages("/api/2.0/mlflow/logged-models/search", body, "models")

    def _model(self, row: Json) -> Model:
        escaped = row["name"].replace("'", "''")
        path, text, token = "/api/2.0/mlflow/model-versions/search", f"name = '{escaped}'", ""
        if _pairs(row.get("tags")).get("mlflow.prompt.is_prompt") == "true":
            text += f" AND {_PROMPTS}"
        versions: list[Mapping[str, Any]] = []
        while True:
            more = {"page_token": token} if token else dict[str, str]()
            answer = self.api.get(path, filter=text, max_results=_PAGE, **more)
            versions += [
                {**item, "tags": _pairs(item.get("tags"))}
                for item in listed(answer, "model_versions")
            ]
            token = answer.get("next_page_token") or ""
            if not token:
                break
        return Model(
            name=row["name"],
            tags=_pairs(row.get("tags")),
            aliases={item["alias"]: int(item["version"]) for item in listed(row, "aliases")},
            versions=sorted(versions, key=lambda item: int(item["version"])),
            facts={key: row[key] for key in row if key not in ("latest_versions", "tags")},
        )

    def _trace(self, row: Json, experiment_id: str) -> Trace:
        trace_id = row["trace_id"]
        whole: Json = {}
        with contextlib.suppress(NotFoundError, ConfigError):  # its spans may be gone
            whole = table(self.api.get("/api/3.0/mlflow/traces/get", trace_id=trace_id), "trace")
        info = table(whole, "trace_info") or row
        return Trace(
            trace_id=trace_id,
            experiment_id=experiment_id,
            start_ms=moment(info.get("request_time")),
            duration_ms=duration(info),
            status=info.get("state") or "",
            tags=info.get("tags") or {},
            metadata=info.get("trace_metadata") or {},
            request=info.get("request_preview"),
            response=info.get("response_preview"),
            spans=[_span(item) for item in listed(whole, "spans")],
            opinions=[opinion(item) for item in listed(info, "assessments")],
        )

    def _proxied(self, folder: str, below: str = "") -> Iterator[File]:
        """Files that the server itself keeps."""
        root = "/api/2.0/mlflow-artifacts/artifacts"
        path = f"{folder}/{below}".rstrip("/")
        for item in listed(self.api.get(root, path=path), "files"):
            inner = f"{below}/{item['path'].rpartition('/')[2]}".lstrip("/")
            if item.get("is_dir"):
                yield from self._proxied(folder, inner)
            else:
                local = self.api.download(f"{root}/{quote(f'{folder}/{inner}')}")
                yield File(path=inner, local=local)

    def _of_run(self, run_id: str, below: str = "") -> Iterator[File]:
        """Files that the server finds for a run."""
        query = {"run_id": run_id} | ({"path": below} if below else {})
        for item in listed(self.api.get("/api/2.0/mlflow/artifacts/list", **query), "files"):
            if item.get("is_dir"):
                yield from self._of_run(run_id, item["path"])
            else:
                asked = urlencode({"run_uuid": run_id, "path": item["path"]})
                yield File(path=item["path"], local=self.api.download(f"/get-artifact?{asked}"))


def _span(item: Json) -> dict[str, Any]:
    """A span as MLflow's database has it: each attribute as JSON text."""
    attributes = {
        pair["key"]: json.dumps(_plain(table(pair, "value"))) for pair in listed(item, "attributes")
    }
    events = [
        {**event, "attributes": _table(event.get("attributes"))} for event in listed(item, "events")
    ]
    links = [
        {**link, "attributes": _table(link.get("attributes"))} for link in listed(item, "links")
    ]
    return {**item, "attributes": attributes, "events": events, "links": links}


def _table(pairs: Json) -> dict[str, Any]:
    return {pair["key"]: _plain(table(pair, "value")) for pair in listed(pairs)}


def _plain(value: Json) -> Any:  # any JSON value
    """What an AnyValue of OpenTelemetry holds, in the JSON of protobuf's field names."""
    for kind, held in table(value).items():
        if kind in ("int_value", "intValue"):
            return int(held)
        if kind in ("array_value", "arrayValue"):
            return [_plain(item) for item in listed(held, "values")]
        if kind in ("kvlist_value", "kvlistValue"):
            return _table(listed(held, "values"))
        return held
    return None


def _input(item: Json) -> dict[str, Any]:
    facts = table(item, "dataset")
    tags = _pairs(item.get("tags"))
    return {
        **{name: facts.get(name) for name in ("name", "digest", "source_type", "source")},
        **{name: facts.get(name) for name in ("schema", "profile")},
        "context": tags.get("mlflow.data.context"),
    }


def _pairs(items: Json) -> dict[str, str]:
    return {item["key"]: item.get("value") or "" for item in listed(items)}


def _state(info: Json) -> str:
    return "deleted" if info.get("lifecycle_stage") == "deleted" else "active"
