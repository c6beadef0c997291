"""The page of runs: the list, one run with its files, runs compared."""

import math
from pathlib import Path

import pytest

import genaiops
from dashboard.parts.run_files import preview_of
from genaiops.query import runs
from tests.dashboard.conftest import Screen, Shown

ONE, TWO, THREE = (f"{number:x}" * 32 for number in (1, 2, 3))


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """A parent with twelve nested trials, and a run with files."""
    store = tmp_path / "store"
    genaiops.configure(tracking_uri=str(store))
    genaiops.set_experiment("sweep")
    with genaiops.start_run("parent"):
        for number in range(12):
            with genaiops.start_run(f"trial {number}", nested=True):
                genaiops.log_params(
                    {"lr": number / 10, "model": "a" if number % 2 else "b", "seed": 1}
                )
                genaiops.log_metric("loss", math.nan if number == 5 else 1 / (number + 1))
    with genaiops.start_run("files"):
        genaiops.log_text("hello\n<b>not bold</b>", "notes/read me.txt")
        genaiops.log_dict({"a": [1, 2]}, "config.json")
        genaiops.log_text("name,score\nada,=1+1\n", "table.csv")
        genaiops.log_text("{broken", "broken.json")
        genaiops.log_text("no picture", "broken.png")
    return store


def _run(name: str) -> str:
    (found,) = runs.search(name=name, limit=1).items
    return found.run_id


def test_the_filter_and_columns_of_the_url_decide_what_is_shown(shown: Shown, filled: Path) -> None:
    screen = shown("runs", filled, filter="params.learning_rate > '0.06'", cols="param layers")

    table = screen.data["genaiops.table_view"]
    assert {row["id"] for row in table["rows"]} == {TWO, THREE}
    assert [column["label"] for column in table["columns"]] == [
        "Run", "Status", "layers", "Took", "Started",
    ]  # fmt: skip


def test_the_columns_of_the_beginning_are_those_that_differ(shown: Shown, sweep: Path) -> None:
    table = shown("runs", sweep).data["genaiops.table_view"]

    assert [column["label"] for column in table["columns"]] == [
        "Run", "Status", "loss", "lr", "model", "Took", "Started",
    ]  # fmt: skip


def test_a_filter_that_cannot_be_read_is_answered_beside_its_field(
    shown: Shown, filled: Path
) -> None:
    screen = shown("runs", filled, filter="metrics.loss >")

    assert not screen.app.exception
    assert '"title": "Runs"' in screen.texts
    assert "the filter cannot be understood" in screen.texts
    assert screen.app.text_input(key="filter").value == "metrics.loss >"


def test_nested_runs_can_be_left_out_and_are_counted(shown: Shown, sweep: Path) -> None:
    screen = shown("runs", sweep, top="true")

    rows = screen.data["genaiops.table_view"]["rows"]
    assert [row["cells"]["name"] for row in rows] == [
        ["files", "sweep"], ["parent", "sweep · 12 nested"],
    ]  # fmt: skip


def test_a_run_lists_the_runs_nested_in_it(shown: Shown, sweep: Path) -> None:
    screen = shown("runs", sweep, run=_run("parent"), view="Nested runs")

    assert len(screen.data["genaiops.table_view"]["rows"]) == 12


def test_the_shown_runs_are_compared_at_one_press(shown: Shown, sweep: Path) -> None:
    screen = shown("runs", sweep, exp="sweep", q="trial")
    next(button for button in screen.app.button if button.label == "Compare 12").click()
    screen.app.run()

    assert "12 runs compared" in Screen(screen.app).texts


def test_one_marked_run_is_none_to_compare_so_the_button_does_what_it_says(
    shown: Shown, sweep: Path
) -> None:
    screen = shown("runs", sweep, exp="sweep", q="trial")
    screen.app.session_state["picked runs"] = [_run("trial 3")]
    screen.app.run()
    next(button for button in screen.app.button if button.label == "Compare 12").click()
    screen.app.run()

    assert "12 runs compared" in Screen(screen.app).texts


def test_equal_parameters_are_hidden_until_asked_for(shown: Shown, filled: Path) -> None:
    differing = shown("runs", filled, cmp=f"{ONE},{TWO}")
    everything = shown("runs", filled, cmp=f"{ONE},{TWO}", equal="true")

    assert [row["id"] for row in differing.data["genaiops.table_view"]["rows"]] == ["learning_rate"]
    assert len(everything.data["genaiops.table_view"]["rows"]) == 3
    assert "2 parameters are the same in all runs" in differing.texts


def test_many_runs_are_compared_a_line_a_run(shown: Shown, sweep: Path) -> None:
    genaiops.configure(tracking_uri=str(sweep))
    ids = ",".join(item.run_id for item in runs.search(name="trial").items)

    table = shown("runs", sweep, cmp=ids).data["genaiops.table_view"]

    assert [column["label"] for column in table["columns"]] == ["Run", "lr", "model"]
    assert len(table["rows"]) == 12


