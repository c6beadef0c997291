"""The folder itself: ``store.json`` with its format and id, and where a store must not lie."""

import contextlib
import json
import secrets
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from genaiops.errors import StoreError, StoreVersionError

__all__ = ["FORMAT", "check", "read_store_json", "write_store_json"]

FORMAT = 1
"""Version of the folder's layout and of the journal's lines."""

_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph"}


def check(folder: Path) -> None:
    """Raises StoreVersionError for a newer layout, StoreError on a network file system."""
    needed = read_store_json(folder).get("min_reader", FORMAT)
    if isinstance(needed, int) and needed > FORMAT:
        raise StoreVersionError(
            f"the store {str(folder)!r} needs a genaiops that reads format {needed}, this one "
            f"reads {FORMAT}: upgrade genaiops in this environment"
        )
    kind = _filesystem(folder)
    if kind in _NETWORK:
        raise StoreError(
            f"the store {str(folder)!r} lies on a network file system ({kind}), where file locks "
            "cannot be trusted: use a local folder, or a genaiops server"
        )


def read_store_json(folder: Path) -> Mapping[str, Any]:
    """What ``store.json`` says; nothing when it is missing or damaged."""
    try:
        loaded: object = json.loads((folder / "store.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast("dict[str, Any]", loaded) if isinstance(loaded, dict) else {}


def write_store_json(folder: Path) -> None:
    """Writes ``store.json`` unless it is there. Raises OSError."""
    path = folder / "store.json"
    if path.exists():
        return
    content = {"format": FORMAT, "min_reader": FORMAT, "id": str(uuid.uuid4())}
    hidden = folder / f".store-{secrets.token_hex(4)}.new"
    try:
        hidden.write_text(json.dumps(content) + "\n", encoding="ascii")
        hidden.chmod(0o600)
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(hidden)  # who is second leaves the first one's
    finally:
        hidden.unlink(missing_ok=True)


def _filesystem(folder: Path) -> str:
    """Kind of file system below the folder, as Linux names it; empty where that is unknown."""
    try:
        here = str(folder.resolve())
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8")
    except OSError:
        return ""
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split()
        inside = len(fields) > 2 and f"{here}/".startswith(f"{fields[1].rstrip('/')}/")
        if inside and len(fields[1]) > best:
            best, kind = len(fields[1]), fields[2]
    return kind
