"""Counters of all workers of one gateway together: each leaves its own in a file of a common folder."""

import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from genaiops.gateway.metrics import GAUGES, Metrics, Series, text_of

__all__ = ["FOLDER", "Fleet"]

FOLDER = "GENAIOPS_GATEWAY_COUNTERS"
"""Environment variable by which workers learn of the folder."""

_Line = tuple[str, list[tuple[str, str]], float]


def _nothing() -> Series:
    return {}


class Fleet:
    """What this worker and its siblings count.

    Args:
        metrics: Of this process.
        gauges: What has to be looked up besides.
        environment: Says where the others are; without a folder there are none.
    """

    def __init__(
        self,
        metrics: Metrics,
        gauges: Callable[[], Series] = _nothing,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._metrics = metrics
        self._gauges = gauges
        found = (os.environ if environment is None else environment).get(FOLDER)
        self._folder = Path(found) if found else None
        self._told: Series | None = None

    @property
    def alone(self) -> bool:
        """Whether there is nobody to tell."""
        return self._folder is None

    def tell(self) -> None:
        """Leaves what this process has counted, if anything has changed."""
        series = self._series()
        if self._folder is None or series == self._told:
            return
        lines = [(name, labels, value) for (name, labels), value in series.items()]
        part = self._folder / f".{os.getpid()}"
        with contextlib.suppress(OSError):  # counters are not worth more than answers
            part.write_bytes(msgspec.json.encode(lines))
            part.replace(self._folder / str(os.getpid()))
            self._told = series

    def text(self) -> bytes:
        """The counters of all, as Prometheus reads them.

        Whichever worker is asked, a counter never goes back: what one says all can read by then.
        """
        self.tell()
        return text_of(self._series(), *self._others())

    def _series(self) -> Series:
        return self._metrics.series() | self._gauges()

    def _others(self) -> list[Series]:
        if self._folder is None:
            return []
        found: list[Series] = []
        for file in self._folder.glob("[0-9]*"):
            if file.name == str(os.getpid()):
                continue
            with contextlib.suppress(OSError, msgspec.MsgspecError):
                lines = msgspec.json.decode(file.read_bytes(), type=list[_Line])
                alive = _lives(int(file.name))
                found.append(
                    {
                        (name, tuple(labels)): value
                        for name, labels, value in lines
                        if alive or name not in GAUGES
                    }
                )
        return found


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
