"""How long a question to a store takes, and the folder of a store that may be used again."""

import statistics
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path


def median_ms(call: Callable[[], object], repeats: int) -> float:
    """Milliseconds of a warm call."""
    call()
    times: list[float] = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        times.append((time.perf_counter() - began) * 1e3)
    return statistics.median(times)


@contextmanager
def folder(given: Path | None) -> Generator[Path]:
    """The folder given, or one that is deleted."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)
