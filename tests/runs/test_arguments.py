"""Nonsense in every argument: one sentence that names it, never a traceback of ours."""

from collections.abc import Callable
from typing import Any, BinaryIO

import pytest
from PIL import Image

import genaiops


class Unwilling:
    """Has no text, and no picture."""

    def __repr__(self) -> str:
        raise RuntimeError("no text")

    def savefig(self, into: BinaryIO, *, format: str | None) -> None:  # noqa: A002  matplotlib's name
        raise RuntimeError("no picture")


CLIENT = genaiops.Client()
WRONG: list[Callable[[], Any]] = [
    lambda: genaiops.log_text(5, "a.txt"),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.log_text("a", 5),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.log_text(b"a", "a.txt"),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.log_dict({}, 5),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.log_artifact(5),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.log_artifact(None),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.log_artifact("\0"),
    lambda: genaiops.log_artifacts(5),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.log_figure(5, "a.png"),
    lambda: genaiops.log_figure(5, 5),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.log_image(5, "a.png"),
    lambda: genaiops.log_image(Image.new("RGBA", (2, 2)), "a.jpg"),
    lambda: genaiops.log_image(Image.new("F", (2, 2)), "a.png"),
    lambda: genaiops.log_figure(Unwilling(), "a.png"),
    lambda: genaiops.log_figure(Unwilling(), "a.html"),
    lambda: genaiops.log_param("a", 10**5000),
    lambda: genaiops.log_param("a", Unwilling()),
    lambda: genaiops.log_metric("a", 10**5000),
    lambda: genaiops.log_metric("a", Unwilling()),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.log_metric("a", 1.0, step=10**5000),
    lambda: genaiops.set_tag("a", Unwilling()),
    lambda: genaiops.set_tag(Unwilling(), "a"),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.log_table([{"a": 1}], 5),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.log_param(5, 1),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.log_param("", 1),
    lambda: genaiops.log_params(5),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.log_params([("a", 1)]),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.log_metric(None, 1.0),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.log_metric("a", "1.0"),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.log_metric("a", None),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.log_metric("a", 1 + 2j),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.log_metric("a", 1.0, step="x"),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.log_metric("a", 1.0, step=2**63),
    lambda: genaiops.log_metric("a", 1.0, timestamp=2**60),
    lambda: genaiops.log_metrics("loss"),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.log_metrics({"a": 1.0, "b": "x"}),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.set_tags("team"),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.set_tag(None, 1),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.start_run(5, nested=True),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.start_run(run_id=5, nested=True),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.start_run(tags=5, nested=True),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.start_run(description=5, nested=True),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.end_run("DONE"),
    lambda: genaiops.get_run(5),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.get_metric_history(5, "a"),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.get_metric_history("a", 5),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.set_experiment(5),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.set_experiment(),
    lambda: genaiops.set_experiment(" "),
    lambda: genaiops.create_experiment(None),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.create_experiment("tagged", tags=5),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.get_experiment(5),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.get_experiment_by_name(5),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.search_experiments("MAYBE"),
    lambda: genaiops.search_experiments(max_results=-1),
    lambda: genaiops.search_runs(5),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.search_runs([5]),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.search_runs(filter_string=5),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.search_runs(order_by=5),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.search_runs(order_by=["metrics.acc SIDEWAYS"]),
    lambda: genaiops.search_runs(order_by=["metrics.acc, params.lr"]),
    lambda: genaiops.search_runs(order_by=["metrics."]),
    lambda: genaiops.search_runs(max_results="x"),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.search_runs(max_results=0),
    lambda: genaiops.search_runs(output_format="x"),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.read_artifact("runs:/a/b", start=-1),
    lambda: genaiops.read_artifact("runs:/a/b", length="x"),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.download_artifacts(5),  # pyright: ignore[reportArgumentType]
    lambda: genaiops.list_artifacts(5),  # pyright: ignore[reportArgumentType]
    lambda: CLIENT.search_runs([], page_token="x"),
    lambda: CLIENT.search_runs([], page_token=5),  # pyright: ignore[reportArgumentType]
    lambda: CLIENT.update_run("x", status="GONE"),
    lambda: CLIENT.log_batch("x", metrics=5),  # pyright: ignore[reportArgumentType]
    lambda: CLIENT.log_batch("x", metrics=[("acc", 1.0)]),  # pyright: ignore[reportArgumentType]
    lambda: CLIENT.log_batch("x", params=[("a", 1)]),  # pyright: ignore[reportArgumentType]
    lambda: CLIENT.log_batch("x", tags=5),  # pyright: ignore[reportArgumentType]
]


@pytest.mark.parametrize("call", WRONG)
def test_a_wrong_argument_is_named_and_nothing_is_written(call: Callable[[], Any]):
    with genaiops.start_run() as run:
        with pytest.raises(genaiops.GenaiopsError) as raised:
            call()
        found = genaiops.get_run(run.info.run_id)

    assert "\n" not in str(raised.value)
    assert (found.data.params, found.data.metrics, found.data.tags) == ({}, {}, {})
    assert genaiops.list_artifacts(run.info.run_id) == []


@pytest.mark.parametrize(
    "text", ["k" * 70_000, "ключ/鍵 🔑", "a b\n\tc", "'; DROP TABLE runs", "$.a"]
)
def test_keys_and_values_of_any_length_and_script_come_back(text: str):
    with genaiops.start_run(text, tags={text: text}, description=text) as run:
        genaiops.log_param(text, text)
        genaiops.log_metric(text, 1.0)

    found = genaiops.get_run(run.info.run_id)
    assert (found.info.run_name, found.info.description) == (text, text)
    assert (found.data.params, found.data.tags) == ({text: text}, {text: text})
    assert found.data.metrics == {text: 1.0}
    assert genaiops.get_metric_history(run.info.run_id, text)[0].value == 1.0


def test_an_id_that_no_run_has_is_told_before_anything_is_written():
    client = genaiops.Client()
    calls: list[Callable[[], Any]] = [
        lambda: client.log_metric("nobody", "acc", 1.0),
        lambda: client.log_param("nobody", "k", 1),
        lambda: client.set_tag("nobody", "k", 1),
        lambda: client.log_text("nobody", "x", "a.txt"),
        lambda: client.set_terminated("nobody"),
        lambda: client.list_artifacts("nobody"),
        lambda: genaiops.start_run(run_id="nobody"),
        lambda: genaiops.delete_run("nobody"),
        lambda: genaiops.load_text("runs:/nobody/a.txt"),
    ]

    for call in calls:
        with pytest.raises(genaiops.NotFoundError, match="no run 'nobody'"):
            call()
    assert genaiops.sql("SELECT count(*) FROM runs").rows == [(0,)]


def test_logging_after_the_end_begins_a_run_of_its_own_as_in_mlflow():
    with genaiops.start_run() as run:
        genaiops.end_run()
        genaiops.log_metric("late", 1.0)
        other = genaiops.active_run()

    assert other is not None
    assert other.info.run_id != run.info.run_id
    assert genaiops.get_run(run.info.run_id).data.metrics == {}
    genaiops.end_run()
