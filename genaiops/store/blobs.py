"""Large values, stored once by content beside the spans: ``artifacts/blobs/ab/<sha256>``."""

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from genaiops.errors import NotFoundError, StoreError
from genaiops.store.whole import write_whole

__all__ = ["found", "get", "is_whole", "path_of", "put", "remove_unused"]

_DIGEST = re.compile(r"[0-9a-f]{64}")


def put(folder: Path, data: bytes) -> str:
    """Writes the value unless it is there; its SHA-256. Raises StoreError."""
    digest = hashlib.sha256(data).hexdigest()
    path = path_of(folder, digest)
    with contextlib.suppress(OSError):
        os.utime(path)  # it is about to be used: see `remove_unused`
        return digest
    try:
        for parent in reversed(path.parents[:3]):
            parent.mkdir(mode=0o700, exist_ok=True)
        write_whole(path, data)
    except OSError as error:
        raise StoreError(
            f"{len(data)} bytes cannot be stored in {str(path.parent)!r}: {error.strerror}"
        ) from error
    return digest


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
