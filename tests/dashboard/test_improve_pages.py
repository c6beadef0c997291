"""Evaluations, datasets and review queues as pages: what the URL says is what is shown."""

from pathlib import Path

import pytest

import genaiops
from genaiops.query import reviews
from tests.dashboard import seed
from tests.dashboard.conftest import Shown

A, B = "e" * 31 + "1", "e" * 31 + "2"


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store for tests that add to it."""
    folder = tmp_path_factory.mktemp("changing") / "store"
    seed.fill(folder, traces=4)
    return folder


def test_evaluations_are_listed_with_intervals_and_costs(shown: Shown, filled: Path) -> None:
    screen = shown("evaluate", filled)

    assert not screen.app.exception
    first = screen.data["genaiops.table_view"]["rows"][0]["cells"]
    score = first["score groundedness"]
    assert score["low"] < score["at"] < score["high"]
    assert first["cost"].startswith("$")


def test_the_experiment_of_the_url_is_the_one_listed(shown: Shown, filled: Path) -> None:
    screen = shown("evaluate", filled, exp="reranker")

    assert screen.data["genaiops.table_view"]["rows"] == []
    assert screen.app.selectbox(key="exp").value == "reranker"


def test_evaluations_stand_side_by_side_with_a_verdict_and_its_interval(
    shown: Shown, filled: Path
) -> None:
    screen = shown("evaluate", filled, runs=f"{A},{B}", judge="correctness")

    assert not screen.app.exception
    data = screen.data["genaiops.score_view"]
    assert data["names"] == ["answer v1", "answer v2"]
    assert data["selected"] == "correctness"
    row = next(row for row in data["rows"] if row["name"] == "correctness")
    assert row["diffs"][0] is None
    assert row["diffs"][1]["word"] in ("better", "worse", "same", "unclear")
    assert " to " in row["diffs"][1]["range"]


def test_only_the_rows_of_the_outcome_in_the_url_are_shown(shown: Shown, filled: Path) -> None:
    screen = shown("evaluate", filled, runs=f"{A},{B}", judge="correctness", only="Regressed")

    heat = screen.data["genaiops.score_heat"]
    change = heat["lines"][-1]
    assert change["kind"] == "change"
    assert change["cells"]
    assert all(share < 0 for share in change["cells"])
    assert heat["selected"] == heat["columns"][0]["id"]


def test_the_row_of_the_url_is_shown_with_the_difference_of_its_answers(
    shown: Shown, filled: Path
) -> None:
    screen = shown("evaluate", filled, runs=f"{A},{B}", row="q-11")

    assert "Row q-11" in screen.texts
    assert screen.data["genaiops.text_diff"]["labels"] == ["answer v1", "answer v2"]
    assert screen.data["genaiops.table_view"]["rows"][0]["cells"]["judge"][0] == "correctness"


def test_three_evaluations_are_compared_with_the_first(shown: Shown, changing: Path) -> None:
    genaiops.configure(tracking_uri=str(changing))
    rows = [{"id": "q-01", "question": "?", "answer": "x", "expected": "x"}]
    third = genaiops.evaluate(rows, judges=[genaiops.judges.ExactMatch()], name="third").run_id

    screen = shown("evaluate", changing, runs=f"{A},{B},{third}", vs="1")

    assert not screen.app.exception
    assert "3 evaluations" in screen.texts
    assert len(screen.data["genaiops.score_view"]["names"]) == 3
    assert screen.data["genaiops.score_heat"]["lines"][-1]["kind"] == "change"


def test_what_people_say_corrects_the_judge(shown: Shown, filled: Path) -> None:
    screen = shown("evaluate", filled, runs=B, view="Judges and people")

    assert not screen.app.exception
    (row,) = screen.data["genaiops.table_view"]["rows"]
    assert (row["cells"]["judge"], row["cells"]["n"]) == ("groundedness", "5")


def test_rows_can_be_queued_for_people_from_the_page(shown: Shown, changing: Path) -> None:
    screen = shown("evaluate", changing, runs=B, view="Judges and people")

    screen.app.selectbox(key="ask").select("recall_at_5").run()
    queue = next(button for button in screen.app.button if "random rows" in button.label)
    queue.click()
    screen.app.run()

    made = next(queue for queue in reviews.queues() if queue.judge == "recall_at_5")
    assert made.n == 30


def test_a_page_of_nonsense_numbers_is_a_page(shown: Shown, filled: Path) -> None:
    for params in (
        {"runs": f"{A},{B}", "page": "99", "vs": "7", "row": "nobody", "judge": "nobody"},
        {"runs": B, "page": "-1", "view": "nothing", "only": "x"},
        {"runs": f"{A},{A}"},
    ):
        assert not shown("evaluate", filled, **params).app.exception, params


def test_a_dataset_opens_at_the_version_and_row_of_the_url(shown: Shown, filled: Path) -> None:
    newest = shown("datasets", filled, name="docs/questions")
    older = shown("datasets", filled, name="docs/questions", v="1", row="q-03")

    assert not newest.app.exception
    assert len(newest.data["genaiops.table_view"]["rows"]) == 8
    assert "+2 rows, −0, 0 changed" in newest.texts
    assert len(older.data["genaiops.table_view"]["rows"]) == 6
    assert older.data["genaiops.table_view"]["selected"] == "q-03"


def test_rows_of_a_dataset_are_found_by_the_text_in_the_url(shown: Shown, filled: Path) -> None:
    screen = shown("datasets", filled, name="docs/questions", q="WALRUS")

    assert [row["id"] for row in screen.data["genaiops.table_view"]["rows"]] == ["q-01"]


def test_rows_of_traces_name_the_trace_they_came_from(shown: Shown, filled: Path) -> None:
    screen = shown("datasets", filled, name="from-traces")

    rows = screen.data["genaiops.table_view"]["rows"]
    assert all(row["cells"]["trace"][0]["value"] == row["id"][:8] for row in rows)


def test_a_queue_opens_at_the_first_item_that_waits(shown: Shown, filled: Path) -> None:
    screen = shown("review", filled, queue="week 48")

    assert not screen.app.exception
    items = reviews.items("week 48")
    assert screen.data["genaiops.review_keys"]["item"] == items[5].trace_id
    assert screen.data["genaiops.review_keys"]["choices"] == ["No", "Yes"]


def test_the_item_of_the_url_shows_what_was_said_about_it(shown: Shown, filled: Path) -> None:
    genaiops.configure(tracking_uri=str(filled))
    item = reviews.items("week 48")[2]

    screen = shown("review", filled, queue="week 48", trace=item.trace_id)

    keys = screen.data["genaiops.review_keys"]
    assert (keys["item"], keys["chosen"], keys["why"]) == (item.trace_id, 0, "read it")
    assert "the judge" in screen.texts


def test_the_judge_is_not_shown_before_a_person_has_spoken(shown: Shown, filled: Path) -> None:
    screen = shown("review", filled, queue="week 48")

    assert '"the judge"' not in screen.texts


def test_the_agreement_of_person_and_judge_is_shown(shown: Shown, filled: Path) -> None:
    screen = shown("review", filled, queue="week 48")

    assert "Both judged" in screen.texts
    assert len(screen.data["genaiops.line_chart"]["series"][0]["points"]) >= 5


@pytest.mark.parametrize(
    ("file", "params", "said"),
    [
        ("review", {"queue": "nobody"}, "no review queue 'nobody'"),
        ("datasets", {"name": "nobody"}, "no dataset 'nobody'"),
        ("datasets", {"name": "docs/questions", "v": "9"}, "has no version 9"),
        ("datasets", {"name": "docs/questions", "row": "x"}, "has no row 'x'"),
        ("datasets", {"name": "docs/questions", "after": "zz"}, "is not from this listing"),
    ],
)
def test_what_is_not_there_is_answered_with_a_sentence(
    file: str, params: dict[str, str], said: str, shown: Shown, filled: Path
) -> None:
    screen = shown(file, filled, **params)

    assert not screen.app.exception
    assert said in screen.texts


@pytest.mark.parametrize("file", ["datasets", "review"])
def test_an_empty_store_says_what_to_type(file: str, shown: Shown, tmp_path: Path) -> None:
    screen = shown(file, tmp_path / "none")

    assert not screen.app.exception
    assert "import genaiops" in screen.texts


def test_a_queue_is_made_from_a_filter(shown: Shown, changing: Path) -> None:
    screen = shown("review", changing)
    for label, text in (("New queue", "slow"), ("Labels for the judge", "helpful"),
                        ("Newest traces that match", "latency_ms > 0")):  # fmt: skip
        next(item for item in screen.app.text_input if item.label == label).input(text)
    next(item for item in screen.app.button if item.label == "Make the queue").click()
    screen.app.run()

    assert not screen.app.exception
    assert reviews.queue("slow").n > 0
    assert screen.app.query_params["queue"] == "slow"
