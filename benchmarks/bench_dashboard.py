"""What a person waits for in the dashboard at 1,000,000 spans, in a headless Chromium.

    python benchmarks/bench_dashboard.py [--spans 1000000] [--folder DIR] [--only NAME …]

The folder may be one of bench_queries.py. Times run from the click to what it brings being drawn;
each is the median of a few, or the 95th percentile where it says so. The floor of the same run is
an empty Streamlit page: its first visit in a new browser, and a rerun of it.
"""

import argparse
import json
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench_queries import compacted, load
from browser import Traffic, chromium, free_port, fresh, percentile, served, waited
from playwright.sync_api import Browser, Page, expect
from questions import folder

from genaiops.cli.ui import command
from genaiops.config import configure
from genaiops.query import traces
from genaiops.store import current_store

SPANS = 1_000_000
TREES = {2_000: "d2" * 16, 20_000: "d3" * 16}
PAGES = ("Traces", "Sessions", "Prompts", "Runs", "Evaluate", "Datasets", "Home")
ROUNDS = 5
SWITCHES = 5
EMPTY = "import streamlit as st\nst.title('floor')\nif st.button('again'):\n    st.write('done')\n"


class Figures:
    """Figures as they are measured, and whether every promise was kept."""

    def __init__(self) -> None:
        self.kept = True

    def say(self, name: str, value: float, promise: float, unit: str) -> None:
        good = value <= promise
        self.kept = self.kept and good
        print(f"{name:<58}{value:10,.0f} {unit:<3} promise {promise:7,.0f}  {'' if good else 'MISSED'}", flush=True)  # fmt: skip


@contextmanager
def dashboard(store: Path, place: Path) -> Iterator[tuple[str, int]]:
    """Address and process id."""
    port = free_port()
    environment = {"GENAIOPS_TRACKING_URI": str(store)}
    with served(
        command("127.0.0.1", port), port, "/_stcore/health", place, **environment
    ) as process:
        yield f"http://127.0.0.1:{port}", process.pid


def tree(spans: int, trace_id: str) -> None:
    """A trace of an agent: steps of 99 tool calls."""
    start, lines = time.time_ns() - spans * 10**6, []
    for number in range(spans):
        step = number // 100 * 100
        parent = None if number == 0 else 0 if number == step else step
        lines.append(json.dumps({
            "k": "span", "trace_id": trace_id, "span_id": f"{number + 1:016x}", "name": f"call {number}",
            "parent_span_id": None if parent is None else f"{parent + 1:016x}", "status": "ok",
            "span_type": "tool" if number % 100 else "agent", "start_ns": start + number * 10**6,
            "end_ns": start + (number + 50) * 10**6, "inputs": {"n": number}, "outputs": "done " * 20,
            "trace_name": f"tree of {spans}",
        }).encode() + b"\n")  # fmt: skip
    for at in range(0, spans, 500):
        current_store().append("spans", b"".join(lines[at : at + 500]))


def floor(browser: Browser, place: Path) -> None:
    """An empty page of Streamlit: what no page of it can be faster than."""
    (place / "floor.py").write_text(EMPTY)
    port = free_port()
    run = [sys.executable, "-m", "streamlit", "run", "floor.py", "--server.port", str(port)]
    run += ["--server.address", "127.0.0.1", "--server.headless", "true", "--browser.gatherUsageStats", "false"]  # fmt: skip
    with served(run, port, "/_stcore/health", place):
        visits, reruns = [], []
        for _ in range(ROUNDS):
            with fresh(browser) as page:
                title = page.get_by_role("heading", name="floor")
                visits.append(waited(lambda: page.goto(f"http://127.0.0.1:{port}"), title.wait_for))
                done = page.get_by_text("done")
                reruns.append(waited(page.get_by_role("button", name="again").click, done.wait_for))
        print(f"floor: empty page, new browser {statistics.median(visits):,.0f} ms, rerun {statistics.median(reruns):,.0f} ms")  # fmt: skip


def first_page(figures: Figures, store: Path, place: Path) -> None:
    """From the command to the first page that is served."""
    times = []
    for _ in range(3):
        port, began = free_port(), time.perf_counter()
        ui = [sys.executable, "-m", "genaiops", "ui", "--port", str(port)]
        with served(ui, port, "/", place, GENAIOPS_TRACKING_URI=str(store)):
            times.append((time.perf_counter() - began) * 1e3)
    figures.say("`genaiops ui` to first page served", statistics.median(times), 2_500, "ms")


def cold_visit(figures: Figures, browser: Browser, address: str) -> None:
    """The list of traces in a browser that has loaded nothing yet."""
    times, sizes = [], []
    for _ in range(ROUNDS):
        with fresh(browser) as page:
            traffic = Traffic(page)
            row = page.locator("tbody tr").first
            times.append(waited(lambda: page.goto(f"{address}/traces"), row.wait_for))
            page.wait_for_load_state("networkidle")
            sizes.append(traffic.bytes / 1e3)
    figures.say("list of traces, first visit", statistics.median(times), 2_500, "ms")
    figures.say("list of traces, first visit, loaded", statistics.median(sizes), 5_000, "KB")


