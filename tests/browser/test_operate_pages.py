"""Datasets, settings and long questions as a person uses them."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

import genaiops
from genaiops.store import current_store
from tests.browser.conftest import Seen


def test_a_row_of_a_dataset_leads_to_the_trace_it_came_from(
    site: str, page: Page, seen: Seen
) -> None:
    page.goto(f"{site}/datasets")
    page.locator(".st-key-names tbody tr", has_text="from-traces").click()
    expect(page.get_by_role("heading", name="from-traces")).to_be_visible()

    page.locator(".st-key-rows tbody tr").first.click()
    page.wait_for_url(re.compile("row="))
    page.get_by_role("link", name="from trace").click()

    page.wait_for_url(re.compile(r"/trace\?id="))
    expect(page.get_by_role("heading", name="answer").first).to_be_visible()
    assert seen == Seen()


def test_retention_is_asked_for_and_deletes_nothing_by_a_click(
    site: str, page: Page, filled: Path
) -> None:
    genaiops.configure(tracking_uri=str(filled))
    current_store().seal()
    page.goto(f"{site}/settings")
    page.get_by_label("Traces that ended longer ago than this many days").fill("0")

    page.get_by_role("button", name="What would go?").click()

    expect(page.get_by_text("would go.")).to_be_visible()
    expect(page.get_by_text("genaiops store retain --days 0")).to_be_visible()
    assert len(genaiops.search_traces(limit=300)) > 180
    expect(page.locator(".st-key-settings tbody tr", has_text="sample")).to_contain_text("default")


def test_a_question_that_takes_long_is_cancelled_and_the_next_is_answered(
    site: str, page: Page
) -> None:
    forever = "SELECT count(*) FROM range(100000000000), range(1000)"
    page.goto(f"{site}/sql?sql={forever}")
    expect(page.get_by_text(re.compile(r"Asking the store · \d+ s"))).to_be_visible()

    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("the query was cancelled")).to_be_visible()
    page.get_by_role("textbox", name="Query").fill("SELECT 40 + 2 AS answer")
    page.get_by_role("textbox", name="Query").press("Control+Enter")

    expect(page.locator(".st-key-result tbody tr")).to_contain_text("42")
