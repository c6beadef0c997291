"""Runs through the public API, as somebody who comes from MLflow types it."""

import math
import os
import signal
import subprocess
import sys
import threading

import pytest

import genaiops


def test_a_run_keeps_what_was_logged_to_it():
    with genaiops.start_run("first", tags={"team": "a"}, description="a try") as run:
        genaiops.log_params({"lr": 0.1, "layers": [1, 2]})
        genaiops.log_metrics({"loss": 0.5, "acc": 0.8}, step=1)
        genaiops.log_metric("loss", 0.25, step=2)
        genaiops.set_tag("note", "x")

    found = genaiops.get_run(run.info.run_id)

    assert found.info.run_name == "first"
    assert found.info.status == "FINISHED"
    assert found.info.end_ns >= found.info.start_ns
    assert found.data.params == {"lr": 0.1, "layers": [1, 2]}
    assert found.data.metrics == {"loss": 0.25, "acc": 0.8}
    assert found.data.tags == {"team": "a", "note": "x"}


def test_the_history_of_a_metric_keeps_every_value_by_step():
    with genaiops.start_run() as run:
        for step, value in ((2, math.inf), (1, math.nan), (3, -math.inf), (0, 1e-300)):
            genaiops.log_metric("loss", value, step=step)

    history = genaiops.get_metric_history(run.info.run_id, "loss")

    assert [item.step for item in history] == [0, 1, 2, 3]
    assert history[0].value == 1e-300
    assert math.isnan(history[1].value)
    assert [item.value for item in history[2:]] == [math.inf, -math.inf]


def test_an_exception_makes_the_run_failed_and_is_recorded():
    with pytest.raises(ValueError, match="bad data"), genaiops.start_run() as run:
        raise ValueError("bad data")

    found = genaiops.get_run(run.info.run_id)

    assert found.info.status == "FAILED"
    assert found.data.tags["exception.type"] == "ValueError"
    assert "bad data" in found.data.tags["exception.stacktrace"]


def test_an_interrupt_makes_the_run_killed():
    with pytest.raises(KeyboardInterrupt), genaiops.start_run() as run:
        raise KeyboardInterrupt

    assert genaiops.get_run(run.info.run_id).info.status == "KILLED"


def test_a_run_of_a_killed_process_is_interrupted():
    program = (
        "import genaiops, os, signal\n"
        "print(genaiops.start_run().info.run_id, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert done.returncode == -signal.SIGKILL
    assert genaiops.get_run(done.stdout.strip()).info.status == "INTERRUPTED"


def test_a_second_run_needs_to_be_nested_and_then_knows_its_parent():
    with genaiops.start_run() as outer:
        with pytest.raises(genaiops.ConflictError, match="nested=True"):
            genaiops.start_run()
        with genaiops.start_run(nested=True) as inner:
            assert genaiops.active_run() is inner
        assert genaiops.active_run() is outer

    assert genaiops.active_run() is None
    assert genaiops.get_run(inner.info.run_id).info.parent_run_id == outer.info.run_id


def test_a_run_can_be_resumed_by_its_id():
    with genaiops.start_run("long") as run:
        genaiops.log_metric("loss", 1.0, step=1)
    with genaiops.start_run(run_id=run.info.run_id):
        genaiops.log_metric("loss", 0.5, step=2)

    found = genaiops.get_run(run.info.run_id)

    assert found.info.run_name == "long"
    assert found.info.status == "FINISHED"
    assert found.data.metrics == {"loss": 0.5}


def test_an_unknown_run_cannot_be_resumed():
    with pytest.raises(genaiops.NotFoundError, match="no run 'nope'"):
        genaiops.start_run(run_id="nope")


def test_a_parameter_cannot_be_changed():
    with genaiops.start_run() as run:
        genaiops.log_param("lr", 0.1)
        genaiops.log_param("lr", 0.1)
        with pytest.raises(genaiops.ConflictError, match="'lr'"):
            genaiops.log_param("lr", 0.2)

    assert genaiops.get_run(run.info.run_id).data.params == {"lr": 0.1}


@pytest.mark.parametrize("value", ["high", None, [1], 10**400])
def test_a_metric_that_is_no_number_is_refused_in_one_sentence(value):
    with genaiops.start_run(), pytest.raises(genaiops.ConfigError, match="log a number"):
        genaiops.log_metric("acc", value)


def test_logging_without_a_run_begins_one():
    genaiops.log_metric("acc", 1.0)
    run = genaiops.active_run()
    genaiops.end_run()

    assert genaiops.get_run(run.info.run_id).data.metrics == {"acc": 1.0}
    assert genaiops.last_active_run().info.run_id == run.info.run_id


def test_a_run_ends_only_as_finished_failed_or_killed():
    with pytest.raises(genaiops.ConfigError, match="FINISHED, FAILED, KILLED"):
        genaiops.end_run("DONE")


def test_metrics_of_fifty_threads_are_all_kept():
    with genaiops.start_run() as run:
        threads = [
            threading.Thread(
                target=lambda n=number: [
                    genaiops.log_metric("m", n, step=n * 20 + i) for i in range(20)
                ]
            )
            for number in range(50)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(genaiops.get_metric_history(run.info.run_id, "m")) == 1000


def test_runs_are_found_by_metric_parameter_tag_and_attribute():
    genaiops.set_experiment("search")
    for number in range(4):
        with genaiops.start_run(
            f"run {number}", tags={"a b": "even" if number % 2 == 0 else "odd"}
        ):
            genaiops.log_param("model", f"m{number}")
            genaiops.log_metric("acc", number / 10)

    found = genaiops.search_runs(
        filter_string="metrics.acc >= 0.1 and tags.`a b` = 'even' and attributes.status = 'FINISHED'"
    )
    ordered = genaiops.search_runs(order_by=["metrics.acc DESC"], max_results=2)

    assert list(found["params.model"]) == ["m2"]
    assert list(ordered["metrics.acc"]) == [0.3, 0.2]
    assert {"run_id", "experiment_id", "status", "start_time", "end_time"} <= set(found.columns)


def test_a_search_with_an_unknown_order_names_the_fields():
    with pytest.raises(genaiops.FilterError, match=r"metrics\.KEY"):
        genaiops.search_runs(order_by=["nope"])


def test_experiments_are_created_once_and_found_by_name():
    identity = genaiops.create_experiment("one")

    assert genaiops.get_experiment_by_name("one").experiment_id == identity
    assert genaiops.get_experiment_by_name("two") is None
    with pytest.raises(genaiops.ConflictError, match="exists"):
        genaiops.create_experiment("one")
    assert [item.name for item in genaiops.search_experiments()] == ["one"]


def test_spans_inside_a_run_carry_its_id():
    @genaiops.trace
    def work():
        return 1

    with genaiops.start_run() as run:
        work()
    work()

    ids = [row[0] for row in genaiops.sql("SELECT run_id FROM spans ORDER BY start_ns").rows]
    assert ids == [run.info.run_id, None]


def test_the_source_of_a_run_names_command_python_and_host():
    with genaiops.start_run() as run:
        pass

    source = genaiops.get_run(run.info.run_id).info.source
    assert source["host"] == os.uname().nodename
    assert {"command", "python"} <= set(source)
