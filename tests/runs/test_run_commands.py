"""`genaiops runs` and `genaiops experiments` as somebody types them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import genaiops
from genaiops.cli.main import cli


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@pytest.fixture
def two() -> list[str]:
    """Ids of two runs of the experiment `tuning` that differ in one parameter."""
    genaiops.set_experiment("tuning")
    ids: list[str] = []
    for rate in (0.1, 0.2):
        with genaiops.start_run(f"lr {rate}", tags={"team": "a"}) as made:
            genaiops.log_params({"lr": rate, "layers": 3})
            genaiops.log_metric("acc", rate * 4)
        ids.append(made.info.run_id)
    return ids


def test_runs_are_listed_newest_first(two: list[str]):
    rows = json.loads(run("runs", "list", "--format", "json").stdout)

    assert [row["run_id"] for row in rows] == two[::-1]
    assert rows[0]["params"] == {"lr": 0.2, "layers": 3}
    assert rows[0]["metrics"] == {"acc": 0.8}
    assert rows[0]["experiment"] == "tuning"
    assert "lr 0.1" in run("runs", "list").stdout
    assert "more" in run("runs", "list", "--limit", "1").stderr


def test_runs_are_chosen_by_experiment_and_status(two: list[str]):
    assert run("runs", "list", "-e", "other", "--format", "json").stdout == "[]\n"
    assert run("runs", "list", "--status", "FAILED", "--format", "json").stdout == "[]\n"
    assert "no experiment 'other'" in run("runs", "list", "-e", "other").stderr
    failed = run("runs", "list", "-e", "tuning", "--status", "FAILED").stderr
    assert "no runs of experiment 'tuning' and status 'FAILED'" in failed


def test_an_empty_store_says_that_there_are_no_runs_yet():
    assert "no runs yet" in run("runs", "list").stderr


def test_one_run_is_shown_with_everything_logged(two: list[str]):
    rows = json.loads(run("runs", "show", two[0][:8], "--format", "json").stdout)

    found = {(row["what"], row["key"]): row["value"] for row in rows}
    assert found["params", "lr"] == 0.1
    assert found["metrics", "acc"] == 0.4
    assert found["tags", "team"] == "a"
    assert found["info", "status"] == "FINISHED"

    table = run("runs", "show", two[0]).stdout
    assert "_ns" not in table
    assert "info     started" in table
    assert "parent_run_id" not in table


def test_runs_are_compared_by_what_differs(two: list[str]):
    rows = json.loads(run("runs", "compare", *two, "--format", "json").stdout)
    every = json.loads(run("runs", "compare", *two, "--all", "--format", "json").stdout)

    assert [(row["what"], row["key"]) for row in rows] == [("params", "lr"), ("metrics", "acc")]
    assert [rows[0][run_id] for run_id in two] == [0.1, 0.2]
    assert len(every) == 3


def test_a_table_of_runs_fits_a_terminal(two: list[str]):
    with genaiops.start_run("diverged", tags={"team": "a"}) as made:
        genaiops.log_params({"lr": 9.5, "words": "many words " * 20})
        genaiops.log_metric("acc", float("nan"))

    listed = run("runs", "list").stdout.splitlines()
    compared = run("runs", "compare", two[0][:8], made.info.run_id).stdout.splitlines()

    assert made.info.run_id[:12] in listed[1]
    assert "acc=nan" in listed[1][:100]
    assert max(map(len, compared)) <= 80
    assert compared[1].split() == ["run", "id", two[0][:12], made.info.run_id[:12]]
    assert compared[2].split() == ["run", "name", "lr", "0.1", "diverged"]
    assert ["params", "lr", "0.1", "9.5"] in [line.split() for line in compared]


def test_runs_that_do_not_differ_and_runs_of_nobody_are_told(two: list[str]):
    with genaiops.start_run(run_id=two[0]):
        genaiops.log_metric("loss", float("nan"))
    same = run("runs", "compare", two[0], two[0])
    alone = run("runs", "compare", two[0])

    assert (same.exit_code, "no metric differs" in same.stderr) == (0, True)
    assert (alone.exit_code, "Name two runs or more" in alone.stderr) == (2, True)


def test_a_run_that_is_not_there_is_one_line_and_exit_status_1():
    failed = run("runs", "show", "nope")

    assert failed.exit_code == 1
    assert "nope" in failed.stderr
    assert len(failed.stderr.splitlines()) == 1


def test_experiments_are_listed_with_their_runs(two: list[str]):
    rows = json.loads(run("experiments", "list", "--format", "json").stdout)

    assert [(row["name"], row["n_runs"]) for row in rows] == [("tuning", 2)]
    assert rows[0]["created_ns"] > 0

    table = run("experiments", "list").stdout.splitlines()
    assert table[0].split() == ["EXPERIMENT_ID", "NAME", "STATE", "N_RUNS", "CREATED"]
    assert len(table[1].split()) == 6


def test_artifacts_are_listed_and_copied(workdir: Path):
    with genaiops.start_run() as made:
        genaiops.log_text("hello", "notes/a.txt")
    run_id = made.info.run_id

    listed = run("runs", "artifacts", run_id[:8], "--format", "json", "--download", "back")

    assert json.loads(listed.stdout) == [{"path": "notes/a.txt", "file_size": 5}]
    assert (workdir / "back" / "notes" / "a.txt").read_text() == "hello"
    assert "no artifacts at 'other'" in run("runs", "artifacts", run_id, "other").stderr


def test_runs_are_listed_by_a_filter_and_an_order():
    for number in range(3):
        with genaiops.start_run(f"run {number}"):
            genaiops.log_metric("acc", number / 2)

    asked = ["runs", "list", "-f", "metrics.acc > 0.1", "-o", "metrics.acc DESC"]
    done = CliRunner().invoke(cli, [*asked, "--status", "FINISHED", "--format", "json"])
    wrong = CliRunner().invoke(cli, ["runs", "list", "-f", "metrics.acc >"])

    assert [row["name"] for row in json.loads(done.stdout)] == ["run 2", "run 1"]
    assert (wrong.exit_code, "expected a value" in wrong.stderr) == (1, True)
