"""The documents of the demo: the Python language reference, cut into passages.

The text is the `pydoc_data.topics` of the running interpreter, so the demo needs no download and
its documents are real. Several topics repeat each other (`compound` holds all of `with`): text is
kept once, under the shortest topic that has it, so that no passage competes with its own copy.

Standard library only; the same on Python 3.11 to 3.13, up to what the reference itself changed.
"""

import functools
import itertools
import math
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Bm25Index", "Passage", "normalise", "passages", "passages_of", "tokenize"]

_MIN_WORDS = 40
_ENOUGH_WORDS = 90
_MAX_WORDS = 180

_UNDERLINE = re.compile(r"^([*=\-~^])\1{2,}$")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_TOKEN = re.compile(r"[a-z_][a-z0-9_]*|[0-9]+")
_STOP_WORDS = frozenset(
    word
    for line in (
        "a an and are as at be by can do does for from has have how i if in is it its my of on or s",
        "t that the their there these they this to was what when where which who why will with you",
    )
    for word in line.split()
)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the reference, about 80 to 180 words.

    `id` is the topic and the passage's place in it from 0 (`lambda#0`); `text` keeps its lines.
    """

    id: str
    topic: str
    text: str


@functools.cache
def passages() -> tuple[Passage, ...]:
    """Every passage of this interpreter's language reference, by topic and place."""
    from pydoc_data.topics import topics  # half a megabyte of text: loaded only when asked for

    return passages_of(topics)


def passages_of(topics: Mapping[str, str]) -> tuple[Passage, ...]:
    """The passages of a reference given as topic name to text, sorted by topic and place.

    Text that several topics share stands once, under the shortest of them. Cuts fall between
    paragraphs; a paragraph stays with the code, list or note indented below it while both fit.
    """
    seen: set[tuple[str, str]] = set()
    found: dict[str, list[Passage]] = {}
    for topic in sorted(topics, key=lambda name: (len(topics[name]), name)):
        runs = list(_new_runs(_blocks(topics[topic]), seen))
        texts = [text for run in runs for text in _pack(_units(run))]
        found[topic] = [Passage(f"{topic}#{n}", topic, text) for n, text in enumerate(texts)]
    return tuple(passage for topic in sorted(found) for passage in found[topic])


def normalise(text: str) -> str:
    """The text with every run of white space turned into one space."""
    return " ".join(text.split())


def tokenize(text: str) -> list[str]:
    """Lower-case words, identifiers (`__init__` stays whole) and numbers, without stop words."""
    return [word for word in _TOKEN.findall(text.lower()) if word not in _STOP_WORDS]


class Bm25Index:
    """Okapi BM25 over passages, in memory.

    A term scores `idf * f * (k1 + 1) / (f + k1 * (1 - b + b * length / mean_length))` with
    `idf = ln(1 + (n - df + 0.5) / (df + 0.5))`; a term said twice in the query counts once.

    Source: Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009).
    """

    def __init__(self, passages: Sequence[Passage], *, k1: float = 1.2, b: float = 0.75) -> None:
        self._passages = tuple(passages)
        counts = [Counter(tokenize(passage.text)) for passage in self._passages]
        lengths = [count.total() for count in counts]
        mean = sum(lengths) / len(lengths) if any(lengths) else 1.0
        postings: dict[str, list[tuple[int, int]]] = {}
        for place, count in enumerate(counts):
            for term, frequency in count.items():
                postings.setdefault(term, []).append((place, frequency))
        damping = [k1 * (1 - b + b * length / mean) for length in lengths]
        self._weights = {
            term: [
                (place, _idf(len(counts), len(hits)) * f * (k1 + 1) / (f + damping[place]))
                for place, f in hits
            ]
            for term, hits in postings.items()
        }

    def search(self, query: str, k: int = 5) -> list[tuple[Passage, float]]:
        """The `k` passages that match best, each with its score, best first.

        Passages that share no term with the query are left out, so fewer than `k` may come back.
        Equal scores are ordered by id.

        Raises: ValueError when `k` is below 1.
        """
        if k < 1:
            raise ValueError(f"k is {k!r}; ask for at least 1 passage.")
        scores: dict[int, float] = {}
        for term in sorted(set(tokenize(query))):
            for place, weight in self._weights.get(term, ()):
                scores[place] = scores.get(place, 0.0) + weight
        best = sorted(scores, key=lambda place: (-scores[place], self._passages[place].id))
        return [(self._passages[place], scores[place]) for place in best[:k]]


