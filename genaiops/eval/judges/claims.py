"""Claims with quoted evidence: how a model writes them, and how the quotations are checked."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, cast

from genaiops.eval.case import Case, Claim, Verdict
from genaiops.eval.judges.base import Ask
from genaiops.eval.judges.rubric import SYSTEM
from genaiops.eval.parsing import UnreadableError

__all__ = ["judge_claims", "quote_in"]

_FIELDS = ("claim", "quote", "reason", "supported")
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
                "required": list(_FIELDS),
                "additionalProperties": False,
            },
        }
    },
    "required": ["claims"],
    "additionalProperties": False,
}
_MIN_QUOTE = 3  # characters; a shorter quotation proves nothing
_ALIKE = str.maketrans("‘’‚‛“”„‟«»–—−\u00a0", '\'\'\'\'""""""--- ')


async def judge_claims(question: str, case: Case, ask: Ask) -> Verdict:
    """Asks for claims and scores the share that is supported with a quotation from the contexts.

    An empty list of claims scores 1: what says nothing says nothing wrong.
    """
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
    ignored, and what a rubric does to tags in a text; an omission (``…``) splits it into parts that must all be found in one context.
    """
    whole = _plain(quote).strip(" \"'.")
    parts = [part.strip(" \"'.,;:[]()") for part in whole.replace("…", "...").split("...")]
    parts = [part for part in parts if part]
    if not parts or max(map(len, parts)) < _MIN_QUOTE:
        return False
    return any(all(part in text for part in parts) for text in map(_plain, contexts))


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFC", text).translate(_ALIKE).casefold()
    return " ".join(folded.replace("&lt;", "<").split())


def _claims(found: Mapping[str, Any]) -> list[Claim]:
    items = found.get("claims")
    if not isinstance(items, list):
        raise UnreadableError('"claims" must be a list')
    return [_claim(item, place) for place, item in enumerate(cast("list[Any]", items), start=1)]


def _claim(item: object, place: int) -> Claim:  # whatever the model wrote
    if not isinstance(item, dict):
        raise UnreadableError(f"claim {place} must be an object")
    fields = cast("dict[str, Any]", item)
    for name in _FIELDS[:3]:
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
        return "there is no claim"
    lines = [f"{supported} of {len(claims)} claims supported"]
    for claim in claims:
        if not claim.supported:
            invented = claim.quote.strip() and not claim.quote_found
            why = f"its quotation {claim.quote!r} is not in the contexts" if invented else ""
            lines.append(f"not supported: {claim.text} ({why or claim.reason or 'no evidence'})")
    return "\n".join(lines)
