"""What this process knows of a store's prompts: versions for ever, aliases for a while."""

import logging
import os
import threading
from collections.abc import Callable
from time import monotonic

from genaiops.errors import StoreError
from genaiops.prompts.names import LATEST, Reference
from genaiops.prompts.version import Prompt

__all__ = ["PromptCache", "cache_of"]

_log = logging.getLogger("genaiops.prompts")
_WARN_EVERY_S = 60.0


class PromptCache:
    """Prompts of one store.

    A miss reads the store under a lock, so many callers cause one read. Whoever moves an alias
    does not wait for that lock; what was read while an alias moved is not kept.
    """

    def __init__(self) -> None:
        self._reading = threading.Lock()
        self._noting = threading.Lock()
        self._changes = 0
        self._versions: dict[tuple[str, int], Prompt] = {}
        self._aliases: dict[tuple[str, str], tuple[Prompt, float]] = {}
        self._warned_s = -_WARN_EVERY_S

    def find(self, reference: Reference, max_age_s: float) -> Prompt | None:
        """The prompt when it is here and fresh enough."""
        if reference.version is not None:
            return self._versions.get((reference.name, reference.version))
        found = self._aliases.get((reference.name, reference.alias or LATEST))
        if found is None or monotonic() - found[1] >= max_age_s:
            return None
        return found[0]

    def load(
        self, reference: Reference, max_age_s: float, read: Callable[[Reference], Prompt]
    ) -> Prompt:
        """The prompt from here, or else from the store.

        When the store cannot be read, an alias is answered with what it was before, however long
        ago that is.

        Raises: NotFoundError, StoreError.
        """
        with self._reading:
            found = self.find(reference, max_age_s)
            if found is not None:
                return found
            changes = self._changes
            try:
                prompt = read(reference)
            except StoreError as error:
                stale = self.find(reference, float("inf"))
                if stale is None:
                    raise
                self._warn(stale, error)
                prompt = stale  # asked for again after another `max_age_s`, not at every call
            self._keep(reference, prompt, changes)
            return prompt

    def keep_version(self, prompt: Prompt) -> None:
        """Notes a version that this process registered."""
        self._versions[prompt.name, prompt.version] = prompt

    def forget_alias(self, name: str, alias: str) -> None:
        """Notes that this process changed the alias: the next load reads it."""
        with self._noting:
            self._changes += 1
            self._aliases.pop((name, alias), None)

    def _keep(self, reference: Reference, prompt: Prompt, changes: int) -> None:
        if reference.version is not None:
            self._versions[reference.name, reference.version] = prompt
            return
        with self._noting:
            if changes == self._changes:
                self._aliases[reference.name, reference.alias or LATEST] = (prompt, monotonic())

    def _warn(self, stale: Prompt, error: StoreError) -> None:
        if monotonic() - self._warned_s >= _WARN_EVERY_S:
            self._warned_s = monotonic()
            _log.warning(
                "prompt %r is answered from memory, version %d, because %s",
                stale.name,
                stale.version,
                error,
            )


def cache_of(uri: str) -> PromptCache:
    """The cache of a store, by its tracking URI."""
    found = _caches.get(uri)
    return found if found is not None else _caches.setdefault(uri, PromptCache())


_caches: dict[str, PromptCache] = {}

# A forked child inherits locks that threads of its parent may hold.
os.register_at_fork(after_in_child=_caches.clear)
