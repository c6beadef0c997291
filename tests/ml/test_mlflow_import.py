"""Stores made by the mlflow package of this environment: imported, exported, compared by value."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import genaiops
from genaiops.transfer.export import export
from genaiops.transfer.mlflow import import_mlflow

WORK = """
import math, sys
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
client = mlflow.MlflowClient()
mlflow.set_experiment("tuning")
for number in range(3):
    with mlflow.start_run(run_name=f"run {number}", tags={"team": "\u00e9"}, description="why") as run:
        mlflow.log_params({"lr": 0.1 * number, "opt/name": "adam", "empty": ""})
        for step, value in enumerate((1.0, 1e-300, math.nan, math.inf, -math.inf, -0.0)):
            client.log_metric(run.info.run_id, "loss", value, 1_700_000_000_000 + step, step)
        mlflow.log_text("hello", "notes/a.txt")
client.set_terminated(run.info.run_id, "FAILED")
client.delete_run(run.info.run_id)
"""
READ = """
import json, sys
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
client = mlflow.MlflowClient()
found = {}
for experiment in client.search_experiments(view_type=3):
    for run in client.search_runs([experiment.experiment_id], run_view_type=3):
        found[run.info.run_id] = {
            "name": run.info.run_name, "experiment": experiment.name, "status": run.info.status,
            "state": run.info.lifecycle_stage, "start": run.info.start_time,
            "end": run.info.end_time, "params": run.data.params, "tags": run.data.tags,
            "history": sorted(
                [point.step, point.timestamp, repr(point.value)]
                for point in client.get_metric_history(run.info.run_id, "loss")
            ),
            "files": [item.path for item in client.list_artifacts(run.info.run_id, "notes")],
        }
print(json.dumps(found))
"""


def mlflow(program: str, uri: str) -> str:
    """Runs a program with mlflow in a process of its own; what it printed last."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, uri],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"MLFLOW_ALLOW_FILE_STORE": "true"},
    )
    return (done.stdout.splitlines() or [""])[-1]


def read(uri: str) -> dict[str, Any]:
    text = mlflow(READ, uri)
    return json.loads(text.replace(repr(sys.float_info.max), "inf"))


@pytest.fixture(params=["database", "folder"])
def uri(request: pytest.FixtureRequest, workdir: Path) -> str:
    place = f"sqlite:///{workdir}/mlflow.db" if request.param == "database" else "mlruns"
    mlflow(WORK, place)
    return place


def test_every_value_of_real_mlflow_is_here(uri: str):
    said = read(uri)

    done = import_mlflow(uri)

    assert (done.equal_runs, done.problems) == (3, ())
    for run_id, told in said.items():
        run = genaiops.get_run(run_id)
        info = run.info
        assert (info.run_name, info.status, info.lifecycle_stage) == (
            told["name"],
            told["status"],
            told["state"],
        )
        assert (info.start_time, info.end_time) == (told["start"], told["end"])
        assert (run.data.params, run.data.tags) == (told["params"], told["tags"])
        history = genaiops.get_metric_history(run_id, "loss")
        assert [[p.step, p.ts_ns // 1_000_000, repr(p.value)] for p in history] == told["history"]
        assert genaiops.load_text(f"runs:/{run_id}/notes/a.txt") == "hello"


def test_real_mlflow_reads_what_is_exported(uri: str):
    said = read(uri)
    import_mlflow(uri)

    export("out", format="mlflow")

    assert read("out/mlruns") == said
