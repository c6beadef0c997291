"""Gateway: the models that are called, how they answer, whose keys pay for it."""

import time
from collections.abc import Sequence

import streamlit as st

import genaiops
from dashboard.parts.cells import Chip, Column, Row, Tile, Tone
from dashboard.parts.guard import nothing_yet, show
from dashboard.parts.text import DASH, ago, count, counted, ms, one_line, percent, tokens, usd
from dashboard.parts.views import head, note, section, table, tiles
from genaiops.query import gateway
from genaiops.query.gateway import CallError, Health, KeyUse, Target

_FIRST = (
    "genaiops gateway start",
    "genaiops gateway try offline/extractive 'What is a generator?'",
)
_RANGES = {"1 hour": 3_600, "24 hours": 86_400, "7 days": 7 * 86_400, "30 days": 30 * 86_400}
_TONES: dict[Health, Tone] = {"ok": "green", "degraded": "orange", "failing": "red"}
_KEY_TONES: dict[str, Tone] = {"valid": "green", "expired": "orange", "revoked": "red"}
_SHOWN = 200
_TARGETS = (
    Column(key="health", label="Health", kind="chips", width="104px",
           hint="of the last 20 calls: failing from half, degraded from a tenth on"),
    Column(key="name", label="Model"),
    Column(key="calls", label="Calls", kind="bar", width="92px"),
    Column(key="errors", label="Failed", kind="num", width="76px"),
    Column(key="p50", label="p50", kind="num", width="84px"),
    Column(key="p95", label="p95", kind="num", width="84px"),
    Column(key="ttft", label="First token", kind="num", width="94px", hint="median"),
    Column(key="tokens", label="Tokens", kind="num", width="150px", hint="input → output"),
    Column(key="cost", label="Cost", kind="num", width="88px"),
    Column(key="last", label="Last call", kind="num", width="100px"),
)  # fmt: skip
_ERRORS = (
    Column(key="kind", label="Error", width="190px"),
    Column(key="target", label="Model", width="22%"),
    Column(key="n", label="Times", kind="bar", width="84px"),
    Column(key="message", label="Newest message", kind="wrap"),
    Column(key="last", label="Last", kind="num", width="100px"),
)
_KEYS = (
    Column(key="name", label="Key", kind="pair", width="20%"),
    Column(key="state", label="State", kind="chips", width="92px"),
    Column(key="models", label="May use", width="18%"),
    Column(key="spent", label="Spent of its budget", kind="bar", width="172px"),
    Column(key="calls", label="Calls", kind="num", width="76px"),
    Column(key="errors", label="Failed", kind="num", width="76px"),
    Column(key="limits", label="Limits"),
    Column(key="last", label="Last used", kind="num", width="100px"),
)


def page() -> None:
    """The page."""
    title = st.container(horizontal=True, vertical_alignment="center")
    span = st.segmented_control("Time", list(_RANGES), default="24 hours", required=True,
                                key="range", bind="query-params", label_visibility="collapsed")  # fmt: skip
    since_ns = time.time_ns() - _RANGES[span] * 10**9
    targets, keys = gateway.targets(since_ns=since_ns), gateway.keys()
    ready = [f"{name}/…" for name in genaiops.gateway.available_providers()]
    with title:
        head("Gateway", key="title",
             note="Every call of a model, through the gateway or traced in a program.",
             chips=[Chip(label="ready to be called from here", value=" ".join(ready), mono=True)])  # fmt: skip
    if not targets and not keys:
        nothing_yet(f"No model was called in the last {span}", _FIRST, key="empty")
        return
    if targets:
        _sums(targets)
        section("Models", key="models head")
        table(_TARGETS, _targets(targets), page="traces", key="targets")
        _failures(gateway.errors(since_ns=since_ns))
    else:
        note(f"No model was called in the last {span}.", key="no calls")
    _keys(keys)


