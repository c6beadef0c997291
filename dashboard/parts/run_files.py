"""Files of a run: listed, looked into without trusting them, downloaded as they are."""

import base64
import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import streamlit as st

import genaiops
from dashboard.parts.cells import Column, Row
from dashboard.parts.messages import PICTURES
from dashboard.parts.text import count, counted, one_line
from dashboard.parts.urls import param, set_params
from dashboard.parts.views import chat, note, section, table, value
from genaiops.errors import GenaiopsError

__all__ = ["files_view", "preview_of", "size"]

Json = Any  # any JSON value
_SHOWN = 500
_TEXT_BYTES = 200_000
_PICTURE_BYTES = 4_000_000
_TABLE_ROWS, _TABLE_COLUMNS = 100, 20
_KINDS = {
    "png": PICTURES[0],
    "jpg": PICTURES[1],
    "jpeg": PICTURES[1],
    "gif": PICTURES[2],
    "webp": PICTURES[3],
}
_COLUMNS = (
    Column(key="path", label="File"),
    Column(key="size", label="Size", kind="num", width="96px"),
)
Preview = tuple[str, Json]
"""What is drawn: ``picture``, ``table``, ``json``, ``text`` or ``bytes``, and its content."""


def size(n_bytes: float) -> str:
    """Bytes as text with a fitting unit."""
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "KB")):
        if n_bytes >= factor:
            return f"{n_bytes / factor:.1f} {unit}"
    return f"{n_bytes:.0f} B"


def files_view(run_id: str) -> None:
    """The list, and the file of the URL beside it."""
    files = genaiops.list_artifacts(run_id)
    if not files:
        note("No files: genaiops.log_artifact, log_text, log_dict, log_image and log_table keep some.",
             key="no files")  # fmt: skip
        return
    text = st.text_input("Find a file", key="fq", bind="query-params", width=280,
                         placeholder="part of its path") or ""  # fmt: skip
    found = [item for item in files if text.lower() in item.path.lower()]
    chosen = next((item for item in files if item.path == param("file")), None)
    left, right = st.columns([1, 1.7], gap="medium")
    with left:
        rows = [
            Row(id=item.path, cells={"path": item.path, "size": size(item.file_size)},
                params={"file": item.path}) for item in found[:_SHOWN]
        ]  # fmt: skip
        table(
            _COLUMNS,
            rows,
            key="files",
            selected=param("file"),
            empty="No file is called like that.",
        )
        told = f"{counted(len(found), 'file')}, {size(sum(item.file_size for item in found))}"
        note(told, key="files sum")
    with right:
        if chosen is None:
            said = f"There is no file {param('file')!r} in this run." if param("file") else ""
            note(said or "Choose a file to look into it.", key="no file")
        else:
            _file(run_id, chosen.path, chosen.file_size)


def _file(run_id: str, path: str, n_bytes: int) -> None:
    uri = f"runs:/{run_id}/{path}"
    with st.container(horizontal=True, vertical_alignment="center"):
        section(one_line(path, 200), note=f"{size(n_bytes)} · {uri}", key="file head")
        st.download_button(
            "Download", lambda: genaiops.read_artifact(uri), file_name=_name(path),
            mime="application/octet-stream", on_click="ignore", icon=":material/download:",
            key=f"download {path}",
        )  # fmt: skip
        st.button(
            "Close", key="close file", on_click=set_params, args=({"file": ""},), type="tertiary"
        )
    try:
        kind, content = preview_of(uri, path, n_bytes)
    except GenaiopsError as error:
        note(str(error), key="file trouble")
        return
    if kind == "picture":
        picture = {"type": "image", "mime": content[0], "data": content[1], "text": path}
        chat([{"role": "file", "parts": [picture]}], key="file picture")
    elif kind == "table":
        names, lines = content
        _table(names, lines)
    elif kind == "json":
        value(content, title=one_line(path, 200), key="file json", depth=2)
    elif kind == "text":
        chat([{"role": "file", "parts": [{"type": "text", "text": content}]}], key="file text")
    else:
        note(str(content), key="file bytes")


