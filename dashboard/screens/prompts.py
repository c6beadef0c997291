"""Prompts: names by folder, versions and what they cost, differences, aliases, a playground."""

import streamlit as st

import genaiops
from dashboard.parts.cells import Chip
from dashboard.parts.guard import nothing_yet, show
from dashboard.parts.lists import prompt_columns, prompt_rows
from dashboard.parts.playground import new_prompt, playground
from dashboard.parts.prompt_aliases import aliases_view
from dashboard.parts.prompt_text import compared, template_messages
from dashboard.parts.prompt_versions import (
    alias_chip,
    version_figures,
    version_rail,
    version_settings,
    version_tiles,
)
from dashboard.parts.text import count, counted, one_line
from dashboard.parts.urls import go_to, link, number, param, set_params
from dashboard.parts.views import chat, chips, diff, head, table
from genaiops.errors import NotFoundError
from genaiops.query import prompts
from genaiops.query.prompts import PromptName, VersionStats

_FIRST = (
    "import genaiops",
    'p = genaiops.register_prompt("qa/answer", "Answer briefly: {{question}}")',
    'genaiops.set_prompt_alias("qa/answer", "production", p.version)',
)
_VIEWS = ("Diff", "Text", "Settings", "All versions", "Aliases", "Playground")
_SHOWN = 200


def page() -> None:
    """The page: every name, one prompt, or a new one."""
    if param("name"):
        _one(param("name"))
    elif param("new") or param("trace"):
        head("New prompt", kicker=("Prompts", "prompts"), key="title",
             note="Try it on a model, then register it.")  # fmt: skip
        new_prompt()
    else:
        _all()


def _all() -> None:
    names = prompts.names()
    if not names:
        nothing_yet("No prompts yet", _FIRST, key="empty")
        _new_button()
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        head("Prompts", note=counted(len(names), "prompt"), key="title")
        _new_button()
    text = st.text_input("Find", key="q", bind="query-params", placeholder="part of a name",
                         width=280, label_visibility="collapsed")  # fmt: skip
    _folders(names)
    folder = param("folder")
    fitting = [
        name
        for name in names
        if (text or "").lower() in name.name.lower()
        and (not folder or name.folder == folder or name.folder.startswith(f"{folder}/"))
    ]
    table(
        prompt_columns(),
        prompt_rows(fitting[:_SHOWN]),
        page="prompts",
        key="names",
        empty="No prompt is called like that.",
    )
    if len(fitting) > _SHOWN:
        head("", note=f"{count(len(fitting) - _SHOWN)} more: find them by name.", key="more")


def _folders(names: list[PromptName]) -> None:
    """The folders, those above them included; a click shows what is inside."""
    sizes: dict[str, int] = {}
    for name in names:
        parts = name.folder.split("/") if name.folder else []
        for depth in range(1, len(parts) + 1):
            inside = "/".join(parts[:depth])
            sizes[inside] = sizes.get(inside, 0) + 1
    if not sizes:
        return
    chosen = param("folder")
    found = [Chip(value="all folders", go="prompts", tone="gray" if chosen else "blue")]
    found += [
        Chip(value=f"{one_line(name, 60)}/ {count(n)}", tone="blue" if name == chosen else "gray",
             go=link("prompts", {"folder": name}))
        for name, n in sorted(sizes.items())[:60]
    ]  # fmt: skip
    chips(found, key="folders")


def _new_button() -> None:
    st.button("New prompt", key="new prompt", icon=":material/add:", on_click=go_to,
              args=(link("prompts", {"new": "1"}),))  # fmt: skip


def _one(name: str) -> None:
    versions = prompts.versions(name)
    by_number = {item.version.version: item for item in versions}
    chosen = number("v") or versions[0].version.version
    if chosen not in by_number:
        raise NotFoundError(f"prompt {name!r} has no version {chosen}: choose one of the list")
    shown = by_number[chosen]
    head(
        name,
        kicker=("Prompts", "prompts"),
        copy=f"prompts:/{name}/{chosen}",
        chips=[
            Chip(value=f"version {chosen}"),
            Chip(value="text" if isinstance(shown.version.template, str) else "chat"),
            Chip(value=shown.version.syntax),
            *(alias_chip(alias) for alias in shown.aliases),
        ],
        key="title",
    )
    left, right = st.columns([1, 3.1], gap="medium")
    with left:
        version_rail(name, versions, chosen)
    with right:
        _version(name, versions, shown, _other(by_number, chosen))


def _other(by_number: dict[int, VersionStats], chosen: int) -> VersionStats | None:
    """The version to compare with: that of the URL, else the one before, else the next."""
    others = sorted(set(by_number) - {chosen})
    if not others:
        return None
    before = max((other for other in others if other < chosen), default=others[0])
    asked = number("vs")
    return by_number[asked if asked in others else before]


def _version(
    name: str, versions: list[VersionStats], shown: VersionStats, other: VersionStats | None
) -> None:
    chosen = shown.version.version
    version_tiles(shown, other)
    with st.container(horizontal=True, vertical_alignment="center"):
        view = st.segmented_control(
            "View", _VIEWS, default="Diff", required=True, key="view", bind="query-params",
            label_visibility="collapsed",
        )  # fmt: skip
        if other is not None and view == "Diff":
            _choose_other(versions, chosen, other.version.version)
        st.button("Promote…", key="promote", on_click=_promote, type="tertiary",
                  icon=":material/new_label:")  # fmt: skip
    if view == "Aliases":
        aliases_view(genaiops.get_prompt(name), versions, chosen, prompts.alias_history(name))
    elif view == "Playground":
        playground(shown.version)
    elif view == "Settings":
        version_settings(shown.version)
    elif view == "All versions":
        version_figures(name, versions, chosen)
    elif view == "Text" or other is None:
        chat(template_messages(shown.version.template), key="text")
    else:
        old, new = sorted((other.version, shown.version), key=lambda version: version.version)
        diff(compared(old, new), labels=(f"v{old.version}", f"v{new.version}"), key="diff")


def _promote() -> None:
    st.session_state["view"] = "Aliases"


def _choose_other(versions: list[VersionStats], chosen: int, other: int) -> None:
    """Which version to compare with; kept as ``vs`` in the URL."""
    numbers = [item.version.version for item in versions if item.version.version != chosen]
    key = f"against {chosen} {other}"

    def against() -> None:
        set_params({"vs": str(st.session_state[key])})

    st.selectbox("Compare with", numbers, index=numbers.index(other), key=key, on_change=against,
                 format_func=lambda number_: f"against version {number_}", width=190,
                 label_visibility="collapsed")  # fmt: skip


show(page)
