"""Judges of what was retrieved: relevance and precision of the contexts, recall of the reference."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from genaiops.eval.case import Case, Verdict
from genaiops.eval.judges.base import Ask, failed
from genaiops.eval.judges.claims import judge_claims
from genaiops.eval.judges.rubric import SYSTEM, RubricJudge, block
from genaiops.eval.judges.text import as_text
from genaiops.eval.parsing import UnreadableError

__all__ = ["ContextPrecision", "ContextRecall", "ContextRelevance"]

_RELEVANT = """\
Decide for each numbered context whether it helps to answer the question: it does when it holds at \
least a part of the answer, or a fact without which the answer cannot be given. Being about the \
same subject is not enough.

{inputs}

{contexts}

Answer with {{"contexts": [{{"number": 1, "reason": "...", "relevant": "yes" or "no"}}]}}, one \
entry for each context in their order."""

_RECALL = """\
Decide how much of a reference answer the contexts hold.

1. Split the reference into its factual claims: short, self-contained statements, none left out and \
none added.
2. For each claim, in this order: copy into "quote" the one passage of the contexts that bears on \
it most, word for word and at most 40 words (empty text when there is none); say in "reason" how \
they relate; then set "supported" to "yes" when the contexts state the claim or it follows from \
them directly, else to "no". Your own knowledge does not count.

{inputs}

{contexts}

{expected}

Answer with {{"claims": [{{"claim": "...", "quote": "...", "reason": "...", "supported": \
"yes" or "no"}}]}}."""

_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "contexts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "number": {"type": "integer"},
                    "reason": {"type": "string"},
                    "relevant": {"type": "string", "enum": ["yes", "no"]},
                },
                "required": ["number", "reason", "relevant"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["contexts"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class _ContextJudge(RubricJudge):
    """Asks which contexts help; one answer serves every score that is made of it."""

    rubric: str = field(default=_RELEVANT, init=False, repr=False)
    needs: frozenset[str] = field(default=frozenset({"contexts"}), init=False, repr=False)

    _subject: ClassVar[str] = "relevant contexts"


@dataclass(frozen=True, slots=True)
class ContextRelevance(_ContextJudge):
    """Share of the retrieved contexts that help to answer the question, by a language model."""

    name: str = "context_relevance"

    async def ask(self, case: Case, ask: Ask) -> Verdict:
        """Asks about all contexts at once."""
        return await _relevant(case, ask, lambda found: sum(found) / len(found))


@dataclass(frozen=True, slots=True)
class ContextPrecision(_ContextJudge):
    """Whether the contexts that help stand first: average precision of their order.

    The mean, over the contexts that help, of the share of helping ones up to there; 0 when none
    helps. It asks the model what `ContextRelevance` asks, so both cost one call. Source: Manning
    et al., Introduction to Information Retrieval, ch. 8.
    """

    name: str = "context_precision"

    async def ask(self, case: Case, ask: Ask) -> Verdict:
        """Asks about all contexts at once."""
        return await _relevant(case, ask, average_precision)


@dataclass(frozen=True, slots=True)
class ContextRecall(RubricJudge):
    """Share of the claims of ``expected`` that the contexts hold, each with a checked quotation."""

    name: str = "context_recall"
    rubric: str = field(default=_RECALL, init=False, repr=False)
    needs: frozenset[str] = field(
        default=frozenset({"contexts", "expected"}), init=False, repr=False
    )

    _subject: ClassVar[str] = "context recall"

    async def ask(self, case: Case, ask: Ask) -> Verdict:
        """Splits the reference, verifies and counts."""
        if not as_text(case.expected).strip():
            return failed("the reference is empty, so there is no claim to look for")
        shown = {name: block(name, case) for name in ("inputs", "contexts", "expected")}
        return await judge_claims(_RECALL.format(**shown), case, ask)


def average_precision(relevant: Sequence[bool]) -> float:
    """Mean precision at the ranks of the relevant items; 0 when there are none."""
    ranks = [rank for rank, found in enumerate(relevant, start=1) if found]
    return sum(n / rank for n, rank in enumerate(ranks, start=1)) / len(ranks) if ranks else 0.0


async def _relevant(case: Case, ask: Ask, score: Callable[[Sequence[bool]], float]) -> Verdict:
    """Asks which contexts are relevant and scores their order; nothing retrieved scores 0."""
    n = len(case.contexts or ())
    if n == 0:
        return Verdict(value=0.0, number=0.0, rationale="nothing was retrieved")
    question = _RELEVANT.format(inputs=block("inputs", case), contexts=block("contexts", case))
    messages = ({"role": "system", "content": SYSTEM}, {"role": "user", "content": question})
    answer = await ask(messages, schema=_SCHEMA, read=lambda found: _read(found, n))
    if answer.read is None:
        return answer.verdict()
    number = score([relevant for relevant, _ in answer.read])
    lines = [
        f"{place}: {'helps' if relevant else 'does not help'} ({reason})"
        for place, (relevant, reason) in enumerate(answer.read, start=1)
    ]
    return answer.verdict(value=number, number=number, rationale="\n".join(lines))


def _read(found: Mapping[str, Any], n: int) -> list[tuple[bool, str]]:
    items = found.get("contexts")
    if not isinstance(items, list) or len(cast("list[Any]", items)) != n:
        raise UnreadableError(f'"contexts" must be a list of {n} entries')
    read: list[tuple[bool, str]] = []
    for place, item in enumerate(cast("list[Any]", items), start=1):
        fields = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
        said = {"yes": True, "no": False}.get(str(fields.get("relevant")).strip().casefold())
        if said is None or fields.get("number", place) != place:
            raise UnreadableError(f'entry {place} must be number {place} with "relevant" yes or no')
        read.append((said, str(fields.get("reason", ""))))
    return read
