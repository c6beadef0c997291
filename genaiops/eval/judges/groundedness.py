"""Groundedness, claim by claim: each claim needs a quotation that stands in the contexts."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from genaiops.eval.case import Case, Claim, Verdict
from genaiops.eval.judges.base import Ask, failed
from genaiops.eval.judges.rubric import SYSTEM, block, rubric_version
from genaiops.eval.judges.study import Studied
from genaiops.eval.judges.text import as_text
from genaiops.eval.parsing import UnreadableError

__all__ = ["Groundedness", "quote_in"]

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

_CLAIM_FIELDS = ("claim", "quote", "reason", "supported")
_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "claims": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "claim": {"type": "string"},
                    "quote": {"type": "string"},
                    "reason": {"type": "string"},
                    "supported": {"type": "string", "enum": ["yes", "no"]},
                },
                "required": list(_CLAIM_FIELDS),
                "additionalProperties": False,
            },
        }
    },
    "required": ["claims"],
    "additionalProperties": False,
}
_MIN_QUOTE = 3  # characters; a shorter quotation proves nothing
_ALIKE = str.maketrans("‘’‚‛“”„‟«»–—−\u00a0", '\'\'\'\'""""""--- ')


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
        messages = ({"role": "system", "content": SYSTEM}, {"role": "user", "content": question})
        answer = await ask(messages, schema=_SCHEMA, read=_claims)
        if answer.read is None:
            return answer.verdict()
        claims = tuple(_checked(claim, case.contexts or ()) for claim in answer.read)
        supported = sum(claim.supported for claim in claims)
        share = supported / len(claims) if claims else 1.0
        return answer.verdict(
            value=share, number=share, rationale=_rationale(claims, supported), claims=claims
        )


def quote_in(quote: str, contexts: Sequence[str]) -> bool:
    """Whether the quotation stands in one of the contexts.

    Case, spaces, typographic quotes and dashes, and quotation marks or stops around it are
    ignored; an omission (``…``) splits it into parts that must all be found in one context.
    """
    whole = _plain(quote).strip(" \"'.")
    parts = [part.strip(" \"'.,;:[]()") for part in whole.replace("…", "...").split("...")]
    parts = [part for part in parts if part]
    if not parts or max(map(len, parts)) < _MIN_QUOTE:
        return False
    return any(all(part in text for part in parts) for text in map(_plain, contexts))


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).translate(_ALIKE).casefold().split())


def _claims(found: Mapping[str, Any]) -> list[Claim]:
    items = found.get("claims")
    if not isinstance(items, list):
        raise UnreadableError('"claims" must be a list')
    return [_claim(item, place) for place, item in enumerate(cast("list[Any]", items), start=1)]


def _claim(item: object, place: int) -> Claim:  # whatever the model wrote
    if not isinstance(item, dict):
        raise UnreadableError(f"claim {place} must be an object")
    fields = cast("dict[str, Any]", item)
    for name in _CLAIM_FIELDS[:3]:
        if not isinstance(fields.get(name, ""), str):
            raise UnreadableError(f'"{name}" of claim {place} must be text')
    supported = fields.get("supported")
    said = {"yes": True, "no": False}.get(str(supported).casefold(), supported)
    if not isinstance(said, bool):
        raise UnreadableError(f'"supported" of claim {place} must be "yes" or "no"')
    text = str(fields.get("claim", "")).strip()
    if not text:
        raise UnreadableError(f'"claim" of claim {place} must not be empty')
    quote, reason = str(fields.get("quote", "")), str(fields.get("reason", ""))
    return Claim(text=text, supported=said, quote=quote, reason=reason)


def _checked(claim: Claim, contexts: Sequence[str]) -> Claim:
    found = quote_in(claim.quote, contexts)
    return Claim(
        text=claim.text,
        supported=claim.supported and found,
        quote=claim.quote,
        quote_found=found,
        reason=claim.reason,
    )


def _rationale(claims: Sequence[Claim], supported: int) -> str:
    if not claims:
        return "the answer makes no claim"
    lines = [f"{supported} of {len(claims)} claims supported"]
    for claim in claims:
        if not claim.supported:
            invented = claim.quote.strip() and not claim.quote_found
            why = f"its quotation {claim.quote!r} is not in the contexts" if invented else ""
            lines.append(f"not supported: {claim.text} ({why or claim.reason or 'no evidence'})")
    return "\n".join(lines)
