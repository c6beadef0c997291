"""The dashboard as a person uses it: pages, clicks, keys, links."""

import re
import socket
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

import genaiops
from genaiops.query import traces
from tests.browser.conftest import Seen, Serve

A, B = "e" * 31 + "1", "e" * 31 + "2"
PAGES = {
    "/": "Last 24 hours",
    "/traces": "Traces",
    "/sessions": "Sessions",
    "/sql": "SQL",
    "/sessions?id=s-3": "s-3",
    "/prompts": "Prompts",
    "/prompts?name=docs/answer": "docs/answer",
    "/prompts?name=docs/summarise&view=Settings": "docs/summarise",
    "/prompts?name=docs/answer&view=Aliases": "docs/answer",
    "/eval": "Evaluate",
    f"/eval?runs={B}": "answer v2",
    f"/eval?runs={A},{B}": "answer v1 → answer v2",
    "/runs": "Runs",
    f"/runs?run={'1' * 32}": "reranker lr=0.05",
    f"/runs?cmp={'1' * 32},{'3' * 32}": "2 runs compared",
}


def failing(filled: Path) -> str:
    """Id of the newest trace that failed."""
    genaiops.configure(tracking_uri=str(filled))
    return traces.search("status = 'error'", limit=1).items[0].trace_id


@pytest.mark.parametrize("path", PAGES)
def test_page_draws_without_an_error_and_asks_no_other_host(
    path: str, site: str, page: Page, seen: Seen
) -> None:
    page.goto(site + path)

    expect(page.get_by_role("heading", name=PAGES[path], exact=True).first).to_be_visible()
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
    assert seen == Seen()


def test_a_link_into_a_fresh_server_opens_its_page_with_the_menu(
    serve: Serve, filled: Path, page: Page
) -> None:
    page.goto(f"{serve(filled)}/traces?q=name+%3D+'answer'")

    expect(page.locator("tbody tr").first).to_be_visible()
    expect(page.get_by_role("link", name="Evaluate")).to_be_visible()


def test_a_click_in_the_list_opens_the_trace_and_the_link_back_returns(
    site: str, page: Page
) -> None:
    page.goto(f"{site}/traces")
    page.locator("tbody tr").first.click()
    page.wait_for_url(re.compile(r"/trace\?id=[0-9a-f]{32}"))
    expect(page.get_by_role("tree")).to_be_visible()

    page.get_by_role("link", name="Traces").last.click()

    expect(page).to_have_url(re.compile(r"/traces$"))


def test_the_next_trace_of_the_list_is_one_click_away(site: str, page: Page) -> None:
    page.goto(f"{site}/traces")
    page.locator("tbody tr").first.click()
    page.wait_for_url(re.compile(r"/trace\?id="))
    expect(page.get_by_role("tree")).to_be_visible()
    first = page.url

    page.locator(".st-key-Older button").first.click()

    page.wait_for_url(lambda url: url != first and "/trace?id=" in url)
    assert page.url != first


def test_choosing_a_span_shows_it_and_stands_in_the_url(
    site: str, page: Page, filled: Path
) -> None:
    page.goto(f"{site}/trace?id={failing(filled)}")
    page.get_by_role("treeitem").filter(has_text="chat gpt-5-mini").click()

    page.wait_for_url(re.compile(r"span=[0-9a-f]{16}"))
    expect(page.get_by_text("Answer the question from the context").first).to_be_visible()
    expect(page.get_by_text("docs/answer v")).to_be_visible()

    page.reload()

    chosen = page.get_by_role("treeitem", selected=True)
    expect(chosen).to_contain_text("chat gpt-5-mini")


