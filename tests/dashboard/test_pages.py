"""Pages over an empty, a filled and a broken store; their state is the URL."""

from pathlib import Path

import pytest

import genaiops
from genaiops.query import traces
from tests.dashboard.conftest import Shown

SCREENS = ("home", "traces", "trace", "prompts", "evaluate", "runs")
A, B = "e" * 31 + "1", "e" * 31 + "2"


@pytest.mark.parametrize("file", SCREENS)
def test_a_page_over_a_filled_store_shows_no_exception(
    file: str, shown: Shown, filled: Path
) -> None:
    assert not shown(file, filled).app.exception


@pytest.mark.parametrize("file", ["home", "traces", "prompts", "evaluate", "runs"])
def test_an_empty_store_shows_what_to_type(file: str, shown: Shown, tmp_path: Path) -> None:
    screen = shown(file, tmp_path / "none")

    assert not screen.app.exception
    assert "import genaiops" in screen.texts


@pytest.mark.parametrize("file", SCREENS)
def test_a_damaged_store_is_answered_with_a_sentence(
    file: str, shown: Shown, tmp_path: Path
) -> None:
    folder = tmp_path / "damaged"
    folder.mkdir(mode=0o700)
    (folder / "store.duckdb").write_bytes(b"this is not a database" * 1_000)

    screen = shown(file, folder)

    assert not screen.app.exception
    assert "Traceback" not in screen.texts


def test_unknown_ids_are_answered_with_a_sentence(shown: Shown, filled: Path) -> None:
    for file, params in (
        ("trace", {"id": "f" * 32}),
        ("prompts", {"name": "nobody"}),
        ("runs", {"run": "f" * 32}),
        ("evaluate", {"a": "f" * 32}),
        ("prompts", {"name": "docs/answer", "v": "99"}),
    ):
        screen = shown(file, filled, **params)
        assert not screen.app.exception, file
        assert "Not found" in screen.texts, file


def test_the_filter_of_the_url_is_applied(shown: Shown, filled: Path) -> None:
    screen = shown("traces", filled, q="name = 'nobody'")

    assert not screen.app.exception
    assert screen.data["genaiops.table_view"]["rows"] == []
    assert screen.app.text_input[0].value == "name = 'nobody'"


def test_the_status_of_the_url_is_applied(shown: Shown, filled: Path) -> None:
    screen = shown("traces", filled, status="error")

    rows = screen.data["genaiops.table_view"]["rows"]
    assert {row["cells"]["status"] for row in rows} == {"error"}


def test_a_list_holds_a_hundred_rows_and_the_next_page_the_rest(shown: Shown, filled: Path) -> None:
    genaiops.configure(tracking_uri=str(filled))
    token = traces.search(limit=100).next_page_token
    assert token is not None

    first = shown("traces", filled).data["genaiops.table_view"]["rows"]
    second = shown("traces", filled, after=token).data["genaiops.table_view"]["rows"]

    assert len(first) == 100
    assert {row["id"] for row in first}.isdisjoint(row["id"] for row in second)


def test_the_span_of_the_url_is_the_one_shown(shown: Shown, filled: Path) -> None:
    genaiops.configure(tracking_uri=str(filled))
    trace = traces.get(traces.search(limit=1).items[0].trace_id)
    call = next(span for span in trace.spans if span.span_type == "llm")

    screen = shown("trace", filled, id=trace.trace_id, span=call.span_id)

    assert screen.data["genaiops.trace_view"]["selected"] == call.span_id
    assert screen.data["genaiops.chat_view"]["messages"][-1]["role"] == "assistant"


def test_two_evaluations_stand_side_by_side(shown: Shown, filled: Path) -> None:
    screen = shown("evaluate", filled, a=A, b=B, judge="correctness", only="Regressed")

    assert not screen.app.exception
    assert screen.data["genaiops.score_view"]["names"] == ["answer v1", "answer v2"]
    assert screen.data["genaiops.score_view"]["selected"] == "correctness"


def test_a_prompt_opens_on_the_difference_to_the_version_before(shown: Shown, filled: Path) -> None:
    screen = shown("prompts", filled, name="docs/answer")

    data = screen.data["genaiops.text_diff"]
    assert data["labels"] == ["v2", "v3"]
    assert ["insert", '"not in the documents"'] in data["parts"][0]["ops"]


def test_a_version_shows_the_scores_of_its_newest_evaluation(shown: Shown, tmp_path: Path) -> None:
    genaiops.configure(tracking_uri=str(tmp_path / "evaluated"))
    prompt = genaiops.register_prompt("qa", "Question: {{question}}\nContext:\n{{context}}")

    def answer(question: str) -> str:
        asked = prompt.format(question=question, context="Tea is a drink.")
        messages = [{"role": "user", "content": asked}]
        return genaiops.gateway.complete(model="offline/extractive", messages=messages).text

    rows = [{"question": "What is tea?", "expected": "Tea is a drink."}]
    result = genaiops.evaluate(rows, answer, judges=[genaiops.judges.Contains()], name="v1")

    screen = shown("prompts", tmp_path / "evaluated", name="qa")

    assert not screen.app.exception
    (row,) = screen.data["genaiops.table_view"]["rows"]
    (score,) = row["cells"]["scores"]
    assert (score["label"], score["value"]) == ("contains", "1.00")
    assert score["hint"].endswith("1 verdicts")
    assert score["go"] == f"evaluate?a={result.run_id}"
    assert row["cells"]["calls"]["text"] == "1"


def test_a_run_shows_the_curves_of_its_metrics(shown: Shown, filled: Path) -> None:
    screen = shown("runs", filled, run="1" * 32)

    assert not screen.app.exception
    assert len(screen.data["genaiops.line_chart"]["series"][0]["points"]) == 60
