"""What an import found and what of it was new, problems, and a checksum."""

from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Counted", "Imported", "Progress", "Tally"]

Progress = Callable[[str, int, int | None], None]
"""Called with what is being brought in, how many are done, and how many there are if known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many there are, and how many of them the store lacked."""

    found: int
    new: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did.

    Attributes:
        counts: By what was counted: ``runs``, ``params``, ``metrics``, ``artifacts``, ….
        checksum: SHA-256 (hex) of every value of the source's runs; the same source, the same sum.
        equal_runs: Runs whose parameters, tags and metrics, read back from the store, are exactly
            the source's; one that was worked on here since is not.
        problems: What could not be brought in, a sentence each.
    """

    counts: dict[str, Counted]
    checksum: str
    equal_runs: int
    problems: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """The counts while an import is at work."""

    progress: Progress | None = None
    counts: dict[str, Counted] = field(default_factory=dict[str, Counted])
    problems: list[str] = field(default_factory=list[str])

    def add(self, what: str, found: int = 1, new: int = 0) -> None:
        """Counts some more of a kind."""
        before = self.counts.get(what) or Counted(found=0, new=0)
        self.counts[what] = Counted(found=before.found + found, new=before.new + new)

    def problem(self, text: str) -> None:
        """Says what could not be brought in."""
        self.problems.append(text)

    def tell(self, what: str, total: int | None = None) -> None:
        """Says how far it is."""
        if self.progress is not None and what in self.counts:
            self.progress(what, self.counts[what].found, total)
