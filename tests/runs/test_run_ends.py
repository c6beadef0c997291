"""How runs end: with their program, its errors, its children."""

import subprocess
import sys
from pathlib import Path

import pytest

import genaiops
from genaiops.model.run import Run


def after(program: str) -> Run:
    """The run whose id the program prints, after the program ended."""
    done = subprocess.run(
        [sys.executable, "-c", f"import genaiops, os, sys\n{program}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return genaiops.get_run(done.stdout.split()[0])


def test_a_run_that_nobody_ends_ends_with_its_program():
    run = after("genaiops.log_metric('acc', 1.0)\nprint(genaiops.active_run().info.run_id)")

    assert (run.info.status, run.data.metrics) == ("FINISHED", {"acc": 1.0})
    assert run.info.end_ns is not None


def test_nested_runs_end_with_their_program_too():
    run = after("print(genaiops.start_run().info.run_id)\ngenaiops.start_run(nested=True)")

    statuses = genaiops.sql("SELECT status FROM runs").rows
    assert run.info.status == "FINISHED"
    assert statuses == [("FINISHED",), ("FINISHED",)]


def test_an_error_that_ends_the_program_fails_its_run():
    run = after("print(genaiops.start_run().info.run_id)\nraise ValueError('bad data')")

    assert run.info.status == "FAILED"
    assert run.data.tags["exception.type"] == "ValueError"
    assert run.data.tags["exception.message"] == "bad data"


@pytest.mark.parametrize(("code", "status"), [("", "FINISHED"), ("0", "FINISHED"), ("2", "FAILED")])
def test_leaving_the_program_inside_a_run_fails_it_only_with_an_exit_code(code: str, status: str):
    run = after(
        f"with genaiops.start_run() as run:\n    print(run.info.run_id)\n    sys.exit({code})"
    )

    assert run.info.status == status


def test_a_forked_child_logs_to_the_run_and_leaves_its_end_to_the_parent():
    run = after(
        "with genaiops.start_run() as run:\n"
        "    print(run.info.run_id, flush=True)\n"
        "    if os.fork() == 0:\n"
        "        genaiops.log_metric('child', 1.0)\n"
        "        raise SystemExit(3)\n"
        "    os.wait()\n"
        "    genaiops.log_metric('parent', 2.0)\n"
    )

    assert run.info.status == "FINISHED"
    assert run.data.metrics == {"child": 1.0, "parent": 2.0}
    assert "exception.type" not in run.data.tags


def test_a_run_ended_inside_its_block_stays_as_it_ended():
    with genaiops.start_run() as run:
        genaiops.end_run("KILLED")

    assert genaiops.get_run(run.info.run_id).info.status == "KILLED"


def test_a_resumed_run_is_running_again():
    with genaiops.start_run() as run:
        pass
    with genaiops.start_run(run_id=run.info.run_id) as again:
        assert (again.info.status, again.info.end_ns) == ("RUNNING", None)
        assert genaiops.get_run(run.info.run_id).info.status == "RUNNING"


def test_secrets_in_an_error_are_masked():
    secret = "sk-" + "a1B2" * 10

    with pytest.raises(ValueError, match="sk-"), genaiops.start_run() as run:
        raise ValueError(f"refused key {secret}")

    tags = genaiops.get_run(run.info.run_id).data.tags
    assert secret not in str(tags)
    assert "refused key" in tags["exception.message"]


def test_an_error_that_cannot_be_redacted_is_withheld():
    def broken(path: str, value: object) -> object:
        raise KeyError(path)

    genaiops.configure(redact=[broken])

    with pytest.raises(ValueError, match="private"), genaiops.start_run() as run:
        raise ValueError("private")

    found = genaiops.get_run(run.info.run_id)
    assert found.info.status == "FAILED"
    assert "private" not in str(found.data.tags)


def test_switched_off_nothing_is_written(monkeypatch: pytest.MonkeyPatch, store_dir: Path):
    monkeypatch.setenv("GENAIOPS_DISABLED", "1")

    genaiops.set_experiment("none")
    with genaiops.start_run("run", tags={"a": "b"}):
        genaiops.log_param("lr", 0.1)
        genaiops.log_metric("acc", 1.0)
        genaiops.set_tag("c", "d")

    assert not store_dir.exists()
    assert genaiops.last_active_run() is None


def test_a_run_that_goes_on_has_no_end_until_it_ends_again():
    with genaiops.start_run() as run:
        pass
    first = genaiops.get_run(run.info.run_id).info

    with genaiops.start_run(run_id=run.info.run_id):
        during = genaiops.get_run(run.info.run_id).info
    again = genaiops.get_run(run.info.run_id).info

    assert first.end_ns is not None
    assert (during.status, during.end_ns) == ("RUNNING", None)
    assert again.end_ns is not None
    assert again.end_ns > first.end_ns
