"""Client CPU of a judge call beside other libraries: the same rows, judges and provider in one run.

    PEERS_PYTHON=a/bin/python:b/bin/python python benchmarks/bench_eval_peers.py [--rows 100]

Each library scores the same rows with three judges after a warm-up, in a fresh process; libraries
that none of these interpreters has are named and left out. Ours stores every answer and trace.
One environment each: ``mlflow==3.17.2 litellm``, and ``ragas==0.4.3 langchain-openai
langchain-community<0.4`` (ragas imports a module that later ones lack).
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from bench_eval_speed import JUDGES, in_process
from fake_provider import FakeProvider

PROMISES = {"mlflow": 1 / 10, "ragas": 1 / 3}
VERDICTS = {
    "mlflow": {"rationale": "It says so.", "result": "yes"},
    "ragas": {"reason": "It says so.", "verdict": 1},
}


def peer(name: str, pythons: list[str], rows: int) -> dict[str, float] | None:
    """What one library used; None where it is not installed."""
    script = Path(__file__).with_name("eval_peers.py")
    for python in pythons:
        has = subprocess.run(
            [python, "-c", f"import importlib.util as u; assert u.find_spec({name!r})"],
            check=False,
            capture_output=True,
        )
        if has.returncode:
            continue
        with FakeProvider(verdict=VERDICTS[name]):
            done = subprocess.run(
                [python, str(script), name, str(rows)],
                check=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return json.loads(done.stdout.splitlines()[-1])
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--peers-python", default=os.environ.get("PEERS_PYTHON"))
    options = parser.parse_args()
    if not options.peers_python:
        print("left out: name the interpreters that have the peers in PEERS_PYTHON")
        return
    with FakeProvider():
        ours = in_process(10 * options.rows)[0]["cpu_s"] / (10 * options.rows * len(JUDGES)) * 1e3
    print(f"genaiops {ours:8.2f} ms CPU a judge call, storage included")
    late = 0
    for name, promise in PROMISES.items():
        found = peer(name, options.peers_python.split(":"), options.rows)
        if found is None:
            print(f"{name:8} is not installed there")
            continue
        ratio = ours / found["ms"]
        late += ratio > promise
        print(
            f"{name:8} {found['ms']:8.2f} ms, {found['scores']} of {options.rows * len(JUDGES)} "
            f"scores, ours is {ratio:.3f} of it, promise at most {promise:.3f}"
        )
    if late:
        sys.exit(f"{late} promises are not kept")


if __name__ == "__main__":
    main()