def _name(path: str) -> str:
    """The last part of the path, as a name that means the same to every file system."""
    last = path.rpartition("/")[2]
    kept = "".join(
        char if char.isprintable() and char not in '\\\\/:*?"<>|' else "_" for char in last
    )
    return kept.strip(". ")[-150:] or "file"


def preview_of(uri: str, path: str, n_bytes: int) -> Preview:
    """What the file seems to hold, read up to a limit; what cannot be read so is text or bytes.

    Raises: NotFoundError, StoreError.
    """
    suffix = path.rpartition(".")[2].lower()
    if suffix in _KINDS:
        if n_bytes > _PICTURE_BYTES:
            return (
                "bytes",
                f"A picture of {size(n_bytes)}: too large to be drawn here, download it.",
            )
        return "picture", (_KINDS[suffix], base64.b64encode(genaiops.read_artifact(uri)).decode())
    data = genaiops.read_artifact(uri, length=_TEXT_BYTES)
    if b"\0" in data[:8_000]:
        return "bytes", "Not text: download it to open it with a program that knows it."
    text = data.decode("utf-8", errors="replace")
    whole = n_bytes <= _TEXT_BYTES
    if suffix == "json" and whole:
        return _json(text)
    if suffix in ("csv", "tsv"):
        return _csv(text, "\t" if suffix == "tsv" else ",", whole=whole)
    more = "" if whole else f"\n\n… the first {size(_TEXT_BYTES)} of {size(n_bytes)}"
    return "text", text + more


def _json(text: str) -> Preview:
    """A table where it is one (rows, columns of equal length, or MLflow's split form)."""
    try:
        found: Json = json.loads(text)
    except (ValueError, RecursionError):
        return "text", text
    if isinstance(found, Mapping):
        whole = cast("Mapping[str, Json]", found)
        columns, lines = _list(whole.get("columns")), _list(whole.get("data"))
        if columns and lines and all(isinstance(line, list) for line in lines):
            return "table", ([str(name) for name in columns], lines)
    records = _list(found)
    if records and all(isinstance(line, Mapping) for line in records):
        names = list(dict.fromkeys(str(name) for line in records[:_TABLE_ROWS] for name in line))
        return "table", (names, [[line.get(name) for name in names] for line in records])
    return "json", cast("Json", found)


def _list(content: Json) -> list[Json]:
    """The list, empty for anything else."""
    return cast("list[Json]", content) if isinstance(content, list) else []


def _csv(text: str, mark: str, *, whole: bool) -> Preview:
    try:
        lines = list(csv.reader(io.StringIO(text), delimiter=mark))
    except csv.Error:
        return "text", text
    lines = [line for line in (lines if whole else lines[:-1]) if line]
    return ("table", (lines[0], lines[1:])) if lines else ("text", text)


def _table(names: Sequence[str], lines: Sequence[Sequence[Json]]) -> None:
    shown = list(names)[:_TABLE_COLUMNS]
    columns = [
        Column(key=f"c{at}", label=one_line(name, 60), width="" if len(shown) < 9 else "140px")
        for at, name in enumerate(shown)
    ]
    rows = [
        Row(
            id=str(place),
            cells={f"c{at}": _cell(item) for at, item in enumerate(line[: len(shown)])},
        )
        for place, line in enumerate(lines[:_TABLE_ROWS])
    ]
    table(columns, rows, key="file table", empty="No rows.")
    hidden = [
        f"{count(left)} more {what if left == 1 else f'{what}s'}"
        for left, what in ((len(lines) - len(rows), "row"), (len(names) - len(shown), "column"))
        if left > 0
    ]
    if hidden:
        note(f"{' and '.join(hidden)} in the file.", key="file more")


def _cell(content: Json) -> str | None:
    if content is None:
        return None
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    return one_line(text, 300)
