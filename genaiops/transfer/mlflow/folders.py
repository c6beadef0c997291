"""Artifact folders of MLflow on this machine."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from genaiops.transfer.mlflow.records import File

__all__ = ["files", "local_folder", "spans"]


def local_folder(uri: str, *, beside: Path) -> Path | None:
    """The folder that an artifact URI names; None for one that lies on no disk of this machine."""
    parts = urlsplit(uri)
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost"):
            return None
        folder = Path(unquote(parts.path))
    elif "://" in uri or len(parts.scheme) > 1:
        return None
    else:
        folder = beside / uri
    return folder if folder.exists() else _moved(folder, beside)


def _moved(folder: Path, beside: Path) -> Path:
    """The folder below a `mlruns` or `mlartifacts` that was moved together with its database."""
    for at, name in enumerate(folder.parts):
        if name in ("mlruns", "mlartifacts"):
            found = beside.joinpath(*folder.parts[at:])
            if found.exists():
                return found
    return folder


def files(uri: str, *, beside: Path) -> Iterator[File] | None:
    """Every file below an artifact URI, links left out; None for one that is not a folder here."""
    folder = local_folder(uri, beside=beside)
    return None if folder is None else _below(folder)


def spans(
    find: Callable[[str], Iterator[File] | None], tags: Mapping[str, str]
) -> list[Mapping[str, Any]]:
    """The spans of a trace that MLflow keeps as a file beside its other artifacts."""
    uri = tags.get("mlflow.artifactLocation")
    for file in (find(uri) if uri else None) or ():
        if file.path == "traces.json":
            with file.local as path:
                return read_spans(path.read_bytes())
    return []


def read_spans(data: bytes) -> list[Mapping[str, Any]]:
    """The spans in the JSON of a trace; none where it is damaged."""
    with contextlib.suppress(ValueError, RecursionError):
        found: object = json.loads(data)
        listed = cast("dict[str, object]", found).get("spans") if isinstance(found, dict) else None
        if isinstance(listed, list):
            items = cast("list[object]", listed)
            return [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]
    return []


def _below(folder: Path) -> Iterator[File]:
    for parent, names, found in os.walk(folder, followlinks=False):
        names.sort()
        for name in sorted(found):
            path = Path(parent, name)
            if not path.is_symlink():
                yield File(
                    path=path.relative_to(folder).as_posix(), local=contextlib.nullcontext(path)
                )
