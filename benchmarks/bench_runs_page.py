"""The page of runs in Chromium with 10,000 runs of 200 metrics and 20 parameters each.

    python benchmarks/bench_runs_page.py [--runs 10000] [--metrics 200] [--folder DIR]

Inside a session, medians of seven: from the click in the menu to 100 rows drawn, from the click on
"Compare" to 200 runs drawn, and to the curves of six metrics of those, which have 1,000 steps each.
The floor is the same click on a page that has nothing to show.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from browsed import browsed
from playwright.sync_api import Page, expect
from questions import folder

from genaiops.config import configure
from genaiops.store import current_store
from genaiops.store.events import experiment_id

ROUNDS = 7
COMPARED, POINTS, CURVES = 200, 1_000, 6


def fill(runs: int, metrics: int) -> None:
    """What so many finished runs leave in the store, written by SQL."""
    now = time.time_ns()
    experiment = experiment_id("sweep")
    with current_store().txn() as txn:
        txn.execute(
            "INSERT INTO data.experiments (experiment_id, name, state, created_ns) "
            "VALUES (?, 'sweep', 'active', ?)",
            [experiment, now],
        )
        txn.execute(
            f"""
            INSERT INTO data.runs (
              run_id, experiment_id, name, status, start_ns, end_ns, lifecycle, "user"
            )
            SELECT
              md5('run' || n), ?, 'trial ' || n, 'FINISHED', {now} - n * 1000000000,
              {now} - n * 1000000000 + 60000000000, 'active', 'ada'
            FROM range({runs}) AS t(n)
            """,
            [experiment],
        )
        txn.execute(
            f"""
            INSERT INTO data.params (run_id, key, value, ts_ns)
            SELECT
              md5('run' || n), 'p' || k,
              CASE WHEN k < 15 THEN to_json(((n * 7919 * (k + 1)) % 97) / 97.0) ELSE '"same"' END,
              {now}
            FROM range({runs}) AS t(n), range(20) AS u(k)
            """
        )
        txn.execute(
            f"""
            INSERT INTO data.metrics_latest (run_id, key, value, step, ts_ns, min, max, n)
            SELECT
              md5('run' || n), 'm' || k, ((n * 31 + k * 17) % 1000) / 1000.0, 10, {now}, 0, 1, 10
            FROM range({runs}) AS t(n), range({metrics}) AS u(k)
            """
        )
        txn.execute(
            f"""
            INSERT INTO data.metrics (run_id, key, value, step, ts_ns)
            SELECT
              md5('run' || n), 'm' || k, exp(-s / 300.0) + (n % 10) / 20.0, s, {now} + s
            FROM range({COMPARED}) AS t(n), range(10) AS u(k), range({POINTS}) AS v(s)
            """
        )


def timed(go: Callable[[], None], arrived: Callable[[], None]) -> float:
    began = time.perf_counter()
    go()
    arrived()
    return time.perf_counter() - began


def measure(page: Page, address: str) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}

    def menu(name: str) -> None:
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()

    def rows(place: str, count: int) -> None:
        expect(page.locator(f".st-key-{place} tbody tr")).to_have_count(count, timeout=60_000)

    def press(name: str) -> None:
        page.get_by_role("button", name=name, exact=True).click()

    page.goto(address)
    expect(page.get_by_test_id("stSidebarNav")).to_be_visible()
    for _ in range(ROUNDS + 1):
        for name, times in (
            ("a page with nothing to show", timed(lambda: menu("Datasets"), lambda: expect(
                page.get_by_role("heading", name="No datasets yet")).to_be_visible())),
            ("first 100 rows", timed(lambda: menu("Runs"), lambda: rows("runs", 100))),
            ("200 runs compared", timed(
                lambda: press("Compare the first 200"), lambda: rows("params", COMPARED))),
            ("curves of 6 metrics of them", timed(
                lambda: page.get_by_role("radio", name="Curves").or_(
                    page.get_by_role("button", name="Curves")).first.click(),
                lambda: expect(page.locator(".st-key-curve-m13 svg, .st-key-curve-m1 svg").first
                               ).to_be_visible())),
        ):  # fmt: skip
            found.setdefault(name, []).append(times)
    return {name: times[1:] for name, times in found.items()}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--metrics", type=int, default=200)
    parser.add_argument("--folder", type=Path)
    said = parser.parse_args()
    with folder(said.folder) as place:
        store = place / "store"
        configure(tracking_uri=str(store))
        if not store.exists():
            fill(said.runs, said.metrics)
        with browsed(store) as (page, address):
            found = measure(page, address)
    promises = {"first 100 rows": 1.5, "200 runs compared": 2.0, "curves of 6 metrics of them": 2.0}
    floor = statistics.median(found.pop("a page with nothing to show"))
    print(f"{said.runs:,} runs × {said.metrics} metrics; floor, a page with nothing: {floor:.2f} s")
    missed = False
    for name, times in found.items():
        median = statistics.median(times)
        missed |= median > promises[name]
        told = f"{median:.2f} s ({median / floor:.1f} × the floor), promised {promises[name]} s"
        print(f"{name}: {told}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
