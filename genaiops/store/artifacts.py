"""Files of runs: ``artifacts/runs/<run id>/<path>``, written once, whole or not at all.

The content lies once in the folder of values, by digest; a file of a run is a hard link to it.
"""

import contextlib
import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from genaiops.errors import ConfigError, ConflictError, NotFoundError, StoreError
from genaiops.store import blobs
from genaiops.store.whole import is_passing

__all__ = ["checked", "listed", "opened", "put", "root_of"]

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_DOTS = re.compile(r"[ .]*\.[ .]*")


def put(folder: Path, run_id: str, path: str, data: bytes | Path) -> None:
    """Writes a file of a run; the same content again changes nothing.

    Args:
        folder: Of the store.
        run_id: Of the run.
        path: In the run.
        data: The content, or a file that has it.

    Raises: ConfigError for a path that is none, ConflictError when the run has other content (or
        a folder) there, StoreError when it cannot be written.
    """
    name = checked(path)
    root = root_of(folder, run_id)
    in_memory = isinstance(data, bytes)
    digest = blobs.put(folder, data) if in_memory else blobs.put_file(folder, data)
    target = root / name
    try:
        _unlinked(root, target)
        _made(folder, target.parent)
        target.hardlink_to(blobs.path_of(folder, digest))
    except FileExistsError:
        if not target.is_file() or not blobs.is_whole(target, digest):
            raise ConflictError(
                f"the run {run_id!r} has other content at {name!r} already: use another path"
            ) from None
    except NotADirectoryError:
        raise ConflictError(
            f"{name!r} needs a folder where the run {run_id!r} has a file: use another path"
        ) from None
    except OSError as error:
        raise StoreError(
            f"the artifact {name!r} of run {run_id!r} cannot be written: {error.strerror}"
        ) from error


def listed(root: Path, path: str | None = None) -> list[tuple[str, int]]:
    """Path and bytes of every file of a run at or below a path, sorted; links are left out."""
    start = root if path is None else root / checked(path)
    _unlinked(root, start)
    files = [start] if start.is_file() else _below(start)
    return sorted((file.relative_to(root).as_posix(), file.stat().st_size) for file in files)


def opened(root: Path, path: str, *, folders: bool = False) -> Path:
    """The file of a run, or a folder where one will do. Raises NotFoundError, ConfigError for a path that is none."""
    file = root / checked(path)
    _unlinked(root, file)
    if not file.is_file() and not (folders and file.is_dir()):
        raise NotFoundError(f"there is no artifact {path!r} in {str(root)!r}")
    return file


def root_of(folder: Path, run_id: str) -> Path:
    """The folder with the files of a run. Raises ConfigError for an id that is none."""
    if not _RUN_ID.fullmatch(run_id):
        raise ConfigError(f"{run_id!r} is no run id: use letters, digits, '_' and '-'")
    return folder / "artifacts" / "runs" / run_id


def checked(path: str) -> str:
    """The path inside a run, in one spelling. Raises ConfigError for one that leads elsewhere."""
    plain = unicodedata.normalize("NFKC", path)
    while (decoded := unicodedata.normalize("NFKC", unquote(plain))) != plain:
        plain = decoded
    parts = PurePosixPath(plain.replace("\\", "/")).parts
    bad = (
        not parts
        or parts[0] == "/"
        or any(_DOTS.fullmatch(part) or is_passing(part) for part in parts)
        or re.match(r"[A-Za-z]:", plain)
        or "\\" in path
        or any(ord(letter) < 32 for letter in plain)
        or any("\ud800" <= letter <= "\udfff" for letter in plain)
        or any(len(part.encode()) > 255 or part == "." for part in path.split("/"))
    )
    if bad:
        raise ConfigError(
            f"{path!r} is no path of an artifact: use names divided by '/', of more than "
            "dots, with no leading '/', no backslash and at most 255 bytes each"
        )
    return PurePosixPath(path).as_posix()


def _made(folder: Path, path: Path) -> None:
    for parent in reversed((path, *path.parents)):
        if parent.is_relative_to(folder):
            with contextlib.suppress(FileExistsError):
                parent.mkdir(mode=0o700)


def _unlinked(root: Path, path: Path) -> None:
    """Raises StoreError when somebody put a symbolic link on the way."""
    for place in (path, *path.parents):
        if place.is_symlink():
            raise StoreError(f"{str(place)!r} is a link, which is not followed: remove it")
        if place == root:
            return


def _below(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder, followlinks=False):
        for name in names:
            file = Path(parent, name)
            if not is_passing(name) and not file.is_symlink():
                yield file
