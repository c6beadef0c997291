"""Differences between two texts, word by word, in bounded time.

Lines that occur once on either side anchor the comparison (patience diff), and so do words and
phrases of what lies between them where that is long; the rest is aligned by Myers' algorithm. A work
budget bounds the whole: what is too different to align within it is shown as taken out and put in as
a block. Source: E. W. Myers, An O(N D) Difference Algorithm and Its Variations, Algorithmica 1 (1986).
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Op", "diff_words"]

Kind = Literal["equal", "delete", "insert"]
_WORD = re.compile(r"\w+|[^\S\n]+|\n|[^\w\s]")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_BUDGET = 400_000  # steps of the inner loop: about a fifth of a second
_LONG = 4_000  # words above which words and phrases that occur once are anchors too
_PHRASE = 8  # words of a phrase, spaces and punctuation included
_MOST = 1_000_000  # words above which looking for phrases takes too long
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


def _by_words(
    old: list[str], new: list[str], work: _Work, spans: Sequence[int] = (1, _PHRASE)
) -> Iterator[tuple[Kind, str]]:
    start, end = _common_ends(old, new)
    yield "equal", "".join(old[:start])
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    length = len(middle_old) + len(middle_new)
    far = not spans or (spans[0] > 1 and length > _MOST)
    if length <= _LONG or far or work.left <= 0:
        yield from _aligned(middle_old, middle_new, work)
    else:
        for gap_old, gap_new, same in _gaps(middle_old, middle_new, spans[0]):
            yield from _by_words(gap_old, gap_new, work, spans[1:])
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


def _gaps(
    old: list[str], new: list[str], span: int = 1
) -> Iterator[tuple[list[str], list[str], str]]:
    """The pieces between anchors, old and new, each with the text of the anchors that follow.

    Anchors are places where a stretch of so many pieces begins that occurs once on either side, in
    the longest row of equal order; of overlapping stretches one is enough.
    """
    keys_old, keys_new = _keys(old, span), _keys(new, span)
    times_old, times_new = Counter(keys_old), Counter(keys_new)
    places = dict(zip(keys_new, range(len(keys_new)), strict=True))
    pairs: list[_Pair] = []
    for place in range(0, len(keys_old), span):
        key = keys_old[place]
        if times_old[key] == 1 == times_new.get(key) and old[place] == new[places[key]]:
            pairs.append((place, places[key]))
    at_old = at_new = 0  # where the gap begins
    end_old = end_new = 0  # where it ends, and the row of anchors begins
    length = 0  # of that row
    for next_old, next_new in _longest_rising(pairs):
        if (next_old, next_new) != (end_old + length, end_new + length):
            yield old[at_old:end_old], new[at_new:end_new], "".join(old[end_old : end_old + length])
            at_old, at_new = end_old + length, end_new + length
            end_old, end_new, length = next_old, next_new, 0
        length += 1
    yield old[at_old:end_old], new[at_new:end_new], "".join(old[end_old : end_old + length])
    yield old[end_old + length :], new[end_new + length :], ""


def _keys(pieces: list[str], span: int) -> Sequence[Hashable]:
    """What begins at each piece: itself, or the hash of so many pieces together."""
    if span == 1:
        return pieces
    return list(map(hash, zip(*(pieces[skip:] for skip in range(span)), strict=False)))


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
