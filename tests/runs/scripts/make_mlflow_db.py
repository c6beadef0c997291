"""Makes the fixtures of the import test with the real mlflow package: its database as SQL text,
and what mlflow itself reads back as JSON.

Run by hand in an environment with mlflow: ``python make_mlflow_db.py FOLDER``.
"""

import json
import math
import sqlite3
import sys
from pathlib import Path

import mlflow

TABLES = ("experiments", "runs", "params", "metrics", "tags")
folder = Path(sys.argv[1])
database = folder / "mlflow.db"
mlflow.set_tracking_uri(f"sqlite:///{database}")
client = mlflow.MlflowClient()
mlflow.create_experiment("tuning", artifact_location="mlartifacts/tuning")
mlflow.set_experiment("tuning")
ids = []
for number in range(3):
    with mlflow.start_run(run_name=f"run {number}", tags={"team": "é", "n": str(number)}) as run:
        mlflow.log_params({"lr": 0.1 * number, "name": "x" * 300, "empty": ""})
        for step in range(5):
            client.log_metric(
                run.info.run_id, "loss", 1 / (step + 1), 1_700_000_000_000 + step, step
            )
        for step, value in enumerate((math.nan, math.inf, -math.inf)):
            client.log_metric(run.info.run_id, "odd", value, 1_700_000_000_000, step)
    ids.append(run.info.run_id)
client.set_terminated(ids[1], "FAILED")
client.delete_run(ids[2])

said = {}
for run_id in ids[:2]:
    run = client.get_run(run_id)
    said[run_id] = {
        "name": run.info.run_name,
        "status": run.info.status,
        "start_ms": run.info.start_time,
        "end_ms": run.info.end_time,
        "params": run.data.params,
        "tags": run.data.tags,
        "history": {
            key: [
                [point.step, point.timestamp, str(point.value)]
                for point in client.get_metric_history(run_id, key)
            ]
            for key in run.data.metrics
        },
    }
(folder / "mlflow_says.json").write_text(json.dumps(said, indent=1, sort_keys=True) + "\n")
connection = sqlite3.connect(database)
lines = [
    line
    for line in connection.iterdump()
    if any(
        line.startswith((f"CREATE TABLE {t} ", f'INSERT INTO "{t}"', f'CREATE TABLE "{t}"'))
        for t in TABLES
    )
]
(folder / "mlflow.sql").write_text("\n".join(lines) + "\n")
