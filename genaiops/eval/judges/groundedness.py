"""Groundedness, claim by claim: each claim needs a quotation that stands in the contexts."""

from dataclasses import dataclass, field
from typing import ClassVar

from genaiops.eval.case import Case, Verdict
from genaiops.eval.judges.base import Ask, failed
from genaiops.eval.judges.claims import judge_claims
from genaiops.eval.judges.rubric import RubricJudge, block
from genaiops.eval.judges.text import as_text

__all__ = ["Groundedness"]

_RUBRIC = """\
Decide whether an answer is supported by the contexts it was given.

1. Split the answer into its factual claims: short, self-contained statements, none left out and \
none added. A question, a greeting or the statement that something is unknown is no claim.
2. For each claim, in this order: copy into "quote" the one passage of the contexts that bears on \
it most, word for word and at most 40 words (empty text when there is none); say in "reason" how \
they relate; then set "supported" to "yes" when the contexts state the claim or it follows from \
them directly, else to "no". Your own knowledge does not count, even where the claim is true.

{inputs}

{contexts}

{outputs}

Answer with {{"claims": [{{"claim": "...", "quote": "...", "reason": "...", "supported": \
"yes" or "no"}}]}}; an answer without claims gives an empty list."""


@dataclass(frozen=True, slots=True)
class Groundedness(RubricJudge):
    """Share of the answer's claims that the contexts support, judged by a language model.

    The model splits the answer into claims and quotes evidence for each; the quotation is then
    looked up in the contexts without a model, and a claim whose quotation is not there does not
    count as supported. An answer without claims (a refusal, "I don't know") says nothing that is
    not grounded: 1.
    """

    name: str = "groundedness"
    rubric: str = field(default=_RUBRIC, init=False, repr=False)
    needs: frozenset[str] = field(
        default=frozenset({"outputs", "contexts"}), init=False, repr=False
    )

    _subject: ClassVar[str] = "groundedness"

    async def ask(self, case: Case, ask: Ask) -> Verdict:
        """Splits, verifies and counts."""
        if not as_text(case.outputs).strip():
            return failed("the answer is empty, so there is no claim to check")
        question = _RUBRIC.format(
            inputs=block("inputs", case),
            contexts=block("contexts", case),
            outputs=block("outputs", case),
        )
        return await judge_claims(question, case, ask)
