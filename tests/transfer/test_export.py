"""What is exported is read back by others: Parquet by DuckDB, `mlruns` by our own import.

`tests/ml/test_mlflow_import.py` reads the same folder with the real mlflow.
"""

import json
import math
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

import genaiops
from genaiops.cli.main import cli
from genaiops.transfer.export import export
from genaiops.transfer.mlflow import import_mlflow


@pytest.fixture
def run_id() -> str:
    genaiops.set_experiment("tuning")
    with genaiops.start_run("first", tags={"team": "é"}, description="why") as run:
        genaiops.log_params({"lr": 0.1, "opt/name": "adam", "layers": [1, 2]})
        for step, value in enumerate((1.0, math.nan, math.inf)):
            genaiops.log_metric("loss", value, step=step)
        genaiops.log_text("hello", "notes/a.txt")
        with genaiops.start_span("call") as span:
            span.set_attribute("k", [1, 2])
    return run.info.run_id


def test_parquet_has_every_view_and_every_file(run_id: str, workdir: Path):
    done = export("out")

    with duckdb.connect() as engine:
        rows = engine.execute(
            "SELECT key, value, step FROM 'out/metrics.parquet' ORDER BY step"
        ).fetchall()
        (attributes,) = engine.execute("SELECT attributes FROM 'out/spans.parquet'").fetchall()[0]
    assert str(rows) == "[('loss', 1.0, 0), ('loss', nan, 1), ('loss', inf, 2)]"
    assert json.loads(attributes)["k"] == [1, 2]
    assert (workdir / "out" / "artifacts" / run_id / "notes" / "a.txt").read_text() == "hello"
    assert (done.counts["runs"], done.counts["artifacts"], done.problems) == (1, 1, ())
    assert not list(workdir.glob("out/*keys*"))


def test_an_exported_mlruns_folder_comes_back_the_same(run_id: str, workdir: Path):
    before = genaiops.get_run(run_id)
    export("out", format="mlflow")
    genaiops.set_tracking_uri(workdir / "other")

    done = import_mlflow("out/mlruns")

    after = genaiops.get_run(run_id)
    assert done.problems == ()
    assert (after.info.run_name, after.info.status, after.info.description) == (
        "first",
        "FINISHED",
        "why",
    )
    assert after.data.params == {"lr": "0.1", "opt/name": "adam", "layers": "[1, 2]"}
    assert {**after.data.tags, **before.data.tags} == after.data.tags
    assert str(after.data.metrics) == str(before.data.metrics)
    assert genaiops.load_text(f"runs:/{run_id}/notes/a.txt") == "hello"


def test_names_that_mlflow_does_not_take_are_said(workdir: Path):
    with genaiops.start_run():
        for key in ("../../evil", "/etc/x", "a*b", "deep", "deep/er", "ok"):
            genaiops.log_metric(key, 1.0)

    done = export("out", format="mlflow", artifacts=False)

    assert len(done.problems) == 4
    files = {path.name for path in (workdir / "out").rglob("metrics/**/*") if path.is_file()}
    assert files == {"er", "ok"}


def test_a_folder_with_something_in_it_is_refused(run_id: str, workdir: Path):
    (workdir / "out").mkdir()
    (workdir / "out" / "mine").write_text("x")

    with pytest.raises(genaiops.ConflictError, match="'out' has something in it"):
        export("out")
    with pytest.raises(genaiops.ConfigError, match="format 'csv' is none"):
        export("new", format="csv")  # pyright: ignore[reportArgumentType]  refused
    assert (workdir / "out" / "mine").read_text() == "x"


def test_the_command_prints_what_was_written(run_id: str):
    done = CliRunner().invoke(cli, ["export", "out", "--format", "mlflow"])

    assert done.exit_code == 0
    written = dict(line.split() for line in done.stdout.splitlines()[1:])
    names = ("experiments", "runs", "params", "metrics", "artifacts")
    assert [written[name] for name in names] == ["1", "1", "3", "3", "1"]
