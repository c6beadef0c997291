"""Logging runs, beside mlflow's default store and its file store in the same run.

    python benchmarks/bench_runs_peers.py --mlflow PYTHON

PYTHON is an interpreter that has mlflow (or MLFLOW_PYTHON names it); without one only our figures
are printed, and that is said. mlflow logs fewer runs, so figures are for one run, 20 parameters x
5 metrics x 100 steps, and for one value. Exit status 1 when a promise is not kept.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import genaiops

RUNS, PARAMS, METRICS, STEPS = 1_000, 20, 5, 100
PEER_RUNS = 3
PROMISE_RUN, PROMISE_VALUE = 30.0, 100.0

PEER = """
import json, logging, os, sys, time
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
import mlflow
logging.getLogger("mlflow").setLevel(logging.ERROR)
uri, runs, params, metrics, steps = sys.argv[1], *map(int, sys.argv[2:])
mlflow.set_tracking_uri(uri)
mlflow.set_experiment("peers")

def one(steps):
    with mlflow.start_run():
        mlflow.log_params({f"p{i}": i for i in range(params)})
        for step in range(steps):
            mlflow.log_metrics({f"m{i}": 0.5 for i in range(metrics)}, step=step)

one(2)
begun = time.perf_counter()
for _ in range(runs):
    one(steps)
run_s = (time.perf_counter() - begun) / runs
with mlflow.start_run():
    mlflow.log_metric("loss", 0.5, step=0)
    begun = time.perf_counter()
    for step in range(200):
        mlflow.log_metric("loss", 0.5, step=step + 1)
    value_s = (time.perf_counter() - begun) / 200
print(json.dumps([run_s, value_s]))
"""


def ours() -> tuple[float, float]:
    """Seconds a run and a value, everything read back and counted."""
    genaiops.set_experiment("peers")
    begun = time.perf_counter()
    for _ in range(RUNS):
        with genaiops.start_run():
            genaiops.log_params({f"p{i}": i for i in range(PARAMS)})
            for step in range(STEPS):
                genaiops.log_metrics({f"m{i}": 0.5 for i in range(METRICS)}, step=step)
    run_s = (time.perf_counter() - begun) / RUNS
    with genaiops.start_run():
        begun = time.perf_counter()
        for step in range(100_000):
            genaiops.log_metric("loss", 0.5, step=step)
        value_s = (time.perf_counter() - begun) / 100_000
    ((points,),) = genaiops.sql("SELECT count(*) FROM metrics").rows
    assert points == RUNS * METRICS * STEPS + 100_000, points
    return run_s, value_s


def peer(python: str, uri: str, folder: str) -> tuple[float, float]:
    """The same of mlflow, in an interpreter of its own."""
    numbers = map(str, (PEER_RUNS, PARAMS, METRICS, STEPS))
    done = subprocess.run(
        [python, "-W", "ignore", "-c", PEER, uri, *numbers],
        check=True, capture_output=True, cwd=folder, text=True,
        env={key: value for key, value in os.environ.items() if not key.startswith("GENAIOPS")},
    )  # fmt: skip
    run_s, value_s = json.loads(done.stdout.splitlines()[-1])
    return run_s, value_s


def main() -> int:
    """Prints the figures; 1 when one is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mlflow", default=os.environ.get("MLFLOW_PYTHON"))
    python = parser.parse_args().mlflow
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GENAIOPS_TRACKING_URI"] = folder + "/store"
        run_s, value_s = ours()
        print(f"genaiops: {run_s * 1e3:.2f} ms a run, {value_s * 1e6:.1f} us a value")
        if not python:
            print(
                "SKIPPED: mlflow, because neither --mlflow nor MLFLOW_PYTHON names an interpreter"
            )
            return 0
        missed = 0
        stores = {
            "default store": f"sqlite:///{folder}/mlflow.db",
            "file store": f"{folder}/mlruns",
        }
        for name, uri in stores.items():
            their_run, their_value = peer(python, uri, folder)
            print(
                f"mlflow, {name}: {their_run * 1e3:.0f} ms a run, {their_value * 1e6:,.0f} us a "
                f"value; genaiops is {their_run / run_s:.0f} x and {their_value / value_s:.0f} x "
                f"as fast"
                + (
                    f" (promise: {PROMISE_RUN:.0f} and {PROMISE_VALUE:.0f})"
                    if "default" in name
                    else ""
                )
            )
            if name == "default store":
                missed = their_run / run_s < PROMISE_RUN or their_value / value_s < PROMISE_VALUE
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
