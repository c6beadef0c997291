"""SIGKILL while an evaluation runs: what is stored is never paid for again, and nothing is lost."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

import genaiops
from tests.eval.conftest import Model

KILLS = int(os.environ.get("GENAIOPS_FAULT_KILLS", "8"))
A_ROUND = 8
ROWS = 24
JUDGED = 2  # judges with a model
PROGRAM = Path(__file__).parent / "scripts" / "evaluation.py"
ROW = re.compile(r"<\d+-\d+>")


def verdict(request, number):
    """An answer that names the judge and the row it is about."""
    question = request["messages"][-1]["content"]
    judge = "kind" if "kind" in question else "good"
    value = "no" if ROW.search(question)[0].endswith("3>") else "yes"
    return json.dumps({"rationale": f"{judge} {ROW.search(question)[0]}", "verdict": value})


def start(batch, log):
    """The program; its store is that of the current folder."""
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), str(batch), str(ROWS), str(log)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def stored():
    """What stands in the store: judge and row of each answer, and the row of each prediction."""
    rows = genaiops.sql("SELECT kind, response FROM answers").rows
    answers = [json.loads(said["text"])["rationale"] for kind, said in rows if kind[:5] == "judge"]
    predictions = [ROW.search(said["outputs"])[0] for kind, said in rows if kind[:5] == "predi"]
    return answers, predictions


def cells(table):
    """The lines of a table without the batch and what was paid now, which depend on the kills."""
    lines = [re.split(r"  +", re.sub(r"\b\d+-(\d+)\b", r"\1", line)) for line in table.splitlines()]
    return [" | ".join(line[:5] + line[6:]) for line in lines]


@pytest.mark.parametrize("seed", range(-(-KILLS // A_ROUND)))
def test_killed_evaluations_pay_for_nothing_twice_and_lose_nothing(workdir, monkeypatch, seed):
    generator, model = random.Random(seed), Model(verdict)
    monkeypatch.setenv("OPENAI_BASE_URL", model.url)
    monkeypatch.setenv("OPENAI_API_KEY", "test-key-for-loopback")
    log = workdir / "calls"
    log.touch()
    kills, tables = 0, []
    while kills < A_ROUND:
        batch, table = len(tables), None
        while table is None:
            answers, predictions = stored()
            asked, called = len(model.requests), len(log.read_text().split())

            process = start(batch, log)
            if kills < A_ROUND:
                aim = asked + generator.randrange(1, ROWS * JUDGED // 3)
                while process.poll() is None and len(model.requests) < aim:
                    time.sleep(0.001)
                time.sleep(generator.random() * 0.02)
                process.send_signal(signal.SIGKILL)
                kills += 1
            printed, errors = process.communicate()

            said = [json.loads(verdict(r, 0))["rationale"] for r in model.requests[asked:]]
            assert errors == ""
            assert not set(said) & set(answers), "paid for a stored answer again"
            assert not set(log.read_text().split()[called:]) & set(predictions), "predicted again"
            assert set(answers) <= set(stored()[0]), "lost"
            table = printed or None
        tables.append(cells(table))
    model.shutdown()
    model.server_close()

    undisturbed = start(len(tables) - 1, log).communicate()[0]
    per_run = genaiops.sql(
        "SELECT count(*), count(number), min(number) FROM eval_rows GROUP BY run_id"
    ).rows
    assert set(Counter(answers).values()) <= {1}
    assert {tuple(table) for table in tables} == {tuple(cells(undisturbed))}
    assert {(n, judged) for n, judged, _ in per_run} == {(ROWS * 3, ROWS * 3)}
    assert genaiops.sql("SELECT DISTINCT status FROM runs").rows == [("FINISHED",)]
