"""Settings: the store's size and health, what may go, versions, settings and their origin."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard.parts.cells import Column, Row, Tile
from dashboard.parts.guard import show
from dashboard.parts.run_files import size
from dashboard.parts.text import count, counted, ms, one_line
from dashboard.parts.views import head, note, section, table, tiles
from genaiops.errors import GenaiopsError
from genaiops.query import store

Json = Any  # any JSON value
_SETTINGS = (
    Column(key="name", label="Setting", width="18%"),
    Column(key="value", label="Value"),
    Column(key="origin", label="From", width="26%"),
    Column(key="variable", label="Change it by", width="24%", mono=True),
)
_PAIRS = (Column(key="name", label="What", width="42%"), Column(key="value", label="Value"))
_UNSET = ("", "None", "()")
_ORIGINS = {
    "argument": "genaiops ui",
    "default": "default",
    "pyproject.toml": "[tool.genaiops] in pyproject.toml",
}
_NAMES = {
    "folder": "Folder",
    "uuid": "Id",
    "schema_version": "Schema version",
    "wal_bytes": "Write-ahead log",
    "journal_segments": "Journal segments",
    "open_segments": "Segments being written",
    "backlog_age_s": "Oldest that waits for compaction",
    "living_processes": "Programs that write now",
    "maintainer": "Compacting now",
    "backups": "Backups",
    "quarantine_lines": "Damaged lines put aside",
    "dropped_lines": "Lines this process lost",
}


def page() -> None:
    """The page."""
    health = store.health()
    facts = health.facts
    head("Settings", key="title", note=f"The store is {store.uri()}",
         trouble="\n".join(health.problems))  # fmt: skip
    if facts.get("exists") is False:
        note("There is nothing yet: the store is made by the first thing that is written.",
             key="no store")  # fmt: skip
    else:
        _sizes(facts)
    section("Settings", key="settings head",
            note="An argument beats the environment, which beats [tool.genaiops] in pyproject.toml.")  # fmt: skip
    rows = [
        Row(id=item.name, cells={"name": item.name, "value": _said(item.value),
                                 "origin": _ORIGINS.get(item.origin, item.origin),
                                 "variable": item.variable})
        for item in store.settings()
    ]  # fmt: skip
    table(_SETTINGS, rows, key="settings")
    left, right = st.columns(2, gap="medium")
    with left:
        section("The store", key="store head")
        _pairs(
            {_NAMES[name]: _fact(name, facts[name]) for name in _NAMES if name in facts},
            key="facts",
        )
        _maintenance()
    with right:
        section("Versions", key="versions head")
        _pairs(store.versions(), key="versions")
        if facts.get("exists") is not False:
            _retention()


def _said(text: str) -> str | None:
    """A setting's value; None where nothing is set."""
    return None if text in _UNSET else one_line(text, 300)


def _sizes(facts: Mapping[str, Json]) -> None:
    names = (("file_bytes", "Database"), ("journal_bytes", "Journal"), ("blob_bytes", "Values apart"),
             ("free_disk_bytes", "Free on the disk"))  # fmt: skip
    numbers = (("traces", "Traces"), ("spans", "Spans"), ("runs", "Runs"))
    shown = [Tile(label=label, value=size(facts[name])) for name, label in names if name in facts]
    shown += [
        Tile(label=label, value=count(facts[name])) for name, label in numbers if name in facts
    ]
    tiles(shown, key="sizes")


def _fact(name: str, found: Json) -> str:
    if found is None:
        return "nobody" if name == "maintainer" else "unknown"
    if name.endswith("_bytes"):
        return size(found)
    return ms(found * 1_000) if name.endswith("_s") else str(found)


def _pairs(content: Mapping[str, str], *, key: str) -> None:
    rows = [
        Row(id=name, cells={"name": name, "value": one_line(text, 300)})
        for name, text in content.items()
    ]
    table(_PAIRS, rows, key=key)


def _maintenance() -> None:
    note("Looking after it:", key="maintenance",
         commands=("genaiops store doctor", "genaiops store backup", "genaiops store vacuum"))  # fmt: skip


def _retention() -> None:
    """What a retention of so many days would delete; deleting is typed, not clicked."""
    section("Retention", key="retention head",
            note="Everything is kept until you let it go. Runs, metrics, prompts and datasets stay.")  # fmt: skip
    with st.form("retention", border=True):
        days = st.number_input("Traces that ended longer ago than this many days", min_value=0,
                               max_value=36_500, value=90, key="days")  # fmt: skip
        asked = st.form_submit_button("What would go?")
    if not asked:
        return
    try:
        gone = store.would_go(float(days))
    except GenaiopsError as error:
        note(str(error), key="retention refused")
        return
    told = (
        f"{counted(gone.traces, 'trace')} with {counted(gone.spans, 'span')}, "
        f"{counted(gone.assessments, 'assessment')} and {size(gone.blob_bytes)} of values would go."
    )
    note(
        told,
        key="would go",
        commands=(f"genaiops store retain --days {days}",) if gone.traces else (),
    )


show(page)
