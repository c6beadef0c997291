"""The list of traces as a person uses it: typing a filter, keeping views, following live, acting on many."""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import genaiops
from genaiops.query import datasets, traces
from tests.browser.conftest import Serve
from tests.dashboard import seed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that these tests write to."""
    store = tmp_path_factory.mktemp("listed") / "store"
    seed.fill(store, traces=40)
    return store


@pytest.fixture(scope="module")
def listed(serve: Serve, folder: Path) -> str:
    """The address of its list of traces."""
    return f"{serve(folder)}/traces"


def test_a_filter_is_completed_while_it_is_typed(listed: str, page: Page) -> None:
    page.goto(listed)
    box = page.get_by_role("combobox", name="Filter")
    box.click()
    page.keyboard.type("sta")
    expect(page.get_by_role("option").first).to_have_text(re.compile("status"))
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.type("er")
    page.keyboard.press("Tab")
    expect(box).to_have_value("status = 'error' ")

    page.keyboard.press("Enter")

    page.wait_for_url(re.compile("q=status"))
    expect(page.locator("tbody .status", has_text="ok")).to_have_count(0)
    expect(page.locator("tbody .status", has_text="error").first).to_be_visible()


def test_text_is_found_in_spans_below_the_root(listed: str, page: Page) -> None:
    page.goto(listed)
    page.get_by_placeholder("text in any span").fill("in one to three SENTENCES")
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile("text="))
    expect(page.get_by_text("hold this text, newest first")).to_be_visible()
    expect(page.locator("tbody tr").first).to_contain_text("one to three sentences")


def test_a_kept_view_comes_back_with_one_click(listed: str, page: Page) -> None:
    page.goto(f"{listed}?status=error&sort=duration_ms+DESC")
    expect(page.locator("tbody tr").first).to_be_visible()
    page.get_by_role("button", name="Views").click()
    page.get_by_label("Name of this view").fill("slow failures")
    page.get_by_role("button", name="Keep this view").click()
    expect(page.get_by_role("link", name="slow failures")).to_be_visible()

    page.goto(f"{listed}?status=ok&live=true")
    expect(page.locator("tbody tr").first).to_be_visible()
    page.get_by_role("button", name="Views").click()
    page.get_by_role("link", name="slow failures").click()

    page.wait_for_url(lambda url: "status=error" in url and "sort=duration_ms" in url)
    expect(page.locator("tbody .status", has_text="ok")).to_have_count(0)
    assert "live" not in page.url


def test_a_span_that_ends_elsewhere_appears_in_the_live_list(
    listed: str, page: Page, folder: Path
) -> None:
    page.goto(f"{listed}?live=true&q=name+%3D+'fresh'")
    expect(page.get_by_text("No trace matches")).to_be_visible()

    store = seed.use(folder)
    seed.span(store, "fe" * 16, "1" * 16, "fresh", "agent", time.time_ns(), 5, trace_name="fresh")

    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody tr").click()
    page.wait_for_url(re.compile(f"/trace\\?id={'fe' * 16}"))


def test_marked_traces_become_a_dataset(listed: str, page: Page, folder: Path) -> None:
    page.goto(f"{listed}?q=name+%3D+'answer'")
    boxes = page.get_by_role("checkbox", name="pick this row")
    boxes.nth(0).check()
    boxes.nth(2).check()
    page.get_by_role("button", name="Dataset").click()
    expect(page.get_by_text("Adds the 2 marked")).to_be_visible()
    page.get_by_role("combobox", name="Dataset").fill("picked-ones")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Add", exact=True).click()

    expect(page.get_by_text("2 traces added to picked-ones, version 1")).to_be_visible()
    genaiops.configure(tracking_uri=str(folder))
    assert {item.name: item.newest.n_rows for item in datasets.names()}["picked-ones"] == 2


def test_traces_are_judged_again_and_the_evaluation_opens(
    listed: str, page: Page, folder: Path
) -> None:
    page.goto(f"{listed}?status=ok&q=session_id+%3D+'s-1'")
    page.get_by_role("button", name="Judge").click()
    page.get_by_role("combobox", name="Judges").click()
    page.keyboard.press("Backspace")
    page.get_by_role("combobox", name="Judges").fill("latency_ms")
    page.keyboard.press("Enter")
    page.get_by_text("nothing is answered again").click()
    page.get_by_test_id("stFormSubmitButton").get_by_role("button", name="Judge").click()

    page.get_by_text("traces judged: see the evaluation").click()

    page.wait_for_url(re.compile(r"/eval\?runs=[0-9a-f]{32}"))
    expect(page.get_by_role("heading", name="judged again").first).to_be_visible()
    genaiops.configure(tracking_uri=str(folder))
    assert traces.search("feedback.latency_ms > 0").items


def test_a_question_in_sql_is_answered_and_drawn(serve: Serve, filled: Path, page: Page) -> None:
    page.goto(f"{serve(filled)}/sql")
    page.get_by_role("link", name="Cost by model").click()
    expect(page.get_by_role("cell", name="gpt-5-mini-2026-08")).to_be_visible()

    page.get_by_text("Chart", exact=True).click()

    page.wait_for_url(re.compile("view=Chart"))
    expect(page.locator(".bar-row").first).to_contain_text("gpt-5-mini-2026-08")
    page.get_by_label("Query").fill("SELECT 6 * 7 AS answer")
    page.get_by_role("button", name="Run").click()
    page.get_by_text("Table", exact=True).click()
    expect(page.get_by_role("cell", name="42")).to_be_visible()
