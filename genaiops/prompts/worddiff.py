"""Differences between two texts, word by word, in bounded time.

Lines that occur once on either side anchor the comparison (patience diff); between anchors words
are aligned by Myers' algorithm. A work budget bounds the whole: what is too different to align
within it is shown as taken out and put in as a block. Source: E. W. Myers, An O(N D) Difference
Algorithm and Its Variations, Algorithmica 1 (1986).
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Op", "diff_words"]

Kind = Literal["equal", "delete", "insert"]
_WORD = re.compile(r"\w+|[^\S\n]+|\n|[^\w\s]")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_BUDGET = 400_000  # steps of the inner loop: about a fifth of a second
_LONG = 4_000  # words above which words that occur once are anchors too
_Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Op:
    """A stretch of text that both sides have, or only the old or the new one."""

    kind: Kind
    text: str


def diff_words(old: str, new: str) -> tuple[Op, ...]:
    """The new text from the old one: `equal` and `delete` make the old, `equal` and `insert` the new.

    Returns: Operations in order of the text; of each change the deletion stands first.
    """
    if old == new:
        return (Op("equal", old),) if old else ()
    work = _Work(_BUDGET)
    pieces = _by_lines(_LINE.findall(old), _LINE.findall(new), work)
    return tuple(_tidy([Op(kind, text) for kind, text in pieces if text]))


class _Work:
    """What may still be spent on finding a small difference."""

    def __init__(self, left: int) -> None:
        self.left = left


def _by_lines(old: list[str], new: list[str], work: _Work) -> Iterator[tuple[Kind, str]]:
    start, end = _common_ends(old, new)
    yield "equal", "".join(old[:start])
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    for gap_old, gap_new, same in _gaps(middle_old, middle_new):
        words_old, words_new = (_WORD.findall("".join(gap)) for gap in (gap_old, gap_new))
        yield from _by_words(words_old, words_new, work)
        yield "equal", same
    yield "equal", "".join(old[len(old) - end :])


def _by_words(old: list[str], new: list[str], work: _Work) -> Iterator[tuple[Kind, str]]:
    start, end = _common_ends(old, new)
    yield "equal", "".join(old[:start])
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    if len(middle_old) + len(middle_new) <= _LONG:
        yield from _aligned(middle_old, middle_new, work)
    else:
        for gap_old, gap_new, same in _gaps(middle_old, middle_new):
            yield from _aligned(gap_old, gap_new, work)
            yield "equal", same
    yield "equal", "".join(old[len(old) - end :])


def _aligned(old: list[str], new: list[str], work: _Work) -> Iterator[tuple[Kind, str]]:
    at_old = at_new = 0
    matches = _matches(old, new, work) if old and new else []
    for first_old, first_new, length in [*matches, (len(old), len(new), 0)]:
        yield "delete", "".join(old[at_old:first_old])
        yield "insert", "".join(new[at_new:first_new])
        yield "equal", "".join(old[first_old : first_old + length])
        at_old, at_new = first_old + length, first_new + length


def _gaps(old: list[str], new: list[str]) -> Iterator[tuple[list[str], list[str], str]]:
    """The pieces between anchors, old and new, each with the anchor that follows.

    Anchors are pieces that occur once on either side, in the longest row of equal order.
    """
    once = {piece for piece, times in Counter(old).items() if times == 1}
    once &= {piece for piece, times in Counter(new).items() if times == 1}
    if not once:
        yield old, new, ""
        return
    place_new = {piece: place for place, piece in enumerate(new) if piece in once}
    pairs = [(place, place_new[piece]) for place, piece in enumerate(old) if piece in once]
    at_old = at_new = 0
    for next_old, next_new in _longest_rising(pairs):
        yield old[at_old:next_old], new[at_new:next_new], old[next_old]
        at_old, at_new = next_old + 1, next_new + 1
    yield old[at_old:], new[at_new:], ""


def _common_ends(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    shorter = min(len(old), len(new))
    start = 0
    while start < shorter and old[start] == new[start]:
        start += 1
    end = 0
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return start, end


def _longest_rising(pairs: Sequence[_Pair]) -> list[_Pair]:
    """The longest part of the pairs whose second numbers rise; the first ones rise already."""
    ends: list[int] = []  # smallest last number of a rising row of each length
    rows: list[int] = []  # index of the pair that ends that row
    before: list[int] = []
    for index, (_, number) in enumerate(pairs):
        length = bisect_left(ends, number)
        before.append(rows[length - 1] if length else -1)
        ends[length : length + 1] = [number]
        rows[length : length + 1] = [index]
    found: list[_Pair] = []
    at = rows[-1] if rows else -1
    while at >= 0:
        found.append(pairs[at])
        at = before[at]
    return found[::-1]


def _matches(old: list[str], new: list[str], work: _Work) -> list[tuple[int, int, int]]:
    """Runs of equal words ``(place in old, place in new, length)`` on a shortest edit path.

    Empty when the budget does not reach that far.
    """
    furthest: dict[int, int] = {1: 0}
    trail: list[dict[int, int]] = []
    for edits in range(len(old) + len(new) + 1):
        trail.append(furthest.copy())
        work.left -= edits + len(furthest)
        for diagonal in range(-edits, edits + 1, 2):
            down = diagonal == -edits or (
                diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1]
            )
            x = furthest[diagonal + 1] if down else furthest[diagonal - 1] + 1
            y = begun = x - diagonal
            while x < len(old) and y < len(new) and old[x] == new[y]:
                x, y = x + 1, y + 1
            work.left -= y - begun
            furthest[diagonal] = x
            if x >= len(old) and y >= len(new):
                return _trace_back(trail, len(old), len(new))
        if work.left <= 0:
            return []
    return []


def _trace_back(trail: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int, int]]:
    found: list[tuple[int, int, int]] = []
    for edits in range(len(trail) - 1, -1, -1):
        furthest, diagonal = trail[edits], x - y
        down = diagonal == -edits or (
            diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1]
        )
        before = diagonal + 1 if down else diagonal - 1
        x_before = furthest[before] if edits else 0
        y_before = x_before - before if edits else 0
        x_start = x_before + (0 if down or not edits else 1)
        if x > x_start:
            found.append((x_start, x_start - diagonal, x - x_start))
        x, y = x_before, y_before
    return found[::-1]


def _tidy(ops: Sequence[Op]) -> Iterator[Op]:
    """Neighbours of a kind in one piece, and no lonely spaces kept between two changes."""
    kept: str = ""
    deleted: str = ""
    inserted: str = ""
    for place, op in enumerate(ops):
        if op.kind == "delete":
            deleted += op.text
        elif op.kind == "insert":
            inserted += op.text
        elif (
            deleted
            and inserted
            and op.text.isspace()
            and "\n" not in op.text
            and _changes(ops, place + 1)
        ):
            deleted += op.text
            inserted += op.text
        else:
            if deleted or inserted:
                yield from _piece(kept, deleted, inserted)
                kept = deleted = inserted = ""
            kept += op.text
    yield from _piece(kept, deleted, inserted)


def _piece(kept: str, deleted: str, inserted: str) -> Iterator[Op]:
    if kept:
        yield Op("equal", kept)
    if deleted:
        yield Op("delete", deleted)
    if inserted:
        yield Op("insert", inserted)


def _changes(ops: Sequence[Op], place: int) -> bool:
    """Whether the operation at this place is a change."""
    return place < len(ops) and ops[place].kind != "equal"
