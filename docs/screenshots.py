"""Takes the pictures of the dashboard in docs/images: `make screenshots`.

Runs the demo into a store of its own (offline unless a provider key is set), serves the dashboard
and photographs every page, light and dark, in the system's Chromium.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Page, sync_playwright

import genaiops
from dashboard.parts.menu import MENU
from genaiops.cli.ui import command, free_port
from genaiops.demo.tour import run_demo
from genaiops.query import evals, traces

IMAGES = Path(__file__).parent / "images"
HOST, PORT = "127.0.0.1", 8700


def main() -> None:
    """Makes every picture anew."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("no Chromium on this machine: run `make system`")
    with tempfile.TemporaryDirectory() as folder:
        genaiops.configure(tracking_uri=f"{folder}/demo")
        run_demo(lambda _line: None)
        paths = pages()
        with served(Path(folder) / "demo") as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            for theme in ("light", "dark"):
                page = browser.new_page(viewport={"width": 1360, "height": 800}, color_scheme=theme)
                for name, path in paths.items():
                    photograph(page, address + path, f"{name}{'' if theme == 'light' else '-dark'}")
            browser.close()


def pages() -> dict[str, str]:
    """Name of the picture -> path of the page, with what the demo made."""
    newer, older = (run.run_id for run in evals.runs(limit=2))
    found = traces.search(run_id=newer, limit=12).items
    trace = traces.get(found[0].trace_id)
    call = next((span for span in trace.spans if span.span_type == "llm"), trace.spans[0])
    answers = [item for item in found if item.trace_id != trace.trace_id]
    genaiops.create_dataset("demo/questions", answers)
    genaiops.create_review_queue("demo", judge="groundedness")
    genaiops.add_to_review_queue("demo", [item.trace_id for item in answers])
    prompt = "name=demo/python-reference"
    by_name = "SELECT name, count(*) AS spans, sum(duration_ms) AS ms FROM spans GROUP BY name ORDER BY ms"
    fixed = {
        "home": "/",
        "traces": "/traces",
        "trace": f"/trace?id={trace.trace_id}&span={call.span_id}",
        "sql": f"/sql?view=Chart&x=name&y=ms&sql={quote(by_name)}",
        "prompts": f"/prompts?{prompt}",
        "playground": f"/prompts?{prompt}&view=Playground",
        "evaluate": f"/eval?runs={older},{newer}",
        "datasets": "/datasets?name=demo/questions",
        "review": "/review?queue=demo",
    }
    rest = {entry.path: f"/{entry.path}" for entry in MENU if entry.path and not entry.hidden}
    return {name: path for name, path in rest.items() if name not in (*fixed, "eval")} | fixed


@contextlib.contextmanager
def served(store: Path) -> Iterator[str]:
    """The dashboard of a store, as `genaiops ui` serves it."""
    port = free_port(HOST, PORT)
    environment = os.environ | {"GENAIOPS_TRACKING_URI": str(store)}
    process = subprocess.Popen(command(HOST, port), env=environment, stdout=sys.stderr)
    address = f"http://{HOST}:{port}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        for _ in range(600):
            with contextlib.suppress(urllib.error.URLError, OSError):
                opener.open(f"{address}/_stcore/health", timeout=2).close()
                break
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=10)


def photograph(page: Page, url: str, name: str) -> None:
    """One picture, when the page has drawn itself."""
    page.goto(url)
    page.get_by_role("heading").first.wait_for(timeout=30_000)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1_500)
    IMAGES.mkdir(exist_ok=True)
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
