"""Traits that need no reference: personal data, time and money; no model."""

from dataclasses import dataclass, field

from genaiops.eval.case import Case, Verdict
from genaiops.eval.given import is_list, is_number, require, texts
from genaiops.eval.judges.base import failed, passed, scored
from genaiops.eval.judges.study import Studied
from genaiops.eval.judges.text import as_text
from genaiops.tracing.redact import NAMES

__all__ = ["PII", "Cost", "Latency"]

_KINDS = ("email", "phone", "credit_card", "iban", "ip")


@dataclass(frozen=True, slots=True)
class PII(Studied):
    """The answer holds no personal data: yes or no.

    Found are addresses of mail, telephone numbers, credit cards (Luhn's checksum), bank accounts
    (ISO 13616's checksum) and IP addresses, by the patterns of the setting ``redact``. Names and
    places are not found.

    Attributes:
        kinds: Which to look for.
    """

    kinds: tuple[str, ...] = _KINDS
    needs: frozenset[str] = field(default=frozenset({"outputs"}), init=False, repr=False)
    scale: tuple[float, float] = field(default=(0.0, 1.0), init=False, repr=False)

    def __post_init__(self) -> None:
        for kind in texts("PII: kinds", self.kinds):
            require(kind in NAMES, "a kind of PII", kind, f"some of {', '.join(NAMES)}")
        require(is_list(self.kinds), "PII: kinds", self.kinds, f"a tuple, ({self.kinds!r},)")

    @property
    def name(self) -> str:
        """``pii``."""
        return "pii"

    def score(self, case: Case) -> Verdict:
        """Yes for an answer without, else no with the kinds that were found."""
        text = as_text(case.outputs)
        found = [kind for kind in self.kinds if NAMES[kind](text) != text]
        return passed(not found, f"found: {', '.join(found)}" if found else None)

    def mask(self, text: str) -> str:
        """The text with what would be found replaced by its kind, as in ``[EMAIL]``."""
        for kind in self.kinds:
            text = NAMES[kind](text)
        return text


@dataclass(frozen=True, slots=True)
class Latency(Studied):
    """How long the answer took, in milliseconds; or whether that is short enough.

    Attributes:
        below_ms: With a limit the verdict is yes or no.
    """

    below_ms: float | None = None
    needs: frozenset[str] = field(default=frozenset[str](), init=False, repr=False)

    def __post_init__(self) -> None:
        _limit("Latency: below_ms", self.below_ms, "milliseconds")

    @property
    def higher_is_better(self) -> bool:
        """Only of the verdict with a limit: less time is better."""
        return self.below_ms is not None

    @property
    def name(self) -> str:
        """``latency_ms``, or ``latency`` with a limit."""
        return "latency_ms" if self.below_ms is None else "latency"

    @property
    def scale(self) -> tuple[float, float] | None:
        """Unknown without a limit."""
        return None if self.below_ms is None else (0.0, 1.0)

    def score(self, case: Case) -> Verdict:
        """Milliseconds of ``predict_fn``, or of the trace that is scored."""
        if case.duration_ms is None:
            return failed("nobody measured how long this answer took: give predict_fn or traces")
        if self.below_ms is None:
            return scored(case.duration_ms)
        return passed(case.duration_ms < self.below_ms, f"{case.duration_ms:.0f} ms")


@dataclass(frozen=True, slots=True)
class Cost(Studied):
    """What the model calls of the answer cost, in USD; or whether that is little enough.

    Attributes:
        below_usd: With a limit the verdict is yes or no.
    """

    below_usd: float | None = None
    needs: frozenset[str] = field(default=frozenset[str](), init=False, repr=False)

    def __post_init__(self) -> None:
        _limit("Cost: below_usd", self.below_usd, "USD")

    @property
    def higher_is_better(self) -> bool:
        """Only of the verdict with a limit: less money is better."""
        return self.below_usd is not None

    @property
    def name(self) -> str:
        """``cost_usd``, or ``cost`` with a limit."""
        return "cost_usd" if self.below_usd is None else "cost"

    @property
    def scale(self) -> tuple[float, float] | None:
        """Unknown without a limit."""
        return None if self.below_usd is None else (0.0, 1.0)

    def score(self, case: Case) -> Verdict:
        """USD of the trace's model calls."""
        if case.cost_usd is None:
            return failed("the cost of this answer is not known")
        if self.below_usd is None:
            return scored(case.cost_usd)
        return passed(case.cost_usd < self.below_usd, f"{case.cost_usd:.6f} USD")


def _limit(name: str, value: object, unit: str) -> None:
    right = value is None or is_number(value, above=0.0)
    require(right, name, value, f"a number of {unit} above 0, or None")
