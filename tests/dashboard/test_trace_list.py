"""The list of traces: text, columns, kept views, and what is done with many at once."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest

import genaiops
from dashboard.parts.jobs import Job
from dashboard.parts.judge_again import JUDGES, OWN, judges_of, work
from genaiops.errors import EvalError, FilterError
from genaiops.query import datasets, evals, reviews, traces
from genaiops.query.saved_views import saved_views
from tests.dashboard import seed
from tests.dashboard.conftest import Screen, Shown


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store of its own, since what is tested here is written."""
    folder = tmp_path / "store"
    opened = seed.use(folder)
    now = time.time_ns() - 600 * seed.NS
    for number in range(12):
        seed.rag_trace(opened, number, now + number * seed.NS)
    return folder


def rows(screen: Screen) -> list[dict[str, Any]]:
    return screen.data["genaiops.table_view"]["rows"]


def test_a_row_shows_what_was_asked_and_answered_with_which_prompt_and_for_how_much(
    shown: Shown, store: Path
) -> None:
    cells = rows(shown("traces", store, sort="start_ns ASC"))[0]["cells"]

    assert cells["said"][0] == "How do I make a dataclass immutable?"
    assert cells["said"][1].startswith("Use @dataclass(frozen=True)")
    assert [chip["value"] + chip["tail"] for chip in cells["prompt"]] == ["docs/answer@1"]
    assert cells["tokens"] == "824 → 64"
    assert cells["cost"] == "$0.0003"
    assert 0 < cells["latency"]["share"] <= 1


def test_text_of_any_span_is_searched_for_and_shown_where_it_stands(
    shown: Shown, store: Path
) -> None:
    screen = shown("traces", store, text="IS NOT INDEXED")
    assert rows(screen) == []

    screen = shown("traces", store, text="walrus operator")

    assert {row["cells"]["said"][0] for row in rows(screen)} == {'{"question":"What does the walrus operator do?"}'}  # fmt: skip
    assert "2 hold this text" in screen.texts


def test_a_filter_that_cannot_be_understood_is_marked_and_explained(
    shown: Shown, store: Path
) -> None:
    screen = shown("traces", store, q="latency_ms >> 5")

    assert screen.data["genaiops.filter_box"]["wrong"] is True
    assert "the filter cannot be understood" in screen.texts
    with pytest.raises(FilterError):
        traces.check("latency_ms >> 5")


def test_the_filter_is_completed_from_names_and_values_of_the_store(
    shown: Shown, store: Path
) -> None:
    names = {name: values for name, _, values in shown("traces", store).data["genaiops.filter_box"]["names"]}  # fmt: skip

    assert names["tags.team"] == ["docs"]
    assert names["prompt_name"] == ["docs/answer"]
    assert "error" in names["status"]


def test_a_live_list_has_the_same_rows_and_no_marks(shown: Shown, store: Path) -> None:
    screen = shown("traces", store, live="true")

    assert screen.app.toggle(key="live").value is True
    assert len(rows(screen)) == 12
    assert screen.data["genaiops.table_view"]["picked"] is None


def test_a_kept_view_is_followed_although_a_tick_brings_the_old_widgets_along(
    shown: Shown, store: Path
) -> None:
    app = shown("traces", store, status="ok", live="true").app

    app.query_params.clear()
    app.query_params.update({"status": "error", "sort": "duration_ms DESC"})
    app.session_state["genaiops.landed"] = {"status", "sort", "live"}
    screen = Screen(app.run())

    assert {row["cells"]["status"] for row in rows(screen)} == {"error"}
    assert app.selectbox(key="status").value == "error"
    assert not app.toggle(key="live").value


def test_traces_without_an_input_are_left_out_of_a_dataset_and_counted(
    shown: Shown, store: Path
) -> None:
    opened = seed.use(store)
    seed.span(opened, "fe" * 16, "1" * 16, "silent", "agent", time.time_ns(), 5, trace_name="silent")  # fmt: skip
    genaiops.create_dataset("picked", [{"inputs": {"question": "1"}, "expected": "1"}])
    good = traces.search("status = 'ok' AND name = 'answer'", limit=2).items
    app = shown("traces", store).app

    app.session_state["marked traces"] = ["fe" * 16]
    app.run()
    app.selectbox(key="dataset name").set_value("picked")
    app.button(key="add to dataset").click().run()
    assert "None of these traces has an input" in Screen(app).texts
    assert datasets.names()[0].newest.n_rows == 1

    app.session_state["marked traces"] = ["fe" * 16, *(item.trace_id for item in good)]
    app.run()
    app.button(key="add to dataset").click().run()
    assert "2 traces added to picked, version 2; 1 without an input left out" in Screen(app).texts
    assert datasets.names()[0].newest.n_rows == 3


