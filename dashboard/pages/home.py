"""Home: the last 24 hours, what changed, and the newest of everything."""

import time

import streamlit as st

from dashboard.parts.guard import nothing_yet, show
from dashboard.parts.lists import prompt_columns, prompt_rows, run_columns, run_rows
from dashboard.parts.lists import trace_columns, trace_rows
from dashboard.parts.text import ago, count, ms, percent, usd
from dashboard.parts.views import Column, Row, Tile, head, table, time_bars
from genaiops.query import prompts, runs, traces, usage

_DAY_NS = 86_400 * 10**9
_FIRST = (
    "import genaiops",
    "@genaiops.trace",
    'def answer(question): return "42"',
)


def home() -> None:
    """The page."""
    now = time.time_ns()
    recent = traces.search(limit=8)
    if not recent.items and not runs.search(limit=1).items and not prompts.names():
        nothing_yet("No traces yet", _FIRST, key="empty")
        return
    _numbers(now)
    left, right = st.columns([1.65, 1], gap="medium")
    with left:
        head("Recent traces", small=True, key="recent head")
        table(
            trace_columns(short=True),
            trace_rows(recent.items, {}),
            key="recent",
            page="trace",
            empty="No traces yet.",
        )
        _models()
    with right:
        head("Recent runs", small=True, key="runs head")
        table(run_columns(), run_rows(runs.search(limit=6).items), key="runs", page="runs")
        head("Prompts", small=True, key="prompts head")
        newest = sorted(prompts.names(), key=lambda name: -name.updated_ns)[:6]
        table(prompt_columns(short=True), prompt_rows(newest), key="prompts", page="prompts", dense=True)
        _moves(now)


def _numbers(now: int) -> None:
    since = now - _DAY_NS
    sums = usage.totals(since_ns=since)
    bins = traces.histogram(bins=48, since_ns=since, until_ns=now)
    failed = sums.error_rate
    head(
        "Last 24 hours",
        key="today",
        tiles=(
            Tile(label="Traces", value=count(sums.traces), spark=[bin.n for bin in bins]),
            Tile(
                label="Failed",
                value=percent(failed),
                note=f"{count(sums.errors)} traces",
                tone="red" if failed >= 0.05 else "plain",
            ),
            Tile(label="Latency p50", value=ms(sums.p50_ms)),
            Tile(label="Latency p95", value=ms(sums.p95_ms)),
            Tile(label="Input tokens", value=count(sums.input_tokens)),
            Tile(label="Output tokens", value=count(sums.output_tokens)),
            Tile(label="Cost", value=usd(sums.cost_usd)),
        ),
    )
    if sums.traces:
        step = (bins[0].end_ns - bins[0].start_ns) / 1e6
        time_bars(
            [(bin.start_ns / 1e6, bin.n - bin.n_errors, bin.n_errors) for bin in bins],
            step_ms=step,
            key="day",
            height=52,
            page="traces",
        )


def _models() -> None:
    days = usage.daily(days=7)
    keys = list(dict.fromkeys(day.key for day in days))
    if not keys:
        return
    rows: list[Row] = []
    most = max(sum(day.calls for day in days if day.key == key) for key in keys)
    for key in keys[:8]:
        own = [day for day in days if day.key == key]
        calls = sum(day.calls for day in own)
        paid = [day.cost_usd for day in own if day.cost_usd is not None]
        rows.append(
            Row(
                id=key,
                cells={
                    "model": key or "unknown",
                    "calls": {"text": count(calls), "share": calls / most},
                    "errors": count(sum(day.errors for day in own)),
                    "in": count(sum(day.input_tokens or 0 for day in own)),
                    "out": count(sum(day.output_tokens or 0 for day in own)),
                    "p95": ms(max((day.p95_ms or 0 for day in own), default=None)),
                    "cost": usd(sum(paid) if paid else None),
                },
            )
        )
    head("Models, last 7 days", small=True, key="models head")
    table(
        (
            Column(key="model", label="Model", width="34%"),
            Column(key="calls", label="Calls", kind="bar"),
            Column(key="errors", label="Failed", kind="num"),
            Column(key="in", label="In", kind="num", hint="input tokens"),
            Column(key="out", label="Out", kind="num", hint="output tokens"),
            Column(key="p95", label="p95", kind="num", hint="the worst day's 95th percentile"),
            Column(key="cost", label="Cost", kind="num"),
        ),
        rows,
        key="models",
        dense=True,
    )


def _moves(now: int) -> None:
    moves = prompts.recent_moves(since_ns=now - 7 * _DAY_NS, limit=6)
    if not moves:
        return
    head("What changed", small=True, key="moves head")
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
    table(columns, rows, key="moves", page="prompts", dense=True)


show(home)
