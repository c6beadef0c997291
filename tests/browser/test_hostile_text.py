"""Text that came from outside is shown as text: nothing in it ever runs or loads."""

import base64
import json
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import genaiops
from genaiops.query.saved_views import PREFIX
from genaiops.store.events import encode, experiment_id
from tests.browser.conftest import Seen, Serve
from tests.dashboard import seed

HOSTILE = (
    "<img src=x onerror=alert(1)><script>alert(2)</script><svg onload=alert(3)>"
    "![i](http://evil.example/a.png) [l](javascript:alert(4)) <a href='javascript:alert(5)'>x</a>"
    '"><iframe src=http://evil.example/b></iframe> $\\href{javascript:alert(6)}{x}$ :red[x] {{7*7}}'
)
DRAWING = base64.b64encode(
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(7)'><script>alert(8)</script>"
    b"<image href='http://evil.example/d.png'/></svg>"
).decode()
SHORT = "<img src=x onerror=alert(9)>"
TRACE, RUN, OTHER = "ab" * 16, "cd" * 16, "ce" * 16


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
            verdict = {"value": HOSTILE, "label": HOSTILE, "number": 0.5, "rationale": HOSTILE}
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
    with store.txn() as t:
        t.execute("UPDATE data.prompt_versions SET message = ?, author = ?", [HOSTILE, HOSTILE])
        t.execute("UPDATE data.prompt_alias_history SET reason = ?", [HOSTILE])
        t.execute(
            "UPDATE data.prompt_versions SET model_config = ?", [json.dumps({HOSTILE: HOSTILE})]
        )


@pytest.fixture(scope="module")
def hostile_site(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A dashboard over that store."""
    folder = tmp_path_factory.mktemp("hostile") / "store"
    hostile_store(folder)
    return serve(folder)


def paths() -> list[str]:
    """Every page and view that shows stored text."""
    name = HOSTILE.replace("%", "%25").replace("&", "%26").replace("#", "%23").replace("+", "%2B")
    root, child = "1" * 16, "2" * 16
    views = ("Content", "Raw", "Attributes", "Events", "Feedback", "Roll-up", "JSON")
    everything = "SELECT+*+FROM+spans"
    return [
        "/", "/traces", "/trace", "/traces?live=true", "/traces?text=onerror", f"/traces?text={name}",
        f"/sql?sql={everything}", f"/sql?sql={everything}&view=Chart&x=name&y=start_ns",
        f"/sql?sql=SELECT+'{name}'+AS+\"{name}\"", "/sql?sql=SELECT+*+FROM+assessments", f"/sql?sql={name}", f"/traces?q=name+%3D+'{name}", f"/trace?id={name}",
        *(f"/trace?id={TRACE}&span={span}&view={view}" for span in (root, child) for view in views),
        "/sessions", f"/sessions?id={name}", f"/sessions?user={name}",
        "/prompts", *(f"/prompts?name={name}&view={view}" for view in ("Diff", "Text", "Settings", "Aliases", "All+versions", "Playground")),
        "/eval", f"/eval?runs={RUN}", f"/eval?runs={RUN},{OTHER}", f"/eval?runs={RUN},{OTHER}&judge={name}&row={name}",
        "/review", "/review?queue=q", f"/review?queue=q&trace={TRACE}", "/datasets",
        "/datasets?name=d", f"/datasets?name=d&row={name}", f"/datasets?name=d&q={name}",
        "/runs", f"/runs?run={RUN}", f"/runs?cmp={RUN},{OTHER}", f"/runs?run={name}",
        *(f"/runs?cmp={RUN},{OTHER}&view={view}" for view in ("Metrics", "Curves", "Parallel", "Scatter")),
        f"/runs?run={RUN}&view=Files", f"/runs?run={RUN}&view=Files&file={name}", f"/runs?run={RUN}&view=Source",
        f"/runs?filter={name}", f"/prompts?trace={TRACE}", f"/prompts?folder={name}&q={name}", "/gateway", "/settings",
    ]  # fmt: skip


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


@pytest.mark.parametrize("path", paths())
def test_hostile_text_never_runs_nor_loads(
    path: str, hostile_site: str, page: Page, seen: Seen
) -> None:
    page.goto(hostile_site + path)
    expect(page.get_by_role("heading").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.evaluate(_OPEN_ALL)

    assert page.evaluate(_EVERYWHERE) == []
    assert seen == Seen()
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


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