def switches(figures: Figures, browser: Browser, address: str) -> None:
    """From page to page by the menu, and through pages of the list."""
    times: dict[str, list[float]] = {}
    with fresh(browser) as page:
        page.goto(f"{address}/traces")
        page.locator("tbody tr").first.wait_for()
        for turn in range(SWITCHES + 1):
            for name in PAGES:
                took = waited(page.get_by_role("link", name=name, exact=True).click, lambda: drawn(page, name))  # noqa: B023  # fmt: skip
                if turn:
                    times.setdefault(name, []).append(took)
    for name, each in times.items():
        print(f"  to {name:<12}{statistics.median(each):8,.0f} ms median, {max(each):,.0f} at most")
    every = [took for each in times.values() for took in each]
    figures.say("page to page inside a session, p95", percentile(every, 0.95), 500, "ms")
    with fresh(browser) as page:
        page.goto(f"{address}/traces")
        rows = page.locator("tbody tr")
        rows.first.wait_for()
        turned = []
        for _ in range(SWITCHES + 2):
            before = str(rows.first.text_content())
            turned.append(waited(page.get_by_role("button", name="Next").click, lambda: expect(rows.first).not_to_have_text(before)))  # noqa: B023  # fmt: skip
    figures.say("next page of the list, p95", percentile(turned[1:], 0.95), 500, "ms")


def drawn(page: Page, name: str) -> None:
    """Until the title of the page and its first table or sentence are there."""
    title = "Last 24 hours" if name == "Home" else name
    heading = page.get_by_role("heading", name=title, exact=True).or_(page.get_by_role("heading", name="yet"))  # fmt: skip
    heading.or_(page.get_by_role("heading", name="Nothing")).first.wait_for()
    if name in ("Traces", "Home"):
        page.locator("tbody tr").first.wait_for()


def trees(figures: Figures, browser: Browser, address: str) -> None:
    """A click in the list until the tree is drawn, and on a span until its values are."""
    for spans, promise in ((2_000, 1_000), (20_000, 2_000)):
        opened, details = [], []
        for _ in range(3):
            with fresh(browser) as page:
                page.goto(f"{address}/traces?q=name+%3D+'tree+of+{spans}'")
                row = page.locator("tbody tr").first
                row.wait_for()
                item = page.get_by_role("treeitem").first
                opened.append(waited(row.click, item.wait_for))
                for number in (3, 5, 7):
                    chosen = page.get_by_role("treeitem").nth(number)
                    name = str(chosen.locator(".name").text_content())
                    heading = page.get_by_role("heading", name=name, exact=True)
                    details.append(waited(chosen.click, heading.wait_for))
        figures.say(
            f"trace of {spans:,} spans: click to drawn", statistics.median(opened), promise, "ms"
        )
        figures.say(
            f"trace of {spans:,} spans: click to detail", statistics.median(details), 300, "ms"
        )


def live(figures: Figures, browser: Browser, address: str) -> None:
    """A span that ended in this process until the browser shows it."""
    times = []
    with fresh(browser) as page:
        page.goto(f"{address}/traces?live=true")
        page.locator("tbody tr").first.wait_for()
        for number in range(ROUNDS + 2):
            name, now = f"live {number}", time.time_ns()
            line = {"k": "span", "trace_id": f"{now:032x}", "span_id": f"{now:016x}", "name": name,
                    "span_type": "agent", "status": "ok", "start_ns": now, "end_ns": now + 10**6,
                    "trace_name": name}  # fmt: skip
            cell = page.locator("tbody tr", has_text=name)
            times.append(waited(lambda: current_store().append("spans", json.dumps(line).encode() + b"\n"), cell.wait_for))  # noqa: B023  # fmt: skip
    figures.say("span of another process to the live list, at most", max(times), 2_000, "ms")


def memory(figures: Figures, browser: Browser, address: str, pid: int) -> None:
    """Resident memory over 500 reruns, after the first 100 of them."""

    def resident() -> float:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * 4096 / 1e6

    with fresh(browser) as page:
        page.goto(f"{address}/traces")
        head = page.get_by_role("button", name="Cost")
        head.wait_for()
        sizes = []
        for number in range(500):
            head.click()
            page.get_by_role("button", name="Cost ↑" if number % 2 else "Cost ↓").wait_for()
            if number % 100 == 99:
                sizes.append(resident())
    print("  resident MB after each hundred reruns: " + " ".join(f"{size:.0f}" for size in sizes))
    figures.say("500 reruns: resident memory beside the first hundred", 100 * sizes[-1] / sizes[0], 110, "%")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=SPANS)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # servers are ended as well
    figures = Figures()

    def wanted(name: str) -> bool:
        return not options.only or name in options.only

    with (
        folder(options.folder) as place,
        tempfile.TemporaryDirectory() as logs,
        chromium() as browser,
    ):
        store, logged = place / f"store-{options.spans}", Path(logs)
        configure(tracking_uri=str(store))
        if not store.exists():
            load(options.spans)
        for spans, trace_id in TREES.items():
            if not traces.search(f"trace_id = '{trace_id}'", limit=1).items:
                tree(spans, trace_id)
        compacted()
        if wanted("floor"):
            floor(browser, logged)
        if wanted("start"):
            first_page(figures, store, logged)
        measures = {"cold": cold_visit, "switch": switches, "tree": trees, "live": live}
        with dashboard(store, logged) as (address, pid):
            for measure in [measures[name] for name in measures if wanted(name)]:
                measure(figures, browser, address)
            if wanted("memory"):
                memory(figures, browser, address, pid)
    if not figures.kept:
        sys.exit("a promise is not kept")


if __name__ == "__main__":
    main()
