"""Datasets: names, versions and what they changed, rows with the trace each came from."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import streamlit as st

import genaiops
from dashboard.parts.cells import Chip, Column, Row
from dashboard.parts.export import csv_button
from dashboard.parts.guard import nothing_yet, show
from dashboard.parts.text import ago, count, counted, one_line, preview
from dashboard.parts.urls import link, number, param, set_params
from dashboard.parts.views import head, note, section, table, value
from genaiops.errors import NotFoundError
from genaiops.query import datasets
from genaiops.query.datasets import DatasetName, DatasetRow, DatasetVersion

_FIRST = (
    "import genaiops",
    'genaiops.create_dataset("questions", [{"question": "2 + 2?", "expected": "4"}])',
    'genaiops.add_to_dataset("questions", genaiops.search_traces("status = \'error\'"))',
)
_PAGE = 100
_FIELDS = ("inputs", "outputs", "expected", "contexts", "retrieved_ids", "relevant_ids", "tags")
_COLUMNS = (
    Column(key="row", label="Row", width="16%"),
    Column(key="in", label="Inputs", kind="wrap"),
    Column(key="expected", label="Expected", kind="wrap"),
    Column(key="tags", label="Tags", kind="chips", width="16%"),
    Column(key="trace", label="Origin", kind="chips", width="112px"),
)
_BESIDE = (replace(_COLUMNS[0], width="24%"), *_COLUMNS[1:3])
"""What is left of them beside a row that is open."""


def page() -> None:
    """The page: all datasets, or one."""
    if param("name"):
        _one(param("name"))
    else:
        _all()


def _all() -> None:
    found = datasets.names()
    if not found:
        nothing_yet("No datasets yet", _FIRST, key="empty")
        return
    head("Datasets", note=counted(len(found), "dataset"), key="title")
    columns = (
        Column(key="name", label="Dataset"),
        Column(key="rows", label="Rows", kind="num", width="90px"),
        Column(key="versions", label="Versions", kind="num", width="90px"),
        Column(key="digest", label="Content", width="120px", mono=True, hint="SHA-256 of the rows"),
        Column(key="when", label="Changed", kind="num", width="100px"),
    )
    table(columns, [_name(item) for item in found], key="names")


def _name(item: DatasetName) -> Row:
    return Row(
        id=item.name,
        cells={
            "name": item.name,
            "rows": count(item.newest.n_rows),
            "versions": count(item.n_versions),
            "digest": item.newest.digest[:10],
            "when": ago(item.newest.created_ns),
        },
        params={"name": item.name},
    )


def _one(name: str) -> None:
    versions = datasets.versions(name)
    shown = _version(name, versions)
    head(name, kicker=("Datasets", "datasets"), chips=_facts(name, versions, shown), key="title")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Find", key="q", bind="query-params", placeholder="text in a row", width=280,
            on_change=lambda: set_params({"after": "", "row": ""}),
        )  # fmt: skip
        _choose_version(versions, shown)
        csv_button(
            "dataset",
            ("id", *_FIELDS, "trace_id"),
            lambda: _exported(name, shown.version),
            key="csv",
        )
    found = datasets.rows(
        name, shown.version, text=text or "", limit=_PAGE, page_token=param("after") or None
    )
    if not param("row"):
        _rows(found.items)
    else:
        left, right = st.columns([1.3, 1], gap="medium")
        with left:
            _rows(found.items, _BESIDE)
        with right:
            _row_panel(name, shown.version, param("row"))
    _paging(found.next_page_token)
    note(
        "Evaluate on it:",
        commands=(f"genaiops.evaluate(genaiops.get_dataset({name!r}, {shown.version}), answer, judges=[...])",),
        key="use",
    )  # fmt: skip


def _version(name: str, versions: Sequence[DatasetVersion]) -> DatasetVersion:
    wanted = number("v") or versions[0].version
    for item in versions:
        if item.version == wanted:
            return item
    raise NotFoundError(f"dataset {name!r} has no version {wanted}: choose one of the list")


def _choose_version(versions: Sequence[DatasetVersion], shown: DatasetVersion) -> None:
    told = {
        item.version: f"version {item.version} · {counted(item.n_rows, 'row')} · {ago(item.created_ns)}"
        for item in versions
    }
    key = f"version {shown.version}"

    def chosen() -> None:
        set_params({"v": str(st.session_state[key]), "after": "", "row": ""})

    st.selectbox(
        "Version",
        list(told),
        index=list(told).index(shown.version),
        format_func=lambda version: told[version],
        key=key,
        on_change=chosen,
        width=280,
    )


def _facts(name: str, versions: Sequence[DatasetVersion], shown: DatasetVersion) -> list[Chip]:
    chips = [
        Chip(label="version", value=str(shown.version), tone="violet"),
        Chip(label="rows", value=count(shown.n_rows)),
        Chip(label="content", value=shown.digest[:10], mono=True),
        Chip(label="made", value=ago(shown.created_ns)),
    ]
    before = next((item for item in versions if item.version < shown.version), None)
    if before is not None:
        change = datasets.changes(name, before.version, shown.version)
        told = f"+{counted(change.added, 'row')}, −{count(change.removed)}, {count(change.changed)} changed"
        chips.append(Chip(label=f"since version {before.version}", value=told))
    return chips


def _rows(items: Sequence[DatasetRow], columns: Sequence[Column] = _COLUMNS) -> None:
    table(
        columns,
        [_row(item) for item in items],
        key="rows",
        selected=param("row"),
        empty="No row is like that.",
    )


def _row(item: DatasetRow) -> Row:
    tags = _decoded(item.tags)
    named = cast("dict[str, Any]", tags) if isinstance(tags, dict) else {}
    origin = None
    if item.trace_id:
        origin = [Chip(value=item.trace_id[:8], mono=True, tone="blue").json()]
    return Row(
        id=item.row_id,
        cells={
            "row": item.row_id,
            "in": preview(item.inputs, 400) or None,
            "expected": preview(item.expected, 300) or None,
            "tags": [
                Chip(label=one_line(str(key), 24), value=one_line(str(tag), 24)).json()
                for key, tag in list(named.items())[:3]
            ],
            "trace": origin,
        },
        params={"row": item.row_id},
    )


def _row_panel(name: str, version: int, row_id: str) -> None:
    found = datasets.rows(name, version, row_id=row_id, limit=1).items
    if not found:
        raise NotFoundError(f"version {version} of dataset {name!r} has no row {row_id!r}")
    item = found[0]
    chips = [Chip(value="close", go=link("datasets", {"name": name, "v": str(version)}))]
    if item.trace_id:
        chips.insert(0, Chip(label="from trace", value=item.trace_id[:8], mono=True, tone="blue",
                             go=link("trace", {"id": item.trace_id})))  # fmt: skip
    section(f"Row {row_id}", chips=chips, key="row head")
    for field in _FIELDS:
        text = getattr(item, field)
        if text is not None:
            value(_decoded(text), title=field, key=f"row {field}", depth=2)


def _decoded(text: str | None) -> Any:  # any JSON value; text that was cut stays text
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def _exported(name: str, version: int) -> list[list[object]]:
    """Every row of the version, whole."""
    rows = genaiops.get_dataset(name, version).rows
    return [[_cell(row.get(field)) for field in ("id", *_FIELDS, "trace_id")] for row in rows]


def _cell(content: Any) -> object:  # any JSON value
    if content is None or isinstance(content, str | int | float):
        return content
    return json.dumps(content, ensure_ascii=False)


def _paging(following: str | None) -> None:
    """First and next; a page is named in the URL by where it begins."""
    if not param("after") and following is None:
        return
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("First", on_click=set_params, args=({"after": ""},), disabled=not param("after"))
        st.button("Next", on_click=set_params, args=({"after": following or ""},),
                  disabled=following is None)  # fmt: skip


show(page)
