"""What a page waits for in a registry of 10,000 prompts with 20 versions each, one of them in use.

    python benchmarks/bench_prompts_catalogue.py [--prompts 10000] [--folder DIR]

Figures are medians of warm calls through the public functions, in a process that keeps DuckDB
loaded as the dashboard does; each call opens the file and closes it.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from questions import folder, median_ms

from genaiops.config import configure
from genaiops.prompts import get_prompt, prompt_history, search_prompts
from genaiops.query import prompts
from genaiops.query.store import keep_warm
from genaiops.store import current_store

PROMPTS, VERSIONS, CALLS = 10_000, 20, 20_000
PROMISE_MS = 100.0
REPEATS = 7
USED = "team-7/prompt-00007"


def fill(count: int) -> None:
    """The rows that as many registrations and moves leave, and calls of one prompt."""
    now = time.time_ns()
    named = (
        f"'team-' || (i % 100) || '/prompt-' || lpad(i::VARCHAR, 5, '0') FROM range({count}) t(i)"
    )
    with current_store().txn() as txn:
        txn.execute(
            f"INSERT INTO data.prompts SELECT n, 'text', '{{}}', {now} FROM (SELECT {named.replace(' FROM', ' AS n FROM')})"
        )
        txn.execute(
            f"INSERT INTO data.prompt_versions (name, version, template, syntax, tags, message, "
            f"author, created_ns, hash) SELECT n, v + 1, to_json('Answer {{{{question}}}} briefly, "
            f"version ' || v || repeat(' and politely', 40)), 'mustache', '{{}}', 'change ' || v, "
            f"'ana', {now} + v, sha256(n || v) FROM (SELECT {named.replace(' FROM', ' AS n FROM')}), "
            f"range({VERSIONS}) r(v) ORDER BY n, v"
        )
        txn.execute(
            "INSERT INTO data.prompt_aliases SELECT name, 'production', 20, 1.0 FROM data.prompts"
        )
        txn.execute(
            "INSERT INTO data.prompt_alias_history SELECT name, 'production', 20, 1.0, "
            f"{now}, 'ana', 'better' FROM data.prompts"
        )
    lines = [
        json.dumps(
            {
                "k": "span",
                "trace_id": f"{i:032x}",
                "span_id": f"{i:016x}",
                "name": "chat",
                "span_type": "llm",
                "status": "error" if i % 50 == 0 else "ok",
                "start_ns": now,
                "end_ns": now + 1_000_000 * (i % 100),
                "cost_usd": 0.001,
                "prompt_name": USED,
                "prompt_version": 1 + i % VERSIONS,
                "attributes": {},
            }
        )
        for i in range(1, CALLS + 1)
    ]
    store = current_store()
    store.append("spans", ("\n".join(lines) + "\n").encode())
    store.seal()
    while store.compact(budget_bytes=100_000_000).segments:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description="Milliseconds of the questions about prompts.")
    parser.add_argument("--prompts", type=int, default=PROMPTS)
    parser.add_argument("--folder", type=Path, help="where to build, and to find it again")
    args = parser.parse_args()
    with folder(args.folder) as base:
        configure(tracking_uri=str(base / f"store-{args.prompts}"))
        if not (current_store().folder / "genaiops.duckdb").exists():
            fill(args.prompts)
        keep_warm()
        figures: list[tuple[str, Callable[[], object]]] = [
            ("list all", search_prompts),
            (
                "search by name and alias",
                lambda: search_prompts("name LIKE 'team-7/%' AND alias = 'production'"),
            ),
            ("search by version", lambda: search_prompts("version >= 20 AND author = 'ana'")),
            ("show one prompt", lambda: get_prompt(USED)),
            ("show its versions with their figures", lambda: prompts.versions(USED)),
            ("show its history", lambda: prompt_history(USED)),
        ]
        late = 0
        for name, call in figures:
            took = median_ms(call, REPEATS)
            late += took > PROMISE_MS
            print(f"{name:46}{took:10.1f} ms  promise {PROMISE_MS:,.0f} ms")
    if late and args.prompts >= PROMPTS:
        sys.exit(f"{late} promises are not kept")


if __name__ == "__main__":
    main()