def test_a_view_is_kept_opened_and_forgotten(shown: Shown, store: Path) -> None:
    app = shown("traces", store, q="latency_ms > 5", status="error", after="").app

    app.text_input(key="view name").set_value("slow failures")
    next(button for button in app.button if button.label == "Keep this view").click().run()

    (view,) = saved_views()
    assert view.name == "slow failures"
    assert view.query == "q=latency_ms+%3E+5&status=error"
    assert "slow failures" in Screen(app).texts

    app.button(key="forget view 0").click().run()

    assert saved_views() == []
    assert not app.exception


def test_all_that_match_go_to_a_dataset_marked_ones_only_when_there_are_marks(
    shown: Shown, store: Path
) -> None:
    genaiops.create_dataset("failures", [{"inputs": {"question": "1"}, "expected": "1"}])
    app = shown("traces", store, status="error").app
    app.selectbox(key="dataset name").set_value("failures")
    app.button(key="add to dataset").click().run()
    assert datasets.names()[0].newest.n_rows == 2
    assert "1 trace added to failures, version 2" in Screen(app).texts

    chosen = [item.trace_id for item in traces.search("status = 'ok'", limit=3).items]
    app.session_state["marked traces"] = chosen
    app.run()
    app.button(key="add to dataset").click().run()

    assert not app.exception
    assert datasets.names()[0].newest.n_rows == 5


def test_traces_are_sent_to_a_review_queue(shown: Shown, store: Path) -> None:
    genaiops.create_review_queue("week 48", judge="tone")
    app = shown("traces", store, q="name = 'answer'").app
    app.selectbox(key="queue name").set_value("week 48")
    app.button(key="add to queue").click().run()

    (queue,) = reviews.queues()
    assert (queue.name, queue.judge, queue.n) == ("week 48", "tone", 12)
    assert "12 traces wait in week 48" in Screen(app).texts


def test_a_refused_action_says_why(shown: Shown, store: Path) -> None:
    app = shown("traces", store).app
    app.multiselect(key="judges").set_value([OWN])
    app.button(key="judge traces").click().run()

    assert not app.exception
    assert "Guidelines" in Screen(app).texts


def test_traces_are_judged_again_in_a_job_and_the_evaluation_is_linked(
    shown: Shown, store: Path
) -> None:
    app = shown("traces", store, status="ok").app
    app.multiselect(key="judges").set_value(["latency_ms", "pii"])
    app.button(key="judge traces").click().run()
    for thread in threading.enumerate():
        if thread.name == "genaiops judge traces":
            thread.join(30)
    screen = Screen(app.run())

    (run,) = evals.runs()
    assert {score.name for score in run.scores} == {"latency_ms", "pii"}
    assert run.n_rows == 11
    assert "11 traces judged" in screen.texts
    assert f"eval?runs={run.run_id}" in screen.texts


def test_judging_that_is_cancelled_says_how_far_it_came(store: Path) -> None:
    genaiops.configure(tracking_uri=str(store))
    items = traces.search("status = 'ok'").items
    job = Job(title="t", total=len(items))

    @genaiops.judge
    def slow(outputs: object) -> bool:
        job.stop.set()
        return True

    assert "Cancelled" in work(items, [slow], "")(job)


def test_judging_without_a_model_names_the_ways_to_set_one(store: Path) -> None:
    genaiops.configure(tracking_uri=str(store))
    judges = judges_of(["answer_relevance"], "")

    with pytest.raises(genaiops.ConfigError, match="GENAIOPS_JUDGE_MODEL"):
        work(traces.search().items, judges, "")(Job(title="t"))


def test_the_judges_of_the_list_carry_the_names_of_their_scores() -> None:
    assert [judge.name for judge in judges_of([*JUDGES], "")] == [*JUDGES]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  every judge has a name
    assert len(judges_of([OWN], "The answer names its source.")) == 1
    with pytest.raises(EvalError):
        judges_of([OWN], "")
