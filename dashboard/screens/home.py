"""Home: the last 24 hours, what changed, and the newest of everything."""

import time

import streamlit as st

from dashboard.parts.cells import Column, Row, Tile
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
from dashboard.parts.text import ago, count, ms, percent, usd
from dashboard.parts.views import head, section, table, tiles, time_bars
from genaiops.query import prompts, runs, traces, usage

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
        section("Recent traces", key="recent head")
        table(trace_columns(short=True), trace_rows(recent, {}), key="recent", page="trace")
        models_used(days=7)
    with right:
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
        _moves(now)


def _numbers(now: int) -> None:
    since = now - _DAY_NS
    sums = usage.totals(since_ns=since)
    bins = traces.histogram(bins=48, since_ns=since, until_ns=now)
    failed = sums.error_rate
    head("Last 24 hours", key="today")
    tiles(
        (
            Tile(label="Traces", value=count(sums.traces), spark=[step.n for step in bins]),
            Tile(
                label="Failed",
                value=percent(failed),
                tone="red" if failed >= 0.05 else "plain",
                hint=f"{count(sums.errors)} traces",
            ),
            Tile(label="Latency p50", value=ms(sums.p50_ms)),
            Tile(label="Latency p95", value=ms(sums.p95_ms)),
            Tile(label="Input tokens", value=count(sums.input_tokens)),
            Tile(label="Output tokens", value=count(sums.output_tokens)),
            Tile(label="Cost", value=usd(sums.cost_usd)),
        ),
        key="numbers",
    )
    if sums.traces:
        time_bars(bins, key="day", page="traces", height=52)


def _moves(now: int) -> None:
    moves = prompts.recent_moves(since_ns=now - 7 * _DAY_NS, limit=6)
    if not moves:
        return
    section("What changed", key="moves head")
    rows = [
        Row(
            id=f"{name} {place}",
            cells={
                "what": [
                    f"{name}@{move.alias} → {'removed' if move.version is None else move.version}",
                    " · ".join(part for part in (move.author, move.reason) if part),
                ],
                "when": ago(move.moved_ns),
            },
            params={"name": name},
        )
        for place, (name, move) in enumerate(moves)
    ]
    columns = (
        Column(key="what", label="Alias", kind="pair"),
        Column(key="when", label="When", kind="num", width="92px"),
    )
    table(columns, rows, key="moves", page="prompts")


show(home)
