"""Runs by explicit ids: nothing becomes active, and the ids decide where things go."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import genaiops
from genaiops.model.run import Metric


@pytest.fixture
def client() -> genaiops.Client:
    return genaiops.Client()


@pytest.fixture
def run_id(client: genaiops.Client) -> str:
    experiment_id = client.create_experiment("by hand")
    return client.create_run(experiment_id, run_name="one", tags={"team": "a"}).info.run_id


def test_a_run_by_id_keeps_what_was_logged_and_is_never_active(
    client: genaiops.Client, run_id: str
):
    with genaiops.start_run() as active:
        client.log_param(run_id, "lr", 0.1)
        client.log_metric(run_id, "loss", 0.5, step=3, timestamp=1_000)
        client.set_tag(run_id, "note", "x")
        client.delete_tag(run_id, "team")
        assert genaiops.active_run() is active
    running = client.get_run(run_id)
    client.set_terminated(run_id, "KILLED", end_time=running.info.start_ns // 1_000_000 + 5)

    found = client.get_run(run_id)
    assert (running.info.status, found.info.status) == ("RUNNING", "KILLED")
    assert found.info.run_name == "one"
    assert found.data.params == {"lr": 0.1}
    assert found.data.tags == {"note": "x"}
    assert client.get_metric_history(run_id, "loss") == [
        Metric(key="loss", value=0.5, step=3, ts_ns=1_000_000_000)
    ]
    assert genaiops.get_run(active.info.run_id).data.metrics == {}


def test_a_batch_is_refused_whole_when_a_parameter_differs(client: genaiops.Client, run_id: str):
    metric = Metric(key="acc", value=0.9, step=1, ts_ns=7)
    client.log_batch(run_id, [metric], {"k": [1, 2]}, {"t": 1})
    client.log_batch(run_id, params={"k": [1, 2]})

    with pytest.raises(genaiops.ConflictError, match=r"'k' of run .* is \[1, 2\] already"):
        client.log_batch(run_id, params={"k": 3, "new": 1}, tags={"t": 2})

    data = client.get_run(run_id).data
    assert (data.params, data.metrics, data.tags) == (
        {"k": [1, 2]},
        {"acc": 0.9},
        {"team": "a", "t": "1"},
    )
    assert client.get_metric_history(run_id, "acc") == [metric]


def test_a_batch_takes_mlflows_metrics(client: genaiops.Client, run_id: str):
    theirs: Any = SimpleNamespace(key="acc", value=0.5, timestamp=7, step=2)

    client.log_batch(run_id, [theirs])

    point = Metric(key="acc", value=0.5, step=2, ts_ns=7_000_000)
    assert client.get_metric_history(run_id, "acc") == [point]


def test_a_batch_with_a_metric_that_is_no_number_logs_nothing(client: genaiops.Client, run_id: str):
    wrong: Any = "x"  # as a user may err
    good = Metric(key="a", value=1.0, step=0, ts_ns=1)
    bad = Metric(key="b", value=wrong, step=0, ts_ns=1)

    with pytest.raises(genaiops.ConfigError, match="log a number"):
        client.log_batch(run_id, [good, bad], {"p": 1})

    assert client.get_run(run_id).data.params == {}
    assert client.get_run(run_id).data.metrics == {}


def test_a_batch_with_a_tag_without_a_name_logs_nothing(client: genaiops.Client, run_id: str):
    good = Metric(key="a", value=1.0, step=0, ts_ns=1)

    with pytest.raises(genaiops.ConfigError, match="'' is no name"):
        client.log_batch(run_id, [good], {"p": 1}, {"": "x"})

    data = client.get_run(run_id).data
    assert (data.params, data.metrics) == ({}, {})


def test_the_active_run_knows_what_was_logged_to_it_by_its_id(client: genaiops.Client):
    with genaiops.start_run() as run:
        client.log_param(run.info.run_id, "k", 1)

        with pytest.raises(genaiops.ConflictError, match="'k' of run .* is 1 already"):
            genaiops.log_param("k", 2)


def test_a_run_whose_tags_are_refused_is_not_begun(client: genaiops.Client):
    experiment_id = client.create_experiment("none")

    with pytest.raises(genaiops.ConfigError, match="'' is no name"):
        client.create_run(experiment_id, tags={"": "x"})
    with pytest.raises(genaiops.ConfigError, match="'' is no name"):
        genaiops.start_run(tags={"": "x"})

    assert genaiops.active_run() is None
    assert genaiops.sql("SELECT count(*) FROM runs").rows == [(0,)]


def test_runs_are_found_by_the_ids_of_experiments(client: genaiops.Client, run_id: str):
    experiment_id = client.get_run(run_id).info.experiment_id
    child = client.create_run(experiment_id, parent_run_id=run_id).info
    client.log_metric(child.run_id, "acc", 0.9)
    client.create_run(client.create_experiment("other"))

    assert client.get_experiment(experiment_id).name == "by hand"
    assert {run.info.run_id for run in client.search_runs([experiment_id])} == {
        run_id,
        child.run_id,
    }
    (found,) = client.search_runs([experiment_id], "metrics.acc > 0.5")
    assert found.info.parent_run_id == run_id


def test_files_go_to_the_run_of_the_id(client: genaiops.Client, run_id: str, workdir: Path):
    (workdir / "a.txt").write_text("a")
    client.log_artifact(run_id, workdir / "a.txt", "in")
    client.log_text(run_id, "b", "b.txt")
    client.log_dict(run_id, {"c": 1}, "c.json")

    paths = [item.path for item in client.list_artifacts(run_id)]
    assert paths == ["b.txt", "c.json", "in/a.txt"]
    assert client.download_artifacts(run_id, "in/a.txt", workdir / "back").read_text() == "a"


def test_ids_that_nothing_has_are_named(client: genaiops.Client, run_id: str):
    for call in (
        lambda: client.create_run("0" * 16),
        lambda: client.log_param("f" * 32, "k", 1),
        lambda: client.log_metric("", "k", 1),
        lambda: client.log_text("f" * 32, "x", "a.txt"),
        lambda: client.set_terminated("f" * 32),
    ):
        with pytest.raises(genaiops.NotFoundError):
            call()
    with pytest.raises(genaiops.ConfigError, match="cannot end as 'DONE'"):
        client.set_terminated(run_id, "DONE")
