"""Pages over an empty, a filled and a broken store; their state is the URL."""

import time
from pathlib import Path
from typing import Any

import pytest

import genaiops
from dashboard.parts.menu import MENU
from genaiops.query import traces
from tests.dashboard import seed
from tests.dashboard.conftest import Screen, Shown

SCREENS = [entry.file.removeprefix("screens/").removesuffix(".py") for entry in MENU]


@pytest.mark.parametrize("file", SCREENS)
def test_a_page_over_a_filled_store_shows_no_exception(
    file: str, shown: Shown, filled: Path
) -> None:
    assert not shown(file, filled).app.exception


@pytest.mark.parametrize("file", ["home", "traces", "sessions", "prompts", "evaluate", "runs"])
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
        ("sessions", {"id": "nobody"}),
        ("prompts", {"name": "nobody"}),
        ("runs", {"run": "f" * 32}),
        ("evaluate", {"runs": "f" * 32}),
        ("prompts", {"name": "docs/answer", "v": "99"}),
    ):
        screen = shown(file, filled, **params)
        assert not screen.app.exception, file
        assert "Not found" in screen.texts, file


def test_the_filter_of_the_url_is_applied(shown: Shown, filled: Path) -> None:
    screen = shown("traces", filled, q="name = 'nobody'")

    assert not screen.app.exception
    assert screen.data["genaiops.table_view"]["rows"] == []
    assert screen.data["genaiops.filter_box"]["text"] == "name = 'nobody'"


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


def test_a_failing_trace_opens_where_the_failure_began(shown: Shown, filled: Path) -> None:
    genaiops.configure(tracking_uri=str(filled))
    trace = traces.get(traces.search("status = 'error'", limit=1).items[0].trace_id)
    tool = next(span for span in trace.spans if span.span_type == "tool")

    screen = shown("trace", filled, id=trace.trace_id)

    tree = screen.data["genaiops.trace_view"]
    assert tree["selected"] == tool.span_id
    assert len(tree["spans"]) == 6
    assert "KeyError" in screen.texts


def test_a_branch_shows_what_was_waited_for_and_paid(shown: Shown, filled: Path) -> None:
    genaiops.configure(tracking_uri=str(filled))
    trace_id = traces.search(limit=1).items[0].trace_id

    screen = shown("trace", filled, id=trace_id, view="Roll-up")

    rows = screen.data["genaiops.table_view"]["rows"]
    assert rows[0]["cells"]["name"][0] == "chat gpt-5-mini"
    assert rows[0]["cells"]["path"]["share"] > 0.5


def test_a_session_is_a_conversation_with_facts_on_each_turn(shown: Shown, filled: Path) -> None:
    listed = shown("sessions", filled).data["genaiops.table_view"]["rows"]
    screen = shown("sessions", filled, id=listed[0]["id"])

    messages = screen.data["genaiops.chat_view"]["messages"]
    assert [item["role"] for item in messages[:2]] == ["user", "assistant"]
    chips = messages[1]["chips"]
    assert chips[0]["go"].startswith("trace?id=")
    assert {"took", "cost"} <= {chip["label"] for chip in chips}


def test_sessions_of_one_user_are_in_the_url(shown: Shown, filled: Path) -> None:
    rows = shown("sessions", filled, user="u-1").data["genaiops.table_view"]["rows"]

    assert rows
    assert {row["cells"]["user"] for row in rows} == {"u-1"}


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
    shown_heads = [data for name, data in screen.all if name == "genaiops.head_view"]
    tiles = {tile["label"]: tile for head in shown_heads for tile in head.get("tiles", ())}
    chips = [chip for head in shown_heads for chip in head.get("chips", ())]
    assert tiles["contains"]["value"] == "1.000"
    assert tiles["contains"]["note"] == "0.051 to 1.000"
    assert tiles["contains"]["hint"] == "0.051 to 1.000, 1 verdict"
    assert tiles["Calls"]["value"] == "1"
    assert f"eval?runs={result.run_id}" in [chip["go"] for chip in chips]


def test_a_run_shows_the_curves_of_its_metrics(shown: Shown, filled: Path) -> None:
    screen = shown("runs", filled, run="1" * 32)

    assert not screen.app.exception
    assert len(screen.data["genaiops.line_chart"]["series"][0]["points"]) == 60


def test_home_compares_the_day_with_the_day_before(shown: Shown, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    store = seed.use(folder)
    now, day = time.time_ns(), 86_400 * seed.NS
    for number in range(4):
        seed.rag_trace(store, number, now - seed.NS * 60)
        seed.rag_trace(store, 100 + number, now - day - seed.NS * 60)
    for number in range(4):
        seed.rag_trace(store, 200 + number, now - seed.NS * 60)

    screen = shown("home", folder)

    tiles = {tile["label"]: tile for tile in _tiles(screen)}
    assert (tiles["Traces"]["value"], tiles["Traces"]["note"]) == ("8", "+100 %")
    assert tiles["Failed"]["note"] == "25 % before"
    assert "of 4 traces" in screen.texts


def test_home_tells_what_changed_and_where_to_look(shown: Shown, filled: Path) -> None:
    screen = shown("home", filled)

    tables = [data for name, data in screen.all if name == "genaiops.table_view"]
    (changed,) = [data for data in tables if data["columns"][0]["label"] == "What"]
    lines = {row["cells"]["what"][0]: row["href"] for row in changed["rows"]}
    assert lines["docs/answer@staging → version 3"] == "prompts?name=docs%2Fanswer"
    (passing,) = [data for data in tables if data["columns"][0]["label"] == "Judge"]
    rates = {row["id"]: row["cells"]["rate"] for row in passing["rows"]}
    assert set(rates) == {"groundedness", "helpful"}
    assert all(0 <= rate["low"] <= rate["at"] <= rate["high"] <= 1 for rate in rates.values())


def _tiles(screen: Screen) -> list[dict[str, Any]]:
    """The tiles of the page."""
    return next(data["tiles"] for _, data in screen.all if data and data.get("tiles"))
