"""Runs and experiments deleted, restored, renamed; how runs end when their process is killed."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import genaiops
from genaiops.query import runs as query
from genaiops.store import current_store


@pytest.fixture(params=["waiting", "compacted"])
def settle(request: pytest.FixtureRequest) -> Callable[[], None]:
    """Leaves what was written in the journal, or moves it into the file."""

    def compact() -> None:
        store = current_store()
        store.seal()
        while store.compact().remaining:
            pass

    return compact if request.param == "compacted" else lambda: None


def ids(view: str = "ACTIVE_ONLY") -> list[str]:
    found = genaiops.search_runs(
        search_all_experiments=True, run_view_type=view, output_format="list"
    )
    return [run.info.run_name for run in found]


def test_a_deleted_run_is_hidden_until_it_is_restored(settle: Callable[[], None]):
    with genaiops.start_run("kept"), genaiops.start_run("gone", nested=True) as gone:
        genaiops.log_metric("acc", 0.5)
    settle()

    genaiops.delete_run(gone.info.run_id)
    hidden = ids(), ids("DELETED_ONLY"), sorted(ids("ALL"))
    listed = [row.name for row in query.search().items]
    settle()
    still = genaiops.get_run(gone.info.run_id)
    genaiops.restore_run(gone.info.run_id)

    assert hidden == (["kept"], ["gone"], ["gone", "kept"])
    assert listed == ["kept"]
    assert (still.info.lifecycle_stage, still.data.metrics) == ("deleted", {"acc": 0.5})
    assert sorted(ids()) == ["gone", "kept"]


def test_a_deleted_run_takes_nothing_more():
    with genaiops.start_run() as run:
        pass
    run_id = run.info.run_id
    genaiops.delete_run(run_id)

    with pytest.raises(genaiops.ConflictError, match="was deleted: restore_run"):
        genaiops.start_run(run_id=run_id)
    with pytest.raises(genaiops.ConflictError, match="was deleted"):
        genaiops.Client().log_metric(run_id, "acc", 1.0)
    with pytest.raises(genaiops.ConflictError, match="was deleted"):
        genaiops.Client().log_param(run_id, "k", 1)


def test_a_deleted_experiment_hides_its_runs_and_is_not_used(settle: Callable[[], None]):
    old = genaiops.set_experiment("old")
    with genaiops.start_run("in old"):
        pass
    settle()

    genaiops.delete_experiment(old.experiment_id)
    settle()

    assert ids() == []
    assert ids("DELETED_ONLY") == ["in old"]
    assert [item.name for item in genaiops.search_experiments()] == []
    assert [item.name for item in genaiops.search_experiments("DELETED_ONLY")] == ["old"]
    with pytest.raises(genaiops.ConflictError, match="'old' was deleted"):
        genaiops.start_run()
    with pytest.raises(genaiops.ConflictError, match="'old' was deleted"):
        genaiops.set_experiment("old")
    with pytest.raises(genaiops.ConflictError, match="exists and was deleted"):
        genaiops.create_experiment("old")
    genaiops.restore_experiment(old.experiment_id)
    with genaiops.start_run("again"):
        pass
    assert ids() == ["again", "in old"]


def test_a_run_that_goes_on_does_not_restore_its_experiment(settle: Callable[[], None]):
    experiment = genaiops.set_experiment("e")
    with genaiops.start_run():
        genaiops.delete_experiment(experiment.experiment_id)
        settle()
    settle()

    assert genaiops.Client().get_experiment(experiment.experiment_id).state == "deleted"


def test_a_renamed_experiment_keeps_its_runs_and_its_old_name_is_free(
    settle: Callable[[], None],
):
    first = genaiops.set_experiment("first")
    with genaiops.start_run("one"):
        pass
    settle()

    genaiops.rename_experiment(first.experiment_id, "second")
    with genaiops.start_run("two"):
        pass
    settle()
    again = genaiops.create_experiment("first")
    genaiops.set_experiment("first")
    with genaiops.start_run("three"):
        pass
    settle()

    assert again != first.experiment_id
    assert list(genaiops.search_runs(["second"])["tags.mlflow.runName"]) == ["two", "one"]
    assert list(genaiops.search_runs(["first"])["tags.mlflow.runName"]) == ["three"]
    assert {item.name for item in genaiops.search_experiments()} == {"first", "second"}
    with pytest.raises(genaiops.ConflictError, match="'second' already"):
        genaiops.rename_experiment(again, "second")


def test_another_process_finds_a_renamed_experiment_by_its_name():
    first = genaiops.set_experiment("first")
    genaiops.rename_experiment(first.experiment_id, "second")

    program = "import genaiops\ngenaiops.start_run('theirs')"
    subprocess.run(
        [sys.executable, "-c", program], check=True, env={"GENAIOPS_EXPERIMENT": "second"}
    )

    (found,) = genaiops.search_runs(["second"], output_format="list")
    assert (found.info.run_name, found.info.experiment_id) == ("theirs", first.experiment_id)


def test_tags_and_filters_of_experiments(settle: Callable[[], None]):
    made = genaiops.create_experiment("a")
    genaiops.Client().create_experiment("b", tags={"team": "x y"})
    genaiops.set_experiment_tag(made, "team", "z")
    genaiops.set_experiment_tag(made, "gone", 1)
    genaiops.set_experiment_tag(made, "gone", None)
    settle()

    found = genaiops.search_experiments(order_by=["name"])
    assert [(item.name, item.tags) for item in found] == [
        ("a", {"team": "z"}),
        ("b", {"team": "x y"}),
    ]
    assert [e.name for e in genaiops.search_experiments(filter_string="tags.team LIKE 'x%'")] == [
        "b"
    ]
    assert [e.name for e in genaiops.search_experiments(filter_string="name ILIKE 'A'")] == ["a"]


def test_a_description_stands_with_the_run():
    with genaiops.start_run(description="what was tried") as run:
        pass

    assert genaiops.get_run(run.info.run_id).info.description == "what was tried"
    assert query.get(run.info.run_id).info.description == "what was tried"


def started(program: str) -> "tuple[subprocess.Popen[str], str]":
    """A program that logs, and the id of its run, which it prints first."""
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


LOOP = """
import genaiops, time
with genaiops.start_run() as run:
    print(run.info.run_id, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGINT, "KILLED"),
        (signal.SIGTERM, "INTERRUPTED"),
        (signal.SIGKILL, "INTERRUPTED"),
    ],
)
def test_the_status_tells_how_a_killed_process_went(number: signal.Signals, status: str):
    process, run_id = started(LOOP)
    running = genaiops.get_run(run_id).info.status

    process.send_signal(number)
    process.communicate(timeout=30)

    assert running == "RUNNING"
    assert genaiops.get_run(run_id).info.status == status
    found = genaiops.search_runs(filter_string=f"attributes.status = '{status}'")
    assert list(found["run_id"]) == [run_id]