def _idf(total: int, holding: int) -> float:
    return math.log(1 + (total - holding + 0.5) / (holding + 0.5))


def _words(text: str) -> int:
    return len(text.split())


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _heading(block: str) -> str | None:
    """The title when the block is an underlined heading, else None."""
    title, _, line = block.rpartition("\n")
    return title.strip() if title and _UNDERLINE.match(line.strip()) else None


def _blocks(text: str) -> list[str]:
    """Runs of lines between blank lines; one that alone is too long for a passage is cut."""
    blocks = [part.strip("\n") for part in re.split(r"\n\s*\n", text) if part.strip()]
    return [piece for block in blocks for piece in _cut(block)]


def _cut(block: str) -> Iterator[str]:
    """A block in pieces no larger than a passage, cut between sentences or rows of a table."""
    if _words(block) <= _MAX_WORDS:
        yield block
        return
    margin = " " * _indent(block)
    parts = [margin + sentence.lstrip() for sentence in _SENTENCE_END.split(block)]
    if block.lstrip()[0] in "|+" or max(map(_words, parts)) > _MAX_WORDS:
        parts = block.split("\n")
    piece = ""
    for part in parts:
        if piece and _words(piece) + _words(part) > _MAX_WORDS:
            yield piece
            piece = part
        else:
            piece = f"{piece}\n{part}" if piece else part
    yield piece


def _new_runs(blocks: Sequence[str], seen: set[tuple[str, str]]) -> Iterator[list[str]]:
    """The stretches of blocks that no topic before had; `seen` learns what this topic has.

    A block is known when it stood next to the same neighbour before: a line like "Note:" or
    "For example:" alone says nothing about where it comes from.
    """
    flat = ["", *(normalise(_heading(block) or block) for block in blocks), ""]
    pairs = list(itertools.pairwise(flat))
    run: list[str] = []
    for block, (before, after) in zip(blocks, itertools.pairwise(pairs), strict=True):
        if before in seen or after in seen:
            if run:
                yield run
            run = []
        else:
            run.append(block)
    if run:
        yield run
    seen.update(pairs)


def _units(blocks: Sequence[str]) -> Iterator[str]:
    """Blocks joined to what is indented below them, and headings to what follows them."""
    unit, base = "", 0
    for block in blocks:
        if not unit or _heading(unit.rpartition("\n\n")[2]):
            unit, base = f"{unit}\n\n{block}".strip("\n"), _indent(block)
        elif _indent(block) > base and _words(unit) + _words(block) <= _MAX_WORDS:
            unit = f"{unit}\n\n{block}"
        else:
            yield unit
            unit, base = block, _indent(block)
    if unit and not _heading(unit):
        yield unit


def _pack(units: Iterable[str]) -> list[str]:
    """Units joined in order until a passage says enough; a section starts its own passage."""
    packed: list[str] = []
    for unit in units:
        last, more = (_words(packed[-1]) if packed else _MAX_WORDS), _words(unit)
        starts_section = _heading(unit.partition("\n\n")[0]) is not None
        enough = _MIN_WORDS if starts_section else _ENOUGH_WORDS
        if last + more <= _MAX_WORDS and (last < enough or more < _MIN_WORDS):
            packed[-1] = f"{packed[-1]}\n\n{unit}"
        else:
            packed.append(unit)
    return [textwrap.dedent(text).strip() for text in packed]
