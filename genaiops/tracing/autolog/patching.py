"""Putting our functions in the place of a library's own, and those back: the very same objects."""

import contextlib
import functools
import importlib.util
import logging
import re
import threading
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any, cast

from genaiops.tracing.setup import install

__all__ = ["Patches"]

_log = logging.getLogger("genaiops")
_ABSENT: Any = object()  # the class inherits the function and has none of its own


class Patches:
    """What was changed in one library, so that it can be undone.

    Args:
        library: As users write it: ``genaiops.<library>.autolog()``, and the name of the extra.
        package: The import name of what is changed.
        distribution: The name of the package that `oldest` counts for.
        oldest: The oldest version that works.

    A replacement must call on when `on` is False: somebody may have wrapped it, and then it stays
    in the chain when the autolog is switched off.
    """

    def __init__(self, library: str, *, package: str, distribution: str, oldest: str) -> None:
        self.library = library
        self.package = package
        self.distribution = distribution
        self.oldest = oldest
        self.on = False
        self._undo: list[Callable[[], None]] = []
        self._replaced: dict[tuple[int, str], tuple[Any, Any]] = {}  # ours, and the owner's own
        self._lock = threading.RLock()
        self._warned = False

    def switch(self, change: Callable[[], None], *, disable: bool) -> None:
        """Changes the library by calling `change`, or undoes it; a second time is a no-op.

        `change` calls `replace` and `undo_with`. When it raises ImportError or AttributeError, the
        installed version lacks what is needed: that is said once, and the library left alone.
        """
        with self._lock:
            if disable:
                self._restore()
                return
            if self.on or not self._usable():
                return
            try:
                change()
            except (ImportError, AttributeError) as error:
                self._restore()
                self._warn(f"this version of it does not fit ({error})")
                return
            install()
            self.on = True

    def replace(
        self, owner: Any, name: str, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]
    ) -> None:
        """Puts ``wrap(original)`` in the place of the function `name` of a class or module.

        Raises: AttributeError when there is none.
        """
        original = getattr(owner, name)
        key = (id(owner), name)
        if key not in self._replaced:  # else somebody wrapped ours before it was taken away
            own = _own(owner, name)
            replacement = functools.wraps(original)(wrap(original))
            setattr(owner, name, replacement)
            self._replaced[key] = (replacement, own)
        self._undo.append(functools.partial(self._put_back, owner, name))

    def undo_with(self, undo: Callable[[], None]) -> None:
        """Calls `undo` when the autolog is switched off."""
        self._undo.append(undo)

    def _put_back(self, owner: Any, name: str) -> None:
        replacement, own = self._replaced[id(owner), name]
        if _own(owner, name) is not replacement:
            _log.debug("genaiops: %s of %s is wrapped by somebody, ours only calls on", name, owner)
            return
        if own is _ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, own)
        del self._replaced[id(owner), name]

    def _restore(self) -> None:
        self.on = False
        while self._undo:
            self._undo.pop()()

    def _usable(self) -> bool:
        if not _findable(self.package):
            _log.warning(
                "genaiops: %s is not installed, so there is nothing to record: "
                "pip install 'genaiops[%s]'",
                self.distribution,
                self.library,
            )
            return False
        with contextlib.suppress(PackageNotFoundError):  # vendored: only what `change` needs counts
            found = version(self.distribution)
            if _numbers(found) < _numbers(self.oldest):
                self._warn(f"version {found} is older than {self.oldest}")
                return False
        return True

    def _warn(self, why: str) -> None:
        if not self._warned:
            self._warned = True
            _log.warning("genaiops: calls of %s are not recorded: %s", self.distribution, why)


def _own(owner: Any, name: str) -> Any:  # a class or module -> whatever it has
    return cast("dict[str, Any]", vars(owner)).get(name, _ABSENT)


def _findable(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):  # a parent is missing, or a stand-in without a spec
        return False


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])
