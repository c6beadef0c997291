"""Takes the pictures of the dashboard in docs/images: `make screenshots`.

Runs the demo into a store of its own (offline unless a provider key is set), serves the dashboard
and photographs its pages in the system's Chromium.
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

from playwright.sync_api import Page, sync_playwright

import genaiops
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
                    if theme == "light" or name == "trace":
                        photograph(
                            page, address + path, f"{name}{'' if theme == 'light' else '-dark'}"
                        )
            browser.close()


def pages() -> dict[str, str]:
    """Name of the picture -> path of the page, with what the demo made."""
    newer, older = (run.run_id for run in evals.runs(limit=2))
    trace = traces.get(traces.search(run_id=newer, limit=1).items[0].trace_id)
    call = next((span for span in trace.spans if span.span_type == "llm"), trace.spans[0])
    return {
        "home": "/",
        "traces": "/traces",
        "trace": f"/trace?id={trace.trace_id}&span={call.span_id}",
        "prompts": "/prompts?name=demo/python-reference",
        "evaluate": f"/eval?a={older}&b={newer}",
        "runs": "/runs",
    }


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
    page.wait_for_timeout(800)
    IMAGES.mkdir(exist_ok=True)
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
