"""The questions of the demo: what people ask about Python, with answers and where they stand.

They are in `questions.jsonl`, one object a line. Which passages answer a question is not written
down by id, since ids move when the reference is edited, but by a phrase that those passages hold.
"""

import functools
import importlib.resources
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from genaiops.demo.corpus import Passage, normalise

__all__ = ["Question", "questions", "relevant_passages"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question with its answer.

    `expected` is a correct answer in one or two sentences; `topic` is a topic of the reference
    that holds `phrase`, which stands in every passage that answers the question; `tags` has the
    `area` of the language.
    """

    id: str
    question: str
    expected: str
    topic: str
    phrase: str
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


@functools.cache
def questions() -> tuple[Question, ...]:
    """Every question, in the order of the file."""
    text = importlib.resources.files("genaiops.demo").joinpath("questions.jsonl").read_text("utf-8")
    return tuple(Question(**json.loads(line)) for line in text.splitlines())


def relevant_passages(question: Question, passages: Iterable[Passage]) -> list[str]:
    """Ids of the passages that answer a question: those that hold its phrase.

    White space is normalised. A passage of any topic counts, because text that several topics
    share is kept under only one of them, and which one that is may change between versions.
    """
    phrase = normalise(question.phrase)
    return [passage.id for passage in passages if phrase in normalise(passage.text)]
