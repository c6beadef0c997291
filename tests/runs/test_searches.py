"""Filters and orders beside MLflow's: what mlflow 3.17.2 found among the same runs, recorded.

The record is made by scripts/make_mlflow_searches.py in an environment with mlflow.
"""

import json
from pathlib import Path
from typing import Any

import pytest

import genaiops
from genaiops.store import current_store

SAID: dict[str, Any] = json.loads(
    (Path(__file__).parent / "mlflow_db" / "searches.json").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A store with the recorded runs, and their ids."""
    folder = tmp_path_factory.mktemp("searched") / "store"
    genaiops.set_tracking_uri(folder)
    client = genaiops.Client()
    experiment = client.create_experiment("searched")
    ids: list[str] = []
    for number, run in enumerate(SAID["runs"]):
        made = client.create_run(
            experiment, start_time=run["start"], run_name=run["name"], tags=run["tags"]
        )
        client.log_batch(made.info.run_id, params=run["params"])
        for key, value in run["metrics"].items():
            client.log_metric(made.info.run_id, key, value, timestamp=run["start"])
        if run["status"] != "RUNNING":
            client.set_terminated(made.info.run_id, run["status"], run["start"] + 500)
        if number in (4, 8):
            with genaiops.start_run(run_id=made.info.run_id):
                rows = genaiops.create_dataset("faces", [{"question": "q"}])
                genaiops.log_input(rows, "train" if number == 4 else "test")
            client.set_terminated(made.info.run_id, run["status"], run["start"] + 500)
        ids.append(made.info.run_id)
    store = current_store()
    store.seal()
    while store.compact().remaining:
        pass
    return folder, ids


@pytest.fixture(autouse=True)
def in_store(searched: tuple[Path, list[str]], workdir: Path) -> None:
    genaiops.set_tracking_uri(searched[0])


def found(ids: list[str], text: str, order: list[str]) -> list[int]:
    for number, run_id in enumerate(ids):
        text = text.replace(f"<{number}>", run_id)
    runs = genaiops.search_runs(["searched"], text, order, output_format="list")
    return [ids.index(run.info.run_id) for run in runs]


@pytest.mark.parametrize(("text", "said"), SAID["filters"], ids=str)
def test_a_filter_finds_what_mlflow_finds(
    searched: tuple[Path, list[str]], text: str, said: list[int]
):
    assert sorted(found(searched[1], text, [])) == said


@pytest.mark.parametrize(("order", "said"), SAID["orders"], ids=str)
def test_an_order_is_mlflows(searched: tuple[Path, list[str]], order: list[str], said: list[int]):
    assert found(searched[1], "", order) == said


def test_more_than_mlflow_can_say(searched: tuple[Path, list[str]]):
    def numbers(text: str) -> list[int]:
        return sorted(found(searched[1], text, []))

    assert numbers("params.lr > 0.5") == [0, 6]
    assert numbers("metrics.acc < 0.1 OR (tags.team = 'Ads' AND NOT status = 'FINISHED')") == [
        0, 1, 7, 10,
    ]  # fmt: skip
    assert numbers("attributes.status IN ('FAILED', 'KILLED')") == [1, 2, 5, 6, 9, 10]
    assert numbers("params.deep = true AND metrics.acc > 0.7") == [10]


def test_pages_follow_each_other_without_gaps(searched: tuple[Path, list[str]]):
    client = genaiops.Client()
    experiment = genaiops.get_experiment_by_name("searched")
    assert experiment is not None

    pages: list[list[str]] = []
    token: str | None = None
    while token is not None or not pages:
        page = client.search_runs(
            [experiment.experiment_id], "metrics.acc > 0", 1, 4, ["metrics.acc ASC"], token
        )
        pages.append([run.info.run_id for run in page])
        token = page.token

    assert [len(page) for page in pages] == [4, 4, 3]
    assert [run_id for page in pages for run_id in page] == searched[1][1:]


def test_the_table_has_mlflows_columns(searched: tuple[Path, list[str]]):
    table = genaiops.search_runs(["searched"], order_by=["metrics.acc"])

    row = table.iloc[5]
    assert list(table["run_id"]) == searched[1]
    assert row["params.lr"] == "1e-05"
    assert (row["params.nothing"], row["params.deep"]) == ("None", "False")
    assert row["tags.mlflow.runName"] == "run 5"
    assert row["start_time"].timestamp() * 1000 == SAID["runs"][5]["start"]
    assert table["metrics.odd"].isna().sum() == 9
    assert table["tags.a b"].isna().sum() == 9
    assert {"experiment_id", "status", "artifact_uri", "end_time"} <= set(table.columns)
    assert list(genaiops.search_runs(["searched"], "metrics.acc > 9").columns)[:3] == [
        "run_id", "experiment_id", "status",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "metrics.acc >",
        "params.model = x",
        "nothing = 'x'",
        "metrics.acc > 'x'",
        "tags.team LIKE 5",
        "attributes.start_time LIKE 'x'",
        "'; DROP TABLE runs --",
        "metrics.acc > 0.5 metrics.acc < 1",
        "(" * 100 + "status = 'x'" + ")" * 100,
        "status = 'x" + "x" * 20_000 + "'",
    ],
)
def test_a_filter_that_cannot_be_read_is_shown(text: str):
    with pytest.raises(genaiops.FilterError) as raised:
        genaiops.search_runs(filter_string=text)

    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "order", ["nothing", "metrics", "acc DESC", "metrics.acc DOWN up", "metrics.`acc"]
)
def test_an_order_that_cannot_be_read_is_shown(order: str):
    with pytest.raises(genaiops.FilterError, match="nothing can be ordered by"):
        genaiops.search_runs(order_by=[order])