def test_runs_are_lines_over_parallel_axes(shown: Shown, sweep: Path) -> None:
    genaiops.configure(tracking_uri=str(sweep))
    ids = ",".join(item.run_id for item in runs.search(name="trial").items)

    data = shown("runs", sweep, cmp=ids, view="Parallel").data["genaiops.parallel_view"]

    assert [axis["name"] for axis in data["axes"]] == ["lr", "model", "loss"]
    assert data["axes"][1]["names"] == ["a", "b"]
    by_name = {line["name"]: line["values"] for line in data["lines"]}
    assert by_name["trial 4"] == [0.4, 1.0, 0.2]
    assert by_name["trial 5"][2] is None  # NaN has no place on an axis


def test_runs_are_points_of_two_chosen_values(shown: Shown, sweep: Path) -> None:
    genaiops.configure(tracking_uri=str(sweep))
    ids = ",".join(item.run_id for item in runs.search(name="trial").items)

    data = shown(
        "runs", sweep, cmp=ids, view="Scatter", x="param lr", y="metric loss", c="param model"
    ).data["genaiops.scatter_view"]

    assert (data["x"], data["y"], len(data["points"])) == ("lr", "loss", 11)
    assert {point["c"] for point in data["points"]} == {0.0, 1.0}


def test_curves_follow_the_url(shown: Shown, filled: Path) -> None:
    plain = shown("runs", filled, cmp=f"{ONE},{TWO}", view="Curves", curves="loss")
    smooth = shown("runs", filled, cmp=f"{ONE},{TWO}", view="Curves", curves="loss", smooth="0.9",
                   log="true", axis="Time")  # fmt: skip

    chart = plain.data["genaiops.line_chart"]
    assert (chart["log"], chart["x_label"], len(chart["series"])) == (False, "step", 2)
    assert chart["series"][0]["raw"] is None
    chart = smooth.data["genaiops.line_chart"]
    assert (chart["log"], chart["x_label"]) == (True, "seconds")
    assert len(chart["series"][0]["raw"]) == 60


@pytest.mark.parametrize(
    ("path", "component", "said"),
    [
        ("notes/read me.txt", "genaiops.chat_view", "<b>not bold</b>"),
        ("config.json", "genaiops.value_view", '"a": [1, 2]'),
        ("table.csv", "genaiops.table_view", "=1+1"),
        ("broken.json", "genaiops.chat_view", "{broken"),
        ("broken.png", "genaiops.chat_view", "image/png"),
    ],
)
def test_a_file_is_looked_into(
    path: str, component: str, said: str, shown: Shown, sweep: Path
) -> None:
    genaiops.configure(tracking_uri=str(sweep))

    screen = shown("runs", sweep, run=_run("files"), view="Files", file=path)

    assert not screen.app.exception
    assert component in screen.data
    assert said in screen.texts


def test_a_file_that_is_not_there_is_a_sentence(shown: Shown, sweep: Path) -> None:
    genaiops.configure(tracking_uri=str(sweep))

    screen = shown("runs", sweep, run=_run("files"), view="Files", file="../../etc/passwd")

    assert "There is no file" in screen.texts


def test_only_the_beginning_of_a_large_text_is_read(tmp_path: Path) -> None:
    file = tmp_path / "large.log"
    file.write_bytes(b"x" * 1_000_000)
    binary = tmp_path / "model.bin"
    binary.write_bytes(b"\0\1\2" * 100)

    kind, text = preview_of(str(file), "large.log", 1_000_000)

    assert kind == "text"
    assert len(text) < 201_000
    assert text.endswith("of 1.0 MB")
    assert preview_of(str(binary), "model.bin", 300)[0] == "bytes"


def test_thousands_of_metrics_are_found_by_name(shown: Shown, tmp_path: Path) -> None:
    genaiops.configure(tracking_uri=str(tmp_path / "store"))
    with genaiops.start_run("wide"):
        genaiops.log_metrics({f"m{number:04}": number for number in range(2_000)})
    with genaiops.start_run("other"):
        genaiops.log_metric("m0000", math.inf)
    ids = (_run("wide"), _run("other"))

    whole = shown("runs", tmp_path / "store", run=ids[0])
    found = shown("runs", tmp_path / "store", run=ids[0], find="M199")
    beside = shown("runs", tmp_path / "store", cmp=",".join(ids), view="Metrics", find="m000")

    assert "1,700 more: find them by name." in whole.texts
    metrics = [row["cells"]["name"] for row in found.data["genaiops.table_view"]["rows"]]
    assert metrics == [f"m{number}" for number in range(1990, 2000)]
    rows = beside.data["genaiops.table_view"]["rows"]
    assert (len(rows), rows[0]["cells"]["r1"], rows[1]["cells"]["r1"]) == (10, "inf", None)


def test_a_run_without_metrics_is_a_page(shown: Shown, sweep: Path) -> None:
    genaiops.configure(tracking_uri=str(sweep))

    screen = shown("runs", sweep, run=_run("files"))

    assert not screen.app.exception
    assert "No metrics." in screen.texts


def test_a_run_that_is_deleted_while_it_is_shown_stays_readable(shown: Shown, sweep: Path) -> None:
    run_id = _run("parent")
    screen = shown("runs", sweep, run=run_id, view="Nested runs")
    genaiops.delete_run(run_id)

    again = Screen(screen.app.run())

    assert not screen.app.exception
    assert "deleted" in again.texts
