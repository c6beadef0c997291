"""Text that came from outside is shown as text: nothing in it ever runs or loads."""

import base64
import csv
import io
import json
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

import genaiops
from genaiops.query.saved_views import PREFIX
from genaiops.store import current_store
from genaiops.store.events import encode, experiment_id
from tests.browser.conftest import Seen, Serve
from tests.dashboard import seed

HOSTILE = (
    "=cmd|' /C calc'!A0 <img src=x onerror=alert(1)><script>alert(2)</script><svg onload=alert(3)>"
    "![i](http://evil.example/a.png) [l](javascript:alert(4)) <a href='javascript:alert(5)'>x</a>"
    '"><iframe src=http://evil.example/b></iframe> $\\href{javascript:alert(6)}{x}$ :red[x] {{7*7}}'
)
DRAWING = base64.b64encode(
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(7)'><script>alert(8)</script>"
    b"<image href='http://evil.example/d.png'/></svg>"
).decode()
SHORT = "<img src=x onerror=alert(9)>"
TRACE, RUN, OTHER = "ab" * 16, "cd" * 16, "ce" * 16
IDS = {"trace_id", "span_id", "parent_span_id", "run_id", "experiment_id", "assessment_id", "parent_run_id",
       "judge_trace_id", "superseded_by"}  # fmt: skip
"""Columns that say what belongs to what: hostile ones would only hide the rest from the pages."""
CHOICES = {"state", "lifecycle", "kind", "syntax", "budget_every", "role"}
"""Columns that hold one of a few words of ours."""
ELSEWHERE = {"segments", "schema_versions", "answers", "open_spans"}
"""Tables of the store itself, which no page reads, and spans that run, which have the columns of spans."""


