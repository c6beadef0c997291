"""Much at once into the journal: what cannot be written is an error; in the end all is compacted."""

import time
from collections.abc import Iterable

from genaiops.errors import StoreError
from genaiops.store import Group, LocalStore, segments

__all__ = ["append", "settle"]

_APPEND_BYTES = 2_000_000
_WAITING_BYTES = 14_000_000
"""Less than what lets a maintainer start, which takes smaller bites."""
_COMPACT_BYTES = 32_000_000
_WAIT_S = 120.0


def append(store: LocalStore, group: Group, lines: Iterable[bytes]) -> None:
    """Writes whole lines, some megabytes at a time, and compacts them once they are many.

    Raises: StoreError when a line is not written.
    """
    waiting: list[bytes] = []
    size = 0
    for line in lines:
        waiting.append(line)
        size += len(line)
        if size >= _APPEND_BYTES:
            _written(store, group, b"".join(waiting))
            waiting, size = [], 0
    if waiting:
        _written(store, group, b"".join(waiting))
    if sum(segment.size for segment in segments.found(store.folder)) > _WAITING_BYTES:
        store.seal()
        store.compact(budget_bytes=_COMPACT_BYTES)


def settle(store: LocalStore) -> None:
    """Waits until what was written lies in the database, so that readers have it at once."""
    store.seal()
    deadline = time.monotonic() + _WAIT_S
    while time.monotonic() < deadline:
        done = store.compact(budget_bytes=_COMPACT_BYTES)
        if not done.remaining:
            return
        if not done.segments:  # the maintainer is at work
            time.sleep(0.05)


def _written(store: LocalStore, group: Group, lines: bytes) -> None:
    if not store.append(group, lines):
        raise StoreError(
            f"the store {store.uri!r} cannot be written, perhaps the disk is full: make room and "
            "run the same command again, which goes on where this one ended"
        )
