"""Being told when a module is imported, without importing it."""

import importlib.util
import sys
import threading
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from genaiops.tracing import diagnostics

__all__ = ["when_imported"]

_waiting: dict[str, list[Callable[[], None]]] = {}
_lock = threading.RLock()


class _Finder(MetaPathFinder):
    """Lets the other finders find, and hears when what they found was executed."""

    def __init__(self) -> None:
        self._seeking = threading.local()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname not in _waiting or getattr(self._seeking, "name", None) == fullname:
            return None
        self._seeking.name = fullname
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._seeking.name = None
        if spec is not None and spec.loader is not None:
            _hear(spec.loader, fullname)
        return spec


def _hear(loader: object, name: str) -> None:
    """The loader tells once; then it is as it was."""
    execute: Callable[[ModuleType], None] = getattr(loader, "exec_module")  # noqa: B009  of any loader

    def exec_module(module: ModuleType) -> None:
        del loader.__dict__["exec_module"]
        execute(module)
        _imported(name)

    try:
        loader.__dict__["exec_module"] = exec_module
    except AttributeError as error:  # a loader without attributes
        diagnostics.note(f"waiting for the import of {name}", error)


def _imported(name: str) -> None:
    with _lock:
        calls = _waiting.pop(name, [])
    for call in calls:
        _told(name, call)


def _told(name: str, call: Callable[[], None]) -> None:
    try:
        call()
    except Exception as error:  # noqa: BLE001  a library that is not as we know it still imports
        diagnostics.note(f"preparing {name}", error)


_finder = _Finder()


def when_imported(name: str, call: Callable[[], None]) -> Callable[[], None]:
    """Calls at once when the module is there, else right after it was executed; never raises.

    Returns: What forgets it again.
    """
    with _lock:
        if name not in sys.modules:
            _waiting.setdefault(name, []).append(call)
            if _finder not in sys.meta_path:
                sys.meta_path.insert(0, _finder)
            return lambda: _forget(name, call)
    _told(name, call)
    return lambda: None


def _forget(name: str, call: Callable[[], None]) -> None:
    with _lock:
        left = [other for other in _waiting.get(name, []) if other is not call]
        if left:
            _waiting[name] = left
        else:
            _waiting.pop(name, None)
