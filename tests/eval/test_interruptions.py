"""Killed or interrupted at any moment, an evaluation keeps what is done and never pays twice."""

import functools
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

import genaiops
from genaiops.eval.judges import ExactMatch

PROGRAM = textwrap.dedent(
    """
    import os, signal, sys, threading
    import genaiops

    rows = [{"id": f"r{n}", "question": f"What is {n}?"} for n in range(6)]
    judge = genaiops.make_judge("good", "Is {{outputs}} right?", model="openai/judge")
    orders = sys.argv[1:]  # a list, for plain globals belong to the function
    calls = []

    def answer(question):
        calls.append(question)
        if len(calls) == int(orders[0]):
            if orders[1] == "wait":
                threading.Event().wait()
            os.kill(os.getpid(), signal.SIGKILL)
        return question.upper()

    try:
        result = genaiops.evaluate(rows, answer, judges=[judge], concurrency=1)
    except KeyboardInterrupt:
        print("interrupted")
        sys.exit(3)
    print(len(calls), result["good"].n_ok, result.run_id)
    """
)


def launch(stop_at, how, folder):
    program = folder / "program.py"
    program.write_text(PROGRAM)
    return subprocess.Popen(
        [sys.executable, str(program), str(stop_at), how],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process):
    """What it printed, once it has ended by itself."""
    try:
        return process.communicate(timeout=60)
    finally:
        process.kill()


def start(stop_at, how, folder):
    process = launch(stop_at, how, folder)
    stdout, stderr = ended(process)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def answers_stored():
    """How many predictions and how many answers of the judge stand in the store."""
    kinds = ("prediction", "judge")
    counts = ", ".join(f"count(*) FILTER (kind LIKE '{kind}:%')" for kind in kinds)
    return genaiops.sql(f"SELECT {counts} FROM answers").rows[0]


def wait_until_stored(process, predictions, answers):
    """Waits until so many answers stand in the store; gives what stands there."""
    while (stored := answers_stored()) != (predictions, answers) and process.poll() is None:
        time.sleep(0.01)
    return stored


def test_killed_it_says_what_is_missing_and_resumed_it_pays_only_for_that(model, workdir):
    killed = start(4, "SIGKILL", workdir)
    asked = len(model.requests)
    (run_id, status) = genaiops.sql("SELECT run_id, status FROM runs").rows[0]
    half = genaiops.load_result(run_id)

    resumed = start(99, "SIGKILL", workdir)
    whole = genaiops.load_result(run_id)

    assert (half["good"].n, half.n_absent) == (3, 3)
    assert "3 rows of the data are not in the store: the run has not ended" in str(half)
    assert (whole["good"].n, whole.n_absent) == (6, 0)
    assert "not in the store" not in str(whole)
    assert killed.returncode == -signal.SIGKILL
    assert (asked, status) == (3, "INTERRUPTED")
    assert resumed.stderr == ""
    assert resumed.stdout.split() == ["3", "6", run_id]
    assert len(model.requests) == 6
    assert genaiops.sql("SELECT status FROM runs").rows == [("FINISHED",)]
    assert genaiops.sql("SELECT count(*) FROM eval_rows").rows == [(6,)]


def test_interrupted_in_the_function_it_ends_as_killed_and_resumes_without_paying_again(
    model, workdir
):
    waiting = launch(4, "wait", workdir)
    try:
        stored = wait_until_stored(waiting, 3, 3)
    finally:
        waiting.send_signal(signal.SIGINT)
        stdout, stderr = ended(waiting)
    (run_id, status) = genaiops.sql("SELECT run_id, status FROM runs").rows[0]
    kept = answers_stored()

    resumed = start(99, "SIGKILL", workdir)

    assert stored == kept == (3, 3)
    assert (waiting.returncode, stdout, stderr) == (3, "interrupted\n", "")
    assert status == "KILLED"
    assert resumed.stderr == ""
    assert resumed.stdout.split() == ["3", "6", run_id]
    assert len(model.requests) == 6
    assert genaiops.sql("SELECT status FROM runs").rows == [("FINISHED",)]
    assert genaiops.sql("SELECT count(*) FROM eval_rows").rows == [(6,)]


