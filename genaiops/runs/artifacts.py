"""Files of runs: logged, listed, read; ``runs:/<run id>/<path>`` names one."""

import contextlib
import io
import json
import shutil
import tempfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from genaiops.config import settings
from genaiops.errors import ConfigError, NotFoundError, StoreError
from genaiops.runs import given
from genaiops.runs.log import active_run_id
from genaiops.runs.places import local_copy, place_of, read_range
from genaiops.runs.read import get_run
from genaiops.store.artifacts import checked
from genaiops.store.whole import new_file

__all__ = [
    "FileInfo",
    "download_artifacts",
    "keep",
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
        local_path: The file, or ``runs:/<id>/<path>`` of another run's; symbolic links are
            refused.
        artifact_path: Folder in the run to put it in.

    Raises: NotFoundError without such a file; ConfigError for a link or a path that would lead
        out of the run; ConflictError when the run has other content there; StoreError.
    """
    source = _source(local_path)
    if source.is_dir():
        log_artifacts(source, _below(artifact_path, source.resolve().name))
    else:
        keep(_below(artifact_path, source.name), source)


def log_artifacts(local_dir: str | Path, artifact_path: str | None = None) -> None:
    """Keeps every file below a folder with the active run; see `log_artifact`."""
    root = _source(local_dir)
    if not root.is_dir():
        raise NotFoundError(f"there is no folder {str(local_dir)!r}: give one that exists")
    for file in _files(root):
        keep(_below(artifact_path, file.relative_to(root).as_posix()), file)


def log_text(text: str, artifact_file: str) -> None:
    """Keeps text as a file in UTF-8 with the active run. Raises as `log_artifact`."""
    keep(artifact_file, given.text(text, "text of a file").encode(errors="replace"))


def log_dict(dictionary: Any, artifact_file: str) -> None:  # any JSON value
    """Keeps a dict or list as a JSON file with the active run. Raises ConfigError."""
    if given.text(artifact_file, "path in the run").endswith((".yml", ".yaml")):
        raise ConfigError(f"{artifact_file!r} would be YAML: name it .json")
    try:
        text = json.dumps(dictionary, indent=2, default=str, ensure_ascii=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise ConfigError(f"{artifact_file!r} cannot be written as JSON: {error}") from None
    log_text(text, artifact_file)


def log_figure(figure: Any, artifact_file: str) -> None:  # matplotlib and plotly are optional
    """Keeps a matplotlib figure (any format it saves), or a plotly one (.html), as a file."""
    suffix = Path(given.text(artifact_file, "path in the run")).suffix.lstrip(".")
    if hasattr(figure, "savefig"):
        with _drawn(artifact_file) as into:
            figure.savefig(into, format=suffix or None)
    elif hasattr(figure, "to_html") and suffix == "html":
        with _drawn(artifact_file) as into:
            into.write(figure.to_html().encode())
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
    suffix = Path(given.text(artifact_file, "path in the run")).suffix.lower()
    with _drawn(artifact_file) as into:
        image.save(into, format=_IMAGES.get(suffix, "PNG"))


@contextlib.contextmanager
def _drawn(artifact_file: str) -> Generator[io.BytesIO]:
    """Where a library writes a picture, which is kept then. Raises ConfigError when it cannot."""
    into = io.BytesIO()
    try:
        yield into
    except Exception as error:  # each library has its own
        raise ConfigError(f"{artifact_file!r} cannot be drawn: {error}") from error
    keep(artifact_file, into.getvalue())


_IMAGES = {".jpg": "JPEG", ".jpeg": "JPEG", ".gif": "GIF", ".webp": "WEBP"}


def list_artifacts(run_id: str, path: str | None = None) -> list[FileInfo]:
    """Every file of a run at or below a path, sorted. Raises NotFoundError, ConfigError."""
    get_run(run_id)
    below = given.optional_text(path, "path in the run") or None
    found = place_of(run_id).listed(None if below is None else checked(below))
    return [FileInfo(path=name, file_size=size) for name, size in found]


def local_path(uri: str | Path) -> Path:
    """A file or folder of this machine for ``runs:/<run id>/<path>``; other paths as they are.

    What lies at a URL is fetched once. Raises: NotFoundError, ConfigError, StoreError.
    """
    if not str(uri).startswith(_SCHEME):
        return given.path(uri, "path")
    run_id, path = _parts(str(uri))
    return local_copy(run_id, path)


def read_artifact(uri: str, *, start: int = 0, length: int | None = None) -> bytes:
    """Bytes of an artifact from `start` on, all of the rest when no length is given.

    Of a file at a URL, only the range is fetched.
    Raises: NotFoundError, ConfigError for a negative range.
    """
    for number in (start, 0 if length is None else length):
        if type(number) is not int or number < 0:
            raise ConfigError(f"the range {start!r}, {length!r} is none: use numbers of at least 0")
    if not str(uri).startswith(_SCHEME):
        return read_range(given.path(uri, "path"), start, length)
    run_id, path = _parts(uri)
    return place_of(run_id).read(checked(path), start, length)


def load_text(uri: str) -> str:
    """An artifact as text. Raises NotFoundError."""
    return read_artifact(uri).decode(errors="replace")


def download_artifacts(uri: str, dst_path: str | Path | None = None) -> Path:
    """Copies an artifact, or a folder of them, below a folder; where it is now.

    Args:
        uri: ``runs:/<run id>/<path>``; without a path, all files of the run.
        dst_path: The folder; a new temporary one when omitted, as in MLflow.

    Raises: NotFoundError, ConfigError, StoreError when a file cannot be written there.
    """
    run_id, path = _parts(uri)
    found = list_artifacts(run_id, path or None)
    if not found:
        raise NotFoundError(f"the run {run_id!r} has no artifact {path!r}")
    into = given.path(tempfile.mkdtemp() if dst_path is None else dst_path, "folder to copy into")
    for item in found:
        try:
            _copied(local_copy(run_id, item.path), into / item.path)
        except OSError as error:
            raise StoreError(
                f"{item.path!r} cannot be copied to {str(into)!r}: {error.strerror}"
            ) from error
    return into / path


def keep(path: str, data: bytes | Path) -> None:
    """Writes a file of the active run, once. Raises as `log_artifact`."""
    name = checked(given.text(path, "path in the run"))
    if not settings().disabled:
        place_of(active_run_id()).put(name, data)


def _copied(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as content, new_file(target.parent) as (hidden, file):
        shutil.copyfileobj(content, file, 4_000_000)
        file.close()
        hidden.rename(target)


def _parts(uri: object) -> tuple[str, str]:
    text = str(uri)
    if not text.startswith(_SCHEME):
        raise ConfigError(f"{text!r} names no artifact: use runs:/<run id>/<path>")
    run_id, _, path = text.removeprefix(_SCHEME).lstrip("/").partition("/")
    return run_id, path


def _below(folder: str | None, name: str) -> str:
    return "/".join(filter(None, (given.optional_text(folder, "folder in the run"), name)))


def _source(place: str | Path) -> Path:
    """The file or folder that was named, which is no link."""
    source = local_path(place)
    _regular(source)
    return source


def _regular(path: Path) -> None:
    if path.is_symlink():
        raise ConfigError(f"{str(path)!r} is a link, which is not followed: give the file itself")
    if not path.is_file() and not path.is_dir():
        raise NotFoundError(f"there is no file {str(path)!r}: give one that exists")


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(cast("Iterator[Path]", folder.iterdir())):
        _regular(path)
        if path.is_dir():
            yield from _files(path)
        else:
            yield path
