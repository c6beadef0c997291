"""Large values, stored once by content beside the spans: ``artifacts/blobs/ab/<sha256>``."""

import contextlib
import hashlib
import os
import re
import secrets
from pathlib import Path

from genaiops.errors import NotFoundError, StoreError

__all__ = ["get", "put"]

_DIGEST = re.compile(r"[0-9a-f]{64}")


def put(folder: Path, data: bytes) -> str:
    """Writes the value unless it is there; its SHA-256. Raises StoreError."""
    digest = hashlib.sha256(data).hexdigest()
    path = _path(folder, digest)
    if path.exists():
        return digest
    hidden = path.parent / f".{digest[:16]}-{secrets.token_hex(4)}.new"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(hidden, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        hidden.rename(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            hidden.unlink()
        raise StoreError(
            f"{len(data)} bytes cannot be stored in {str(path.parent)!r}: {error.strerror}"
        ) from error
    return digest


def get(folder: Path, digest: str) -> bytes:
    """The value of that digest. Raises NotFoundError, StoreError when it was altered."""
    if not _DIGEST.fullmatch(digest):
        raise NotFoundError(f"{digest!r} is no digest: 64 hex digits are expected")
    try:
        data = _path(folder, digest).read_bytes()
    except FileNotFoundError:
        raise NotFoundError(f"the value {digest} is not in the store {str(folder)!r}") from None
    except OSError as error:
        raise StoreError(f"the value {digest} cannot be read: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise StoreError(f"the value {digest} was altered on disk: run `genaiops store doctor`")
    return data


def _path(folder: Path, digest: str) -> Path:
    return folder / "artifacts" / "blobs" / digest[:2] / digest
