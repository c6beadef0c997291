"""From the key that answers a review item to the next item drawn, in Chromium.

    python benchmarks/bench_review_page.py [--items 120]

The items are traces with a question, an answer and contexts. Each answer is stored before the next
item is shown. The floor is J, which goes to the next item and stores nothing.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from browsed import browsed
from playwright.sync_api import expect

import genaiops
from genaiops.query import reviews

PROMISE_MS = 300
TIMED = 40


@genaiops.trace(name="retrieve", span_type="retriever")
def retrieve(question: str) -> list[dict[str, str]]:
    return [{"id": f"p-{n}", "text": f"Passage {n} about {question}. " * 20} for n in range(5)]


@genaiops.trace
def answer(question: str) -> str:
    return f"{retrieve(question)[0]['id']} says: {question}. " * 10


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=120)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        store = Path(place) / "store"
        genaiops.configure(tracking_uri=str(store))
        for number in range(said.items):
            answer(f"question {number}")
        genaiops.create_review_queue(
            "queue", judge="helpful", filter="name = 'answer'", limit=said.items
        )
        ids = [item.trace_id for item in reviews.items("queue")]
        with browsed(store) as (page, address):
            page.goto(f"{address}/review?queue=queue")
            at = 0

            def press(key: str) -> float:
                expect(page.locator(f'.root[data-item="{ids[at]}"]')).to_be_visible(timeout=60_000)
                began = time.perf_counter()
                page.keyboard.press(key)
                page.wait_for_selector(f'.root[data-item="{ids[at + 1]}"]')
                return (time.perf_counter() - began) * 1e3

            moved: list[float] = []
            answered: list[float] = []
            for _ in range(TIMED):
                moved.append(press("j"))
                at += 1
                answered.append(press("2"))
                at += 1
        kept = sum(item.state == "done" for item in reviews.items("queue"))
    floor, median = statistics.median(moved), statistics.median(answered)
    p95 = statistics.quantiles(answered, n=20)[-1]
    print(
        f"next item after an answer: median {median:.0f} ms, p95 {p95:.0f} ms (promised "
        f"{PROMISE_MS}); {median / floor:.2f} × going on without an answer ({floor:.0f} ms); "
        f"{kept} of {TIMED} answers in the store"
    )
    return int(median > PROMISE_MS or kept != TIMED)


if __name__ == "__main__":
    sys.exit(main())
