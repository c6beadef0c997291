"""Killed or interrupted at any moment, an evaluation keeps what is done and never pays twice."""

import os
import signal
import subprocess
import sys
import textwrap

import genaiops

PROGRAM = textwrap.dedent(
    """
    import os, signal, sys
    import genaiops

    rows = [{"id": f"r{n}", "question": f"What is {n}?"} for n in range(6)]
    judge = genaiops.make_judge("good", "Is {{outputs}} right?", model="openai/judge")
    stop_at, how = int(sys.argv[1]), sys.argv[2]
    calls = []

    def answer(question):
        calls.append(question)
        if len(calls) == stop_at:
            os.kill(os.getpid(), getattr(signal, how))
            if how == "SIGINT":
                import threading
                threading.Event().wait(30)
        return question.upper()

    try:
        result = genaiops.evaluate(rows, answer, judges=[judge], concurrency=1)
    except KeyboardInterrupt:
        print("interrupted")
        sys.exit(3)
    print(len(calls), result["good"].n_ok, result.run_id)
    """
)


def start(stop_at, how, folder):
    program = folder / "program.py"
    program.write_text(PROGRAM)
    return subprocess.run(
        [sys.executable, str(program), str(stop_at), how],
        check=False,
        capture_output=True,
        text=True,
        env=dict(os.environ),
        timeout=60,
    )


def test_killed_and_started_again_it_resumes_and_pays_only_for_what_was_not_stored(model, workdir):
    killed = start(4, "SIGKILL", workdir)
    asked = len(model.requests)
    (run_id, status) = genaiops.sql("SELECT run_id, status FROM runs").rows[0]

    resumed = start(99, "SIGKILL", workdir)

    assert killed.returncode == -signal.SIGKILL
    assert (asked, status) == (3, "INTERRUPTED")
    assert resumed.stderr == ""
    assert resumed.stdout.split() == ["3", "6", run_id]
    assert len(model.requests) == 6
    assert genaiops.sql("SELECT status FROM runs").rows == [("FINISHED",)]
    assert genaiops.sql("SELECT count(*) FROM eval_rows").rows == [(6,)]


def test_an_unfinished_run_is_left_alone_when_resume_is_off(model, workdir):
    start(3, "SIGKILL", workdir)
    rows = [{"id": f"r{n}", "question": f"What is {n}?"} for n in range(6)]
    judge = genaiops.make_judge("good", "Is {{outputs}} right?", model="openai/judge")

    genaiops.evaluate(rows, lambda question: question.upper(), judges=[judge], resume=False)

    assert genaiops.sql("SELECT count(*) FROM runs").rows == [(2,)]
    assert len(model.requests) == 6
