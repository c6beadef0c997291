"""What goes wrong inside tracing: counted, logged once per kind, never raised into the application."""

import logging
import threading

__all__ = ["internal_errors", "note"]

_log = logging.getLogger("genaiops")
_counts: dict[str, int] = {}
_lock = threading.Lock()


def note(kind: str, error: BaseException) -> None:
    """Counts an internal failure and logs the first one of its kind."""
    with _lock:
        first = kind not in _counts
        _counts[kind] = _counts.get(kind, 0) + 1
    if first:
        _log.warning(
            "genaiops tracing: %s failed (%s: %s); the program goes on, further ones are counted",
            kind,
            type(error).__name__,
            _message(error),
        )


def internal_errors() -> dict[str, int]:
    """How often each kind of internal failure happened in this process."""
    with _lock:
        return dict(_counts)


def _message(error: BaseException) -> str:
    try:
        return str(error)[:200]
    except Exception:  # noqa: BLE001  a broken __str__ of somebody's exception
        return "its text cannot be shown"