def test_interrupted_while_a_judge_is_asked_it_keeps_the_prediction_and_asks_once_more(
    model, workdir
):
    verdict, released = model.answers, threading.Event()
    model.answers = lambda request, number: (
        released.wait() and 503 if number == 4 else verdict(request, number)
    )
    waiting = launch(99, "SIGKILL", workdir)
    try:
        stored = wait_until_stored(waiting, 4, 3)
    finally:
        waiting.send_signal(signal.SIGINT)
        stdout, stderr = ended(waiting)
        released.set()
    ((run_id, status),) = genaiops.sql("SELECT run_id, status FROM runs").rows
    asked = len(model.requests)

    resumed = start(99, "SIGKILL", workdir)

    assert stored == (4, 3)
    assert (waiting.returncode, stdout, stderr) == (3, "interrupted\n", "")
    assert status == "KILLED"
    assert resumed.stdout.split() == ["2", "6", run_id]
    assert len(model.requests) == asked + 3
    assert genaiops.sql("SELECT status FROM runs").rows == [("FINISHED",)]


def test_of_several_that_are_started_again_at_once_one_resumes(model, workdir):
    start(4, "SIGKILL", workdir)
    ((killed,),) = genaiops.sql("SELECT run_id FROM runs").rows

    several = [launch(99, "SIGKILL", workdir) for _ in range(3)]
    said = [ended(process) for process in several]
    runs = [stdout.split()[2] for stdout, _ in said]

    assert [stderr for _, stderr in said] == ["", "", ""]
    assert len(set(runs)) == 3
    assert killed in runs
    assert genaiops.sql("SELECT count(*) FROM eval_rows").rows == [(3 * 6,)]


def test_an_unfinished_run_is_left_alone_when_resume_is_off(model, workdir):
    start(3, "SIGKILL", workdir)
    rows = [{"id": f"r{n}", "question": f"What is {n}?"} for n in range(6)]
    judge = genaiops.make_judge("good", "Is {{outputs}} right?", model="openai/judge")

    genaiops.evaluate(rows, lambda question: question.upper(), judges=[judge], resume=False)

    assert genaiops.sql("SELECT count(*) FROM runs").rows == [(2,)]
    assert len(model.requests) == 6


class Rag:
    """A function with a model's name in it."""

    def __init__(self, model):
        self.model = model

    def __call__(self, question):
        return f"{self.model}: {question}"

    def method(self, question):
        return self(question)


MODEL = "a"


def around(model):
    return lambda question: f"{model}: {question}"


def of_a_global(model):
    global MODEL
    MODEL = model
    return lambda question: f"{MODEL}: {question}"


@pytest.mark.parametrize(
    "make",
    [
        Rag,
        lambda model: Rag(model).method,
        lambda model: functools.partial(lambda question, name: f"{name}: {question}", name=model),
        around,
        of_a_global,
    ],
)
def test_predictions_of_another_model_are_not_taken_over(workdir, make):
    rows = [{"id": f"r{n}", "question": f"q{n}", "expected": f"b: q{n}"} for n in range(3)]
    options = {"judges": [ExactMatch()], "name": "same", "concurrency": 1}

    def stop(done, total):
        raise InterruptedError

    def interrupted():
        with pytest.raises(InterruptedError):
            genaiops.evaluate(rows, make("a"), progress=stop, **options)
        return genaiops.sql("SELECT run_id FROM runs").rows

    begun = interrupted()
    again = interrupted()
    other = genaiops.evaluate(rows, make("b"), **options)

    assert begun == again
    assert (other.run_id,) not in begun
    assert other["exact_match"].estimate == 1.0


FULL = """
import resource, signal, sys
import genaiops
from genaiops.judges import ExactMatch

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
rows = [{"question": f"{n}" * 200, "expected": f"{n}" * 200} for n in range(60)]
print(genaiops.evaluate(rows, lambda question: question, judges=[ExactMatch()]))
"""


@pytest.mark.parametrize("room", [0, 20_000])
def test_on_a_full_disk_the_scores_are_right_and_what_is_not_stored_is_said(workdir, room):
    without_coverage = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(room)],
        capture_output=True,
        text=True,
        check=True,
        env=without_coverage,  # its own file would not fit either
    )

    assert done.stdout.split("\n")[1].startswith("exact_match  1.000     0.940 to 1.000  60  0 ")
    assert re.search(r"^\d+ lines could not be written to the store$", done.stdout, re.MULTILINE)
    assert "Traceback" not in done.stderr