def test_arrow_keys_walk_and_fold_the_tree(site: str, page: Page, filled: Path) -> None:
    page.goto(f"{site}/trace?id={failing(filled)}")
    tree = page.get_by_role("tree")
    expect(page.get_by_role("treeitem")).to_have_count(6)
    page.get_by_role("treeitem").first.click()

    tree.focus()
    tree.press("ArrowDown")
    expect(page.get_by_role("treeitem", selected=True)).to_contain_text("retrieve")
    tree.press("ArrowLeft")

    expect(page.get_by_role("treeitem")).to_have_count(4)


def test_a_late_answer_to_one_step_does_not_take_back_the_next(
    site: str, page: Page, filled: Path
) -> None:
    holding: list[bool] = []
    held: list[tuple[WebSocketRoute, str | bytes]] = []

    def late(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(
            lambda message: held.append((socket, message)) if holding else socket.send(message)
        )

    page.route_web_socket(re.compile("_stcore/stream"), late)
    page.goto(f"{site}/trace?id={failing(filled)}")
    expect(page.get_by_role("treeitem")).to_have_count(6)
    holding.append(True)
    page.get_by_role("treeitem").first.click()
    while not held:
        page.wait_for_timeout(100)
    page.wait_for_timeout(1_000)  # the whole answer to the click waits now
    page.get_by_role("tree").press("ArrowDown")
    answers, held[:] = list(held), []
    for page_side, message in answers:
        page_side.send(message)
    page.wait_for_timeout(500)

    chosen = page.get_by_role("treeitem", selected=True)
    expect(chosen).to_contain_text("retrieve", timeout=1)
    holding.clear()
    for page_side, message in held:
        page_side.send(message)
    page.wait_for_url(re.compile("span=[0-9a-f]{16}"))
    expect(chosen).to_contain_text("retrieve")


def test_one_click_leads_to_the_failing_span(site: str, page: Page, filled: Path) -> None:
    page.goto(f"{site}/trace?id={failing(filled)}")
    expect(page.get_by_role("treeitem", selected=True)).to_contain_text("cite_sources")
    page.get_by_role("treeitem").nth(1).click()

    page.get_by_role("button", name="2 failed").click()

    expect(page.get_by_role("treeitem", selected=True)).to_contain_text("cite_sources")
    expect(page.get_by_text("KeyError: 'p-12' is not indexed").first).to_be_visible()


def test_letters_walk_the_tree_and_a_slash_finds_a_span(
    site: str, page: Page, filled: Path
) -> None:
    page.goto(f"{site}/trace?id={failing(filled)}")
    expect(page.get_by_role("treeitem")).to_have_count(6)
    chosen = page.get_by_role("treeitem", selected=True)

    page.keyboard.press("k")
    expect(chosen).to_contain_text("chat gpt-5-mini")
    page.keyboard.press("j")
    expect(chosen).to_contain_text("cite_sources")
    page.keyboard.press("/")
    page.keyboard.type("rerank")
    expect(page.get_by_text("1 found")).to_be_visible()
    page.keyboard.press("Enter")

    expect(chosen).to_contain_text("rerank")
    expect(page.get_by_role("heading", name="rerank")).to_be_visible()


def test_only_branches_with_a_failure_are_kept(site: str, page: Page, filled: Path) -> None:
    page.goto(f"{site}/trace?id={failing(filled)}")

    page.get_by_role("button", name="only failures").click()

    expect(page.get_by_role("treeitem")).to_have_count(2)


def test_a_session_opens_as_a_conversation_and_leads_to_its_traces(site: str, page: Page) -> None:
    page.goto(f"{site}/sessions")
    page.locator("tbody tr").first.click()
    page.wait_for_url(re.compile(r"/sessions\?id="))

    page.get_by_text("open trace").first.click()

    page.wait_for_url(re.compile(r"/trace\?id="))
    expect(page.get_by_role("tree")).to_be_visible()


def test_dragging_over_the_chart_keeps_that_time(site: str, page: Page) -> None:
    page.goto(f"{site}/traces")
    plot = page.locator(".plot")
    expect(plot).to_be_visible()
    box = plot.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2

    page.mouse.move(box["x"] + box["width"] * 0.3, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, middle)
    page.mouse.up()

    page.wait_for_url(re.compile(r"from=\d+.*to=\d+|to=\d+.*from=\d+"))
    expect(page.get_by_role("button", name="Clear time")).to_be_visible()


def test_pages_of_the_list_go_forward_and_back(site: str, page: Page) -> None:
    page.goto(f"{site}/traces")
    time_of_row = page.locator("tbody tr td.k-time").first
    first = time_of_row.text_content()

    page.get_by_role("button", name="Next").click()
    page.wait_for_url(re.compile("after="))
    expect(time_of_row).not_to_have_text(str(first))
    page.get_by_role("button", name="Back").click()

    expect(time_of_row).to_have_text(str(first))


def test_a_head_of_the_table_sorts_the_list(site: str, page: Page) -> None:
    page.goto(f"{site}/traces")

    page.get_by_role("button", name="Latency").click()

    page.wait_for_url(re.compile("sort=duration_ms"))
    expect(page.get_by_role("button", name="Latency ↓")).to_be_visible()


def test_a_filter_that_is_wrong_is_answered_with_a_sentence(site: str, page: Page) -> None:
    page.goto(f"{site}/traces?q=latency_ms+%3E%3E+5")

    expect(page.get_by_text("the filter cannot be understood")).to_be_visible()
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def test_feedback_is_stored_and_shown(site: str, page: Page, filled: Path) -> None:
    trace_id = failing(filled)
    page.goto(f"{site}/trace?id={trace_id}&view=Feedback")

    page.get_by_label("Name").fill("tone")
    page.get_by_label("Value").fill("yes")
    page.get_by_label("Why").fill("friendly enough")
    page.get_by_role("button", name="Add feedback").click()

    expect(page.get_by_text("friendly enough").first).to_be_visible()
    said = traces.get(trace_id).assessments[-1]
    assert (said.name, said.value, said.rationale) == ("tone", True, "friendly enough")
    assert said.source_type == "human"


def test_prompt_versions_are_compared_word_by_word_at_once(site: str, page: Page) -> None:
    page.goto(f"{site}/prompts?name=docs/answer")

    expect(page.locator(".diff ins").filter(has_text="not in the documents")).to_be_visible()
    expect(page.locator(".diff del").filter(has_text="so")).to_be_visible()
    page.get_by_role("button", name="Side by side").click()
    expect(page.locator(".side")).to_have_count(2)


def test_dark_and_light_follow_the_system(site: str, page: Page) -> None:
    def background() -> str:
        page.goto(site)
        expect(page.get_by_role("heading", name="Last 24 hours")).to_be_visible()
        return str(
            page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
        )

    page.emulate_media(color_scheme="dark")
    dark = background()
    page.emulate_media(color_scheme="light")
    light = background()

    assert (dark, light) == ("rgb(18, 20, 23)", "rgb(255, 255, 255)")


@pytest.mark.parametrize("evil", ["Host", "Origin"])
def test_another_site_cannot_open_the_stream(site: str, evil: str) -> None:
    own = site.removeprefix("http://")
    headers = {
        "Host": own,
        "Origin": site,
        evil: {"Host": "evil.example", "Origin": "http://evil.example"}[evil],
    }

    assert handshake(own, {"Host": own, "Origin": site}).startswith(b"HTTP/1.1 101")
    assert handshake(own, headers).startswith(b"HTTP/1.1 403")


def handshake(address: str, headers: dict[str, str]) -> bytes:
    """The first line of the answer to a WebSocket handshake."""
    host, _, port = address.partition(":")
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    lines = [f"{name}: {value}" for name, value in (headers | upgrade).items()]
    with socket.create_connection((host, int(port)), timeout=10) as stream:
        stream.sendall("\r\n".join(["GET /_stcore/stream HTTP/1.1", *lines, "", ""]).encode())
        return stream.recv(64)