def test_an_interrupt_outside_a_block_kills_the_run_too():
    process, run_id = started(
        "import genaiops, time\nprint(genaiops.start_run().info.run_id, flush=True)\ntime.sleep(60)"
    )

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)

    assert genaiops.get_run(run_id).info.status == "KILLED"


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


def test_the_code_that_is_not_committed_is_kept_when_asked(workdir: Path):
    git(workdir, "init", "-q")
    (workdir / "train.py").write_text("lr = 1\n")
    (workdir / "blob.bin").write_bytes(b"\0\1\2")
    git(workdir, "add", ".")
    git(workdir, "commit", "-q", "-m", "one")
    (workdir / "train.py").write_bytes("lr = 2  # é \n".encode() + b"\xff\n")
    (workdir / "blob.bin").write_bytes(b"\0\1\3")

    with genaiops.start_run() as run:
        genaiops.log_code()

    patch = genaiops.download_artifacts(f"runs:/{run.info.run_id}/code.patch")
    git(workdir, "stash", "-q")
    git(workdir, "apply", str(patch))
    assert (workdir / "train.py").read_bytes().endswith(b"\xff\n")
    assert (workdir / "blob.bin").read_bytes() == b"\0\1\3"


def test_outside_a_work_tree_there_is_no_code_to_keep():
    with genaiops.start_run(), pytest.raises(genaiops.ConfigError, match="no git work tree"):
        genaiops.log_code()
