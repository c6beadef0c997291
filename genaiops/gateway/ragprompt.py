"""Reads the prompt of a retrieval-augmented question: the question, the passages, the wishes.

What is understood, so that prompts can be written for it:

* **Sections.** A line (or a sentence) that starts with one of the words of `_LABELS` and a colon
  (``Question: …``, ``## Context``, ``**Passages:**``) opens a section up to the next; so do tags
  (``<context>…</context>``). The question is the last one asked by the user; where none is
  labelled it is what the last user message says outside its sections.
* **Passages.** A section of context falls into passages at marks (``[id] …``, ``Passage id: …``,
  ``<passage id="id">``), else at blank lines. Without a mark the id is the place, from 1.
* **Wishes**, looked for outside of question and context: how many sentences (``in one sentence``,
  ``at most two sentences``, ``one to three sentences``), whether to cite (``cite the passage id``),
  and what to say when there is no answer (``say "I don't know"``).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

__all__ = ["Passage", "RagPrompt", "Wishes", "message_text", "read_prompt"]

_LABELS = {
    "question": "question|user question|query|q",
    "context": "context|contexts|passages|documents|sources|excerpts|retrieved passages|evidence",
    "other": "answer|instructions|instruction",
}
_OPENING = re.compile(
    r"(?:^|(?<=[.?!]) )[ \t]*(?P<mark>#{1,6}[ \t]*|[*_]{2})?(?:"
    + "|".join(f"(?P<{kind}>{words})" for kind, words in _LABELS.items())
    + r")[ \t]*(?P<end>:?[*_]{2}:?|:|$)[ \t]*",
    re.IGNORECASE | re.MULTILINE,
)
_TAG = re.compile(
    r"<(?P<tag>question|query|context|contexts|passages|documents|sources)\b[^>]*>"
    r"(?P<body>.*?)</(?P=tag)>",
    re.IGNORECASE | re.DOTALL,
)
_PASSAGE_TAG = re.compile(
    r"<(?P<tag>passage|document|doc|source|context)\b[^>]*?\bid\s*=\s*[\"']?(?P<id>[^\"'>]+)[\"']?"
    r"[^>]*>(?P<body>.*?)</(?P=tag)>",
    re.IGNORECASE | re.DOTALL,
)
_PASSAGE_MARK = re.compile(
    r"^[ \t]*(?:\[(?P<a>[^\]\n]{1,80})\](?!\()"
    r"|(?:passage|document|doc|source|id)[ \t]+(?:id[ \t]*=?[ \t]*)?(?P<b>[\w#./-]{1,80})[ \t]*:"
    r"|id[ \t]*[:=][ \t]*(?P<c>[\w#./-]{1,80})[ \t]*$)[:.]?[ \t]*",
    re.IGNORECASE | re.MULTILINE,
)

_WORDS = ("one", "two", "three", "four", "five", "six", "seven")
_NUMBERS = {word: n for n, word in enumerate(_WORDS, start=1)}
_NUMBER = r"(?P<{0}>one|two|three|four|five|six|seven|\d{{1,2}})"
_RANGE = re.compile(
    _NUMBER.format("low") + r"\s*(?:to|or|-|–)\s*" + _NUMBER.format("high") + r"\s+sentences?\b",
    re.IGNORECASE,
)
_COUNT = re.compile(
    r"(?P<limit>at most|no more than|up to|maximum of|within|fewer than)?\s*"
    r"(?:(?:a|one)\s+(?P<single>single)|" + _NUMBER.format("n") + r"|(?P<a>\ba))"
    r"\s+(?:\w+\s+){0,2}?sentences?\b(?P<fewer>\s+or\s+(?:fewer|less))?",
    re.IGNORECASE,
)
_CITE = re.compile(
    r"\b(?:cit(?:e|ing)|quot(?:e|ing)|nam(?:e|ing)|giv(?:e|ing)|includ(?:e|ing)|add(?:ing)?|"
    r"mention(?:ing)?|append(?:ing)?)\b[^.\n]{0,60}?\b(?:ids?|sources?|passages?|documents?)\b",
    re.IGNORECASE,
)
_NO_CITE = re.compile(
    r"\b(?:do not|don't|never|without)\s+(?:cit|quot|nam|giv|includ|add|mention|append)\w*",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"(?:say|answer|reply|respond|write)(?:\s+(?:with|only|exactly|that))*\s*:?\s*"
    r"(?P<q>[\"“'‘])(?P<words>[^\"”\n]{2,120}?)[\"”'’](?=[\s.,;)]|$)",
    re.IGNORECASE,
)
_UNKNOWN_ANSWER = "The context does not answer this question."


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the context, with the id by which the prompt names it."""

    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the prompt asks of the answer.

    Attributes:
        at_least: Sentences that are given even where the later ones say little.
        at_most: Sentences that are given when each of them says enough.
        cite: Each sentence is followed by the id of its passage in brackets.
        unknown: What to say when the context holds no answer.
    """

    at_least: int = 1
    at_most: int = 2
    cite: bool = False
    unknown: str = _UNKNOWN_ANSWER


@dataclass(frozen=True, slots=True, kw_only=True)
class RagPrompt:
    """A prompt, understood."""

    question: str
    passages: Sequence[Passage]
    wishes: Wishes


def read_prompt(messages: Sequence[Mapping[str, Any]]) -> RagPrompt:
    """What a list of OpenAI-shaped chat messages asks."""
    question, contexts, rest = "", list[str](), list[str]()
    for message in messages:
        if message.get("role") == "assistant":
            continue
        sections = _sections(message_text(message))
        outside = "\n".join(text for kind, text in sections if kind in ("", "other")).strip()
        contexts += [text for kind, text in sections if kind == "context" and text.strip()]
        asked = [text.strip() for kind, text in sections if kind == "question" and text.strip()]
        if message.get("role") != "user":
            rest.append(outside)
        elif asked:
            question, wish = _without_wish(asked[-1])
            rest += [outside, wish]
        else:
            question = _asked_in(outside)
            rest.append(outside if question != outside else "")
    found = [passage for text in contexts for passage in _passages(text)]
    return RagPrompt(
        question=question,
        passages=[Passage(p.id or str(n), p.text) for n, p in enumerate(found, start=1)],
        wishes=_wishes("\n".join(rest)),
    )


def message_text(message: Mapping[str, Any]) -> str:
    """The text of an OpenAI-shaped message, its text parts joined by line breaks."""
    content = message.get("content")
    if isinstance(content, str):
        return str(content)  # a plain str, whatever subclass a prompt made
    if not isinstance(content, list):
        return ""
    parts = cast("list[object]", content)
    texts = [cast("Mapping[str, object]", p).get("text") for p in parts if isinstance(p, Mapping)]
    return "\n".join(text for text in texts if isinstance(text, str))


def _sections(text: str) -> list[tuple[str, str]]:
    """The text as (kind, text) in order; kind is ``question``, ``context``, ``other`` or none."""
    found: list[tuple[str, str]] = []
    end = 0
    for tag in _TAG.finditer(text):
        found += _labelled(text[end : tag.start()])
        kind = "question" if tag["tag"].lower() in ("question", "query") else "context"
        found.append((kind, tag["body"]))
        end = tag.end()
    return found + _labelled(text[end:])


def _labelled(text: str) -> list[tuple[str, str]]:
    openings = [m for m in _OPENING.finditer(text) if m["mark"] or m["end"]]
    if not openings:
        return [("", text)]
    found = [("", text[: openings[0].start()])]
    ends = [m.start() for m in openings[1:]] + [len(text)]
    for opening, end in zip(openings, ends, strict=True):
        kind = next(name for name in _LABELS if opening[name] is not None)
        found.append((kind, text[opening.end() : end]))
    return found


def _without_wish(text: str) -> tuple[str, str]:
    """A labelled question without what is wished after its question mark, and that wish."""
    question, mark, wish = text.partition("?")
    return (
        (text, "") if not mark or "?" in wish or not wish[:1].isspace() else (question + mark, wish)
    )


def _asked_in(text: str) -> str:
    """The question in text without labels: its last paragraph that ends so, else all of it."""
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    asking = [part for part in paragraphs if part.endswith("?")]
    return asking[-1] if asking else text


def _passages(text: str) -> Iterator[Passage]:
    """The passages of one section; the id is empty where the text names none."""
    tagged = list(_PASSAGE_TAG.finditer(text))
    if tagged:
        yield from (Passage(m["id"].strip(), m["body"].strip()) for m in tagged)
        return
    marks = list(_PASSAGE_MARK.finditer(text))
    if not marks:
        yield from (Passage("", part) for part in re.split(r"\n\s*\n", text.strip()) if part)
        return
    before = text[: marks[0].start()].strip()
    if before:
        yield Passage("", before)
    ends = [m.start() for m in marks[1:]] + [len(text)]
    for mark, end in zip(marks, ends, strict=True):
        name = (mark["a"] or mark["b"] or mark["c"]).strip()
        yield Passage(name.removeprefix("id=").strip(), text[mark.end() : end].strip())


def _wishes(text: str) -> Wishes:
    low, high = _sentences(text)
    unknown = _UNKNOWN.search(text)
    return Wishes(
        at_least=low,
        at_most=high,
        cite=bool(_CITE.search(text)) and not _NO_CITE.search(text),
        unknown=unknown["words"] if unknown else _UNKNOWN_ANSWER,
    )


def _sentences(text: str) -> tuple[int, int]:
    """How many sentences are asked for, at least and at most."""
    span = _RANGE.search(text)
    if span:
        low, high = _number(span["low"]), _number(span["high"])
        return min(low, high), max(low, high)
    count = _COUNT.search(text)
    if count is None:
        return 1, 2
    wanted = 1 if count["single"] or count["a"] else _number(count["n"])
    limit = (count["limit"] or "").lower()
    if limit == "fewer than":
        wanted -= 1
    wanted = max(wanted, 1)
    return (1 if limit or count["fewer"] else wanted), wanted


def _number(word: str) -> int:
    return max(_NUMBERS.get(word.lower(), 0) or int(word), 1)
