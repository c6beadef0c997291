"""Groundedness, claim by claim: each claim needs a quotation that stands in the contexts."""

from dataclasses import dataclass, field

from genaiops.eval.case import Case, Verdict
from genaiops.eval.judges.base import Ask, failed
from genaiops.eval.judges.claims import judge_claims
from genaiops.eval.judges.rubric import block, rubric_version
from genaiops.eval.judges.study import Studied
from genaiops.eval.judges.text import as_text

__all__ = ["Groundedness"]

RUBRIC = """\
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
class Groundedness(Studied):
    """Share of the answer's claims that the contexts support, judged by a language model.

    The model splits the answer into claims and quotes evidence for each; the quotation is then
    looked up in the contexts without a model, and a claim whose quotation is not there does not
    count as supported. An answer without claims (a refusal, "I don't know") says nothing that is
    not grounded: 1.

    Attributes:
        model: ``provider/model``; None for the judge model in force.
        name: Name of the score.
    """

    model: str | None = None
    name: str = "groundedness"
    needs: frozenset[str] = field(
        default=frozenset({"outputs", "contexts"}), init=False, repr=False
    )
    scale: tuple[float, float] = field(default=(0.0, 1.0), init=False, repr=False)

    @property
    def rubric(self) -> str:
        """What the model is told, without the row."""
        return RUBRIC

    @property
    def version(self) -> str:
        """Digest of the rubric."""
        return rubric_version("groundedness", RUBRIC)

    async def ask(self, case: Case, ask: Ask) -> Verdict:
        """Splits, verifies and counts."""
        if not as_text(case.outputs).strip():
            return failed("the answer is empty, so there is no claim to check")
        question = RUBRIC.format(
            inputs=block("inputs", case),
            contexts=block("contexts", case),
            outputs=block("outputs", case),
        )
        return await judge_claims(question, case, ask)
