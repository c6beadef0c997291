"""Writes mlflow_db/searches.json: runs, and which of them mlflow finds by each filter and order.

Run in an environment with mlflow (made with 3.17.2):
``python make_mlflow_searches.py ../mlflow_db/searches.json``
"""

import json
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

import mlflow
from mlflow.tracking import MlflowClient

MODELS = ("x", "X large", "y%", "z_1")
RUNS: list[dict[str, Any]] = [
    {
        "name": f"run {number}" if number % 3 else f"Run-{number}",
        "params": {
            "model": MODELS[number % 4],
            "lr": 10.0 ** -(number % 6),
            "deep": number % 2 == 0,
        }
        | ({"only": "here", "a b": "c's"} if number in (2, 7) else {})
        | ({"nothing": None, "empty": "", "units": [1, 2]} if number == 5 else {}),
        "metrics": {"acc": number / 12, "val loss": 12.0 - number}
        | ({"odd": [math.nan, math.inf, -math.inf, 0.5][number // 3]} if number % 3 == 0 else {}),
        "tags": {"team": ["search", "Ads", "search/ads"][number % 3]}
        | ({"a b": "%y%", "dash-ed": "1"} if number % 4 == 0 else {}),
        "status": ["FINISHED", "FAILED", "KILLED", "RUNNING"][number % 4],
        "start": 1_700_000_000_000 + number * 1_000,
    }
    for number in range(12)
]
FILTERS = [
    "",
    "metrics.acc > 0.5",
    "metrics.acc >= 0.5",
    "metrics.acc < 0.25",
    "metrics.acc <= 0.25",
    "metrics.acc = 0.5",
    "metrics.acc != 0.5",
    "metric.acc > 0.5",
    "metrics.`val loss` < 4",
    'metrics."val loss" < 4',
    "metrics.missing > 0",
    "metrics.odd > 0.4",
    "metrics.odd = 0.5",
    "metrics.acc > -1",
    "metrics.acc > 2.5e-1",
    "metrics.acc > 0.25 and metrics.acc < 0.75",
    "params.model = 'x'",
    "params.model != 'x'",
    "param.model = 'x'",
    "parameters.model = 'x'",
    "parameter.model = 'x'",
    "params.model LIKE 'x%'",
    "params.model ILIKE 'x%'",
    "params.model LIKE '%'",
    "params.model LIKE 'z__'",
    "params.model ILIKE 'X LARGE'",
    "params.only = 'here'",
    "params.only IS NULL",
    "params.only IS NOT NULL",
    'params.`a b` = "c\'s"',
    "params.lr = '0.1'",
    "params.lr = '1e-05'",
    "params.lr LIKE '0.0%'",
    "params.deep = 'True'",
    "params.deep != 'True'",
    "params.nothing = 'None'",
    "params.empty = ''",
    "params.units = '[1, 2]'",
    "tags.team = 'search'",
    "tag.team = 'search'",
    "tags.team != 'search'",
    "tags.team LIKE 'search%'",
    "tags.team ILIKE '%ADS'",
    "tags.`a b` LIKE '%y%'",
    "tags.\"a b\" LIKE '%y%'",
    "tags.`dash-ed` = '1'",
    "tags.`a b` IS NULL",
    "tags.team IS NOT NULL",
    "tags.mlflow.runName = 'run 1'",
    "tags.`mlflow.runName` LIKE 'Run-%'",
    "attributes.status = 'FINISHED'",
    "attribute.status = 'FAILED'",
    "attr.status != 'FINISHED'",
    "run.status = 'RUNNING'",
    "status = 'KILLED'",
    "attributes.run_id IN ('<3>', '<5>')",
    "run_id NOT IN ('<3>', '<5>')",
    "attributes.run_id = '<7>'",
    "attributes.run_name = 'run 4'",
    "run_name LIKE 'run%'",
    "run_name ILIKE 'RUN%'",
    "attributes.`Run name` = 'run 4'",
    "attributes.start_time > 1700000003000",
    "start_time <= 1700000001000",
    "attributes.created = 1700000002000",
    "attributes.end_time > 0",
    "metrics.acc > 0.2 AND params.model = 'x' AND tags.team LIKE 's%'",
    (
        "metrics.acc > 0.1 and params.model ilike 'X%' and tags.`a b` LIKE '%y%' "
        "and attributes.status = 'FINISHED'"
    ),
    "dataset.name = 'faces'",
    "datasets.context = 'train'",
    "dataset.name LIKE 'f%'",
]
ORDERS = [
    ["metrics.acc DESC"],
    ["metrics.acc"],
    ["metric.acc asc"],
    ["metrics.`val loss` DESC"],
    ["metrics.odd DESC"],
    ["metrics.odd ASC"],
    ["params.model"],
    ["params.model DESC", "metrics.acc DESC"],
    ["params.only"],
    ["tags.team DESC"],
    ["tags.`a b`"],
    ["attributes.start_time"],
    ["start_time ASC", "run_name DESC"],
    ["attributes.status"],
    ["run_name"],
    ["attributes.end_time DESC"],
    [],
]


def main(target: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        client = MlflowClient()
        experiment = client.create_experiment("searched", artifact_location=folder)
        names: dict[str, int] = {}
        for number, run in enumerate(RUNS):
            made = client.create_run(
                experiment, start_time=run["start"], run_name=run["name"], tags=run["tags"]
            )
            run_id = made.info.run_id
            names[run_id] = number
            for key, value in run["params"].items():
                client.log_param(run_id, key, value)
            for key, value in run["metrics"].items():
                client.log_metric(run_id, key, value, timestamp=run["start"])
            if number in (4, 8):
                with mlflow.start_run(run_id=run_id):
                    rows = mlflow.data.from_numpy(__import__("numpy").ones((2, 2)), name="faces")
                    mlflow.log_input(rows, context="train" if number == 4 else "test")
            if run["status"] != "RUNNING":
                client.set_terminated(run_id, run["status"], run["start"] + 500)
            else:
                client.update_run(run_id, status="RUNNING")

        def found(text: str, order: list[str]) -> list[int]:
            for run_id, number in names.items():
                text = text.replace(f"<{number}>", run_id)
            runs = client.search_runs([experiment], text, order_by=order)
            return [names[run.info.run_id] for run in runs]

        said = {
            "filters": [[text, sorted(found(text, []))] for text in FILTERS],
            "orders": [[order, found("", order)] for order in ORDERS],
        }
    content = {"mlflow": mlflow.__version__, "runs": RUNS} | said
    Path(target).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
