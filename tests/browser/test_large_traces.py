"""A trace of 20,000 spans is as easy to walk as a small one."""

import json
import re
import time
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Seen, Serve
from tests.dashboard import seed

SPANS = 20_000
TRACE = "f0" * 16


def large_trace(folder: Path) -> None:
    """An agent with 200 steps of 99 tool calls; the last call failed."""
    store = seed.use(folder)
    start = time.time_ns() - 3_600 * seed.NS
    lines: list[bytes] = []
    for number in range(SPANS):
        step = number // 100
        parent = None if number == 0 else 0 if number % 100 == 0 else step * 100
        line = {
            "k": "span",
            "trace_id": TRACE,
            "span_id": f"{number + 1:016x}",
            "parent_span_id": None if parent is None else f"{parent + 1:016x}",
            "name": f"call {number}" if number % 100 else f"step {step}",
            "span_type": "tool" if number % 100 else "agent",
            "status": "error" if number == SPANS - 1 else "ok",
            "start_ns": start + number * 10**6,
            "end_ns": start + (SPANS * 10**6 if not number else (number + 50) * 10**6),
        }
        lines.append(json.dumps(line).encode() + b"\n")
    for at in range(0, SPANS, 500):
        assert store.append("spans", b"".join(lines[at : at + 500]))


def test_twenty_thousand_spans_are_drawn_a_screen_at_a_time(
    serve: Serve, tmp_path: Path, page: Page, seen: Seen
) -> None:
    folder = tmp_path / "large"
    large_trace(folder)
    page.goto(f"{serve(folder)}/trace?id={TRACE}")
    items = page.get_by_role("treeitem")
    expect(items.first).to_be_visible()
    assert items.count() < 80
    page.get_by_role("tree").press("Home")
    expect(page.get_by_role("treeitem", selected=True)).to_contain_text("step 0")

    page.get_by_role("button", name="1 failed").click()

    chosen = page.get_by_role("treeitem", selected=True)
    expect(chosen).to_contain_text(f"call {SPANS - 1}")
    page.wait_for_url(re.compile(f"span={SPANS:016x}"))
    assert items.count() < 80
    assert seen == Seen()
