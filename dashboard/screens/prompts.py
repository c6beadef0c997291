"""Prompts: names by folder, versions and what they cost, differences, aliases and their moves."""

import streamlit as st

from dashboard.parts.cells import Chip
from dashboard.parts.guard import nothing_yet, show
from dashboard.parts.lists import prompt_columns, prompt_rows
from dashboard.parts.prompt_text import compared, template_messages
from dashboard.parts.prompt_versions import (
    alias_history,
    version_settings,
    versions_table,
)
from dashboard.parts.text import count
from dashboard.parts.urls import number, param, set_params
from dashboard.parts.views import chat, chips, diff, head, table
from genaiops.errors import NotFoundError
from genaiops.query import prompts
from genaiops.query.prompts import VersionStats

_FIRST = (
    "import genaiops",
    'p = genaiops.register_prompt("qa/answer", "Answer briefly: {{question}}")',
    'genaiops.set_prompt_alias("qa/answer", "production", p.version)',
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
            chips([Chip(label="folder", value=folder)], key=f"folder {folder}")
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
    versions_table(name, versions, chosen)
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
        version_settings(shown.version)
    elif view == "Alias history":
        alias_history(moves)
    elif other is None:
        chat(template_messages(shown.version.template), key="only")
    else:
        old, new = sorted((other, chosen))
        labels = (f"v{old}", f"v{new}")
        diff(compared(by_number[old].version, by_number[new].version), labels=labels, key="diff")


def _other(versions: list[VersionStats], chosen: int) -> int | None:
    """The version to compare with: the one before, unless another is picked."""
    numbers = [item.version.version for item in versions if item.version.version != chosen]
    if not numbers:
        return None
    before = max((number_ for number_ in numbers if number_ < chosen), default=min(numbers))
    asked = number("vs")
    return st.selectbox(
        "Compare with",
        numbers,
        index=numbers.index(asked if asked in numbers else before),
        format_func=lambda number_: f"against version {number_}",
        key=f"against {chosen}",
        on_change=_against,
        args=(chosen,),
        width=190,
        label_visibility="collapsed",
    )


def _against(chosen: int) -> None:
    set_params({"vs": str(st.session_state[f"against {chosen}"])})


show(page)
