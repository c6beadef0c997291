"""The page of prompts: what each URL shows, and what its forms do."""

import socket
import time
from pathlib import Path
from typing import Any

import pytest

import genaiops
from genaiops.query import prompts, traces
from tests.dashboard.conftest import Screen, Shown

TEMPLATE = "Answer from the context.\n\nContext:\n{{context}}\n\nQuestion: {{question}}"


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """A store with one prompt of two versions; no evaluation of them."""
    genaiops.configure(tracking_uri=str(tmp_path / "store"))
    genaiops.register_prompt("qa/answer", TEMPLATE, commit_message="first")
    genaiops.register_prompt("qa/answer", f"{TEMPLATE} Be brief.", model_config={"temperature": 0})
    genaiops.set_prompt_alias("qa/answer", "production", 1)
    return tmp_path / "store"


def _ended(screen: Screen, within_s: float = 20.0) -> Screen:
    """The page once its job has ended."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        job: Any = screen.app.session_state["job playground"]
        if job.ended:
            screen.app.run()
            return Screen(screen.app)
        time.sleep(0.02)
    raise AssertionError("the playground's job did not end")


def _field(screen: Screen, kind: str, label: str) -> Any:
    return next(item for item in getattr(screen.app, kind) if item.label == label)


def _press(screen: Screen, label: str) -> Screen:
    _field(screen, "button", label).click()
    screen.app.run()
    return Screen(screen.app)


def test_folders_and_text_narrow_the_list(shown: Shown, filled: Path) -> None:
    inside = shown("prompts", filled, folder="docs")
    found = shown("prompts", filled, q="SUMM")

    assert [row["id"] for row in inside.data["genaiops.table_view"]["rows"]] == [
        "docs/answer",
        "docs/summarise",
    ]
    assert [row["id"] for row in found.data["genaiops.table_view"]["rows"]] == ["docs/summarise"]


def test_any_two_versions_are_compared(shown: Shown, filled: Path) -> None:
    screen = shown("prompts", filled, name="docs/answer", v="1", vs="3")

    diff = screen.data["genaiops.text_diff"]
    assert diff["labels"] == ["v1", "v3"]
    assert [part["title"] for part in diff["parts"]] == ["Template", "Model settings"]


def test_the_figures_of_a_version_stand_beside_those_of_the_other(
    shown: Shown, filled: Path
) -> None:
    screen = shown("prompts", filled, name="docs/answer", v="2")

    assert '"note": "v1: ' in screen.texts
    assert (
        shown("prompts", filled, name="docs/answer", view="All versions").data[
            "genaiops.table_view"
        ]["rows"][1]["cells"]["calls"]["share"]
        > 0
    )


def test_an_alias_moves_from_the_page_with_its_reason(shown: Shown, registry: Path) -> None:
    screen = shown("prompts", registry, name="qa/answer", v="2", view="Aliases")
    _field(screen, "text_input", "because").input("it is shorter")

    screen = _press(screen, "Move the alias")

    assert "production means version 2 now" in screen.texts
    last = prompts.alias_history("qa/answer")[0]
    assert (last.alias, last.version, last.reason) == ("production", 2, "it is shorter")


def test_an_alias_that_was_moved_elsewhere_is_not_moved_unseen(
    shown: Shown, registry: Path
) -> None:
    genaiops.set_prompt_alias("qa/answer", "production", 2)
    moving = shown("prompts", registry, name="qa/answer", v="2", view="Aliases")
    back = shown("prompts", registry, name="qa/answer", v="2", view="Aliases")
    genaiops.register_prompt("qa/answer", "A third {{question}}")
    genaiops.set_prompt_alias("qa/answer", "production", 3)

    moving, back = _press(moving, "Move the alias"), _press(back, "Roll back")

    for screen in (moving, back):
        assert "was moved meanwhile and means version 3 now" in screen.texts
    assert prompts.alias_history("qa/answer")[0].version == 3
    assert "production means version 2 now." in _press(moving, "Move the alias").texts


def test_a_refused_move_shows_why_and_moves_nothing(shown: Shown, registry: Path) -> None:
    screen = shown("prompts", registry, name="qa/answer", v="2", view="Aliases")
    _field(screen, "text_input", "only if its newest evaluation shows").input("exact_match >= 0.5")

    screen = _press(screen, "Move the alias")

    assert "The alias was not moved" in screen.texts
    assert "has no finished evaluation" in screen.texts
    assert genaiops.load_prompt("qa/answer@production", max_age_s=0).version == 1


def test_a_refused_move_shows_the_figures_of_the_evaluation(shown: Shown, registry: Path) -> None:
    prompt = genaiops.load_prompt("qa/answer/2")

    def answer(question: str) -> str:
        asked = prompt.format(question=question, context="Tea is a drink.")
        return genaiops.gateway.complete(model="offline/extractive", messages=asked).text

    rows = [{"id": str(n), "question": "What is tea?", "expected": "no"} for n in range(3)]
    genaiops.evaluate(rows, answer, judges=[genaiops.judges.ExactMatch()])
    screen = shown("prompts", registry, name="qa/answer", v="2", view="Aliases")
    _field(screen, "text_input", "only if its newest evaluation shows").input("exact_match >= 0.5")

    screen = _press(screen, "Move the alias")

    assert "falls short of exact_match >= 0.5" in screen.texts
    assert "on 3 rows" in screen.texts


def test_a_move_is_taken_back(shown: Shown, registry: Path) -> None:
    genaiops.set_prompt_alias("qa/answer", "production", 2)
    screen = shown("prompts", registry, name="qa/answer", view="Aliases")

    screen = _press(screen, "Roll back")

    assert "production means version 1 again" in screen.texts
    assert not shown("prompts", registry, name="qa/answer", view="Aliases").app.exception


def test_a_split_is_one_move_with_nothing_before_it(shown: Shown, registry: Path) -> None:
    genaiops.split_prompt_alias("qa/answer", "canary", {1: 0.9, 2: 0.1})

    listed = shown("prompts", registry)
    screen = shown("prompts", registry, name="qa/answer", view="Aliases")

    assert "'v1 90%'" in str(listed.data)
    buttons = {button.key: button.disabled for button in screen.app.button}
    assert buttons["back canary"]
    genaiops.split_prompt_alias("qa/answer", "canary", {1: 0.5, 2: 0.5})
    again = shown("prompts", registry, name="qa/answer", view="Aliases")
    assert not {button.key: button.disabled for button in again.app.button}["back canary"]


def test_a_version_runs_in_the_playground_and_is_kept_as_a_trace(
    shown: Shown, registry: Path
) -> None:
    screen = shown("prompts", registry, name="qa/answer", v="1", view="Playground")
    _field(screen, "text_area", "context").input("Tea is a drink. Snow is cold.")
    _field(screen, "text_area", "question").input("What is tea?")

    screen = _ended(_press(screen, "Run"))

    trace_id = screen.param("result")
    call = traces.get(trace_id).spans[-1]
    assert (call.prompt_name, call.prompt_version) == ("qa/answer", 1)
    assert "Tea is a drink." in screen.data["genaiops.chat_view"]["messages"][0]["parts"][0]["text"]
    assert f"trace?id={trace_id}" in screen.texts
    again = shown("prompts", registry, name="qa/answer", v="1", view="Playground", result=trace_id)
    assert "Tea is a drink." in again.texts


def test_an_edit_runs_without_counting_for_the_version(shown: Shown, registry: Path) -> None:
    screen = shown("prompts", registry, name="qa/answer", v="1", view="Playground")
    _field(screen, "text_area", "Template").input("Context:\nTea is hot.\n\nQuestion: {{q}}").run()
    screen = Screen(screen.app)
    _field(screen, "text_area", "q").input("What is hot?")

    screen = _ended(_press(screen, "Run"))

    assert "Tea is hot." in screen.data["genaiops.chat_view"]["messages"][0]["parts"][0]["text"]
    assert all(item.calls == 0 for item in prompts.versions("qa/answer"))


def test_an_edit_is_saved_as_the_next_version(shown: Shown, registry: Path) -> None:
    screen = shown("prompts", registry, name="qa/answer", v="2", view="Playground")
    _field(screen, "text_area", "Template").input("Only: {{question}}").run()
    screen = Screen(screen.app)
    _field(screen, "text_input", "What changed").input("without context")

    screen = _press(screen, "Save as a new version")

    saved = prompts.version("qa/answer", 3).version
    assert (saved.template, saved.message) == ("Only: {{question}}", "without context")
    assert saved.model_config == {"temperature": 0}
    assert screen.data["genaiops.text_diff"]["labels"] == ["v2", "v3"]


def test_a_missing_value_and_broken_fields_are_said(shown: Shown, registry: Path) -> None:
    screen = shown("prompts", registry, name="qa/answer", v="1", view="Playground")
    _field(screen, "text_area", "Model settings").input("{nonsense").run()

    assert "this is no JSON" in Screen(screen.app).texts
    assert not screen.app.exception


def test_a_provider_without_a_key_is_a_sentence(
    shown: Shown, registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    screen = shown("prompts", registry, name="qa/answer", v="1", view="Playground",
                   model="openai/gpt-5-mini")  # fmt: skip

    _field(screen, "text_area", "question").input("why?")

    screen = _ended(_press(screen, "Run"))

    assert "set OPENAI_API_KEY" in screen.texts


def test_a_provider_that_is_down_is_a_sentence(
    shown: Shown, registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = f"http://127.0.0.1:{gone.getsockname()[1]}/v1"
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    screen = shown("prompts", registry, name="qa/answer", v="1", view="Playground",
                   model="openai/gpt-5-mini")  # fmt: skip

    screen = _ended(_press(screen, "Run"))

    assert "cannot be reached" in screen.texts
    assert "sk-test" not in screen.texts


def test_a_call_that_takes_too_long_is_cancelled_at_once(
    shown: Shown, registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/v1")
        screen = shown("prompts", registry, name="qa/answer", v="1", view="Playground",
                       model="openai/gpt-5-mini")  # fmt: skip
        screen = _press(screen, "Run")
        assert not screen.app.session_state["job playground"].ended

        screen = _ended(_press(screen, "Cancel"))

    assert "Cancelled after" in screen.texts


def test_a_new_prompt_is_tried_and_registered(shown: Shown, tmp_path: Path) -> None:
    screen = shown("prompts", tmp_path / "new", new="1")
    _field(screen, "text_input", "Name").input("team/first")
    screen.app.run()

    screen = _press(Screen(screen.app), "Register")

    assert prompts.version("team/first", 1).version.message is None
    assert screen.param("name") == "team/first"


def test_the_messages_of_a_call_open_as_a_new_prompt(shown: Shown, filled: Path) -> None:
    genaiops.configure(tracking_uri=str(filled))
    trace_id = traces.search("name = 'answer'", limit=1).items[0].trace_id

    screen = shown("prompts", filled, trace=trace_id)

    assert not screen.app.exception
    assert any("Answer the question from the context" in (area.value or "") for area in screen.app.text_area)  # fmt: skip
