"""Files of runs: logged, listed, read; ``runs:/<run id>/<path>`` names one."""

import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from genaiops.config import settings
from genaiops.errors import ConfigError, NotFoundError
from genaiops.runs.log import active_run_id
from genaiops.runs.read import get_run
from genaiops.store import current_store

__all__ = [
    "FileInfo",
    "download_artifacts",
    "list_artifacts",
    "load_text",
    "local_path",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_image",
    "log_text",
    "read_artifact",
]

_SCHEME = "runs:/"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileInfo:
    """A file of a run: its path in the run and its bytes."""

    path: str
    file_size: int


def log_artifact(local_path: str | Path, artifact_path: str | None = None) -> None:
    """Keeps a file, or a folder, with the active run.

    Args:
        local_path: The file; symbolic links are refused.
        artifact_path: Folder in the run to put it in.

    Raises: NotFoundError without such a file; ConfigError for a link or a path that would lead
        out of the run; ConflictError when the run has other content there; StoreError.
    """
    source = Path(local_path)
    _regular(source)
    if source.is_dir():
        folder = "/".join(filter(None, (artifact_path, source.resolve().name)))
        log_artifacts(source, folder)
    else:
        _put("/".join(filter(None, (artifact_path, source.name))), source.read_bytes())


def log_artifacts(local_dir: str | Path, artifact_path: str | None = None) -> None:
    """Keeps every file below a folder with the active run; see `log_artifact`."""
    root = Path(local_dir)
    if not root.is_dir():
        raise NotFoundError(f"there is no folder {str(local_dir)!r}: give one that exists")
    for file in _files(root):
        name = file.relative_to(root).as_posix()
        _put("/".join(filter(None, (artifact_path, name))), file.read_bytes())


def log_text(text: str, artifact_file: str) -> None:
    """Keeps text as a file in UTF-8 with the active run."""
    _put(artifact_file, text.encode(errors="replace"))


def log_dict(dictionary: Any, artifact_file: str) -> None:  # any JSON value
    """Keeps a dict or list as a JSON file with the active run. Raises ConfigError."""
    if artifact_file.endswith((".yml", ".yaml")):
        raise ConfigError(f"{artifact_file!r} would be YAML: name it .json")
    try:
        text = json.dumps(dictionary, indent=2, default=str, ensure_ascii=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise ConfigError(f"{artifact_file!r} cannot be written as JSON: {error}") from None
    log_text(text, artifact_file)


def log_figure(figure: Any, artifact_file: str) -> None:  # matplotlib and plotly are optional
    """Keeps a matplotlib figure (any format it saves), or a plotly one (.html), as a file."""
    suffix = Path(artifact_file).suffix.lstrip(".")
    if hasattr(figure, "savefig"):
        into = io.BytesIO()
        figure.savefig(into, format=suffix or None)
        _put(artifact_file, into.getvalue())
    elif hasattr(figure, "to_html") and suffix == "html":
        log_text(figure.to_html(), artifact_file)
    else:
        raise ConfigError(
            f"a {type(figure).__name__} cannot be written as {artifact_file!r}: give a matplotlib "
            "figure, or a plotly figure and a name that ends in .html"
        )


def log_image(image: Any, artifact_file: str) -> None:  # Pillow is optional
    """Keeps a Pillow image, or anything with its `save`, as a file of the active run."""
    if not hasattr(image, "save"):
        raise ConfigError(
            f"a {type(image).__name__} is no image: give a Pillow image (Image.fromarray makes one)"
        )
    into = io.BytesIO()
    image.save(into, format=_IMAGES.get(Path(artifact_file).suffix.lower(), "PNG"))
    _put(artifact_file, into.getvalue())


_IMAGES = {".jpg": "JPEG", ".jpeg": "JPEG", ".gif": "GIF", ".webp": "WEBP"}


def list_artifacts(run_id: str, path: str | None = None) -> list[FileInfo]:
    """Every file of a run at or below a path, sorted. Raises NotFoundError, ConfigError."""
    get_run(run_id)
    found = current_store().artifacts(run_id, path)
    return [FileInfo(path=name, file_size=size) for name, size in found]


def local_path(uri: str | Path) -> Path:
    """The file that a ``runs:/<run id>/<path>`` names, to be read; other paths as they are."""
    if not str(uri).startswith(_SCHEME):
        return Path(uri)
    return current_store().artifact(*_parts(str(uri)))


def read_artifact(uri: str, *, start: int = 0, length: int | None = None) -> bytes:
    """Bytes of an artifact from `start` on, all of the rest when no length is given.

    Raises: NotFoundError, ConfigError for a negative range.
    """
    if start < 0 or (length is not None and length < 0):
        raise ConfigError(f"the range {start}, {length} is none: use numbers of at least 0")
    try:
        with local_path(uri).open("rb") as file:
            file.seek(start)
            return file.read() if length is None else file.read(length)
    except OSError as error:
        raise NotFoundError(f"{str(uri)!r} cannot be read: {error.strerror}") from error


def load_text(uri: str) -> str:
    """An artifact as text. Raises NotFoundError."""
    return read_artifact(uri).decode(errors="replace")


def download_artifacts(uri: str, dst_path: str | Path) -> Path:
    """Copies an artifact, or a folder of them, below a folder; where it is now.

    Raises: NotFoundError, ConfigError.
    """
    run_id, path = _parts(uri)
    found = list_artifacts(run_id, path or None)
    if not found:
        raise NotFoundError(f"the run {run_id!r} has no artifact {path!r}")
    for item in found:
        target = Path(dst_path, item.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(current_store().artifact(run_id, item.path), target)
    return Path(dst_path, path)


def _parts(uri: str) -> tuple[str, str]:
    if not uri.startswith(_SCHEME):
        raise ConfigError(f"{uri!r} names no artifact: use runs:/<run id>/<path>")
    run_id, _, path = uri.removeprefix(_SCHEME).partition("/")
    return run_id, path


def _put(path: str, data: bytes) -> None:
    if not settings().disabled:
        current_store().put_artifact(active_run_id(), path, data)


def _regular(path: Path) -> None:
    if path.is_symlink():
        raise ConfigError(f"{str(path)!r} is a link, which is not followed: give the file itself")
    if not path.exists():
        raise NotFoundError(f"there is no file {str(path)!r}: give one that exists")


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(cast("Iterator[Path]", folder.iterdir())):
        _regular(path)
        if path.is_dir():
            yield from _files(path)
        else:
            yield path
