"""Stores and traces that are broken, huge or odd: every page answers with a sentence or a picture."""

import functools
import json
import time
from pathlib import Path

import pytest

import genaiops
from dashboard.parts.menu import MENU
from genaiops.store import LocalStore, current_store
from tests.dashboard import seed
from tests.dashboard.conftest import Screen, Shown

SCREENS = [entry.file.removeprefix("screens/").removesuffix(".py") for entry in MENU]
LONG = "n" * 100_000
RIGHT_TO_LEFT = "مرحبا بالعالم \u202e gnp.exe"


def write(*spans: dict[str, object]) -> None:
    """Spans as they are, one line each."""
    lines = [
        json.dumps({"k": "span", "status": "ok", "span_type": "agent"} | span) for span in spans
    ]
    assert current_store().append("spans", "".join(f"{line}\n" for line in lines).encode())


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of traces that no program should leave behind."""
    folder = tmp_path_factory.mktemp("odd") / "store"
    seed.use(folder)
    now, second = time.time_ns() - 60 * seed.NS, seed.NS
    span = {"start_ns": now, "end_ns": now + second}
    write(
        {"trace_id": "a0" * 16, "span_id": "1" * 16, "parent_span_id": "9" * 16, "name": "no root", **span},
        {"trace_id": "a1" * 16, "span_id": "1" * 16, "parent_span_id": "2" * 16, "name": "round", **span},
        {"trace_id": "a1" * 16, "span_id": "2" * 16, "parent_span_id": "1" * 16, "name": "and round", **span},
        {"trace_id": "a2" * 16, "span_id": "1" * 16, "name": "skewed", **span},
        {"trace_id": "a2" * 16, "span_id": "2" * 16, "parent_span_id": "1" * 16, "name": "before its parent",
         "start_ns": now - 9 * second, "end_ns": now - 10 * second},
        {"trace_id": "a3" * 16, "span_id": "1" * 16, "name": LONG, "trace_name": LONG, "session_id": LONG,
         "user_id": LONG, "experiment": LONG, "tags": {LONG: LONG}, "prompt_name": LONG, "request_model": LONG,
         "status": "error", "status_message": LONG, "inputs": {LONG: LONG}, "outputs": LONG, **span},
        {"trace_id": "a4" * 16, "span_id": "1" * 16, "name": RIGHT_TO_LEFT, "trace_name": RIGHT_TO_LEFT,
         "session_id": RIGHT_TO_LEFT, "inputs": RIGHT_TO_LEFT, "outputs": RIGHT_TO_LEFT, **span},
        {"trace_id": "a5" * 16, "span_id": "1" * 16, "name": "", "start_ns": now, "status": "running"},
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that a later version of genaiops has written."""
    folder = tmp_path_factory.mktemp("newer") / "store"
    store = seed.use(folder)
    seed.rag_trace(store, 1, time.time_ns())
    with store.txn() as t:
        t.execute(
            "INSERT INTO data.schema_versions (version, name, at_ns) VALUES (999, 'later', 1)"
        )
    return folder


def calm(screen: Screen) -> bool:
    """No exception, no traceback, nothing unforeseen."""
    wrong = ("Traceback", "Something went wrong")
    return not screen.app.exception and not any(word in screen.texts for word in wrong)


@pytest.mark.parametrize("file", SCREENS)
def test_every_page_bears_odd_traces(file: str, shown: Shown, odd: Path) -> None:
    assert calm(shown(file, odd))


@pytest.mark.parametrize("file", SCREENS)
def test_every_page_says_that_a_store_is_newer(file: str, shown: Shown, newer: Path) -> None:
    screen = shown(file, newer)

    assert calm(screen)
    assert "newer" in screen.texts or "upgrade" in screen.texts


@pytest.mark.parametrize("file", SCREENS)
def test_every_page_bears_a_store_that_is_missing(file: str, shown: Shown, tmp_path: Path) -> None:
    assert calm(shown(file, tmp_path / "nowhere"))


@pytest.mark.parametrize("file", SCREENS)
def test_every_page_bears_a_store_without_a_record(file: str, shown: Shown, tmp_path: Path) -> None:
    with seed.use(tmp_path / "store").txn():
        pass

    assert calm(shown(file, tmp_path / "store"))


@pytest.mark.parametrize(
    ("trace", "said"),
    [("a0", "no root"), ("a1", "each other's parents"), ("a2", "clock"), ("a3", "nnnn"), ("a4", "مرحبا"), ("a5", "running")],
)  # fmt: skip
def test_an_odd_trace_is_drawn_and_said_to_be_odd(
    trace: str, said: str, shown: Shown, odd: Path
) -> None:
    for view in ("Content", "JSON"):
        screen = shown("trace", odd, id=trace * 16, view=view)

        assert calm(screen), view
        assert screen.data["genaiops.trace_view"]["spans"], view
        assert said in screen.texts.lower(), view


def test_names_of_100_000_characters_do_not_reach_the_browser_whole(
    shown: Shown, odd: Path
) -> None:
    for file in ("home", "traces"):
        assert len(shown(file, odd).texts) < 60_000, file
    listed = shown("sessions", odd).texts  # its link needs the id itself
    assert len(listed) < 60_000 + 2 * len(LONG)


@pytest.mark.parametrize("file", [name for name in SCREENS if name not in ("sql", "settings")])
def test_a_store_that_another_holds_is_busy_and_can_be_tried_again(
    file: str, shown: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "store"
    seed.rag_trace(seed.use(folder), 1, time.time_ns())
    current_store().compact()
    impatient = functools.partialmethod(LocalStore.read, timeout_s=0.05)

    with current_store().txn(), monkeypatch.context() as patched:
        patched.setattr(LocalStore, "read", impatient)
        screen = shown(file, folder, id="a" * 32)

    assert calm(screen)
    assert "The store is busy" in screen.texts
    assert "Try again" in [button.label for button in screen.app.button]


def test_a_span_of_16_mb_is_shown_by_its_ends_and_downloaded_whole(
    shown: Shown, tmp_path: Path
) -> None:
    seed.use(tmp_path / "store")
    with genaiops.start_span("huge", span_type="llm") as span:
        span.set_inputs({"text": "x" * (15 << 20)})
        span.set_outputs("the end")
    genaiops.flush()

    screen = shown("trace", tmp_path / "store", id=span.trace_id)

    assert calm(screen)
    assert len(screen.texts) < 300_000
    assert "15,7" in screen.texts or '"bytes": 157' in screen.texts


def test_a_name_that_is_no_store_is_answered_with_a_sentence(shown: Shown, tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("text")

    screen = shown("traces", tmp_path / "a file")

    assert calm(screen)
    assert "a file" in screen.texts