def _sums(targets: Sequence[Target]) -> None:
    calls = sum(item.calls for item in targets)
    failed = sum(item.errors for item in targets)
    costs = [item.cost_usd for item in targets if item.cost_usd is not None]
    ill = [item for item in targets if item.health != "ok"]
    bars = [sum(parts) for parts in zip(*(item.histogram for item in targets), strict=True)]
    tiles(
        [
            Tile(label="Calls", value=count(calls), spark=bars),
            Tile(label="Failed", value=percent(failed / calls if calls else None), note=counted(failed, "call") if failed else "",
                 tone="red" if failed > calls / 10 else "plain"),
            Tile(label="Models", value=count(len(targets))),
            Tile(label="Not well", value=count(len(ill)), tone="orange" if ill else "plain",
                 note=one_line(", ".join(item.name for item in ill), 60)),
            Tile(label="Slowest p95", value=ms(max((item.p95_ms or 0 for item in targets), default=None))),
            Tile(label="Cost", value=usd(sum(costs) if costs else None)),
        ],
        key="sums",
    )  # fmt: skip


def _targets(targets: Sequence[Target]) -> list[Row]:
    most = max(item.calls for item in targets) or 1
    return [
        Row(
            id=str(place),
            cells={
                "health": [Chip(value=item.health, tone=_TONES[item.health],
                                hint=one_line(item.last_error, 400)).json()],
                "name": one_line(item.name.strip("/"), 120) or "unknown",
                "calls": {"text": count(item.calls), "share": item.calls / most},
                "errors": percent(item.errors / item.calls),
                "p50": ms(item.p50_ms),
                "p95": ms(item.p95_ms),
                "ttft": None if item.ttft_p50_ms is None else ms(item.ttft_p50_ms),
                "tokens": tokens(item.input_tokens, item.output_tokens),
                "cost": usd(item.cost_usd),
                "last": ago(item.last_ns),
            },
            params={"q": _asked_of(item.name)},
        )
        for place, item in enumerate(targets[:_SHOWN])
    ]  # fmt: skip


def _asked_of(name: str) -> str:
    """A filter for the traces that called the model."""
    provider, _, model = name.partition("/")
    parts = [
        f"{field} = {_quoted(text)}"
        for field, text in (("provider", provider), ("request_model", model))
        if text
    ]
    return " AND ".join(parts)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _failures(found: Sequence[CallError]) -> None:
    if not found:
        return
    most = max(item.n for item in found)
    section("What fails", key="errors head", note="A click opens the newest trace that failed so.")
    rows = [
        Row(
            id=str(place),
            cells={
                "kind": one_line(item.kind, 80),
                "target": one_line(item.target.strip("/"), 120) or "unknown",
                "n": {"text": count(item.n), "share": item.n / most},
                "message": one_line(item.message, 400) or None,
                "last": ago(item.last_ns),
            },
            params={"id": item.trace_id},
        )
        for place, item in enumerate(found)
    ]
    table(_ERRORS, rows, page="trace", key="errors")


def _keys(keys: Sequence[KeyUse]) -> None:
    section("Keys", key="keys head", note="" if keys else
            "No key was made: as long as that is so, the gateway listens on this machine only.")  # fmt: skip
    if keys:
        table(_KEYS, [_key(item) for item in keys[:_SHOWN]], key="keys")
    note("Keys are made, listed and revoked in a terminal; each is shown once.", key="keys how",
         commands=("genaiops gateway keys create NAME --usd 50 --every month --rpm 600",))  # fmt: skip


def _key(item: KeyUse) -> Row:
    budget = item.budget_usd
    spent = usd(item.spent_usd)
    if budget is not None:
        spent = f"{spent} of {usd(budget)} a {item.budget_every}"
    else:
        spent = f"{spent} this {item.budget_every}"
    limits = [
        f"{count(number)} {what}"
        for number, what in ((item.rpm, "requests/min"), (item.tpm, "tokens/min"),
                             (item.concurrent, "at once"))
        if number is not None
    ]  # fmt: skip
    if item.expires_ns is not None:
        day = time.strftime("%Y-%m-%d", time.gmtime(item.expires_ns / 1e9))
        limits.append(f"until {day}")
    return Row(
        id=item.name,
        cells={
            "name": [one_line(item.name, 80), f"{item.prefix}…"],
            "state": [Chip(value=item.state, tone=_KEY_TONES.get(item.state, "gray")).json()],
            "models": one_line(", ".join(item.models), 200) or "every model",
            "spent": {"text": spent, "share": min(1.0, item.spent_usd / budget) if budget else 0.0},
            "calls": count(item.calls),
            "errors": percent(item.errors / item.calls) if item.calls else DASH,
            "limits": ", ".join(limits) or "none",
            "last": "never" if item.last_ns is None else ago(item.last_ns),
        },
    )


show(page)
