"""Text judges: the answer against the expected text or the contexts; no model."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from genaiops.errors import EvalError
from genaiops.eval.case import Case, Verdict
from genaiops.eval.given import is_flag, is_text, require, texts
from genaiops.eval.judges.base import failed, passed, scored
from genaiops.eval.judges.study import Studied

__all__ = ["Contains", "ContextOverlap", "ExactMatch", "RegexMatch", "TokenF1", "as_text"]

_UNIT = (0.0, 1.0)
_OUTPUTS = frozenset({"outputs"})
_BOTH = frozenset({"outputs", "expected"})
_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_CITATION = re.compile(
    r"(?:^|\s+)(?:\[[^\[\]]{1,120}\]\s*)+$"
)  # at the end: [3], [passage-12] [a.md]


@dataclass(frozen=True, slots=True)
class ExactMatch(Studied):
    """The answer equals the expected text, or one of several; spaces at runs and ends ignored."""

    ignore_case: bool = False
    needs: frozenset[str] = field(default=_BOTH, init=False, repr=False)
    scale: tuple[float, float] = field(default=_UNIT, init=False, repr=False)

    def __post_init__(self) -> None:
        given = self.ignore_case
        require(is_flag(given), "ExactMatch: ignore_case", given, "True or False")

    @property
    def name(self) -> str:
        """``exact_match``."""
        return "exact_match"

    def score(self, case: Case) -> Verdict:
        """Yes or no."""
        fold = _folded if self.ignore_case else _spaced
        outputs = fold(as_text(case.outputs))
        alike = any(outputs == fold(text) for text in _texts(case.expected))
        return passed(alike or case.outputs == case.expected)


@dataclass(frozen=True, slots=True)
class Contains(Studied):
    """The answer contains the expected text, case and runs of spaces ignored.

    Attributes:
        text: What to look for instead of the row's ``expected``: text, or several.
        mode: ``any`` or ``all`` of several texts.
    """

    text: str | Sequence[str] | None = None
    mode: Literal["any", "all"] = "any"
    scale: tuple[float, float] = field(default=_UNIT, init=False, repr=False)

    def __post_init__(self) -> None:
        require(self.mode in ("any", "all"), "Contains: mode", self.mode, "'any' or 'all'")
        if self.text is not None:
            texts("Contains: text", self.text)

    @property
    def name(self) -> str:
        """``contains``."""
        return "contains"

    @property
    def needs(self) -> frozenset[str]:
        """``expected`` only when no text was given."""
        return _BOTH if self.text is None else _OUTPUTS

    def score(self, case: Case) -> Verdict:
        """Yes or no, naming what is missing."""
        wanted = _texts(case.expected if self.text is None else self.text)
        outputs = _folded(as_text(case.outputs))
        missing = [text for text in wanted if _folded(text) not in outputs]
        found = not missing if self.mode == "all" else len(missing) < len(wanted)
        return passed(found, None if found else f"not in the answer: {missing[0]!r}")


@dataclass(frozen=True, slots=True)
class RegexMatch(Studied):
    """A regular expression is found in the answer.

    Attributes:
        pattern: Python syntax, searched anywhere; anchor it with ``^`` and ``$``.
    """

    pattern: str
    needs: frozenset[str] = field(default=_OUTPUTS, init=False, repr=False)
    scale: tuple[float, float] = field(default=_UNIT, init=False, repr=False)

    def __post_init__(self) -> None:
        require(is_text(self.pattern), "RegexMatch: pattern", self.pattern, "a regular expression")
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise EvalError(
                f"RegexMatch: {self.pattern!r} is not a regular expression: {error}"
            ) from error

    @property
    def name(self) -> str:
        """``regex_match``."""
        return "regex_match"

    def score(self, case: Case) -> Verdict:
        """Yes or no."""
        return passed(re.search(self.pattern, as_text(case.outputs)) is not None)


@dataclass(frozen=True, slots=True)
class TokenF1(Studied):
    """Harmonic mean of precision and recall over words shared with the expected text.

    The best of several expected texts counts. Source: Rajpurkar et al., SQuAD (2016), without
    its removal of English articles.
    """

    needs: frozenset[str] = field(default=_BOTH, init=False, repr=False)
    scale: tuple[float, float] = field(default=_UNIT, init=False, repr=False)

    @property
    def name(self) -> str:
        """``token_f1``."""
        return "token_f1"

    def score(self, case: Case) -> Verdict:
        """F1 of the case."""
        outputs = _words(as_text(case.outputs))
        return scored(max((_f1(outputs, _words(t)) for t in _texts(case.expected)), default=0.0))


@dataclass(frozen=True, slots=True)
class ContextOverlap(Studied):
    """Share of the answer's sentences that stand literally in the contexts.

    A lexical stand-in for groundedness where no model is at hand: it sees copied sentences only
    (case, spaces, the final stop and what is cited in brackets at the end ignored). A correct
    paraphrase scores 0, and a sentence that was copied but answers another question scores 1.
    """

    needs: frozenset[str] = field(
        default=frozenset({"outputs", "contexts"}), init=False, repr=False
    )
    scale: tuple[float, float] = field(default=_UNIT, init=False, repr=False)

    @property
    def name(self) -> str:
        """``context_overlap``."""
        return "context_overlap"

    def score(self, case: Case) -> Verdict:
        """Share of the sentences found."""
        parts = (_bare(part) for part in _SENTENCE_END.split(as_text(case.outputs)))
        sentences = [part for part in parts if _uncited(part)]
        if not sentences:
            return failed("the answer is empty, so it has no sentence to look for")
        contexts = [_folded(text) for text in case.contexts or ()]
        strange = [s for s in sentences if not any(s in c or _uncited(s) in c for c in contexts)]
        found = len(sentences) - len(strange)
        rationale = f"{found} of {len(sentences)} sentences stand in the contexts"
        if strange:
            rationale += f"; not found: {strange[0]!r}"
        return scored(found / len(sentences), rationale)


def as_text(value: object) -> str:  # outputs are any JSON value
    """Outputs as text: text itself, the ``answer`` or ``content`` of a dict, else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        for name in ("answer", "content", "text", "output"):
            if isinstance(fields.get(name), str):
                return fields[name]
    import msgspec

    return "" if value is None else msgspec.json.encode(value).decode()


def _texts(expected: object) -> list[str]:  # any JSON value: one text, or several that are as good
    if isinstance(expected, list | tuple) and expected:
        return [as_text(item) for item in cast("Sequence[Any]", expected)]
    return [as_text(cast("Any", expected))]


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _folded(text: str) -> str:
    return _spaced(text).casefold()


def _bare(sentence: str) -> str:
    return _folded(sentence).rstrip(".!? ")


def _uncited(sentence: str) -> str:
    return _bare(_CITATION.sub("", sentence))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _f1(left: Sequence[str], right: Sequence[str]) -> float:
    if not left or not right:
        return float(left == right)
    shared = sum((Counter(left) & Counter(right)).values())
    return 2.0 * shared / (len(left) + len(right))
