"""Answers a question with sentences of the passages in its prompt: no model, no network.

A sentence is scored by the words it shares with the question, rare words counting more (inverse
document frequency over all sentences of the prompt), and a little by how well its whole passage
fits and how early it stands. The best sentence is given, and further ones while they score at least `_ENOUGH` of the best
and the prompt allows more. The same prompt has the same answer, always.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from genaiops.gateway.ragprompt import Passage, RagPrompt

__all__ = ["answer_from", "split_sentences"]

_ENOUGH = 0.55
_TOO_LITTLE = 0.12
"""Share of the question's weight that the best sentence must cover to count as an answer."""
_PASSAGE_WEIGHT = 0.25
_LATER = 0.06
"""Less for each passage before: retrievers put what fits best first."""
_LONG_SENTENCE = 45
_NO_SENTENCE = 0.6  # headings, code, cells of tables

_WORD = re.compile(r"[a-z0-9_]+", re.IGNORECASE)
_BOUNDARY = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[`*]?[A-Z0-9_])")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|cf|vs|resp|approx|Dr|Mr|Ms|No)|\b[A-Z])\.$")
_STOP_WORDS = frozenset(
    word
    for line in (
        "a an and any are as at be been but by can could did do does for from had has have he her",
        "his how i if in into is it its may me might my no not of on one or our she should so than",
        "that the their them then there these they this those to was we were what when where which",
        "who whom whose why will with would you your",
    )
    for word in line.split()
)
_LONG_SUFFIXES = (
    "ations",
    "ation",
    "ments",
    "ment",
    "ings",
    "ing",
    "ions",
    "ion",
    "ers",
    "er",
    "ies",
)
_SUFFIXES = (*_LONG_SUFFIXES, "ied", "ed", "es", "s", "ly", "e", "y")


@dataclass(frozen=True, slots=True)
class _Sentence:
    passage: int
    place: int
    text: str
    words: frozenset[str]
    length: int


def answer_from(prompt: RagPrompt) -> str:
    """The answer to an understood prompt."""
    wanted = frozenset(_stems(prompt.question))
    sentences = [s for n, p in enumerate(prompt.passages) for s in _sentences_of(n, p)]
    if not sentences or not wanted:
        return prompt.wishes.unknown
    weight = _rarity(sentences)
    total = sum(weight.get(word, math.log(1 + len(sentences))) for word in wanted)
    scores = _scores(sentences, wanted, weight)
    order = sorted(range(len(sentences)), key=lambda i: (-scores[i], i))
    best = sentences[order[0]]
    if sum(weight[word] for word in best.words & wanted) < _TOO_LITTLE * total:
        return prompt.wishes.unknown
    chosen = _choose(prompt, [sentences[i] for i in order], [scores[i] for i in order])
    return " ".join(_written(s, prompt) for s in sorted(chosen, key=lambda s: (s.passage, s.place)))


def split_sentences(text: str) -> list[str]:
    """The sentences of a text, white space folded; paragraphs and list items stay apart."""
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:[-*•]|\d+[.)])\s)", text):
        pending = ""
        for piece in _BOUNDARY.split(" ".join(_BULLET.sub("", paragraph).split())):
            pending = f"{pending} {piece}".strip()
            if not _ABBREVIATION.search(pending):
                found.append(pending)
                pending = ""
        if pending:
            found.append(pending)
    return [sentence for sentence in found if _WORD.search(sentence)]


def _choose(
    prompt: RagPrompt, ranked: Sequence[_Sentence], scores: Sequence[float]
) -> list[_Sentence]:
    chosen: list[_Sentence] = []
    for sentence, score in zip(ranked, scores, strict=True):
        if len(chosen) >= prompt.wishes.at_most:
            break
        if any(sentence.text == other.text for other in chosen):
            continue
        if len(chosen) < prompt.wishes.at_least or score >= _ENOUGH * scores[0]:
            chosen.append(sentence)
    return chosen


def _scores(
    sentences: Sequence[_Sentence], wanted: frozenset[str], weight: dict[str, float]
) -> list[float]:
    shared = [sum(weight[word] for word in s.words & wanted) for s in sentences]
    of_passage: dict[int, set[str]] = {}
    for sentence in sentences:
        of_passage.setdefault(sentence.passage, set()).update(sentence.words & wanted)
    passage = {n: sum(weight[word] for word in words) for n, words in of_passage.items()}
    return [
        (own + _PASSAGE_WEIGHT * passage[s.passage] * bool(own))
        / (1.0 + max(s.length - _LONG_SENTENCE, 0) / _LONG_SENTENCE)
        * max(1.0 - _LATER * s.passage, 0.5)
        * (1.0 if s.length >= 4 and s.text.endswith((".", "!", "?")) else _NO_SENTENCE)
        for own, s in zip(shared, sentences, strict=True)
    ]


def _rarity(sentences: Sequence[_Sentence]) -> dict[str, float]:
    seen = Counter(word for sentence in sentences for word in sentence.words)
    return {word: math.log(1 + len(sentences) / count) for word, count in seen.items()}


def _sentences_of(passage: int, source: Passage) -> list[_Sentence]:
    return [
        _Sentence(passage, place, text, frozenset(_stems(text)), len(text.split()))
        for place, text in enumerate(split_sentences(source.text))
    ]


def _written(sentence: _Sentence, prompt: RagPrompt) -> str:
    text = sentence.text if sentence.text.endswith((".", "!", "?", ":")) else f"{sentence.text}."
    return f"{text} [{prompt.passages[sentence.passage].id}]" if prompt.wishes.cite else text


def _stems(text: str) -> list[str]:
    """The words of a text that mean something, without common English endings."""
    words = [word.lower() for word in _WORD.findall(text)]
    return [_stem(word) for word in words if word not in _STOP_WORDS]


def _stem(word: str) -> str:
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            return word.removesuffix(suffix)
    return word
