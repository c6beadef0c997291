"""A line on the terminal that says how far something is."""

import sys
import time

import click

__all__ = ["ProgressLine"]


class ProgressLine:
    """Written twice a second at most, and only on a terminal."""

    def __init__(self) -> None:
        self._shown = 0.0

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """Says how many are done."""
        now = time.monotonic()
        if sys.stderr.isatty() and now - self._shown > 0.5:
            self._shown = now
            of = "" if total is None else f" of {total}"
            click.echo(f"\r\x1b[K{done}{of} {what}", err=True, nl=False)

    def clear(self) -> None:
        """Takes the line away."""
        if self._shown:
            click.echo("\r\x1b[K", err=True, nl=False)
