"""Where the files of a run lie: in the store, in a folder, or below any URL that fsspec reads.

A run keeps the place that the setting ``artifacts`` named when it began.
"""

import hashlib
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from genaiops.config import settings
from genaiops.errors import ConfigError, ConflictError, NotFoundError
from genaiops.runs.read import get_run
from genaiops.runs.remote import Remote
from genaiops.store import artifacts as kept, current_store

__all__ = ["Place", "artifact_uri", "local_copy", "place_of", "read_range", "remember"]

_OURS = "artifacts/runs"
"""Below a folder that the setting names, files lie as they do in the store."""
_uris: dict[tuple[str, str], str | None] = {}
"""By store and run, what never changes: where its files lie."""


class Place(Protocol):
    """The files of one run; paths in it are checked by whoever asks."""

    def put(self, path: str, data: bytes | Path) -> None:
        """Writes a file once. Raises ConflictError when other content is there, StoreError."""
        ...

    def listed(self, path: str | None) -> list[tuple[str, int]]:
        """Path and bytes of every file at or below a path, sorted."""
        ...

    def fetch(self, path: str, into: Path) -> Path:
        """A file or folder of this machine with the content; made in `into` when it lies away.

        Raises: NotFoundError, StoreError.
        """
        ...

    def read(self, path: str, start: int, length: int | None) -> bytes:
        """Bytes of a file. Raises NotFoundError, StoreError."""
        ...


class _Folder:
    """Files of this machine: in the store, or in another folder."""

    def __init__(self, run_id: str, folder: Path | None) -> None:
        self.run_id = run_id
        self.folder = folder

    @property
    def root(self) -> Path:
        if self.folder is None:
            return kept.root_of(current_store().folder, self.run_id)
        return self.folder

    def put(self, path: str, data: bytes | Path) -> None:
        if self.folder is None:
            current_store().put_artifact(self.run_id, path, data)
            return
        base = self.folder.parent.parent.parent
        if kept.root_of(base, self.run_id) != self.folder:
            raise ConflictError(
                f"the files of run {self.run_id!r} are another program's, at "
                f"{str(self.folder)!r}: they are only read"
            )
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept.put(base, self.run_id, path, data)

    def listed(self, path: str | None) -> list[tuple[str, int]]:
        return kept.listed(self.root, path)

    def fetch(self, path: str, into: Path) -> Path:
        del into  # it is here
        return kept.opened(self.root, path, folders=True)

    def read(self, path: str, start: int, length: int | None) -> bytes:
        return read_range(kept.opened(self.root, path), start, length)


def read_range(file: Path, start: int, length: int | None) -> bytes:
    """Bytes of a file of this machine. Raises NotFoundError."""
    try:
        with file.open("rb") as opened:
            opened.seek(start)
            return opened.read() if length is None else opened.read(length)
    except OSError as error:
        raise NotFoundError(f"{str(file)!r} cannot be read: {error.strerror}") from error


def artifact_uri(run_id: str) -> str | None:
    """Where the files of a new run go, by the setting ``artifacts``; None for the store.

    Raises: ConfigError for a setting that is no place.
    """
    base = settings().artifacts
    if base is None:
        return None
    if _scheme(base) == "file":
        return f"{_folder_of(base).absolute().as_uri()}/{_OURS}/{run_id}"
    return f"{base.rstrip('/')}/{run_id}"


def remember(run_id: str, uri: str | None) -> None:
    """Keeps in mind where the files of a run of this process lie."""
    _uris[current_store().uri, run_id] = uri


def place_of(run_id: str) -> Place:
    """The place with the files of a run. Raises NotFoundError, ConfigError."""
    key = (current_store().uri, run_id)
    if key not in _uris:
        _uris[key] = get_run(run_id).info.artifact_uri
    uri = _uris[key]
    if uri is None:
        return _Folder(run_id, None)
    if _scheme(uri) == "file":
        return _Folder(run_id, _folder_of(uri))
    return Remote(run_id, uri)


def local_copy(run_id: str, path: str) -> Path:
    """A file or folder of this machine with an artifact's content.

    Raises: NotFoundError, ConfigError, StoreError.
    """
    name = kept.checked(path)
    place = hashlib.sha256(f"{run_id}/{name}".encode()).hexdigest()[:32]
    return place_of(run_id).fetch(name, current_store().folder / "artifacts" / "fetched" / place)


def _scheme(uri: str) -> str:
    scheme = urlsplit(uri).scheme.lower() if ":" in uri else ""
    return scheme if len(scheme) > 1 else "file"


def _folder_of(uri: str) -> Path:
    """The folder that a ``file:`` URL or a plain path names. Raises ConfigError."""
    if not uri.lower().startswith("file:"):
        return Path(uri).expanduser()
    parts = urlsplit(uri)
    if parts.netloc not in ("", "localhost"):
        raise ConfigError(f"{uri!r} names another machine: use file:///…")
    return Path(unquote(parts.path))
