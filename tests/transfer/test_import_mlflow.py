"""The same work in MLflow's database, folder and server, compared with what mlflow reads back.

MLflow's database reads an infinity back as the largest double; here it is infinite again.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import genaiops
from genaiops.cli.main import cli
from genaiops.transfer.mlflow import import_mlflow
from genaiops.transfer.tally import Imported


@pytest.fixture(params=["database", "folder", "server"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def source(kind: str, request: pytest.FixtureRequest) -> str:
    if kind == "server":
        return request.getfixturevalue("mlflow_server").url
    database: Path = request.getfixturevalue("database")
    return str(database if kind == "database" else database.parent.parent / "mlruns")


@pytest.fixture
def mlflow_says(kind: str, said: dict[str, Any]) -> dict[str, Any]:
    return said[kind]


def new(done: Imported) -> dict[str, int]:
    return {what: count.new for what, count in done.counts.items() if count.new}


def test_every_run_has_every_value_that_mlflow_reads(source: str, mlflow_says: dict[str, Any]):
    done = import_mlflow(source)

    names = {item.experiment_id: item for item in genaiops.search_experiments(view_type="ALL")}
    assert done.problems == ()
    assert done.equal_runs == done.counts["runs"].found == len(mlflow_says["runs"])
    for run_id, told in mlflow_says["runs"].items():
        run = genaiops.get_run(run_id)
        info = run.info
        assert (info.run_name, info.status, info.lifecycle_stage) == (
            told["name"],
            told["status"],
            told["state"],
        )
        assert names[info.experiment_id].name == told["experiment"]
        assert (info.start_time, info.end_time) == (told["start_ms"], told["end_ms"])
        assert info.parent_run_id == told["tags"].get("mlflow.parentRunId")
        assert info.description == told["tags"].get("mlflow.note.content")
        assert run.data.params == told["params"]
        tags = {k: v for k, v in run.data.tags.items() if not k.startswith("genaiops.")}
        assert tags == told["tags"]
        history = {
            key: sorted(
                [point.step, point.ts_ns // 1_000_000, str(point.value)]
                for point in genaiops.get_metric_history(run_id, key)
            )
            for key in run.data.metrics
        }
        text = json.dumps(told["history"]).replace(str(sys.float_info.max), "inf")
        assert history == json.loads(text)
        inputs = [json.loads(v) for k, v in run.data.tags.items() if k.startswith("genaiops.")]
        found = [[item["name"], item["digest"], [item["context"]]] for item in inputs]
        assert found == told["inputs"]


def test_experiments_keep_state_and_tags(source: str, mlflow_says: dict[str, Any]):
    import_mlflow(source)

    found = {
        item.name: {
            "state": item.state,
            "tags": {k: v for k, v in item.tags.items() if k != "mlflow.experimentId"},
        }
        for item in genaiops.search_experiments(view_type="ALL")
    }
    assert found == mlflow_says["experiments"]


def test_files_of_runs_and_models_are_copied(source: str, mlflow_says: dict[str, Any]):
    import_mlflow(source)

    for run_id, told in mlflow_says["runs"].items():
        paths = [item.path for item in genaiops.list_artifacts(run_id)]
        first = told["name"] == "run 0"
        wanted = ["notes/a.txt"] if told["name"].startswith("run") else []
        assert paths == (["model/MLmodel"] if first else []) + wanted
        if wanted:
            assert genaiops.load_text(f"runs:/{run_id}/notes/a.txt") == "hello"


def test_prompts_keep_their_numbers_texts_and_aliases(source: str, mlflow_says: dict[str, Any]):
    import_mlflow(source)

    for name, versions in mlflow_says["prompts"].items():
        for number, told in enumerate(versions, start=1):
            prompt = genaiops.load_prompt(f"{name}/{number}")
            assert prompt.template == told["template"]
            assert prompt.commit_message == (told["message"] or None)  # the server has empty text
    assert genaiops.load_prompt("answer@production").version == 2
    assert genaiops.load_prompt("answer/1").tags == {"t": "1"}
    chat = genaiops.load_prompt("chat")
    assert chat.model_config == {"model_name": "small", "temperature": 0.1}
    assert chat.response_format is not None
    assert genaiops.load_prompt("logic").format(q="x") == "Answer x"


def test_traces_have_the_spans_and_assessments_that_mlflow_reads(
    source: str, mlflow_says: dict[str, Any]
):
    import_mlflow(source)

    for mlflow_id, told in mlflow_says["traces"].items():
        trace = genaiops.get_trace(mlflow_id.removeprefix("tr-"))
        found = [
            {
                "id": span.span_id,
                "parent": span.parent_span_id,
                "name": span.name,
                "inputs": span.inputs,
                "outputs": span.outputs,
                "start_ns": span.start_ns,
                "end_ns": span.end_ns,
            }
            for span in trace.spans
        ]
        spans = [
            {key: value for key, value in span.items() if key != "type"} for span in told["spans"]
        ]
        assert found == sorted(spans, key=lambda span: span["start_ns"])
        assert trace.summary.experiment == "tuning"
        opinions = [
            [item.name, item.value, item.rationale, item.superseded_by is None]
            for item in trace.assessments
        ]
        wanted = [[*item[:3], item[3] is not False] for item in told["assessments"]]
        assert sorted(opinions, key=str) == sorted(wanted, key=str)
    (outer,) = [
        trace
        for trace in genaiops.search_traces(experiment="tuning")
        if trace.summary.name == "outer"
    ]
    about = outer.summary
    assert (about.session_id, about.user_id) == ("s1", "u1")
    assert about.tags["fruit"] == "apple"
    assert about.metadata["own"] == "kept"
    assert genaiops.get_run(str(about.run_id)).info.run_name == "run 0"
    root = genaiops.get_trace(outer.trace_id).root
    assert root is not None
    assert (root.span_type, root.attributes["listed"], root.attributes["text"]) == (
        "chain",
        [1, 2],
        "v",
    )


def test_models_are_kept_as_records(source: str):
    import_mlflow(source)

    rows = genaiops.sql(
        "SELECT kind, name FROM imported_records WHERE kind <> 'logged_model' ORDER BY kind"
    ).rows
    assert rows == [("model_version", "classifier/1"), ("registered_model", "classifier")]
    (data,) = genaiops.sql(
        "SELECT data FROM imported_records WHERE kind = 'registered_model'"
    ).rows[0]
    assert data["aliases"] == {"champion": 1}
    assert data["tags"] == {"kind": "tree"}
    ((logged,),) = genaiops.sql(
        "SELECT count(*) FROM imported_records WHERE kind = 'logged_model'"
    ).rows
    assert logged == 1


def test_a_second_time_changes_nothing(source: str, store_dir: Path):
    first = import_mlflow(source)
    before = contents(store_dir)
    again = import_mlflow(source)

    assert new(first)["runs"] == first.counts["runs"].found
    assert new(again) == {}
    assert again.checksum == first.checksum
    assert contents(store_dir) == before


def contents(store_dir: Path) -> dict[str, Any]:
    """How many rows each view has, and how many files there are."""
    views = ("experiments", "experiment_tags", "runs", "params", "run_tags", "metrics", "spans")
    more = ("assessments", "prompt_versions", "prompt_alias_history", "imported_records")
    counts = {
        view: genaiops.sql(f"SELECT count(*) FROM {view}").rows[0][0] for view in (*views, *more)
    }
    files = sum(path.is_file() for path in (store_dir / "artifacts").rglob("*"))
    return counts | {"files": files}


def test_what_was_done_here_since_stays(database: Path, said: dict[str, Any]):
    import_mlflow(database)
    run_id = next(key for key, run in said["database"]["runs"].items() if run["name"] == "run 0")
    with genaiops.start_run(run_id=run_id):
        genaiops.log_metric("loss", 0.5, step=99)
        genaiops.set_tag("team", "ours")

    again = import_mlflow(database)

    run = genaiops.get_run(run_id)
    assert (run.data.tags["team"], run.data.metrics["loss"]) == ("ours", 0.5)
    assert len(genaiops.get_metric_history(run_id, "loss")) == 6
    assert new(again) == {}
    assert again.equal_runs == again.counts["runs"].found - 1


def test_a_run_that_went_on_in_mlflow_is_brought_up_to_date(database: Path):
    with sqlite3.connect(database) as connection:
        (run_id,) = connection.execute("SELECT run_uuid FROM runs WHERE name = 'run 0'").fetchone()
        connection.execute(
            "UPDATE runs SET status = 'RUNNING', end_time = NULL WHERE run_uuid = ?", [run_id]
        )
    import_mlflow(database)
    running = genaiops.get_run(run_id).info
    with sqlite3.connect(database) as connection:
        connection.execute(
            "UPDATE runs SET status = 'FAILED', end_time = 1800000000000 WHERE run_uuid = ?",
            [run_id],
        )
        connection.execute(
            "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) "
            "VALUES ('loss', 0.25, 1700000000009, ?, 9, 0)",
            [run_id],
        )

    again = import_mlflow(database)

    ended = genaiops.get_run(run_id)
    assert (running.status, running.end_ns) == ("RUNNING", None)
    assert (ended.info.status, ended.info.end_time) == ("FAILED", 1_800_000_000_000)
    assert new(again) == {"runs": 1, "metrics": 1}
    assert ended.data.metrics["loss"] == 0.25
    connection.close()


def test_files_can_be_left_where_they_are(database: Path, said: dict[str, Any]):
    import_mlflow(database, artifacts="link")

    run_id = next(key for key, run in said["database"]["runs"].items() if run["name"] == "run 1")
    assert genaiops.load_text(f"runs:/{run_id}/notes/a.txt") == "hello"
    with (
        pytest.raises(genaiops.ConflictError, match="only read"),
        genaiops.start_run(run_id=run_id),
    ):
        genaiops.log_text("new", "b.txt")


def test_a_store_that_was_moved_finds_its_files(database: Path, workdir: Path):
    moved = workdir / "elsewhere"
    database.parent.rename(moved)

    done = import_mlflow(moved / "mlflow.db")

    assert done.counts["artifacts"].new == 4


def test_a_file_that_cannot_be_taken_is_said_and_the_rest_comes(database: Path):
    folder = next((database.parent / "mlruns").rglob("notes"))
    (folder / ".hydra").write_text("x")
    (folder / "a\\b").write_text("x")
    (folder / "link").symlink_to("/etc/passwd")

    done = import_mlflow(database)

    (problem,) = done.problems
    assert r"'notes/a\\b' stays out" in problem
    assert done.counts["artifacts"].new == 5
    assert done.equal_runs == done.counts["runs"].found


def test_the_command_prints_counts_and_a_checksum(database: Path):
    done = CliRunner().invoke(cli, ["import", "mlflow", str(database), "--format", "json"])

    rows = {row["what"]: row for row in json.loads(done.stdout)}
    assert rows["runs"] == {"what": "runs", "found": 6, "new": 6}
    assert "6 of 6 runs read back equal" in done.stderr
    assert done.exit_code == 0


def test_an_import_that_was_killed_is_completed(database: Path, store_dir: Path):
    program = (
        "import os, sys, signal\n"
        "from genaiops.transfer import journal\n"
        "from genaiops.transfer.mlflow import bringing, import_mlflow\n"
        "plain = journal._written\n"
        "left = [int(sys.argv[2])]\n"
        "def written(store, group, lines):\n"
        "    left[0] -= 1\n"
        "    if left[0] < 0:\n"
        "        store.append(group, lines[: len(lines) // 2])  # torn in the middle of a line\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    plain(store, group, lines)\n"
        "journal._written = written\n"
        "import_mlflow(sys.argv[1])\n"
    )
    for writes in (0, 3):  # the first experiment, and the runs
        died = subprocess.run(
            [sys.executable, "-c", program, str(database), str(writes)],
            check=False,
            env=os.environ | {"PYTHONWARNINGS": "error"},
        )
        assert died.returncode == -signal.SIGKILL

    done = import_mlflow(database)
    again = import_mlflow(database)

    assert done.equal_runs == done.counts["runs"].found == 6
    assert new(again) == {}
    ((rows,),) = genaiops.sql("SELECT count(*) FROM metrics").rows
    assert rows == done.counts["metrics"].found


def test_bad_sources_get_one_sentence(workdir: Path):
    (workdir / "text.db").write_text("no database at all" * 100)
    (workdir / "empty").mkdir()
    cases = {
        "text.db": (genaiops.ConfigError, "no MLflow database"),
        "empty": (genaiops.ConfigError, "no mlruns folder"),
        "gone.db": (genaiops.NotFoundError, "no file 'gone.db'"),
        "postgresql://host/db": (genaiops.ConfigError, "mlflow server --backend-store-uri"),
        "http://127.0.0.1:9": (genaiops.NotFoundError, "no answer from http://127.0.0.1:9"),
        "http://": (genaiops.ConfigError, "names no server"),
    }
    for source, (kind, text) in cases.items():
        with pytest.raises(kind, match=text):
            import_mlflow(source)
