"""Evaluations, datasets and review queues as a person uses them."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import genaiops
from genaiops.query import reviews
from tests.browser.conftest import Seen

A, B = "e" * 31 + "1", "e" * 31 + "2"
PAGES = {
    f"/eval?runs={B}&view=Judges+and+people": "answer v2",
    "/datasets": "Datasets",
    "/datasets?name=docs/questions&v=1&row=q-03": "docs/questions",
    "/review": "Review",
    "/review?queue=week+48": "week 48",
}


@pytest.mark.parametrize("path", PAGES)
def test_page_draws_without_an_error_and_asks_no_other_host(
    path: str, site: str, page: Page, seen: Seen
) -> None:
    page.goto(site + path)

    expect(page.get_by_role("heading", name=PAGES[path], exact=True).first).to_be_visible()
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
    assert seen == Seen()


def test_marked_evaluations_are_compared_at_one_click(site: str, page: Page) -> None:
    page.goto(f"{site}/eval")
    page.get_by_role("checkbox").nth(0).check()
    page.get_by_role("checkbox").nth(1).check()

    page.get_by_role("button", name="Compare 2").click()

    page.wait_for_url(re.compile(f"runs={A}(,|%2C){B}"))
    expect(page.get_by_role("heading", name="answer v1 → answer v2")).to_be_visible()


def test_only_the_rows_that_got_worse_are_kept(site: str, page: Page) -> None:
    page.goto(f"{site}/eval?runs={A},{B}")
    page.get_by_role("button", name="correctness").click()
    page.wait_for_url(re.compile("judge=correctness"))

    page.get_by_role("radio", name="Regressed").or_(page.get_by_role("button", name="Regressed")).first.click()  # fmt: skip
    page.wait_for_url(re.compile("only=Regressed"))

    rows = page.locator(".st-key-rows tbody tr")
    expect(rows.last.locator("td:last-child")).to_have_text(re.compile("^-"))
    assert all(text.startswith("-") for text in rows.locator("td:last-child").all_inner_texts())


def test_a_click_on_a_row_shows_both_answers(site: str, page: Page) -> None:
    page.goto(f"{site}/eval?runs={A},{B}")
    row = page.locator(".st-key-rows tbody tr").nth(2)
    name = row.locator(".small").inner_text()

    row.click()

    expect(page.get_by_role("heading", name=f"Row {name}")).to_be_visible()
    expect(page.get_by_text("groundedness").last).to_be_visible()


def test_keys_answer_one_item_after_the_other(site: str, page: Page, filled: Path) -> None:
    genaiops.configure(tracking_uri=str(filled))
    waiting = [item.trace_id for item in reviews.items("week 48") if item.state == "waiting"]
    at = '.root[data-item="{}"]'
    page.goto(f"{site}/review?queue=week+48")

    for key, follows in (("2", waiting[1]), ("1", waiting[2]), ("k", waiting[1])):
        expect(page.locator(".root[data-item]")).to_be_visible()
        page.keyboard.press(key)
        page.wait_for_url(re.compile(f"trace={follows}"))
        expect(page.locator(at.format(follows))).to_be_visible()
    expect(page.locator(".choice.on")).to_contain_text("No")

    said = {item.trace_id: item.value for item in reviews.items("week 48")}
    assert (said[waiting[0]], said[waiting[1]]) == (True, False)


def test_two_tabs_on_one_queue_do_not_answer_over_each_other(
    site: str, page: Page, filled: Path
) -> None:
    genaiops.configure(tracking_uri=str(filled))
    genaiops.create_review_queue("tabs", judge="clear", filter="name = 'answer'", limit=3)
    first, second, third = (item.trace_id for item in reviews.items("tabs"))
    at = '.root[data-item="{}"]'
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto(f"{site}/review?queue=tabs")
        expect(tab.locator(at.format(first))).to_be_visible()

    page.keyboard.press("2")
    expect(page.locator(at.format(second))).to_be_visible()
    other.keyboard.press("1")
    expect(other.get_by_text("Somebody else answered this item")).to_be_visible()
    expect(other.locator(".choice.on")).to_contain_text("Yes")
    assert reviews.items("tabs")[0].value is True
    page.keyboard.press("2")
    expect(page.locator(at.format(third))).to_be_visible()
    other.keyboard.press("1")
    expect(other.locator(at.format(third))).to_be_visible()  # not what was answered meanwhile
    other.keyboard.press("1")

    expect(other.get_by_text("Nothing waits any more.")).to_be_visible()
    assert [item.value for item in reviews.items("tabs")] == [False, True, False]


def test_digits_typed_into_the_reason_answer_nothing(site: str, page: Page) -> None:
    page.goto(f"{site}/review?queue=week+48")
    why = page.get_by_label("Why")
    why.click()

    page.keyboard.type("1 of 2, just so")

    expect(why).to_have_value("1 of 2, just so")
    expect(page).to_have_url(re.compile(r"queue=week(\+|%20)48$"))
