"""Rows on a real Ray cluster of this machine give what they give here."""

import os
import signal
import sys
from pathlib import Path

import pytest

import genaiops
from genaiops.errors import EvalError
from genaiops.eval.judges import Contains, TokenF1

ROWS = [
    {"id": f"r{n}", "question": f"What is {n}?", "expected": f"WHAT IS {n % 5}?"} for n in range(12)
]


@pytest.fixture(scope="module")
def cluster():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        import ray

        ray.init(
            address="local",
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="error",
            object_store_memory=100_000_000,
            _node_ip_address="127.0.0.1",
        )
        yield ray
        ray.shutdown()


def answer(question):
    with genaiops.start_span("look", span_type="retriever") as span:
        span.set_outputs([{"page_content": question, "id": "d1"}])
    if question == "What is 3?":
        raise ValueError("three is too many")
    return question.upper()


def told(result):
    """The printed table without the id of the run."""
    return str(result).rpartition("\nrun ")[0]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_rows_on_a_cluster_give_the_same_table_and_the_same_traces(cluster, workdir):
    judges = [Contains(), TokenF1()]
    here = genaiops.evaluate(ROWS, answer, judges=judges, name="here")

    there = genaiops.evaluate(ROWS, answer, judges=judges, name="there", executor="ray")

    assert told(there) == told(here)
    assert [row.value for row in there.rows] == [row.value for row in here.rows]
    assert [row.error for row in there.rows] == [row.error for row in here.rows]
    assert [row.case.contexts for row in there.rows] == [row.case.contexts for row in here.rows]
    spans = genaiops.sql(
        "SELECT s.name, s.status, count(*) FROM spans AS s JOIN traces AS t USING (trace_id) "
        "WHERE t.run_id = ? GROUP BY ALL ORDER BY ALL",
        [there.run_id],
    )
    assert sum(count for _, _, count in spans.rows) == 24
    assert ("answer", "error", 1) in spans.rows


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_row_whose_worker_is_killed_is_tried_again_and_leaves_one_trace(cluster, workdir):
    once = Path(workdir) / "killed"

    def killing(question):
        if question == "What is 7?" and not once.exists():
            once.write_text("yes")
            os.kill(os.getpid(), signal.SIGKILL)
        return question.upper()

    result = genaiops.evaluate(ROWS, killing, judges=[Contains()], executor="ray")

    assert once.exists()
    assert result["contains"].n_failed == 0
    assert genaiops.sql("SELECT count(*), count(DISTINCT trace_id) FROM spans").rows == [(12, 12)]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_row_that_kills_every_worker_is_an_error_of_that_row(cluster, workdir):
    def killing(question):
        if question == "What is 7?":
            os.kill(os.getpid(), signal.SIGKILL)
        return question.upper()

    result = genaiops.evaluate(ROWS, killing, judges=[Contains()], executor="ray")

    (failure,) = result.failures()
    assert failure.row_id == "r7"
    assert "the Ray worker of this row failed" in failure.error
    assert result["contains"].n_ok == 11


def test_without_ray_one_sentence_says_how_to_get_it(workdir, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)

    with pytest.raises(EvalError, match=r"needs Ray, .* pip install 'genaiops\[ray\]'"):
        genaiops.evaluate(ROWS, answer, judges=[Contains()], executor="ray")


def test_another_executor_is_refused_with_what_can_be_used(workdir):
    with pytest.raises(EvalError, match="executor is 'dask': use None, 'ray'"):
        genaiops.evaluate(ROWS, answer, judges=[Contains()], executor="dask")
