"""What judges see and what they say: plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from genaiops.model.example import Row, ToolCall

__all__ = ["Case", "Claim", "Prediction", "Row", "ToolCall", "Verdict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What ``predict_fn`` gave for one row, or why it gave nothing.

    Attributes:
        outputs: Plain JSON values; objects of other types became dicts or text.
        error: One line, None when the prediction succeeded.
        tool_calls: From the tool spans of its trace, None when there are none.
        cost_usd: Of the model calls in its trace, None when that is not known.
        unpriced: A model among them that nobody knows a price of.
    """

    outputs: Any = None  # any JSON value
    contexts: tuple[str, ...] | None = None
    retrieved_ids: tuple[str, ...] | None = None
    error: str | None = None
    trace_id: str | None = None
    duration_ms: float | None = None
    tool_calls: tuple[ToolCall, ...] | None = None
    cost_usd: float | None = None
    unpriced: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A row together with its prediction: all that a judge may look at."""

    row_id: str = ""
    inputs: Any = None  # any JSON value
    outputs: Any = None  # any JSON value
    contexts: Sequence[str] | None = None
    retrieved_ids: Sequence[str] | None = None
    expected: Any = None  # any JSON value
    relevant_ids: Mapping[str, float] | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    trace_id: str | None = None
    tool_calls: Sequence[ToolCall] | None = None
    duration_ms: float | None = None
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One statement of an answer, and what was found about it.

    Attributes:
        quote: Evidence that the judge model quoted from the contexts.
        quote_found: The quote stands in the contexts, checked without a model.
        supported: The model says so and the quote was found.
    """

    text: str
    supported: bool
    quote: str = ""
    quote_found: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a judge says about one case; a failure is a verdict with an error.

    Attributes:
        value: The verdict as given: bool, number or label.
        number: The verdict as a number; None exactly when there is an error.
        attempts: Calls of the judge model behind it, cached ones included; 0 without a model.
        cached: Every answer behind it was already in the store.
        cost_usd: What was paid now; None when no price is known.
        stage: How the answer was read: ``json``, ``object``, ``label``, empty without a model.
        raw: The model's text, None without a model.
        probability: How probable the model found its verdict, where it gave log-probabilities.
        disagreement: Share of the opinions behind the verdict that differ from it: members of a
            panel, or the two orders of a pair; None where there is one opinion.
    """

    value: bool | float | str | None = None
    number: float | None = None
    rationale: str | None = None
    error: str | None = None
    claims: tuple[Claim, ...] = ()
    attempts: int = 0
    cached: bool = False
    cost_usd: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    duration_ms: float | None = None
    stage: str = ""
    raw: str | None = None
    judge_trace_id: str | None = None
    probability: float | None = None
    disagreement: float | None = None

    @property
    def label(self) -> str | None:
        """The verdict as text where it is not a number."""
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        return self.value if isinstance(self.value, str) else None
