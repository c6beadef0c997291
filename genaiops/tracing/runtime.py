"""The settings in force, compiled into what every span needs; rebuilt when they change."""

import os
import random
from collections.abc import Callable
from typing import Any

from genaiops.config import Settings, settings
from genaiops.store import current_store
from genaiops.tracing import diagnostics
from genaiops.tracing.capture import Capturer, encode
from genaiops.tracing.redact import Masker

__all__ = ["Runtime", "current", "random_bits"]

_rng = random.Random(os.urandom(32))  # noqa: S311  ids are no secrets; OpenTelemetry does the same
random_bits = _rng.getrandbits
"""Random ids: 128 bits for a trace, 64 for a span. A zero is as likely as a collision."""


class Runtime:
    """What the settings in force mean for a span.

    Attributes:
        sample_below: A trace is kept when the low 64 bits of its id are below; None keeps all.
    """

    __slots__ = ("append", "capture", "content", "disabled", "sample_below", "settings")

    def __init__(self, now: Settings) -> None:
        self.settings = now
        self.disabled = now.disabled
        self.sample_below = None if now.sample >= 1.0 else round(now.sample * (1 << 64))
        self.append, put_blob = _store()
        self.capture = Capturer(now.capture, Masker(now.redact, encode), put_blob)
        self.content = self.capture.content

    def keeps(self, trace_id: int) -> bool:
        """Whether a trace with this id is recorded, the same answer in every process."""
        return self.sample_below is None or trace_id & 0xFFFFFFFFFFFFFFFF < self.sample_below


_runtime: Runtime | None = None


def current() -> Runtime:
    """The runtime of the settings in force. Raises ConfigError when a setting is wrong."""
    now = settings()
    runtime = _runtime
    return runtime if runtime is not None and runtime.settings is now else _load(now)


def _load(now: Settings) -> Runtime:
    global _runtime
    _runtime = Runtime(now)
    return _runtime


def _store() -> tuple[Callable[[Any, bytes], bool], Callable[[bytes], str]]:
    try:
        store = current_store()
    except Exception as error:  # noqa: BLE001  a wrong tracking URI must not break the application
        diagnostics.note("opening the store", error)
        return (lambda _group, _lines: False), (lambda _data: "")
    return store.append, store.put_blob


def _reseed() -> None:
    _rng.seed(os.urandom(32))


os.register_at_fork(after_in_child=_reseed)
