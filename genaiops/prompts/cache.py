"""What this process knows of a store's prompts: versions for ever, aliases for a while."""

import copy
import logging
import os
import threading
from dataclasses import replace
from time import monotonic

from genaiops.errors import GenaiopsError, NotFoundError, StoreError
from genaiops.prompts.disk import DiskCopies
from genaiops.prompts.loaded import Arm, Loaded, read_loaded
from genaiops.prompts.names import Reference
from genaiops.prompts.version import Prompt
from genaiops.store import LocalStore, engine

__all__ = ["PromptCache", "cache_of"]

_log = logging.getLogger("genaiops.prompts")
_WARN_EVERY_S = 60.0
_REFRESH_AT = 0.5
"""Share of its time after which an alias that is asked for is read again in the background."""
_PATIENCE_S = 2.0
"""How long a load waits for the store when it knows an answer already."""
_TIMEOUT_S = 10.0
_PAUSE_S = 1.0
"""How long a store that failed is left alone, at least."""


class PromptCache:
    """Prompts of one store.

    An alias older than half of its time is answered at once and read again in the background; one
    older than its time is read before it is answered. Reads are one at a time, and whoever waits
    looks again first, so many callers cause one read. Whoever moves an alias does not wait for
    that; what was read while an alias moved is not kept. While the store cannot be read, the last
    answer stands, from memory or else from the copy on disk.
    """

    def __init__(self, store: LocalStore) -> None:
        self._store = store
        self._disk = DiskCopies(store.uri)
        self._reading = threading.Lock()
        self._noting = threading.Lock()
        self._changes = 0
        self._entries: dict[Reference, tuple[Loaded, float]] = {}
        self._refreshing: set[Reference] = set()
        self._down: tuple[float, StoreError] | None = None
        self._warned_s: dict[str, float] = {}

    def find(self, reference: Reference, max_age_s: float) -> Loaded | None:
        """What the reference means, when that is known and fresh enough."""
        entry = self._entries.get(reference)
        if entry is None:
            return None
        if reference.version is not None:
            return entry[0]
        now = monotonic()
        age = now - entry[1]
        if age >= max_age_s:
            return entry[0] if self._down is not None and now < self._down[0] else None
        if age > max_age_s * _REFRESH_AT and reference not in self._refreshing:
            self._refresh_soon(reference)
        return entry[0]

    def load(self, reference: Reference, max_age_s: float) -> Loaded:
        """What the reference means, from the store if need be.

        Raises: NotFoundError; StoreError when the store cannot be read and nothing is known.
        """
        known = self._entries.get(reference)
        patient = known is not None and known[1] >= 0 and max_age_s > 0
        if not self._reading.acquire(timeout=_PATIENCE_S if patient else -1):
            assert known is not None  # noqa: S101  only then is there a limit
            return known[0]
        try:
            found = self.find(reference, max_age_s)
            if found is not None:
                return found
            return self._read(reference, _PATIENCE_S if patient else _TIMEOUT_S)
        finally:
            self._reading.release()

    def keep_version(self, prompt: Prompt) -> None:
        """Notes a version that this process registered, which a healthy store took."""
        self._down = None
        loaded = Loaded((Arm(replace(prompt, created=False)),))
        self._entries[Reference(prompt.name, version=prompt.version)] = (loaded, monotonic())

    def forget_alias(self, name: str, alias: str) -> None:
        """Notes that this process changed the alias: the next load reads it."""
        self._down = None
        self._forget(Reference(name, alias=alias))

    def forget_version(self, name: str, version: int) -> None:
        """Notes that this process changed the tags of a version."""
        with self._noting:
            self._changes += 1
            self._entries.pop(Reference(name, version=version), None)
        for reference in list(self._entries):
            if reference.name == name and reference.version is None:
                self._forget(reference)

    def warn(self, topic: str, text: str, *values: object) -> None:
        """Logs a warning, one a minute for each topic."""
        now = monotonic()
        with self._noting:
            if now - self._warned_s.get(topic, -_WARN_EVERY_S) < _WARN_EVERY_S:
                return
            self._warned_s[topic] = now
        _log.warning(text, *values)

    def _forget(self, reference: Reference) -> None:
        with self._noting:
            self._changes += 1
            entry = self._entries.get(reference)
            if entry is not None:
                self._entries[reference] = (entry[0], float("-inf"))

    def _read(self, reference: Reference, timeout_s: float) -> Loaded:
        """Reads the store, unless it failed a moment ago; needs the lock."""
        changes = self._changes
        began = monotonic()
        copied = self._entries.get(reference)
        known = copied[0] if copied is not None else self._disk.get(reference)
        try:
            if self._down is not None and began < self._down[0]:
                raise copy.copy(self._down[1])
            loaded = self._ask(reference, known, timeout_s)
        except NotFoundError:
            self._entries.pop(reference, None)
            self._disk.drop(reference)
            raise
        except StoreError as error:
            if self._down is None or began >= self._down[0]:
                now = monotonic()
                self._down = (now + max(_PAUSE_S, now - began), error)
            if known is None:
                raise
            self._warn_of(reference, known, error, "memory" if copied is not None else "disk")
            if copied is None:
                self._keep(reference, known, changes, float("-inf"))
            return known
        self._down = None
        self._keep(reference, loaded, changes, began)
        self._disk.put(reference, loaded)
        return loaded

    def _ask(self, reference: Reference, known: Loaded | None, timeout_s: float) -> Loaded:
        """Raises: StoreError also when the whole store is gone, of which copies are known."""
        try:
            if self._is_there() or known is None:
                return read_loaded(self._store, reference, timeout_s)
        except NotFoundError:
            if self._is_there() or known is None:
                raise
        raise StoreError(f"the store {self._store.uri!r} is gone")

    def _is_there(self) -> bool:
        return (self._store.folder / engine.FILE).exists()

    def _keep(self, reference: Reference, loaded: Loaded, changes: int, read_s: float) -> None:
        with self._noting:
            if changes == self._changes or reference.version is not None:
                self._entries[reference] = (loaded, read_s)

    def _refresh_soon(self, reference: Reference) -> None:
        with self._noting:
            if reference in self._refreshing:
                return
            self._refreshing.add(reference)
        threading.Thread(
            target=self._refresh, args=(reference,), name="genaiops-prompts", daemon=True
        ).start()

    def _refresh(self, reference: Reference) -> None:
        try:
            with self._reading:
                self._read(reference, _TIMEOUT_S)
        except GenaiopsError as error:  # whoever loads it next is told
            _log.info("prompt %s could not be read again: %s", reference, error)
        finally:
            self._refreshing.discard(reference)

    def _warn_of(self, reference: Reference, known: Loaded, error: StoreError, source: str) -> None:
        self.warn(
            "store",
            "prompt %r is answered from %s, version %d, because %s",
            reference.name,
            source,
            known.arms[0].prompt.version,
            error,
        )


def cache_of(store: LocalStore) -> PromptCache:
    """The cache of a store."""
    found = _caches.get(store.uri)
    return found if found is not None else _caches.setdefault(store.uri, PromptCache(store))


_caches: dict[str, PromptCache] = {}

# A forked child inherits locks that threads of its parent may hold.
os.register_at_fork(after_in_child=_caches.clear)
