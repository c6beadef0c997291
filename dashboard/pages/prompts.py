"""Prompts: names by folder, versions and what they cost, differences, aliases and their moves."""

import streamlit as st

from dashboard.parts.guard import nothing_yet, show
from dashboard.parts.lists import prompt_columns, prompt_rows
from dashboard.parts.prompt_text import compared, template_messages
from dashboard.parts.text import ago, count, ms, percent, usd
from dashboard.parts.urls import number, param
from dashboard.parts.views import Chip, Column, Row, chat, diff, head, table, value
from genaiops.errors import NotFoundError
from genaiops.query import prompts
from genaiops.query.prompts import VersionStats

_FIRST = (
    "import genaiops",
    'p = genaiops.register_prompt("qa/answer", "Answer briefly: {{question}}")',
    'genaiops.set_prompt_alias("qa/answer", "production", p.version)',
)
_VERSIONS = (
    Column(key="version", label="Version", width="70px"),
    Column(key="aliases", label="Aliases", kind="chips", width="21%"),
    Column(key="message", label="What changed"),
    Column(key="author", label="Author", width="90px"),
    Column(key="when", label="Made", kind="num", width="92px"),
    Column(key="calls", label="Calls", kind="bar", width="84px"),
    Column(key="errors", label="Failed", kind="num", width="70px"),
    Column(key="p50", label="p50", kind="num", width="80px"),
    Column(key="p95", label="p95", kind="num", width="80px"),
    Column(key="cost", label="Cost/call", kind="num", width="88px"),
)


def page() -> None:
    """The page: every name, or one prompt."""
    if param("name"):
        _one(param("name"))
    else:
        _all()


def _all() -> None:
    names = prompts.names()
    if not names:
        nothing_yet("No prompts yet", _FIRST, key="empty")
        return
    head("Prompts", note=f"{count(len(names))} prompts", key="title")
    for folder in sorted({name.folder for name in names}):
        inside = [name for name in names if name.folder == folder]
        if folder:
            head(chips=[Chip(label="folder", value=folder)], key=f"folder {folder}")
        table(
            prompt_columns(),
            prompt_rows(inside, inside=True),
            page="prompts",
            key=f"names {folder}",
        )


def _one(name: str) -> None:
    versions = prompts.versions(name)
    by_number = {item.version.version: item for item in versions}
    chosen = number("v") or versions[0].version.version
    if chosen not in by_number:
        raise NotFoundError(f"prompt {name!r} has no version {chosen}: choose one of the list")
    shown = by_number[chosen]
    moves = prompts.alias_history(name)
    kind = "text" if isinstance(shown.version.template, str) else "chat"
    head(
        name,
        kicker=("Prompts", "prompts"),
        copy=f"prompts:/{name}/{chosen}",
        chips=[
            Chip(value=kind),
            Chip(value=shown.version.syntax),
            *(
                Chip(label=alias.alias, value=f"v{alias.version}", tone="violet")
                for item in versions
                for alias in item.aliases
            ),
        ],
        key="title",
    )
    most = max(item.calls for item in versions) or 1
    table(_VERSIONS, [_row(name, item, most) for item in versions], key="versions", selected=str(chosen))
    with st.container(horizontal=True, vertical_alignment="center"):
        view = st.segmented_control(
            "View",
            ("Diff", "Text", "Settings", "Alias history"),
            default="Diff",
            required=True,
            key="view",
            bind="query-params",
            label_visibility="collapsed",
        )
        other = _other(versions, chosen) if view == "Diff" else None
    if view == "Text":
        chat(template_messages(shown.version.template), key="text")
    elif view == "Settings":
        _settings(shown)
    elif view == "Alias history":
        _history(moves)
    elif other is None:
        chat(template_messages(shown.version.template), key="only")
    else:
        old, new = sorted((other, chosen))
        labels = (f"v{old}", f"v{new}")
        diff(compared(by_number[old].version, by_number[new].version), labels=labels, key="diff")


def _row(name: str, item: VersionStats, most: int) -> Row:
    version = item.version
    return Row(
        id=str(version.version),
        cells={
            "version": f"v{version.version}",
            "aliases": [
                Chip(
                    value=alias.alias if alias.weight >= 1 else f"{alias.alias} {alias.weight:.0%}",
                    tone="violet",
                ).json()
                for alias in item.aliases
            ],
            "message": version.message,
            "author": version.author,
            "when": ago(version.created_ns),
            "calls": {"text": count(item.calls), "share": item.calls / most},
            "errors": percent(item.error_rate),
            "p50": ms(item.p50_ms),
            "p95": ms(item.p95_ms),
            "cost": usd(item.cost_per_call_usd),
        },
        params={"name": name, "v": str(version.version)},
    )


def _other(versions: list[VersionStats], chosen: int) -> int | None:
    """The version to compare with: the one before, unless another is picked."""
    numbers = [item.version.version for item in versions if item.version.version != chosen]
    if not numbers:
        return None
    before = max((number_ for number_ in numbers if number_ < chosen), default=min(numbers))
    return st.selectbox(
        "Compare with",
        numbers,
        index=numbers.index(before),
        format_func=lambda number_: f"against version {number_}",
        key=f"vs{chosen}",
        bind="query-params",
        width=190,
        label_visibility="collapsed",
    )


def _settings(shown: VersionStats) -> None:
    version = shown.version
    for title, content in (
        ("Model settings", version.model_config),
        ("Response format", version.response_format),
        ("Tools", version.tools),
        ("Tags", version.tags),
    ):
        if content:
            value(content, title=title, key=title)
    value({"hash": version.hash, "syntax": version.syntax}, title="Version", key="version")


def _history(moves: list[prompts.AliasMove]) -> None:
    rows = [
        Row(
            id=str(place),
            cells={
                "alias": [Chip(value=move.alias, tone="violet").json()],
                "to": "removed" if move.version is None else f"v{move.version}",
                "when": move.moved_ns / 1e6,
                "who": move.author,
                "why": move.reason,
            },
        )
        for place, move in enumerate(moves)
    ]
    columns = (
        Column(key="when", label="Moved", kind="time", width="150px"),
        Column(key="alias", label="Alias", kind="chips", width="20%"),
        Column(key="to", label="To", width="80px"),
        Column(key="who", label="By", width="120px"),
        Column(key="why", label="Why"),
    )
    table(columns, rows, key="moves", dense=True, empty="No alias was set.")


show(page)