def hostile_store(folder: Path) -> None:
    """A store in which every text is an attack."""
    store = seed.use(folder)
    now = time.time_ns() - 60 * seed.NS
    messages = [
        {"role": "system", "content": HOSTILE},
        {"role": "user", "content": [{"type": "text", "text": HOSTILE},
         {"type": "image_url", "image_url": {"url": "http://evil.example/c.png"}},
         {"type": "image_url", "image_url": {"url": f"data:image/svg+xml;base64,{DRAWING}"}},
         {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{DRAWING}"}}]},
        {"role": HOSTILE, "content": HOSTILE, "tool_calls": [
            {"id": HOSTILE, "function": {"name": HOSTILE, "arguments": HOSTILE}}]},
    ]  # fmt: skip
    common = {"run_id": RUN, "experiment": HOSTILE, "session_id": HOSTILE, "user_id": HOSTILE, "service": HOSTILE,
              "status": "error", "status_message": HOSTILE}  # fmt: skip
    seed.span(store, TRACE, "1" * 16, HOSTILE, "agent", now, 900, inputs={HOSTILE: HOSTILE}, outputs=HOSTILE,
              trace_name=HOSTILE, tags={HOSTILE: HOSTILE}, attributes={HOSTILE: HOSTILE},
              events=[{"name": HOSTILE, "time_ns": now, "attributes": {HOSTILE: HOSTILE}}],
              links=[{"trace_id": HOSTILE, "span_id": HOSTILE, "attributes": {}}], **common)  # fmt: skip
    seed.span(store, TRACE, "2" * 16, HOSTILE, HOSTILE, now, 500, parent_span_id="1" * 16,
              inputs={"model": HOSTILE, "messages": messages},
              outputs={"choices": [{"message": {"role": "assistant", "content": HOSTILE, "reasoning": HOSTILE},
                                    "finish_reason": HOSTILE}]},
              request_model=HOSTILE, provider=HOSTILE, prompt_name=HOSTILE, prompt_version=1, **common)  # fmt: skip
    seed.span(
        store,
        "ad" * 16,
        "3" * 16,
        SHORT,
        "agent",
        now,
        5,
        trace_name=SHORT,
        user_id=SHORT,
        tags={SHORT: SHORT},
    )
    for judge, value in ((HOSTILE, HOSTILE), ("plain", 1.0)):
        seed.judged(store, TRACE, judge, value, rationale=HOSTILE, source_id=HOSTILE)
    store.append(
        "events",
        encode(
            "experiment", id=experiment_id(HOSTILE), experiment=HOSTILE, data={"state": "active"}
        ),
    )
    for run_id in (RUN, OTHER):
        seed.run(store, run_id, HOSTILE, HOSTILE, now, {HOSTILE: HOSTILE, "n": run_id})
        store.append("events", encode("tag", run_id=run_id, key=HOSTILE, value=HOSTILE))
        for step in range(4):
            store.append(
                "events", encode("metric", run_id=run_id, key=HOSTILE, value=step, step=step)
            )
        for judge in (HOSTILE, "plain"):
            verdict = {
                "value": HOSTILE,
                "label": HOSTILE,
                "number": 0.5,
                "rationale": HOSTILE,
                "attempts": 1,
            }
            store.append(
                "events",
                encode(
                    "eval_row",
                    run_id=run_id,
                    id=HOSTILE,
                    key=judge,
                    trace_id=TRACE,
                    step=0,
                    data=verdict,
                ),
            )
    rows = [
        {
            "id": HOSTILE,
            "inputs": {HOSTILE: HOSTILE},
            "expected": HOSTILE,
            "tags": {HOSTILE: HOSTILE},
        }
    ]
    genaiops.create_dataset("d", rows)
    genaiops.create_review_queue("q", judge=HOSTILE)
    genaiops.add_to_review_queue("q", [TRACE])
    genaiops.log_review("q", TRACE, HOSTILE, rationale=HOSTILE, source=HOSTILE)
    client = genaiops.Client()
    client.set_experiment_tag(experiment_id(HOSTILE), f"{PREFIX}{HOSTILE}", "q=1")
    name = HOSTILE.replace("@", "")
    seed.prompt(store, name, (HOSTILE, f"{HOSTILE} more"), now, {HOSTILE: 2})
    every_column()


def every_column() -> None:
    """Fills what is still calm: at least a row in every table, the attack in every column of text."""
    store = current_store()
    store.seal()
    while store.compact().segments:
        pass
    values = {"VARCHAR": HOSTILE, "JSON": json.dumps({HOSTILE: HOSTILE}), "VARCHAR[]": [HOSTILE]}
    with store.txn() as t:
        found = t.query(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE schema_name = 'data' AND data_type IN ('VARCHAR', 'JSON', 'VARCHAR[]')"
        ).dicts()
        columns = [(row["table_name"], row["column_name"], row["data_type"]) for row in found]
        first = {table: column for table, column, _ in reversed(columns) if table not in ELSEWHERE}
        for table, column in first.items():
            if not t.query(f"SELECT 1 FROM data.{table} LIMIT 1").dicts():
                t.execute(f"INSERT INTO data.{table} ({column}) VALUES ('x')")
        for table, column, kind in columns:
            if table in ELSEWHERE or column in IDS | CHOICES:
                continue
            only = (
                f"{column} IS NULL OR {column} NOT LIKE '%onerror%'"
                if kind == "VARCHAR"
                else f"{column} IS NULL"
            )
            t.execute(f"UPDATE data.{table} SET {column} = ? WHERE {only}", [values[kind]])


@pytest.fixture(scope="module")
def hostile_site(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A dashboard over that store."""
    folder = tmp_path_factory.mktemp("hostile") / SHORT
    (folder.parent / "pyproject.toml").write_text(
        f"[tool.genaiops]\nservice = {json.dumps(HOSTILE)}"
    )
    hostile_store(folder)
    return serve(folder)


def paths() -> dict[str, list[str]]:
    """Every page and view that shows stored text, by page."""
    name = HOSTILE.replace("%", "%25").replace("&", "%26").replace("#", "%23").replace("+", "%2B")
    root, child = "1" * 16, "2" * 16
    views = ("Content", "Raw", "Attributes", "Events", "Feedback", "Roll-up", "JSON")
    everything = "SELECT+*+FROM+spans"
    every = [
        "/", "/traces", "/trace", "/traces?live=true", "/traces?text=onerror", f"/traces?text={name}",
        f"/sql?sql={everything}", f"/sql?sql={everything}&view=Chart&x=name&y=start_ns",
        f"/sql?sql=SELECT+'{name}'+AS+\"{name}\"", "/sql?sql=SELECT+*+FROM+assessments", f"/sql?sql={name}", f"/traces?q=name+%3D+'{name}", f"/trace?id={name}",
        *(f"/trace?id={TRACE}&span={span}&view={view}" for span in (root, child) for view in views),
        "/sessions", f"/sessions?id={name}", f"/sessions?user={name}",
        "/prompts", *(f"/prompts?name={name}&view={view}" for view in ("Diff", "Text", "Settings", "Aliases", "All+versions", "Playground")),
        "/eval", f"/eval?runs={RUN}", f"/eval?runs={RUN},{OTHER}", f"/eval?runs={RUN},{OTHER}&judge={name}&row={name}",
        "/review", f"/review?queue={name}", f"/review?queue={name}&trace={TRACE}", "/datasets",
        f"/datasets?name={name}", f"/datasets?name={name}&row={name}", f"/datasets?name={name}&q={name}",
        "/runs", f"/runs?run={RUN}", f"/runs?cmp={RUN},{OTHER}", f"/runs?run={name}",
        *(f"/runs?cmp={RUN},{OTHER}&view={view}" for view in ("Metrics", "Curves", "Parallel", "Scatter")),
        f"/runs?run={RUN}&view=Files", f"/runs?run={RUN}&view=Files&file={name}", f"/runs?run={RUN}&view=Source",
        f"/runs?filter={name}", f"/prompts?trace={TRACE}", f"/prompts?folder={name}&q={name}", "/gateway", "/settings",
    ]  # fmt: skip
    pages = {path.partition("?")[0]: list[str]() for path in every}
    for path in every:
        pages[path.partition("?")[0]].append(path)
    return pages


_OPEN_ALL = """
() => {
  const walk = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.shadowRoot) walk(node.shadowRoot);
      if (node.tagName === "DETAILS") node.open = true;
    }
  };
  for (let round = 0; round < 4; round += 1) walk(document);
}
"""
_EVERYWHERE = """
() => {
  const found = [];
  const foreign = (address) => {
    const url = new URL(address, location.href);
    return url.origin !== location.origin && !["data:", "blob:"].includes(url.protocol);
  };
  const walk = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.shadowRoot) walk(node.shadowRoot);
      for (const { name, value } of node.attributes) {
        if (name.startsWith("on")) found.push(`${node.tagName} ${name}`);
        if (["href", "src", "action", "xlink:href"].includes(name) && foreign(value))
          found.push(`${node.tagName} ${name}=${value}`);
        if (name === "srcdoc") found.push(`${node.tagName} srcdoc`);
      }
    }
  };
  walk(document);
  return found;
}
"""


@pytest.mark.parametrize("name", paths())
def test_hostile_text_never_runs_nor_loads(
    name: str, hostile_site: str, page: Page, seen: Seen
) -> None:
    for path in paths()[name]:
        page.goto(hostile_site + path)
        expect(page.get_by_role("heading").first).to_be_visible()
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        page.evaluate(_OPEN_ALL)

        assert page.evaluate(_EVERYWHERE) == [], path
        assert seen == Seen(), path
        expect(page.locator("[data-testid=stException]")).to_have_count(0)
        expect(page.get_by_text("Something went wrong")).to_have_count(0)
    expect(page.get_by_text("cmd|' /C").or_(page.get_by_text("onerror")).first).to_be_attached()


@pytest.mark.parametrize("path", ["/traces", "/runs", f"/runs?cmp={RUN},{OTHER}", "/datasets?name=", f"/eval?runs={RUN}",
                                  f"/eval?runs={RUN},{OTHER}", "/sql?sql=SELECT+*+FROM+spans"])  # fmt: skip
def test_no_cell_of_a_downloaded_table_begins_a_formula(
    path: str, hostile_site: str, page: Page
) -> None:
    page.goto(hostile_site + path + (quote(HOSTILE) if path.endswith("=") else ""))
    button = page.get_by_role("button", name="CSV")
    with page.expect_download() as loaded:
        button.click()

    text = Path(loaded.value.path()).read_text(encoding="utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert any(cell.startswith("'=cmd") for cell in cells)
    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "@", "|", "%"))]


def test_hostile_text_in_widgets_stays_text(hostile_site: str, page: Page, seen: Seen) -> None:
    page.goto(f"{hostile_site}/runs")
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()

    for widget in ("Experiment", "Columns"):
        page.get_by_role("combobox", name=widget).click()
        page.wait_for_timeout(300)
        assert page.evaluate(_EVERYWHERE) == []
        page.keyboard.press("Escape")

    assert seen == Seen()


def test_hostile_text_in_menus_of_the_list_stays_text(
    hostile_site: str, page: Page, seen: Seen
) -> None:
    page.goto(f"{hostile_site}/traces")
    expect(page.locator("tbody tr").first).to_be_visible()

    page.get_by_role("combobox", name="Filter").fill("user_id = ")
    expect(page.get_by_role("option").first).to_contain_text("onerror")
    assert page.evaluate(_EVERYWHERE) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Views").click()
    expect(page.get_by_label("Name of this view")).to_be_visible()
    expect(page.get_by_role("link", name="onerror").first).to_be_visible()

    assert page.evaluate(_EVERYWHERE) == []
    assert seen == Seen()
