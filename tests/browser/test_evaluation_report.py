"""The HTML file of an evaluation in a browser: nothing loads or runs, rows are found and opened."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import genaiops
from genaiops.eval.judges import ExactMatch
from tests.browser.conftest import Seen

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>'\"</pre></details>"
ROWS = [
    {"id": f"row {n} & 100%", "question": f"{HOSTILE} {n}", "expected": str(n)} for n in range(4)
]


@pytest.mark.browser
def test_a_report_opens_the_row_a_link_leads_to_and_filters_rows(
    page: Page, seen: Seen, tmp_path: Path
) -> None:
    genaiops.set_tracking_uri(str(tmp_path / "store"))
    good = genaiops.evaluate(ROWS, lambda question: question[-1], judges=[ExactMatch()])
    worse = genaiops.evaluate(ROWS, lambda question: HOSTILE, judges=[ExactMatch()])
    file = worse.html(tmp_path / "report.html", against=good)

    page.goto(file.as_uri())
    rows = page.locator("details")
    expect(rows).to_have_count(4)
    page.get_by_role("link", name="row 2 & 100%").click()
    opened = page.locator("details[open]")
    expect(opened).to_have_attribute("id", "row 2 & 100%")
    expect(opened).to_contain_text(f"{HOSTILE} 2")
    page.get_by_label("Filter rows").fill("row 3")

    expect(page.locator("details:visible")).to_have_count(1)
    assert (seen.dialogs, seen.foreign, seen.errors) == ([], [file.as_uri()], [])
