"""An mlflow.db made by mlflow 3.17.2 (scripts/make_mlflow_db.py), compared with what mlflow reads.

MLflow reads an infinity that was logged back as the largest double; here it is infinite again.
"""

import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import genaiops
from genaiops.cli.main import cli
from genaiops.runs.from_mlflow import import_mlflow
from genaiops.runs.journal import write
from genaiops.store import events

FIXTURES = Path(__file__).parent / "mlflow_db"
SAID: dict[str, Any] = json.loads((FIXTURES / "mlflow_says.json").read_text(encoding="utf-8"))


@pytest.fixture
def database(workdir: Path) -> Path:
    path = workdir / "mlflow.db"
    connection = sqlite3.connect(path)
    connection.executescript((FIXTURES / "mlflow.sql").read_text(encoding="utf-8"))
    connection.close()
    return path


def test_every_value_that_mlflow_reads_is_in_the_store(database: Path):
    import_mlflow(database)

    for run_id, said in SAID.items():
        run = genaiops.get_run(run_id)
        info = run.info
        assert (info.run_name, info.status) == (said["name"], said["status"])
        assert info.start_ns == said["start_ms"] * 1_000_000
        assert info.end_ns == said["end_ms"] * 1_000_000
        assert run.data.params == said["params"]
        assert run.data.tags == said["tags"]
        history = {
            key: [
                [point.step, point.ts_ns // 1_000_000, str(point.value)]
                for point in genaiops.get_metric_history(run_id, key)
            ]
            for key in run.data.metrics
        }
        assert history == json.loads(
            json.dumps(said["history"]).replace(str(sys.float_info.max), "inf")
        )
    assert {item.name for item in genaiops.search_experiments()} == {"Default", "tuning"}
    assert set(genaiops.search_runs(["tuning"])["run_id"]) == set(SAID)


def test_a_second_time_changes_nothing(database: Path):
    first = import_mlflow(database)
    rows = genaiops.sql("SELECT count(*) FROM metrics").rows
    again = import_mlflow(f"sqlite:///{database}")

    assert (first.runs, first.deleted, first.new_runs, first.new_metrics) == (2, 1, 2, 16)
    assert (again.new_runs, again.new_metrics, again.checksum) == (0, 0, first.checksum)
    assert genaiops.sql("SELECT count(*) FROM metrics").rows == rows == [(16,)]


def test_an_import_that_broke_off_is_completed(database: Path):
    run_id = next(iter(SAID))
    step, ts_ms, value = SAID[run_id]["history"]["loss"][0]
    ts_ns = ts_ms * 1_000_000
    write(events.encode("metric", run_id=run_id, key="loss", value=value, step=step, ts_ns=ts_ns))

    import_mlflow(database)

    assert len(genaiops.get_metric_history(run_id, "loss")) == 5


def test_the_command_prints_counts_and_a_checksum(database: Path):
    done = CliRunner().invoke(cli, ["import", "mlflow", str(database), "--format", "json"])

    (row,) = json.loads(done.stdout)
    assert (row["runs"], row["metrics"], len(row["checksum"])) == (2, 16, 64)


def test_what_is_no_database_is_refused(workdir: Path):
    (workdir / "text.db").write_text("no database at all" * 100)

    with pytest.raises(genaiops.ConfigError, match="no MLflow database"):
        import_mlflow("text.db")
    with pytest.raises(genaiops.ConfigError, match="is a folder"):
        import_mlflow(workdir)
    with pytest.raises(genaiops.NotFoundError, match="no file 'gone.db'"):
        import_mlflow("gone.db")
