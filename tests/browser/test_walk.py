"""What a new user does after `make demo`, with nothing read: only clicks and what the pages say."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import genaiops
from genaiops.demo.tour import run_demo
from tests.browser.conftest import Seen, Serve


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the demo leaves, with the offline model."""
    store = tmp_path_factory.mktemp("demo") / "store"
    genaiops.configure(tracking_uri=str(store))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GENAIOPS_DEMO_MODEL", "offline/extractive")
        run_demo(lambda _: None)
    return store


def test_from_the_demo_to_the_slowest_trace_the_reason_and_the_promotion(
    demo: Path, serve: Serve, page: Page, seen: Seen
) -> None:
    page.goto(serve(demo))
    menu = page.get_by_test_id("stSidebarNav")

    # the slowest trace
    menu.get_by_role("link", name="Traces", exact=True).click()
    page.get_by_role("button", name="Latency").click()
    expect(page.get_by_role("button", name="Latency ↓")).to_be_visible()
    page.locator("table tbody tr").first.click()
    page.wait_for_url(re.compile("/trace\\?"))
    genaiops.configure(tracking_uri=str(demo))
    slowest = max(genaiops.search_traces(limit=200), key=lambda trace: trace.duration_ms or 0)
    assert slowest.trace_id in page.url

    # why version 2 scored better
    menu.get_by_role("link", name="Prompts", exact=True).click()
    page.get_by_role("link", name="demo/python-reference").click()
    expect(page.locator(".st-key-scores")).to_contain_text("token_f1")
    added = page.locator(".st-key-diff ins", has_text="cite the passage id")
    expect(added.first).to_be_visible()
    page.get_by_role("link", name="why: v1 → v2 row by row").click()
    expect(page.get_by_role("heading", name="demo v1 → demo v2")).to_be_visible()
    expect(page.get_by_text("better").first).to_be_visible()

    # into production, behind its evaluation
    menu.get_by_role("link", name="Prompts", exact=True).click()
    page.get_by_role("link", name="demo/python-reference").click()
    page.get_by_role("button", name="Promote").click()
    condition = page.get_by_role("textbox", name="only if its newest evaluation shows")
    condition.fill("token_f1 >= 0.9")
    page.get_by_role("button", name="Move the alias").click()
    expect(page.get_by_text("falls short of token_f1 >= 0.9")).to_be_visible()
    condition.fill("token_f1 >= 0.25")
    page.get_by_role("button", name="Move the alias").click()
    expect(page.get_by_role("heading", name="production means version 2 now.")).to_be_visible()

    promoted = genaiops.load_prompt("demo/python-reference@production", max_age_s=0)
    assert promoted.version == 2
    assert seen == Seen()
