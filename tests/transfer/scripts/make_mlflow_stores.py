"""Makes the fixtures of the import tests with the real mlflow package: the same work in its
database, in its folder and on its server, and what mlflow itself reads back.

Run by hand where mlflow and genaiops are installed: ``PYTHONPATH=. python THIS_FILE FOLDER``, FOLDER being
``tests/transfer/mlflow_stores``. Absolute paths become ``{ROOT}``.
"""

import json
import math
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

os.environ |= {"MLFLOW_ALLOW_FILE_STORE": "true", "MLFLOW_ENABLE_ASYNC_TRACE_LOGGING": "false"}

import mlflow
from mlflow.entities import AssessmentSource, Dataset, DatasetInput, InputTag

from genaiops.transfer.mlflow.api import Api
from genaiops.transfer.mlflow.server import Server

TABLES = [
    "experiments",
    "experiment_tags",
    "runs",
    "params",
    "metrics",
    "tags",
    "datasets",
    "inputs",
    "input_tags",
    "trace_info",
    "trace_tags",
    "trace_request_metadata",
    "spans",
    "assessments",
    "logged_models",
    "logged_model_tags",
    "logged_model_params",
    "registered_models",
    "registered_model_tags",
    "registered_model_aliases",
    "model_versions",
    "model_version_tags",
]
SOURCE = AssessmentSource(source_type="HUMAN", source_id="bob")


def work(client):
    """What a user does."""
    tuning = mlflow.set_experiment("tuning").experiment_id
    client.set_experiment_tag(tuning, "owner", "é")
    client.delete_experiment(mlflow.create_experiment("abandoned"))
    ids = []
    for number in range(3):
        with mlflow.start_run(
            run_name=f"run {number}", tags={"team": "é", "n": str(number)}, description="why"
        ) as run:
            mlflow.log_params({"lr": 0.1 * number, "name": "x" * 300, "empty": "", "opt/name": "a"})
            for step in range(5):
                client.log_metric(
                    run.info.run_id, "loss", 1 / (step + 1), 1_700_000_000_000 + step, step
                )
            for step, value in enumerate((math.nan, math.inf, -math.inf)):
                client.log_metric(run.info.run_id, "odd/values", value, 1_700_000_000_000, step)
            mlflow.log_text("hello", "notes/a.txt")
            with mlflow.start_run(nested=True, run_name=f"child {number}"):
                mlflow.log_metric("acc", number)
            if number == 0:
                data = Dataset("train", "300830b9", "code", '{"a": 1}', '{"s": 1}', '{"rows": 2}')
                tags = [InputTag("mlflow.data.context", "training")]
                client.log_inputs(run.info.run_id, [DatasetInput(data, tags)])
                model = client.create_logged_model(
                    tuning, name="model", source_run_id=run.info.run_id, params={"depth": "3"}
                )
                with tempfile.TemporaryDirectory() as folder:
                    Path(folder, "MLmodel").write_text("flavors: {}\n")
                    client.log_model_artifacts(model.model_id, folder)
                client.finalize_logged_model(model.model_id, "READY")
                client.log_outputs(
                    run.info.run_id,
                    [mlflow.entities.LoggedModelOutput(model_id=model.model_id, step=0)],
                )
                client.create_registered_model("classifier", tags={"kind": "tree"})
                client.create_model_version(
                    "classifier",
                    f"models:/{model.model_id}",
                    run.info.run_id,
                    model_id=model.model_id,
                )
                client.set_registered_model_alias("classifier", "champion", 1)
        ids.append(run.info.run_id)
    client.set_terminated(ids[1], "FAILED")
    client.delete_run(ids[2])
    mlflow.genai.register_prompt(
        "answer", "Answer {{question}}", commit_message="first", tags={"t": "1"}
    )
    mlflow.genai.register_prompt("answer", "Answer {{ question }} briefly")
    mlflow.genai.register_prompt("answer", "Answer {{ question }} briefly")
    mlflow.genai.set_prompt_alias("answer", "production", 2)
    mlflow.genai.register_prompt(
        "chat",
        [{"role": "user", "content": "Say {{word}}"}],
        model_config={"model_name": "small", "temperature": 0.1},
        response_format={"type": "object", "properties": {"a": {"type": "string"}}},
    )
    mlflow.genai.register_prompt("logic", "{% if q %}Answer {{q}}{% endif %}")
    traces(ids[0])


@mlflow.trace(span_type="TOOL")
def inner(x):
    return {"y": x + 1}


@mlflow.trace(span_type="CHAIN", attributes={"listed": [1, 2], "text": "v"})
def outer(x):
    mlflow.update_current_trace(
        tags={"fruit": "apple"},
        metadata={"mlflow.trace.session": "s1", "mlflow.trace.user": "u1", "own": "kept"},
    )
    return inner(x)


@mlflow.trace
def failing():
    raise ValueError("no")


def traces(run_id):
    with mlflow.start_run(run_id=run_id):
        outer(1)
    mlflow.flush_trace_async_logging()
    trace_id = mlflow.get_last_active_trace_id()
    first = mlflow.log_feedback(trace_id=trace_id, name="good", value=False, source=SOURCE)
    mlflow.override_feedback(
        trace_id=trace_id, assessment_id=first.assessment_id, value=True, rationale="on reflection"
    )
    mlflow.log_expectation(trace_id=trace_id, name="right", value={"a": [1]}, source=SOURCE)
    try:
        failing()
    except ValueError:
        mlflow.flush_trace_async_logging()


