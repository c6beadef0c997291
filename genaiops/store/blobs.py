"""Large values, stored once by content beside the spans: ``artifacts/blobs/ab/<sha256>``."""

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from genaiops.errors import NotFoundError, StoreError
from genaiops.store.whole import new_file, write_whole

__all__ = ["found", "get", "is_whole", "path_of", "put", "put_file", "remove_unused"]

_COPY_BYTES = 4_000_000

_DIGEST = re.compile(r"[0-9a-f]{64}")


def put(folder: Path, data: bytes) -> str:
    """Writes the value unless it is there; its SHA-256. Raises StoreError."""
    digest = hashlib.sha256(data).hexdigest()
    path = path_of(folder, digest)
    if _used_again(path):
        return digest
    try:
        _make(path.parent)
        write_whole(path, data)
    except OSError as error:
        raise _not_stored(len(data), path, error) from error
    return digest


def put_file(folder: Path, source: Path) -> str:
    """The same for the content of a file, which is never whole in memory.

    Raises: StoreError, NotFoundError when the file cannot be read.
    """
    try:
        opened = source.open("rb")
    except OSError as error:
        raise NotFoundError(f"{str(source)!r} cannot be read: {error.strerror}") from error
    waiting = folder / "artifacts" / "blobs"
    with opened as content:
        try:
            _make(waiting)
            with new_file(waiting) as (hidden, file):
                shutil.copyfileobj(content, file, _COPY_BYTES)
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()  # of what was written
                path = path_of(folder, digest)
                if _used_again(path):
                    hidden.unlink()
                else:
                    _make(path.parent)
                    file.close()
                    hidden.rename(path)
        except OSError as error:
            raise _not_stored(source.stat().st_size, waiting, error) from error
    return digest


def _used_again(path: Path) -> bool:
    """Whether the value is there, which is about to be used: see `remove_unused`."""
    with contextlib.suppress(OSError):
        os.utime(path)
        return True
    return False


def _make(folder: Path) -> None:
    for parent in reversed((folder, *folder.parents[:2])):
        parent.mkdir(mode=0o700, exist_ok=True)


def _not_stored(size: int, path: Path, error: OSError) -> StoreError:
    return StoreError(f"{size} bytes cannot be stored in {str(path.parent)!r}: {error.strerror}")


def get(folder: Path, digest: str) -> bytes:
    """The value of that digest. Raises NotFoundError, StoreError when it was altered."""
    if not _DIGEST.fullmatch(digest):
        raise NotFoundError(f"{digest!r} is no digest: 64 hex digits are expected")
    try:
        data = path_of(folder, digest).read_bytes()
    except FileNotFoundError:
        raise NotFoundError(f"the value {digest} is not in the store {str(folder)!r}") from None
    except OSError as error:
        raise StoreError(f"the value {digest} cannot be read: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise StoreError(f"the value {digest} was altered on disk: run `genaiops store doctor`")
    return data


def found(folder: Path) -> Iterator[tuple[str, Path]]:
    """Digest and file of every value."""
    for path in (folder / "artifacts" / "blobs").glob("??/*"):
        if _DIGEST.fullmatch(path.name):
            yield path.name, path


def is_whole(path: Path, digest: str) -> bool:
    """Whether the file still holds the value of that digest."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == digest


def remove_unused(path: Path, *, before_s: float) -> bool:
    """Deletes a value that no row names, unless it was put again since `before_s` (Unix seconds).

    It is moved aside before its time is looked at: whoever puts it afterwards writes it anew.
    """
    hidden = path.with_name(f".{path.name[:16]}.unused")
    with contextlib.suppress(FileNotFoundError):
        path.rename(hidden)
        if hidden.stat().st_mtime >= before_s:
            hidden.rename(path)
            return False
        hidden.unlink()
        return True
    return False


def path_of(folder: Path, digest: str) -> Path:
    """Where the value of that digest lies, or would lie."""
    return folder / "artifacts" / "blobs" / digest[:2] / digest
