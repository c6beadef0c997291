"""How often opinions about one row differ: two orders of a pair, a panel, repeats."""

from collections.abc import Sequence
from statistics import fmean

from genaiops.eval.score import RowResult

__all__ = ["differing", "flip_rate"]


def differing(rows: Sequence[RowResult]) -> list[str]:
    """A sentence for each judge that was asked more than once about a row."""
    notes: list[str] = []
    for judge in dict.fromkeys(row.judge for row in rows):
        mine = [row for row in rows if row.judge == judge and row.error is None]
        rate = flip_rate(mine)
        if rate is not None:
            notes.append(f"{judge}: opinions about a row differ from its verdict by {rate:.1%}")
        said: dict[str, list[object]] = {}
        for row in mine:
            said.setdefault(row.row_id, []).append(row.value)
        several = [values for values in said.values() if len(values) > 1]
        if several:
            moved = sum(len(set(values)) > 1 for values in several)
            notes.append(f"{judge}: repeats differ in {moved} of {len(several)} rows")
    return notes


def flip_rate(rows: Sequence[RowResult]) -> float | None:
    """Mean share of opinions that differ from the verdict; None where there is one opinion.

    Of `Pairwise` it is the share of pairs whose verdict changed with the order.
    """
    shares = [row.verdict.disagreement for row in rows]
    known = [share for share in shares if share is not None]
    return fmean(known) if known else None