def said(client):
    """What mlflow reads back."""
    found = {"runs": {}, "prompts": {}, "traces": {}}
    experiments = client.search_experiments(view_type=3)
    found["experiments"] = {
        item.name: {"state": item.lifecycle_stage, "tags": dict(item.tags)} for item in experiments
    }
    names = {item.experiment_id: item.name for item in experiments}
    for run in client.search_runs([item.experiment_id for item in experiments], run_view_type=3):
        run_id, info = run.info.run_id, run.info
        history = {
            key: sorted(
                [point.step, point.timestamp, str(point.value)]
                for point in client.get_metric_history(run_id, key)
            )
            for key in run.data.metrics
        }
        found["runs"][run_id] = {
            "name": info.run_name,
            "experiment": names[info.experiment_id],
            "status": info.status,
            "state": info.lifecycle_stage,
            "start_ms": info.start_time,
            "end_ms": info.end_time,
            "params": run.data.params,
            "tags": run.data.tags,
            "history": history,
            "inputs": [
                [item.dataset.name, item.dataset.digest, [tag.value for tag in item.tags]]
                for item in run.inputs.dataset_inputs
            ],
        }
    for name, count in (("answer", 3), ("chat", 1), ("logic", 1)):
        versions = [mlflow.genai.load_prompt(name, number + 1) for number in range(count)]
        found["prompts"][name] = [
            {"template": item.template, "tags": item.tags, "message": item.commit_message}
            for item in versions
        ]
    for trace in mlflow.search_traces(
        locations=[item.experiment_id for item in experiments], return_type="list"
    ):
        found["traces"][trace.info.trace_id] = {
            "state": str(trace.info.state),
            "start_ms": trace.info.timestamp_ms,
            "spans": [
                {
                    "id": span.span_id,
                    "parent": span.parent_id,
                    "name": span.name,
                    "type": span.span_type,
                    "inputs": span.inputs,
                    "outputs": span.outputs,
                    "start_ns": span.start_time_ns,
                    "end_ns": span.end_time_ns,
                }
                for span in trace.data.spans
            ],
            "assessments": [
                [item.name, item.value, item.rationale, item.valid]
                for item in trace.info.assessments
            ],
        }
    return found


def dumped(database):
    with sqlite3.connect(database) as connection:
        return "\n".join(
            line
            for line in connection.iterdump()
            if any(
                line.startswith(f'{start}"{t}"')
                for start in ("INSERT INTO ", "CREATE TABLE ", "CREATE TABLE IF NOT EXISTS ")
                for t in TABLES
            )
            or any(line.startswith(f"CREATE TABLE {t} ") for t in TABLES)
        )


def recorded(url):
    """Every question of ours with its answer."""
    exchanges = []

    class Recording(Api):
        def _ask(self, method, path, body):
            response = super()._ask(method, path, body)
            data = response.read()
            exchanges.append(
                {
                    "method": method,
                    "path": path,
                    "body": None if body is None else json.loads(body),
                    "status": response.status,
                    "answer": data.decode(),
                }
            )
            response.read = lambda amount=None, left=[data]: left.pop() if left else b""
            return response

    server = Server(Recording(url))
    server.experiments()
    for group in server.runs():
        for run in group:
            for name, uri in {"": run.artifact_uri, **run.models}.items():
                for file in server.files(uri, None if name else run.run_id):
                    with file.local:
                        pass
    list(server.models())
    list(server.foreign())
    list(server.traces())
    return exchanges


PLACES = {  # what tracebacks name of the machine that this ran on
    str(Path(__file__).resolve().parents[3]): "/home/user/genaiops",
    sys.prefix: "/home/user/venv",
}


def main(target, root):
    database = root / "db" / "mlflow.db"
    database.parent.mkdir()
    os.chdir(database.parent)
    mlflow.set_tracking_uri(f"sqlite:///{database}")
    work(mlflow.MlflowClient())
    answers = {"database": said(mlflow.MlflowClient())}

    os.chdir(root)
    mlflow.set_tracking_uri(str(root / "mlruns"))
    work(mlflow.MlflowClient())
    answers["folder"] = said(mlflow.MlflowClient())

    port = "5187"
    kept = root / "server"
    kept.mkdir()
    program = subprocess.Popen(
        [Path(sys.executable).with_name("mlflow"), "server", "--port", port, "--workers", "1",
         "--backend-store-uri", f"sqlite:///{kept}/mlflow.db", "--artifacts-destination", kept],
        cwd=kept, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{url}/health").read()
            break
        except OSError:
            time.sleep(1)
    mlflow.set_tracking_uri(url)
    try:
        work(mlflow.MlflowClient())
        answers["server"] = said(mlflow.MlflowClient())
        exchanges = recorded(url)
    finally:
        os.killpg(program.pid, 15)

    def clean(text):
        for place, shown in PLACES.items():
            text = text.replace(place, shown)
        return text.replace(str(root), "{ROOT}")

    files = {
        path.relative_to(root).as_posix(): clean(path.read_text())
        for folder in (root / "mlruns", root / "db" / "mlruns")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    (target / "mlflow.sql").write_text(clean(dumped(database)) + "\n")
    for name, value in (("files", files), ("server", exchanges), ("mlflow_says", answers)):
        text = json.dumps(value, indent=1, sort_keys=True)
        (target / f"{name}.json").write_text(clean(text) + "\n")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(Path(sys.argv[1]).absolute(), Path(folder))
