"""How far an evaluation is: a line on the terminal, or the user's own function."""

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from genaiops.eval.budget import Budget
from genaiops.eval.plan import Plan
from genaiops.eval.table import one_line

__all__ = ["line", "reporter"]

_EVERY_S = 0.1
_NAME = 30  # characters of a name, so that the line fits into 80


@contextmanager
def reporter(plan: Plan, budget: Budget) -> Generator[Callable[[int], None]]:
    """A function that is told the number of rows done."""
    progress = plan.options.progress
    total = len(plan.rows) * plan.options.repeats
    if callable(progress):
        yield lambda done: progress(done, total)
    elif progress or (progress is None and _is_terminal()):
        yield _on_terminal(one_line(plan.name)[:_NAME], total, budget)
        sys.stderr.write("\r\033[K")
        sys.stderr.flush()
    else:
        yield lambda _done: None


def _is_terminal() -> bool:
    """Whether there is a terminal; a program without a console has no stderr at all."""
    return sys.stderr is not None and sys.stderr.isatty()


def line(name: str, done: int, total: int, *, took_s: float, spent_usd: float) -> str:
    """Rows, money and the time that is left, as in ``qa: 40 of 200 rows, 0.0123 USD, 1:05 left``.

    Args:
        name: Name of the run.
        done: Rows done, at least 1.
        total: Rows in all.
        took_s: Seconds so far.
        spent_usd: What is known to be paid.
    """
    left = round(took_s / done * (total - done))
    minutes, seconds = divmod(left, 60)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    money = f", {spent_usd:.4f} USD" if spent_usd else ""
    return f"{name}: {done} of {total} rows{money}, {clock} left"


def _on_terminal(name: str, total: int, budget: Budget) -> Callable[[int], None]:
    began = time.monotonic()
    shown = began - _EVERY_S

    def show(done: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown >= _EVERY_S or done == total:
            shown = now
            text = line(name, done, total, took_s=now - began, spent_usd=budget.spent_usd)
            sys.stderr.write(f"\r\033[K{text}")
            sys.stderr.flush()

    return show
