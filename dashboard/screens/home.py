"""Home: the last 24 hours against the day before, what changed, and the newest of everything."""

import time

import streamlit as st

from dashboard.parts.cells import Tile, Tone
from dashboard.parts.changed import changed
from dashboard.parts.guard import nothing_yet, show
from dashboard.parts.lists import (
    prompt_columns,
    prompt_rows,
    run_columns,
    run_rows,
    trace_columns,
    trace_rows,
)
from dashboard.parts.models_used import models_used
from dashboard.parts.passing import passing
from dashboard.parts.text import change, count, counted, ms, percent, usd
from dashboard.parts.views import head, section, table, tiles, time_bars
from genaiops.query import prompts, runs, traces, usage
from genaiops.query.usage import Totals

_DAY_NS = 86_400 * 10**9
_FIRST = ("import genaiops", "@genaiops.trace", 'def answer(question): return "42"')


def home() -> None:
    """The page."""
    now = time.time_ns()
    recent = traces.search(limit=8).items
    newest_runs = runs.search(limit=6).items
    names = prompts.names()
    if not (recent or newest_runs or names):
        nothing_yet("No traces yet", _FIRST, key="empty")
        return
    _numbers(now)
    left, right = st.columns([1.65, 1], gap="medium")
    with left:
        passing(now - _DAY_NS, now)
        section("Recent traces", key="recent head")
        table(trace_columns(short=True), trace_rows(recent, {}), key="recent", page="trace")
        models_used(days=7)
    with right:
        changed(now - 7 * _DAY_NS)
        section("Recent runs", key="runs head")
        table(run_columns(), run_rows(newest_runs), key="runs", page="runs", empty="No runs yet.")
        section("Prompts", key="prompts head")
        newest = sorted(names, key=lambda name: -name.updated_ns)[:6]
        table(
            prompt_columns(short=True),
            prompt_rows(newest),
            key="prompts",
            page="prompts",
            empty="No prompts yet.",
        )


def _numbers(now: int) -> None:
    """The numbers of the day, each with how it changed; and the traces over its hours."""
    since = now - _DAY_NS
    today, before = usage.totals(since), usage.totals(since - _DAY_NS, since)
    bins = traces.histogram(bins=48, since_ns=since, until_ns=now)
    head("Last 24 hours", note=_beside(before), key="today")
    tiles(_tiles(today, before, [step.n for step in bins]), key="numbers")
    if today.traces:
        time_bars(bins, key="day", page="traces", height=52)


def _beside(before: Totals) -> str:
    if not before.traces:
        return "Nothing to compare with: there are no traces of the day before."
    return f"Small: against the day before, of {counted(before.traces, 'trace')}."


def _tiles(today: Totals, before: Totals, hours: list[int]) -> list[Tile]:
    failed: Tone = "red" if today.error_rate >= 0.05 else "plain"
    errors = counted(today.errors, "trace")
    was = percent(before.error_rate) if before.traces else ""
    numbers = (
        ("Latency p50", today.p50_ms, before.p50_ms, ms),
        ("Latency p95", today.p95_ms, before.p95_ms, ms),
        ("Input tokens", today.input_tokens, before.input_tokens, count),
        ("Output tokens", today.output_tokens, before.output_tokens, count),
        ("Cost", today.cost_usd, before.cost_usd, usd),
    )
    return [
        Tile(label="Traces", value=count(today.traces), spark=hours,
             note=change(today.traces, before.traces)),
        Tile(label="Failed", value=percent(today.error_rate), tone=failed, hint=errors,
             note=f"{was} before" if was else ""),
        *(
            Tile(label=label, value=said(value), note=change(value, old), hint=f"before: {said(old)}")
            for label, value, old, said in numbers
        ),
    ]  # fmt: skip


show(home, at_once=True)
