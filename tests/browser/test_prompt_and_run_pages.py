"""Prompts, runs and the gateway as a person uses them."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import genaiops
from genaiops.query import prompts
from tests.browser.conftest import Seen, Serve
from tests.dashboard import seed

ONE, TWO, THREE = (f"{number:x}" * 32 for number in (1, 2, 3))
PAGES = {
    "/prompts?name=docs/answer&view=Playground": "docs/answer",
    "/prompts?new=1": "New prompt",
    f"/runs?run={ONE}&view=Files": "reranker lr=0.05",
    f"/runs?cmp={ONE},{TWO}&view=Parallel": "2 runs compared",
    f"/runs?cmp={ONE},{TWO}&view=Scatter": "2 runs compared",
    f"/runs?cmp={ONE},{TWO}&view=Curves&smooth=0.6&log=true": "2 runs compared",
    "/gateway": "Gateway",
    "/settings": "Settings",
}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that the tests of this file change."""
    folder = tmp_path_factory.mktemp("own") / "store"
    seed.fill(folder, traces=30)
    genaiops.configure(tracking_uri=str(folder))
    genaiops.register_prompt("qa/answer", "Context:\n{{context}}\n\nQuestion: {{question}}")
    genaiops.register_prompt(
        "qa/answer", "Be brief.\n\nContext:\n{{context}}\n\nQuestion: {{question}}"
    )
    genaiops.set_prompt_alias("qa/answer", "production", 1)
    with genaiops.start_run("with files"):
        genaiops.log_text("first line\n<script>alert(1)</script>", "notes.txt")
        genaiops.log_table({"name": ["ada"], "formula": ["=1+1"]}, "table.json")
    return folder


@pytest.fixture(scope="module")
def own_site(serve: Serve, own: Path) -> str:
    return serve(own)


@pytest.mark.parametrize("path", PAGES)
def test_page_draws_without_an_error_and_asks_no_other_host(
    path: str, site: str, page: Page, seen: Seen
) -> None:
    page.goto(site + path)

    expect(page.get_by_role("heading", name=PAGES[path], exact=True).first).to_be_visible()
    page.wait_for_load_state("networkidle")
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
    assert seen == Seen()


def test_a_version_is_promoted_by_clicks(own_site: str, own: Path, page: Page) -> None:
    page.goto(f"{own_site}/prompts")
    page.get_by_role("link", name="qa/answer").click()
    expect(page.locator(".st-key-versions tr.selected")).to_contain_text("v2")

    page.get_by_role("button", name="Promote").click()
    page.get_by_label("because").fill("shorter")
    page.get_by_role("button", name="Move the alias").click()

    expect(page.get_by_role("heading", name="production means version 2 now.")).to_be_visible()
    page.get_by_role("button", name="Roll back").click()
    expect(page.get_by_role("heading", name="production means version 1 again.")).to_be_visible()
    genaiops.configure(tracking_uri=str(own))
    moves = prompts.alias_history("qa/answer")
    assert [(move.version, move.reason) for move in moves[:2]] == [
        (1, "rollback from 2"),
        (2, "shorter"),
    ]


def test_the_playground_answers_and_links_the_trace(own_site: str, page: Page) -> None:
    page.goto(f"{own_site}/prompts?name=qa/answer&v=2&view=Playground")
    page.get_by_label("context").fill("Tea is a drink. Snow is cold.")
    page.get_by_label("question").fill("What is tea?")
    page.get_by_label("question").press("Control+Enter")

    page.get_by_role("button", name="Run", exact=True).click()

    expect(page.locator(".st-key-answer")).to_contain_text("Tea is a drink.")
    page.get_by_role("link", name="open the trace").click()
    page.wait_for_url(re.compile("/trace"))
    expect(page.get_by_role("heading", name="playground").first).to_be_visible()


def test_two_versions_are_compared_as_chosen(site: str, page: Page) -> None:
    page.goto(f"{site}/prompts?name=docs/answer")
    page.locator(".st-key-versions tbody tr").nth(2).click()
    page.wait_for_url(re.compile("v=1"))
    expect(page.locator(".st-key-versions tr.selected")).to_contain_text("v1")
    expect(page.locator(".st-key-diff .bar")).to_contain_text("v2")

    page.get_by_role("combobox", name="Compare with").click()
    page.get_by_role("option", name="against version 3").click()

    page.wait_for_url(re.compile("vs=3"))
    expect(page.locator(".st-key-diff ins").first).to_be_visible()


def test_marked_runs_are_compared_and_kept_by_dragging(site: str, page: Page) -> None:
    page.goto(f"{site}/runs?exp=reranker")
    for place in range(3):
        page.get_by_role("checkbox", name="pick this row").nth(place).check()
    page.get_by_role("button", name="Compare 3", exact=True).click()
    expect(page.get_by_role("heading", name="3 runs compared")).to_be_visible()
    page.get_by_text("Parallel", exact=True).click()
    axis = page.locator(".st-key-parallel rect.handle").first
    expect(axis).to_be_visible()

    box = axis.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.3, steps=5)
    page.mouse.up()
    expect(page.locator(".st-key-parallel .top")).to_contain_text("1 of 3 runs")
    page.get_by_role("button", name="Keep only these").click()

    page.wait_for_url(re.compile(f"cmp={THREE}"))


def test_a_point_opens_its_run(site: str, page: Page) -> None:
    page.goto(f"{site}/runs?cmp={ONE},{TWO},{THREE}&view=Scatter")

    page.get_by_role("button", name="reranker lr=0.3").click()

    expect(page.get_by_role("heading", name="reranker lr=0.3").first).to_be_visible()
    page.wait_for_url(re.compile(f"run={THREE}"))


def test_a_file_is_shown_as_text_and_downloaded_as_it_is(
    own_site: str, page: Page, seen: Seen
) -> None:
    page.goto(f"{own_site}/runs?q=with+files")
    page.locator(".st-key-runs tbody tr").first.click()
    page.get_by_text("Files", exact=True).click()

    page.get_by_role("cell", name="notes.txt").click()
    expect(page.get_by_text("<script>alert(1)</script>")).to_be_visible()
    with page.expect_download() as fetched:
        page.get_by_role("button", name="Download").click()

    assert fetched.value.suggested_filename == "notes.txt"
    assert Path(fetched.value.path()).read_text() == "first line\n<script>alert(1)</script>"
    assert seen == Seen()


def test_the_traces_of_a_model_open_from_the_gateway(site: str, page: Page) -> None:
    page.goto(f"{site}/gateway")

    page.locator(".st-key-targets tbody tr").first.click()

    page.wait_for_url(re.compile("/traces"))
    expect(page.locator("tbody tr").first).to_be_visible()
